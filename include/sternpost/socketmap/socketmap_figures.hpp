// What the socketmap room counts.
//
// Threads: the answer loop writes, any may read: each figure is right by itself, but they may be from slightly different
//          moments.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sternpost {

// One writer, so that counting costs a load and a store.
class Figure {
public:
    void add(std::uint64_t by = 1) { set(value() + by); }
    void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

// How a question was answered; "none" means that its connection was closed, since the program was stopping.
inline constexpr std::array<std::string_view, 6> answer_kinds{"secure", "dane-only", "notfound",
                                                              "temp",   "perm",      "none"};

// Upper ends of the classes of time from a question to its answer. One further class has no upper end.
inline constexpr std::array<std::chrono::microseconds, 11> answer_time_classes{
    std::chrono::microseconds(50),     std::chrono::microseconds(200),    std::chrono::milliseconds(1),
    std::chrono::milliseconds(10),     std::chrono::milliseconds(100),    std::chrono::milliseconds(500),
    std::chrono::milliseconds(1000),   std::chrono::milliseconds(2000),   std::chrono::milliseconds(5000),
    std::chrono::milliseconds(10'000), std::chrono::milliseconds(20'000),
};

struct SocketmapFigures {
    // `reply`: with its netstring; empty: none was given.
    void note_answer(std::string_view reply, std::chrono::nanoseconds took);

    std::array<Figure, answer_kinds.size()> answers;
    std::array<Figure, answer_time_classes.size() + 1> answers_by_time;
    Figure answer_nanoseconds;  // of all answers together
    Figure from_memory;         // questions with a reply at hand,
    Figure looked_up;           // and those that had to be looked up or waited for
    Figure connections;         // open now
    Figure accepted;
    Figure closed_idle;
    Figure closed_for_room;
    Figure closed_for_protocol;
};

}  // namespace sternpost
