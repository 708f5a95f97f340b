// The answers of the last hour, minute by minute, and what became of the DNS questions of the last minutes.
//
// Ownership: belongs to the resources; the figures outlive it.
// Threads:   the resolve loop. It reads the figures once a minute: those who count them do not know of it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "sternpost/dns/dns_figures.hpp"
#include "sternpost/socketmap/socketmap_figures.hpp"

namespace sternpost {

inline constexpr std::size_t max_minutes = 60;
inline constexpr std::size_t max_dns_minutes = 5;

// What has been counted, at one moment or between two of them.
struct AnswerCounts {
    std::array<std::uint64_t, answer_kinds.size()> by_kind{};
    std::array<std::uint64_t, answer_time_classes.size() + 1> by_time{};
    std::uint64_t from_memory = 0;
    std::uint64_t looked_up = 0;

    static AnswerCounts of(const SocketmapFigures& figures);
    AnswerCounts since(const AnswerCounts& before) const;
    void add(const AnswerCounts& other);
    std::uint64_t all() const;
    // The time class that `part` of all answers, such as 0.5, does not exceed; by_time.size() if there are none.
    std::size_t time_class(double part) const;
};

class History {
public:
    explicit History(const SocketmapFigures& figures)
        : figures_(figures), begun_(AnswerCounts::of(figures)) {}

    // A minute is over.
    void end_minute();
    // Whole minutes, the oldest first, and the one that has begun.
    std::vector<AnswerCounts> minutes() const;

private:
    const SocketmapFigures& figures_;
    AnswerCounts begun_;  // when the minute under way began
    std::deque<AnswerCounts> minutes_;
};

// DNS questions, counted as above.
struct DnsCounts {
    std::uint64_t asked = 0;
    std::uint64_t unanswered = 0;  // by any server, or refused

    static DnsCounts of(const DnsFigures& figures);
    DnsCounts since(const DnsCounts& before) const;
};

class DnsHistory {
public:
    // A minute is over.
    void end_minute(const DnsFigures& figures);
    // Of the last minutes, and the one that has begun.
    DnsCounts lately(const DnsFigures& figures) const;

private:
    std::deque<DnsCounts> ends_{DnsCounts()};  // of minutes, the oldest first
};

}  // namespace sternpost
