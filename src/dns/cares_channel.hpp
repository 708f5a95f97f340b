// One DNS server behind one c-ares channel on Asio: bytes out, bytes back.
//
// Ownership: held by shared_ptr, since a question keeps its channel while a reload replaces the list of
//            servers. The last owner must not let go inside a c-ares callback: answers are posted, never
//            resumed in place.
// Threads:   one loop.
// Errors:    Errc::temporary (no answer in time, unreachable), naming the server; Errc::overloaded (no descriptor is left);
//            Errc::stopped.
#pragma once

#include <ares.h>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>

#include "message.hpp"
#include "sternpost/loop/fd_watches.hpp"

namespace sternpost {

std::string no_descriptor_for(const std::string& server);

class CaresChannel : public std::enable_shared_from_this<CaresChannel> {
public:
    // `timeout`: how long one question waits for its answer, TCP after truncation included. With c-ares 1.32 or newer at
    // least that long, and up to three times.
    // Throws std::runtime_error when c-ares cannot make a channel.
    CaresChannel(boost::asio::any_io_executor executor, const boost::asio::ip::udp::endpoint& server,
                 std::chrono::milliseconds timeout);
    ~CaresChannel();
    CaresChannel(const CaresChannel&) = delete;
    CaresChannel& operator=(const CaresChannel&) = delete;

    // Asks for `name` and `type` (an ns_t_ value), without EDNS if the server does not know it; the answer as
    // received.
    boost::asio::awaitable<Result<Bytes>> ask(std::string name, int type);
    void stop();

    const std::string& server() const { return server_; }
    std::size_t open_questions() const { return ids_.size(); }
    // Answers may come that nobody notices.
    bool lacks_descriptor() const { return !unwatched_.empty(); }

private:
    struct Question;
    // What c-ares said: an ARES_ value and the answer.
    struct Reply {
        int status = 0;
        bool no_descriptor = false;  // none is left for the question, or to watch it
        Bytes bytes;
    };
    using Handler = boost::asio::any_completion_handler<void(Reply)>;

    boost::asio::awaitable<Reply> send(Bytes query);
    void start(Handler handler, const Bytes& query);
    static void on_answer(void* question, int status, int timeouts, unsigned char* bytes, int length);
    std::uint16_t unused_id();
    void watch(int fd, bool read, bool write);
    void watch_again();
    void rearm();

    boost::asio::any_io_executor executor_;
    std::string server_;
    bool stopped_ = false;
    boost::asio::steady_timer timer_;
    FdWatches watches_;
    struct Wanted {
        bool read = false;
        bool write = false;
    };
    std::map<int, Wanted> unwatched_;  // for lack of a descriptor
    std::unordered_set<std::uint16_t> ids_;
    ares_channel channel_{};
};

}  // namespace sternpost
