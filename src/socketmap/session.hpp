// One connection of Postfix.
//
// Ownership: shared by its handlers; the server lists it, oldest activity first, and may close() it at any
//            time.
// Threads:   the answer loop.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "netstring_reader.hpp"
#include "readiness.hpp"
#include "sternpost/base/time.hpp"
#include "sternpost/log/repeats.hpp"
#include "sternpost/resolve/answers.hpp"
#include "sternpost/socketmap/socketmap_figures.hpp"

namespace sternpost {

// Where a session counts, and reports its troubles; both outlive it.
struct SessionNotes {
    SocketmapFigures& figures;
    Repeats& repeats;
};

// What the server is told; on the loop, and from inside any function of the session except its destructor.
struct SessionEvents {
    std::function<void(SteadyTime)> active;  // whole requests have come in, or a reply was taken
    std::function<void()> closed;            // once
};

class Session final : public Readiness::Watcher, public std::enable_shared_from_this<Session> {
public:
    // It owns `socket`, which does not block.
    Session(int socket, std::shared_ptr<Readiness> readiness, Answers& answers, SessionNotes notes,
            SessionEvents events);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Serves until the peer goes, breaks the protocol, or close() or finish() was called.
    void begin();
    void on_ready(std::uint32_t events) override;
    void go_on(SteadyTime now) override;
    // Now.
    void close();
    // As soon as every question that has come in is answered.
    void finish();
    // Nothing is asked, and nothing waits to be sent.
    bool idle() const { return slots_.empty(); }
    // Something has come that was not looked at yet. A system call.
    bool unread() const;
    // The peer has done its part: it waits for an answer.
    bool waits_for_us() const { return !idle() && !leaves_replies(); }
    std::size_t questions() const { return slots_.size(); }  // under way
    // The socket had no room for replies: the peer does not take them.
    bool leaves_replies() const { return ready_ > 0; }

private:
    // A request under way; its place in the queue is its reply's place in the stream.
    struct Slot {
        SteadyTime asked;
        Reply reply;
        bool done = false;
    };

    // A request as far as it can be understood by itself.
    struct Request {
        Reply reply;  // null: the question is about `next_hop`
        MapRules map;
        NextHop next_hop;
    };

    void read();
    void look_ahead();
    bool look_at_next();
    void understand(std::string_view request);
    void end_for(const std::exception& error);
    void take(Request& request, SteadyTime asked);
    Reply unknown_map(std::string_view map);
    void add_slot(SteadyTime asked, Reply reply);
    void put(Slot& slot, Reply reply);
    void put_reply(std::uint64_t number, Reply reply);
    // Whether some of what waits was taken.
    bool flush();
    void note_ready();
    bool send();
    void forget_sent(std::size_t count);
    void watch_for_what_is_wanted();
    bool full() const;
    void let_go();

    int socket_;
    std::shared_ptr<Readiness> readiness_;
    Answers& answers_;
    SocketmapFigures& figures_;
    Repeats& repeats_;
    SessionEvents events_;
    std::uint32_t watched_;
    NetstringReader reader_;
    std::optional<Request> next_;  // the one after slots_, if it was looked at
    std::deque<Slot> slots_;
    std::uint64_t first_slot_ =
        0;                   // the number of slots_.front(), counted from the connection's first request
    std::size_t ready_ = 0;  // so many slots at the head have their replies, and are counted
    std::size_t sent_of_first_ = 0;  // bytes of the first reply
    std::size_t unsent_bytes_ = 0;   // of all replies in slots_
    bool finishing_ = false;
    bool closed_ = false;
};

}  // namespace sternpost
