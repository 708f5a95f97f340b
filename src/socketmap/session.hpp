// One connection of Postfix.
//
// Ownership: shared by its handlers; the server lists it, oldest activity first, and may close() it at any
//            time.
// Threads:   the answer loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "netstring_reader.hpp"
#include "sternpost/base/time.hpp"
#include "sternpost/log/repeats.hpp"
#include "sternpost/resolve/answers.hpp"
#include "sternpost/socketmap/socketmap_figures.hpp"

namespace sternpost {

using StreamSocket = boost::asio::generic::stream_protocol::socket;

// Where a session counts, and tells its troubles; both outlive it.
struct SessionNotes {
    SocketmapFigures& figures;
    Repeats& repeats;
};

class Session : public std::enable_shared_from_this<Session> {
public:
    // `on_activity` is called at each whole request and each reply taken.
    Session(StreamSocket socket, Answers& answers, SessionNotes notes,
            std::function<void(SteadyTime)> on_activity);

    // Serves until the peer goes, breaks the protocol, or close() or finish() was called.
    static boost::asio::awaitable<void> serve(std::shared_ptr<Session> self);
    // Now.
    void close();
    // As soon as every question that has come in is answered.
    void finish();
    // Nothing is asked, and nothing waits to be sent.
    bool idle() const { return slots_.empty() && !writing_; }
    // The peer has done its part: it waits for an answer.
    bool waits_for_us() const { return !slots_.empty() && !writing_; }

private:
    // A request under way; its place in the queue is its reply's place in the stream.
    struct Slot {
        SteadyTime asked;
        Reply reply;
        bool done = false;
    };

    bool take_requests();
    void take_request(std::string_view request);
    Reply unknown_map(std::string_view map);
    void add_slot(SteadyTime asked, Reply reply);
    void put_reply(std::uint64_t number, Reply reply);
    void flush();
    bool send_at_once();
    void on_written(boost::system::error_code error);
    bool full() const;

    StreamSocket socket_;
    Answers& answers_;
    SocketmapFigures& figures_;
    Repeats& repeats_;
    std::function<void(SteadyTime)> on_activity_;
    boost::asio::steady_timer room_;  // cancelled when full() or closed_ may have changed
    NetstringReader reader_;
    std::deque<Slot> slots_;
    std::uint64_t first_slot_ =
        0;                // the number of slots_.front(), counted from the connection's first request
    std::string unsent_;  // replies that wait for the write under way
    std::string sending_;
    bool writing_ = false;
    bool finishing_ = false;
    bool closed_ = false;
};

}  // namespace sternpost
