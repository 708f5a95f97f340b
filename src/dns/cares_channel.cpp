#include "cares_channel.hpp"

#include <sys/random.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace asio = boost::asio;

namespace sternpost {

namespace {

using Handler = asio::any_completion_handler<void(Result<Bytes>)>;

std::string text_of(const asio::ip::udp::endpoint& server) {
    std::ostringstream text;
    text << server;
    return text.str();
}

// c-ares never calls back into a handler: what it says is copied and posted.
void post(const asio::any_io_executor& executor, Handler handler, Result<Bytes> result) {
    asio::post(executor, [handler = std::move(handler), result = std::move(result)]() mutable {
        std::move(handler)(std::move(result));
    });
}

}  // namespace

struct CaresChannel::Question {
    CaresChannel& channel;
    std::uint16_t id;
    Handler handler;
};

CaresChannel::CaresChannel(asio::any_io_executor executor, const asio::ip::udp::endpoint& server,
                           std::chrono::milliseconds timeout, bool believe_ad)
    : executor_(std::move(executor)),
      server_(text_of(server)),
      believe_ad_(believe_ad),
      timer_(executor_),
      watches_(executor_, [this](int fd, bool readable, bool writable) {
          ::ares_process_fd(channel_, readable ? fd : ARES_SOCKET_BAD, writable ? fd : ARES_SOCKET_BAD);
          rearm();
      }) {
    ares_options options{};
    int mask =
        ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB;
    // NOCHECKRESP: rcodes reach us as they are, so that SERVFAIL and REFUSED are told apart and counted.
    options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP | ARES_FLAG_EDNS;
    options.timeout = static_cast<int>(timeout.count());
    options.tries = 1;
    options.ednspsz = edns_udp_size;
    options.sock_state_cb_data = this;
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
        static_cast<CaresChannel*>(self)->watches_.set(fd, readable != 0, writable != 0);
    };
#ifdef ARES_OPT_QUERY_CACHE
    // c-ares >= 1.31 caches without regard to the AD bit and mis-ages negative answers.
    options.qcache_max_ttl = 0;
    mask |= ARES_OPT_QUERY_CACHE;
#endif
    if (const int status = ::ares_init_options(&channel_, &options, mask); status != ARES_SUCCESS)
        throw std::runtime_error(std::string("c-ares: ") + ::ares_strerror(status));
    if (::ares_set_servers_ports_csv(channel_, server_.c_str()) != ARES_SUCCESS) {
        ::ares_destroy(channel_);
        throw std::runtime_error("c-ares does not take the server " + server_);
    }
}

CaresChannel::~CaresChannel() {
    ::ares_destroy(channel_);
}

void CaresChannel::stop() {
    stopped_ = true;
    ::ares_cancel(channel_);
    timer_.cancel();
}

asio::awaitable<Result<Bytes>> CaresChannel::ask(std::string name, int type) {
    return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<Bytes>)>(
        [this, type](auto handler, const std::string& question) { send(std::move(handler), question, type); },
        asio::use_awaitable, std::move(name));
}

void CaresChannel::send(Handler handler, const std::string& name, int type) {
    if (stopped_)
        return post(executor_, std::move(handler), failure(Errc::stopped, "the resolver is stopped"));
    const std::uint16_t id = unused_id();
    const auto query = make_query(name, type, id);
    if (!query) return post(executor_, std::move(handler), tl::unexpected(query.error()));
    ids_.insert(id);
    auto question = std::unique_ptr<Question>(new Question{*this, id, std::move(handler)});
    ::ares_send(channel_, query->data(), static_cast<int>(query->size()), &CaresChannel::on_answer,
                question.release());
    rearm();
}

void CaresChannel::on_answer(void* argument, int status, int, unsigned char* bytes, int length) {
    const std::unique_ptr<Question> question(static_cast<Question*>(argument));
    CaresChannel& channel = question->channel;
    channel.ids_.erase(question->id);
    Result<Bytes> result = failure(Errc::temporary, ::ares_strerror(status));
    if (status == ARES_SUCCESS && bytes != nullptr) result = Bytes(bytes, bytes + length);
    if (status == ARES_ECANCELLED || status == ARES_EDESTRUCTION)
        result = failure(Errc::stopped, "the resolver is stopped");
    post(channel.executor_, std::move(question->handler), std::move(result));
}

// c-ares 1.18 sends the id that it is given; it is the half of a forger's guesswork that is ours to make.
std::uint16_t CaresChannel::unused_id() {
    std::uint16_t id = 0;
    do {
        if (::getrandom(&id, sizeof id, 0) != sizeof id)
            throw std::runtime_error("no random numbers to be had");
    } while (ids_.contains(id));
    return id;
}

void CaresChannel::rearm() {
    timeval wait{};
    if (::ares_timeout(channel_, nullptr, &wait) == nullptr) {
        timer_.cancel();
        return;
    }
    timer_.expires_after(std::chrono::seconds(wait.tv_sec) + std::chrono::microseconds(wait.tv_usec));
    timer_.async_wait([this](boost::system::error_code error) {
        if (error) return;
        ::ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        rearm();
    });
}

}  // namespace sternpost
