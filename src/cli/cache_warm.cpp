#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <iostream>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "cache.hpp"
#include "command.hpp"
#include "progress_bar.hpp"
#include "sternpost/base/trimmed.hpp"
#include "sternpost/policy/next_hop.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

// Lookups at once: policy hosts and DNS servers are other people's.
constexpr std::size_t lookups_at_once = 16;
constexpr std::size_t max_domains = 1'000'000;
constexpr std::size_t max_line = 1000;
constexpr std::chrono::milliseconds bar_interval{200};

std::string_view without_comment(std::string_view line) {
    return trimmed(line.substr(0, line.find('#')), " \t\r");
}

struct List {
    std::vector<std::string> domains;
    std::size_t wrong = 0;  // lines, each with a complaint printed
};

Result<void> add_line(List& list, std::size_t number, const std::string& line) {
    const std::string text(without_comment(line));
    if (text.empty()) return {};
    if (auto domain = read_mail_domain(text)) {
        list.domains.push_back(std::move(*domain));
    } else {
        ++list.wrong;
        complain("line " + std::to_string(number) + ": \"" + text + "\" is no domain of mail");
    }
    if (list.domains.size() <= max_domains) return {};
    return failure(Errc::invalid, "more than " + std::to_string(max_domains) + " domains: split the list");
}

Result<List> read_list(const std::string& file) {
    List list;
    const auto read = for_each_line(file, max_line, [&](std::size_t number, const std::string& line) {
        return add_line(list, number, line);
    });
    if (!read) return tl::unexpected(read.error());
    std::ranges::sort(list.domains);
    list.domains.erase(std::unique(list.domains.begin(), list.domains.end()), list.domains.end());
    return list;
}

// In which of a few words the outcome of a lookup is put.
std::string outcome_of(const json::object& report) {
    if (std::string mode = text_in(report, "mode"); !mode.empty()) return mode;
    const json::object* txt = object_in(report, "txt");
    return txt != nullptr && text_in(*txt, "state") == "absent" ? "without a policy" : "failed";
}

std::string why_failed(const json::object& report) {
    if (const json::object* failed = object_in(report, "failed")) return text_in(*failed, "reason");
    const json::object* txt = object_in(report, "txt");
    return txt != nullptr ? text_in(*txt, "why") : "";
}

// Several threads look up; what they find is noted under one lock.
class Warming {
public:
    Warming(std::string socket, std::vector<std::string> domains)
        : socket_(std::move(socket)), domains_(std::move(domains)) {}

    void run() {
        std::vector<std::jthread> threads;
        const std::size_t count = std::min(lookups_at_once, domains_.size());
        for (std::size_t i = 0; i < count; ++i) threads.emplace_back([this] { work(); });
        if (bar_.can_be_seen()) show_bar();
    }
    const std::map<std::string, std::size_t>& outcomes() const { return outcomes_; }
    // Why the daemon could no longer be asked.
    const std::optional<Error>& broken_off() const { return broken_off_; }

private:
    void work() {
        AdminClient daemon(socket_);
        for (std::size_t i = next_++; i < domains_.size(); i = next_++) {
            const auto reply = daemon.post("/v1/policies/" + domains_[i] + "/learn");
            const std::lock_guard lock(mutex_);
            const auto noted = reply ? note(domains_[i], *reply) : tl::unexpected(reply.error());
            if (!noted) broken_off_ = noted.error();
            if (broken_off_) next_ = domains_.size();
            ++done_;
            changed_.notify_all();
        }
    }

    Result<void> note(const std::string& domain, const AdminReply& reply) {
        std::string outcome = "failed", why = reply.error();
        if (reply.good()) {
            const auto report = answer_in(reply, "domain");
            if (!report) return tl::unexpected(report.error());
            outcome = outcome_of(*report);
            why = why_failed(*report);
        }
        ++outcomes_[outcome];
        if (outcome != "failed") return {};
        bar_.clear();
        complain(domain + ": " + why);
        return {};
    }

    void show_bar() {
        std::unique_lock lock(mutex_);
        while (done_ < domains_.size() && !broken_off_) {
            changed_.wait_for(lock, bar_interval);
            bar_.show(done_, domains_.size());
        }
        bar_.clear();
    }

    const std::string socket_;
    const std::vector<std::string> domains_;
    std::atomic<std::size_t> next_{0};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t done_ = 0;
    std::map<std::string, std::size_t> outcomes_;
    std::optional<Error> broken_off_;
    ProgressBar bar_;
};

}  // namespace

int warm(const std::string& socket, const std::string& file) {
    const auto list = read_list(file);
    if (!list) {
        complain(list.error().detail);
        return exit_no_input;
    }
    Warming warming(socket, list->domains);
    warming.run();
    std::string summary = std::to_string(list->domains.size()) + " domains";
    for (const auto& [outcome, count] : warming.outcomes())
        summary += ", " + std::to_string(count) + " " + outcome;
    std::cout << summary << "\n";
    if (warming.broken_off()) return exit_status_of(*warming.broken_off());
    return list->wrong == 0 && !warming.outcomes().contains("failed") ? exit_good : exit_not_all;
}

}  // namespace sternpost
