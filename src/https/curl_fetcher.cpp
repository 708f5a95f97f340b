#include "sternpost/https/curl_fetcher.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "sternpost/https/special_address.hpp"
#include "sternpost/loop/fd_watches.hpp"
#include "transfer.hpp"
#include "trust_store.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

void post(const asio::any_io_executor& executor, FetchHandler handler, Result<std::string> result) {
    asio::post(executor, [handler = std::move(handler), result = std::move(result)]() mutable {
        std::move(handler)(std::move(result));
    });
}

const Error stopped(Errc::stopped, "the fetcher is stopped");

}  // namespace

class CurlFetcher::Inside {
public:
    Inside(asio::any_io_executor executor, HttpsOptions options)
        : executor_(std::move(executor)),
          options_(std::move(options)),
          trust_(std::make_shared<TrustStore>(options_.ca_file)),
          timer_(executor_),
          multi_(curl_multi_init()),
          watches_(executor_, [this](int fd, bool readable, bool writable) {
              act(fd, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
          }) {
        if (multi_ == nullptr) throw std::runtime_error("libcurl does not start");
        curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Inside::on_socket);
        curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Inside::on_timer);
        curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    }

    ~Inside() {
        stop();
        curl_multi_cleanup(multi_);
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

    void reconfigure(HttpsOptions options) {
        auto trust = std::make_shared<TrustStore>(options.ca_file);
        options_ = std::move(options);
        trust_ = std::move(trust);
        start_queued();
    }

    void stop() {
        stopped_ = true;
        timer_.cancel();
        for (auto& waiting : std::exchange(queue_, {}))
            post(executor_, waiting->take_handler(), tl::unexpected(stopped));
        for (auto& [handle, transfer] : std::exchange(under_way_, {})) {
            curl_multi_remove_handle(multi_, handle);
            post(executor_, transfer->take_handler(), tl::unexpected(stopped));
        }
    }

    void start(FetchHandler handler, std::string host, std::vector<asio::ip::address> addresses) {
        if (stopped_) return post(executor_, std::move(handler), tl::unexpected(stopped));
        if (addresses.empty())
            return post(executor_, std::move(handler), failure(Errc::temporary, host + " has no address"));
        const std::string refused = addresses.front().to_string();
        if (!options_.allow_private_addresses) std::erase_if(addresses, is_special);
        if (addresses.empty())
            return post(
                executor_, std::move(handler),
                failure(Errc::temporary, host + " has only special addresses, such as " + refused +
                                             ", where no policy host can be (see allow-private-addresses)"));
        if (queue_.size() >= max_queued_fetches)
            return post(executor_, std::move(handler),
                        failure(Errc::overloaded, "too many policy fetches are waiting"));
        queue_.push_back(
            std::make_unique<Transfer>(options_, trust_, std::move(host), addresses, std::move(handler)));
        start_queued();
    }

private:
    static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
        const bool read = what == CURL_POLL_IN || what == CURL_POLL_INOUT;
        const bool write = what == CURL_POLL_OUT || what == CURL_POLL_INOUT;
        static_cast<Inside*>(self)->watches_.set(fd, read, write);
        return 0;
    }

    static int on_timer(CURLM*, long milliseconds, void* self) {
        static_cast<Inside*>(self)->arm_timer(milliseconds);
        return 0;
    }

    void arm_timer(long milliseconds) {
        if (milliseconds < 0) {
            timer_.cancel();
            return;
        }
        timer_.expires_after(std::chrono::milliseconds(milliseconds));
        timer_.async_wait([this](boost::system::error_code error) {
            if (!error) act(CURL_SOCKET_TIMEOUT, 0);
        });
    }

    void start_queued() {
        while (!queue_.empty() && under_way_.size() < options_.fetches) {
            auto transfer = std::move(queue_.front());
            queue_.pop_front();
            CURL* handle = transfer->handle();
            under_way_.emplace(handle, std::move(transfer));
            curl_multi_add_handle(multi_, handle);
        }
    }

    void act(curl_socket_t fd, int events) {
        int running = 0;
        curl_multi_socket_action(multi_, fd, events, &running);
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            const CURLcode code = message->data.result;
            auto done = under_way_.extract(message->easy_handle);
            if (done) finish(std::move(done.mapped()), code);
        }
        start_queued();
    }

    void finish(std::unique_ptr<Transfer> transfer, CURLcode code) {
        curl_multi_remove_handle(multi_, transfer->handle());
        auto result = transfer->verdict(code);
        post(executor_, transfer->take_handler(), std::move(result));
    }

    asio::any_io_executor executor_;
    HttpsOptions options_;
    std::shared_ptr<TrustStore> trust_;
    bool stopped_ = false;
    asio::steady_timer timer_;
    CURLM* multi_;
    FdWatches watches_;
    std::unordered_map<CURL*, std::unique_ptr<Transfer>> under_way_;
    std::deque<std::unique_ptr<Transfer>> queue_;
};

CurlFetcher::CurlFetcher(asio::any_io_executor executor, HttpsOptions options) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error("libcurl does not start");
    inside_ = std::make_unique<Inside>(std::move(executor), std::move(options));
}

CurlFetcher::~CurlFetcher() {
    inside_.reset();
    curl_global_cleanup();
}

awaitable<Result<std::string>> CurlFetcher::fetch(std::string host,
                                                  std::vector<asio::ip::address> addresses) {
    return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<std::string>)>(
        [this](auto handler, std::string name, std::vector<asio::ip::address> at) {
            inside_->start(std::move(handler), std::move(name), std::move(at));
        },
        asio::use_awaitable, std::move(host), std::move(addresses));
}

void CurlFetcher::reconfigure(HttpsOptions options) {
    inside_->reconfigure(std::move(options));
}

void CurlFetcher::stop() {
    inside_->stop();
}

}  // namespace sternpost
