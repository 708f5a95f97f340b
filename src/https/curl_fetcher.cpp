#include "sternpost/https/curl_fetcher.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "lanes.hpp"
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
          aging_(executor_),
          lanes_(options_.fetches),
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
        lanes_.set_fast_places(options_.fetches);
        trust_ = std::move(trust);
        start_queued();
    }

    void stop() {
        stopped_ = true;
        timer_.cancel();
        aging_.cancel();
        for (auto& waiting : std::exchange(queue_, {}))
            post(executor_, waiting.transfer->take_handler(), tl::unexpected(stopped));
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
        Waiting waiting;
        waiting.groups = Lanes::groups_of(addresses);
        waiting.transfer =
            std::make_unique<Transfer>(options_, trust_, std::move(host), addresses, std::move(handler));
        queue_.push_back(std::move(waiting));
        start_queued();
    }

private:
    struct Waiting {
        std::unique_ptr<Transfer> transfer;
        Lanes::Groups groups;
    };

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

    // The longest waiting first; one whose address has no room is passed by.
    void start_queued() {
        for (auto next = queue_.begin(); next != queue_.end() && !stopped_;) {
            if (!lanes_.has_room(next->groups)) {
                ++next;
                continue;
            }
            Waiting waiting = std::move(*next);
            next = queue_.erase(next);
            CURL* handle = waiting.transfer->handle();
            lanes_.start(handle, std::move(waiting.groups), std::chrono::steady_clock::now());
            under_way_.emplace(handle, std::move(waiting.transfer));
            curl_multi_add_handle(multi_, handle);
        }
        arm_aging();
    }

    void arm_aging() {
        const auto next = lanes_.next_age();
        if (!next || *next == aging_.expiry()) return;
        aging_.expires_at(*next);
        aging_.async_wait([this](boost::system::error_code error) {
            if (error) return;
            for (const Lanes::Id id : lanes_.age(std::chrono::steady_clock::now()))
                give_up(id);
            start_queued();
        });
    }

    void give_up(CURL* handle) {
        const auto found = under_way_.extract(handle);
        if (!found) return;
        curl_multi_remove_handle(multi_, handle);
        post(executor_, found.mapped()->take_handler(),
             failure(Errc::overloaded, "given up for others: too many slow policy hosts are being asked"));
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
        lanes_.end(transfer->handle());
        curl_multi_remove_handle(multi_, transfer->handle());
        auto result = transfer->verdict(code);
        post(executor_, transfer->take_handler(), std::move(result));
    }

    asio::any_io_executor executor_;
    HttpsOptions options_;
    std::shared_ptr<TrustStore> trust_;
    bool stopped_ = false;
    asio::steady_timer timer_;
    asio::steady_timer aging_;
    Lanes lanes_;
    CURLM* multi_;
    FdWatches watches_;
    std::unordered_map<CURL*, std::unique_ptr<Transfer>> under_way_;
    std::list<Waiting> queue_;
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
