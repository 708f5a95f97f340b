// Answers Postfix over socketmap (socketmap_table(5)): one netstring in, one netstring out, in order.
//
// Ownership: `app` owns it; `answers` and `clock` outlive it, and the listening sockets stay open as long as it accepts.
// Threads:   the answer loop.
// Errors:    a peer that breaks the protocol loses its connection, and nobody else notices (the log has at most one
//            line an hour about it); when descriptors run out, accepting pauses and the backlog waits.
// Limits:    ServerOptions; at most max_pipelined requests of one connection under way at once, then it is not
//            read from. Each listening socket can always have an equal share of the connections: when all wait for
//            answers, one that came by a socket with more than its share makes room.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "sternpost/base/time.hpp"
#include "sternpost/resolve/answers.hpp"
#include "sternpost/socketmap/listening_socket.hpp"
#include "sternpost/socketmap/socketmap_figures.hpp"

namespace sternpost {

inline constexpr std::size_t max_pipelined = 64;
// Replies of one connection that wait to be taken; beyond that the connection is not read from.
inline constexpr std::size_t max_unsent_bytes = 256UL * 1024;

struct ServerOptions {
    std::size_t connections =
        4096;  // beyond it the one idle longest makes room; while all wait for answers, accepting pauses
    std::chrono::milliseconds idle{120'000};  // without a whole request, or without taking a reply
};

class SocketmapServer {
public:
    SocketmapServer(boost::asio::any_io_executor executor, Answers& answers, const Clock& clock,
                    const ServerOptions& options);
    ~SocketmapServer();

    // Accepts on a copy of each socket from now on, and no longer on those of an earlier call.
    void listen(const std::vector<ListeningSocket>& sockets);
    void reconfigure(const ServerOptions& options);
    // Accepts no more; idle connections end now, others after the replies to what they have asked.
    void stop();
    std::size_t connections() const;
    // Any thread.
    const SocketmapFigures& figures() const;

private:
    class Inside;
    std::shared_ptr<Inside> inside_;
};

}  // namespace sternpost
