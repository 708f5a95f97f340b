#include "sternpost/https/curl_fetcher.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <boost/asio/any_completion_handler.hpp>
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
#include "sternpost/loop/address_families.hpp"
#include "sternpost/loop/fd_watches.hpp"
#include "sternpost/tls/trust_store.hpp"
#include "transfer.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

using FetchHandler = asio::any_completion_handler<void(Result<std::string>)>;

void post(const asio::any_io_executor& executor, FetchHandler handler, Result<std::string> result) {
    asio::post(executor, [handler = std::move(handler), result = std::move(result)]() mutable {
        std::move(handler)(std::move(result));
    });
}

const Error stopped(Errc::stopped, "the fetcher is stopped");

}  // namespace

class CurlFetcher::Inside : public std::enable_shared_from_this<CurlFetcher::Inside> {
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

    // NOLINTNEXTLINE(bugprone-exception-escape): stop() throws where there is no memory left, and nowhere else
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
            post(executor_, std::move(waiting.handler), tl::unexpected(stopped));
        for (auto& [handle, fetch] : std::exchange(under_way_, {})) {
            curl_multi_remove_handle(multi_, handle);
            post(executor_, std::move(fetch.handler), tl::unexpected(stopped));
        }
    }

    HttpsFigures figures() const { return {under_way_.size(), queue_.size()}; }

    struct Manner {
        Queue queue = Queue::kept;
        std::shared_ptr<FetchReport> report;  // null: nobody wants one
    };

    void start(FetchHandler handler, std::string host, std::vector<asio::ip::address> addresses,
               Manner manner) {
        if (stopped_) return post(executor_, std::move(handler), tl::unexpected(stopped));
        if (addresses.empty())
            return post(executor_, std::move(handler),
                        failure(Errc::temporary, host + " has no address", "no-address"));
        const std::string refused = addresses.front().to_string();
        if (!options_.allow_private_addresses) std::erase_if(addresses, is_special);
        if (addresses.empty())
            return post(executor_, std::move(handler),
                        failure(Errc::temporary,
                                host + " has only special addresses, such as " + refused +
                                    ", where no policy host can be (see allow-private-addresses)",
                                "special-address"));
        addresses = of_both_families(addresses, max_addresses);
        Fetch fetch(std::move(handler), std::move(host), std::move(addresses), std::move(manner));
        if (fetch.manner.queue == Queue::passed_by) return begin(std::move(fetch));
        if (queue_.size() >= max_queued_fetches)
            return post(executor_, std::move(fetch.handler),
                        failure(Errc::overloaded, "too many policy fetches are waiting", "overloaded"));
        queue_.push_back(std::move(fetch));
        start_queued();
    }

private:
    // About what may have been cut short over HTTP/2, one of two others tells the truth: HTTP/1.1, or a server that does
    // not speak that and says the same again.
    enum class Attempt { http2, http1, http2_again };

    struct Fetch {
        Fetch(FetchHandler to, std::string at, std::vector<asio::ip::address> where, Manner how)
            : handler(std::move(to)),
              host(std::move(at)),
              addresses(std::move(where)),
              groups(Lanes::groups_of(addresses)),
              manner(std::move(how)) {}

        FetchHandler handler;
        std::string host;
        std::vector<asio::ip::address> addresses;
        Lanes::Groups groups;
        Attempt attempt = Attempt::http2;
        std::string doubted;  // a body that came by HTTP/2, and may have been cut short
        Manner manner;
        std::chrono::milliseconds spent{0};  // by an earlier transfer
        std::unique_ptr<Transfer> transfer;  // once it is under way
    };

    static int on_socket(CURL* handle, curl_socket_t fd, int what, void* self, void*) {
        const bool read = what == CURL_POLL_IN || what == CURL_POLL_INOUT;
        const bool write = what == CURL_POLL_OUT || what == CURL_POLL_INOUT;
        auto& inside = *static_cast<Inside*>(self);
        if (!inside.watches_.set(fd, read, write)) inside.unwatched_.push_back(handle);
        if (what == CURL_POLL_REMOVE) inside.lost_a_socket_.push_back(handle);
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
        timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
            const auto self = weak.lock();
            if (!error && self) self->act(CURL_SOCKET_TIMEOUT, 0);
        });
    }

    // The longest waiting first; one whose address has no room is skipped.
    void start_queued() {
        for (auto next = queue_.begin(); next != queue_.end() && !stopped_;) {
            if (!lanes_.has_room(next->groups)) {
                ++next;
                continue;
            }
            Fetch fetch = std::move(*next);
            next = queue_.erase(next);
            begin(std::move(fetch));
        }
        arm_aging();
    }

    void begin(Fetch fetch) {
        try {
            HttpsOptions options = options_;
            options.timeout = std::max(options.timeout - fetch.spent, std::chrono::milliseconds(1));
            fetch.transfer = std::make_unique<Transfer>(options, trust_, fetch.host, fetch.addresses,
                                                        fetch.attempt != Attempt::http1, fetch.manner.report);
        } catch (const std::exception& error) {
            post(executor_, std::move(fetch.handler), failure(Errc::temporary, error.what()));
            return;
        }
        CURL* handle = fetch.transfer->handle();
        if (fetch.manner.queue == Queue::kept)
            lanes_.start(handle, fetch.groups, std::chrono::steady_clock::now());
        under_way_.emplace(handle, std::move(fetch));
        curl_multi_add_handle(multi_, handle);
    }

    void arm_aging() {
        const auto next = lanes_.next_age();
        if (!next || *next == aging_.expiry()) return;
        aging_.expires_at(*next);
        aging_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
            const auto self = weak.lock();
            if (error || !self) return;
            for (const Lanes::Id id : self->lanes_.age(std::chrono::steady_clock::now()))
                self->give_up(id, failure(Errc::overloaded,
                                          "given up for others: too many slow policy hosts are being asked",
                                          "given-up"));
            self->start_queued();
        });
    }

    void give_up(CURL* handle, Result<std::string> why) {
        auto found = under_way_.extract(handle);
        if (!found) return;
        lanes_.end(handle);
        curl_multi_remove_handle(multi_, handle);
        post(executor_, std::move(found.mapped().handler), std::move(why));
    }

    // Nothing would be heard of these but that their time is over, as of a host that says nothing.
    void give_up_unwatched() {
        for (CURL* handle : std::exchange(unwatched_, {}))
            give_up(handle, failure(Errc::overloaded, "no descriptor is left to wait for a policy host",
                                    "overloaded"));
    }

    void act(curl_socket_t fd, int events) {
        int running = 0;
        curl_multi_socket_action(multi_, fd, events, &running);
        int left = 0;
        bool finished = false;
        while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            const CURLcode code = message->data.result;
            auto done = under_way_.extract(message->easy_handle);
            if (done) finish(std::move(done.mapped()), code);
            finished = true;
        }
        push_on();
        if (!unwatched_.empty()) finished = true;
        give_up_unwatched();
        if (finished) start_queued();
    }

    // After an address that did not answer, libcurl 7.88 turns to the next one only when something calls it
    // again, which may be when the time for connecting is over. Ending a pause calls it, a moment from now.
    void push_on() {
        for (CURL* handle : std::exchange(lost_a_socket_, {})) {
            if (!under_way_.contains(handle)) continue;
            curl_easy_pause(handle, CURLPAUSE_ALL);
            curl_easy_pause(handle, CURLPAUSE_CONT);
        }
    }

    void finish(Fetch fetch, CURLcode code) {
        lanes_.end(fetch.transfer->handle());
        curl_multi_remove_handle(multi_, fetch.transfer->handle());
        const bool doubtful = fetch.attempt != Attempt::http1 && fetch.transfer->is_to_be_repeated(code);
        if (fetch.attempt == Attempt::http2 && doubtful) {
            fetch.doubted = fetch.transfer->body();
            return try_again(std::move(fetch), Attempt::http1);
        }
        if (fetch.attempt == Attempt::http1 && fetch.transfer->was_refused() &&
            code != CURLE_OPERATION_TIMEDOUT)
            return try_again(std::move(fetch), Attempt::http2_again);
        if (doubtful && fetch.transfer->body() != fetch.doubted)
            return post(executor_, std::move(fetch.handler),
                        failure(Errc::temporary,
                                "the answer of " + fetch.host +
                                    " was cut short (it differs from one time to the next)",
                                "cut-short"));
        post(executor_, std::move(fetch.handler), fetch.transfer->verdict(code));
    }

    void try_again(Fetch fetch, Attempt attempt) {
        fetch.attempt = attempt;
        fetch.spent += fetch.transfer->duration();
        begin(std::move(fetch));
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
    std::vector<CURL*> lost_a_socket_;  // since libcurl was last called, and perhaps ended since
    std::vector<CURL*> unwatched_;      // the same
    std::unordered_map<CURL*, Fetch> under_way_;
    std::list<Fetch> queue_;
};

CurlFetcher::CurlFetcher(asio::any_io_executor executor, HttpsOptions options) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error("libcurl does not start");
    inside_ = std::make_shared<Inside>(std::move(executor), std::move(options));
}

CurlFetcher::~CurlFetcher() {
    inside_.reset();
    curl_global_cleanup();
}

awaitable<Result<std::string>> CurlFetcher::fetch(std::string host, std::vector<asio::ip::address> addresses,
                                                  Queue queue) {
    return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<std::string>)>(
        // NOLINTNEXTLINE(performance-unnecessary-value-param): moved from, which is not seen behind `auto`
        [this, queue](auto handler, std::string name, std::vector<asio::ip::address> at) {
            inside_->start(std::move(handler), std::move(name), std::move(at), {queue, nullptr});
        },
        asio::use_awaitable, std::move(host), std::move(addresses));
}

awaitable<Result<std::string>> CurlFetcher::fetch_and_report(std::string host,
                                                             std::vector<asio::ip::address> addresses,
                                                             std::shared_ptr<FetchReport> report) {
    return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<std::string>)>(
        // NOLINTNEXTLINE(performance-unnecessary-value-param): as above
        [this](auto handler, std::string name, std::vector<asio::ip::address> at,
               std::shared_ptr<FetchReport> into) {
            inside_->start(std::move(handler), std::move(name), std::move(at),
                           {Queue::kept, std::move(into)});
        },
        asio::use_awaitable, std::move(host), std::move(addresses), std::move(report));
}

HttpsFigures CurlFetcher::figures() const {
    return inside_->figures();
}

void CurlFetcher::reconfigure(HttpsOptions options) {
    inside_->reconfigure(std::move(options));
}

void CurlFetcher::stop() {
    inside_->stop();
}

}  // namespace sternpost
