#include "history.hpp"

#include <numeric>

namespace sternpost {

AnswerCounts AnswerCounts::of(const SocketmapFigures& figures) {
    AnswerCounts now;
    for (std::size_t i = 0; i < now.by_kind.size(); ++i) now.by_kind[i] = figures.answers[i].value();
    for (std::size_t i = 0; i < now.by_time.size(); ++i) now.by_time[i] = figures.answers_by_time[i].value();
    now.from_memory = figures.from_memory.value();
    now.looked_up = figures.looked_up.value();
    return now;
}

AnswerCounts AnswerCounts::since(const AnswerCounts& before) const {
    AnswerCounts grown = *this;
    for (std::size_t i = 0; i < by_kind.size(); ++i) grown.by_kind[i] -= before.by_kind[i];
    for (std::size_t i = 0; i < by_time.size(); ++i) grown.by_time[i] -= before.by_time[i];
    grown.from_memory -= before.from_memory;
    grown.looked_up -= before.looked_up;
    return grown;
}

void AnswerCounts::add(const AnswerCounts& other) {
    for (std::size_t i = 0; i < by_kind.size(); ++i) by_kind[i] += other.by_kind[i];
    for (std::size_t i = 0; i < by_time.size(); ++i) by_time[i] += other.by_time[i];
    from_memory += other.from_memory;
    looked_up += other.looked_up;
}

std::uint64_t AnswerCounts::all() const {
    return std::accumulate(by_kind.begin(), by_kind.end(), std::uint64_t{0});
}

std::size_t AnswerCounts::time_class(double part) const {
    const auto total = std::accumulate(by_time.begin(), by_time.end(), std::uint64_t{0});
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i < by_time.size(); ++i) {
        so_far += by_time[i];
        if (so_far > 0 && static_cast<double>(so_far) >= part * static_cast<double>(total)) return i;
    }
    return by_time.size();
}

void History::end_minute() {
    const AnswerCounts now = AnswerCounts::of(figures_);
    minutes_.push_back(now.since(begun_));
    if (minutes_.size() > max_minutes) minutes_.pop_front();
    begun_ = now;
}

std::vector<AnswerCounts> History::minutes() const {
    std::vector<AnswerCounts> all(minutes_.begin(), minutes_.end());
    all.push_back(AnswerCounts::of(figures_).since(begun_));
    return all;
}

DnsCounts DnsCounts::of(const DnsFigures& figures) {
    DnsCounts now;
    for (const DnsFigures::Outcomes& type : figures.outcomes) {
        for (std::size_t i = 0; i < dns_outcomes.size(); ++i) now.asked += type.count(i);
        for (const std::string_view outcome : {"timeout", "unreachable", "refused"})
            now.unanswered += type.count_of(outcome);
    }
    return now;
}

DnsCounts DnsCounts::since(const DnsCounts& before) const {
    return {asked - before.asked, unanswered - before.unanswered};
}

void DnsHistory::end_minute(const DnsFigures& figures) {
    ends_.push_back(DnsCounts::of(figures));
    if (ends_.size() > max_dns_minutes) ends_.pop_front();
}

DnsCounts DnsHistory::lately(const DnsFigures& figures) const {
    return DnsCounts::of(figures).since(ends_.front());
}

}  // namespace sternpost
