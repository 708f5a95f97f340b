#include "cares_channel.hpp"

#include <net/if.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace asio = boost::asio;

namespace sternpost {

namespace {

// Tries of one question when connections break.
constexpr int connections_a_question = 3;
// Of 65,536; beyond it takes long to find one that is unused.
constexpr std::size_t max_ids = 60'000;

// One try that waits for all of the timeout. c-ares 1.32 and newer gives a server that was fast only five times as long as
// its last answers took, but at least shortest_try, and one to two times as long in each further try; so there are as many
// tries as fill the timeout.
void limit_waiting(ares_options& options, int& mask, std::chrono::milliseconds timeout) {
    mask |= ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
    options.timeout = static_cast<int>(timeout.count());
    options.tries = 1;
#if ARES_VERSION >= 0x012000
    constexpr std::chrono::milliseconds shortest_try{250};
    options.timeout = static_cast<int>(shortest_try.count());
    while (shortest_try * (1 << (options.tries - 1)) < timeout) ++options.tries;
    options.maxtimeout = static_cast<int>(timeout.count());
    mask |= ARES_OPT_MAXTIMEOUTMS;
#endif
}

bool descriptor_left() {
    const int made = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (made >= 0) ::close(made);
    return made >= 0;
}

std::uint16_t id_of(const Bytes& query) {
    return static_cast<std::uint16_t>(query[0] << 8U | query[1]);
}

std::string text_of(const asio::ip::udp::endpoint& server) {
    std::ostringstream text;
    text << server;
    return text.str();
}

// c-ares 1.18 knows no scope of a link-local address; 1.20 and newer demand it after the port.
void set_server(ares_channel channel, asio::ip::udp::endpoint server) {
    std::string interface;
    if (server.address().is_v6() && server.address().to_v6().is_link_local()) {
        std::array<char, IF_NAMESIZE> name{};
        asio::ip::address_v6 address = server.address().to_v6();
        if (::if_indextoname(static_cast<unsigned>(address.scope_id()), name.data()) == nullptr)
            throw std::runtime_error("its interface is not there");
        interface = name.data();
        address.scope_id(0);
        server.address(address);
    }
    std::string text = text_of(server);
    if (!interface.empty()) {
#if ARES_VERSION >= 0x011400
        text += '%' + interface;
#else
        ::ares_set_local_dev(channel, interface.c_str());
#endif
    }
    if (::ares_set_servers_ports_csv(channel, text.c_str()) != ARES_SUCCESS)
        throw std::runtime_error("c-ares does not take the server " + text);
}

}  // namespace

std::string no_descriptor_for(const std::string& server) {
    return "no descriptor for a question to " + server;
}

struct CaresChannel::Question {
    CaresChannel& channel;
    std::uint16_t id;
    Handler handler;
};

CaresChannel::CaresChannel(asio::any_io_executor executor, const asio::ip::udp::endpoint& server,
                           std::chrono::milliseconds timeout)
    : executor_(std::move(executor)),
      server_(text_of(server)),
      timer_(executor_),
      watches_(executor_, [this](int fd, bool readable, bool writable) {
          ::ares_process_fd(channel_, readable ? fd : ARES_SOCKET_BAD, writable ? fd : ARES_SOCKET_BAD);
          rearm();
      }) {
    ares_options options{};
    int mask = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB;
    limit_waiting(options, mask, timeout);
    // NOCHECKRESP: rcodes reach us as they are, so that SERVFAIL and REFUSED are distinguished and counted.
    options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP | ARES_FLAG_EDNS;
    options.ednspsz = edns_udp_size;
    options.sock_state_cb_data = this;
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
        static_cast<CaresChannel*>(self)->watch(fd, readable != 0, writable != 0);
    };
#ifdef ARES_OPT_QUERY_CACHE
    // c-ares >= 1.31 caches without regard to the AD bit and mis-ages negative answers.
    options.qcache_max_ttl = 0;
    mask |= ARES_OPT_QUERY_CACHE;
#endif
    if (const int status = ::ares_init_options(&channel_, &options, mask); status != ARES_SUCCESS)
        throw std::runtime_error(std::string("c-ares: ") + ::ares_strerror(status));
    try {
        set_server(channel_, server);
    } catch (...) {
        ::ares_destroy(channel_);
        throw;
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
    Reply reply;
    int udp_size = edns_udp_size;
    for (int connections = 0; connections < connections_a_question;) {
        if (stopped_) break;
        if (ids_.size() >= max_ids)
            co_return failure(Errc::overloaded, "too many open DNS questions", "overloaded");
        auto query = make_query(name, type, unused_id(), udp_size);
        if (!query) co_return tl::unexpected(query.error());
        reply = co_await send(std::move(*query));
        if (reply.no_descriptor)
            co_return failure(Errc::overloaded, no_descriptor_for(server_), "overloaded");
        // When a connection breaks, such as a TCP one that was idle for long, c-ares 1.18 ends the open
        // questions of all connections to that server; c-ares 1.34 does so after a malformed packet.
        if (reply.status == ARES_ECONNREFUSED || reply.status == ARES_EBADRESP) {
            ++connections;
        } else if (reply.status == ARES_SUCCESS && udp_size != 0 && rejects_edns(reply.bytes)) {
            udp_size = 0;
        } else {
            break;
        }
    }
    if (stopped_) co_return failure(Errc::stopped, "the resolver is stopped");
    const bool answered = reply.status == ARES_SUCCESS || reply.status == ARES_EBADRESP;
    if (answered)
        co_return std::move(reply.bytes);  // empty, which is no message, if c-ares itself refused it
    if (reply.status == ARES_ETIMEOUT)
        co_return failure(Errc::temporary, "no answer in time from " + server_, "timeout");
    if (reply.status == ARES_ECONNREFUSED)
        co_return failure(Errc::temporary, "no connection to " + server_, "unreachable");
    co_return failure(Errc::temporary, std::string(::ares_strerror(reply.status)) + " from " + server_);
}

asio::awaitable<CaresChannel::Reply> CaresChannel::send(Bytes query) {
    return asio::async_initiate<const asio::use_awaitable_t<>, void(Reply)>(
        [this](auto handler, const Bytes& bytes) { start(std::move(handler), bytes); }, asio::use_awaitable,
        std::move(query));
}

void CaresChannel::watch(int fd, bool read, bool write) {
    unwatched_.erase(fd);
    Wanted wanted;
    wanted.read = read;
    wanted.write = write;
    if (!watches_.set(fd, read, write)) unwatched_.emplace(fd, wanted);
}

// c-ares keeps its socket while questions are open, and says only once that it waits for it.
void CaresChannel::watch_again() {
    for (const auto& [fd, wanted] : std::exchange(unwatched_, {})) watch(fd, wanted.read, wanted.write);
}

void CaresChannel::start(Handler handler, const Bytes& query) {
    watch_again();
    const std::uint16_t id = id_of(query);
    ids_.insert(id);
    auto question = std::make_unique<Question>(Question{*this, id, std::move(handler)});
    ::ares_send(channel_, query.data(), static_cast<int>(query.size()), &CaresChannel::on_answer,
                question.release());
    rearm();
}

void CaresChannel::on_answer(void* argument, int status, int, unsigned char* bytes, int length) {
    const std::unique_ptr<Question> question(static_cast<Question*>(argument));
    CaresChannel& channel = question->channel;
    channel.ids_.erase(question->id);
    Reply reply;
    reply.status = status;
    reply.no_descriptor = (status == ARES_ECONNREFUSED && !descriptor_left()) ||
                          (status == ARES_ETIMEOUT && channel.lacks_descriptor());
    if (bytes != nullptr) reply.bytes.assign(bytes, bytes + length);
    // Nothing is resumed inside c-ares: what it says is copied and posted.
    asio::post(channel.executor_,
               [handler = std::move(question->handler), reply = std::move(reply)]() mutable {
                   std::move(handler)(std::move(reply));
               });
}

// c-ares 1.18 sends the id that it is given; that is the half of a forger's guesswork that depends on us.
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
    // The timer may have gone off before this channel is destroyed, and be heard only afterwards.
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (error || !self) return;
        ::ares_process_fd(self->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        self->rearm();
    });
}

}  // namespace sternpost
