#include "sternpost/survey/watch.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <map>
#include <random>
#include <utility>

#include "sternpost/base/printable.hpp"
#include "sternpost/log/log.hpp"
#include "sternpost/loop/spawn.hpp"
#include "sternpost/loop/wait.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

using Timer = asio::steady_timer;

bool same(const Remark& one, const Remark& other) {
    return one.code == other.code && one.subject == other.subject && one.level == other.level;
}

bool among(const std::vector<Remark>& remarks, const Remark& wanted) {
    return std::ranges::any_of(remarks, [&](const Remark& one) { return same(one, wanted); });
}

// What is new, and what is over.
void tell_changes(const Survey& now, const std::optional<Survey>& before) {
    const std::vector<Remark> none;
    const auto& former = before ? before->findings : none;
    const Subject subject(Topic::watch, now.domain);
    for (const Remark& remark : now.findings)
        if (!among(former, remark))
            say(remark.level == Level::note ? LogLevel::debug : LogLevel::warning, subject, "{} [{}]{}{}",
                remark.what, remark.code, remark.remedy.empty() ? "" : "; ", remark.remedy);
    for (const Remark& remark : former)
        if (remark.level != Level::note && !among(now.findings, remark))
            say(LogLevel::info, subject, "no more: {} [{}]", remark.what, remark.code);
    if (!before || before->stage != now.stage)
        say(LogLevel::info, subject, "stage: {}, id {}", to_string(now.stage),
            now.edition.id.empty() ? "none" : printable(now.edition.id));
}

}  // namespace

class Watch::Inside : public std::enable_shared_from_this<Inside> {
public:
    Inside(asio::any_io_executor executor, const Clock& clock, WatchSources sources,
           const WatchOptions& options)
        : executor_(std::move(executor)),
          clock_(clock),
          sources_(std::move(sources)),
          options_(options),
          wake_(executor_),
          looked_(executor_, Timer::time_point::max()),
          limit_(executor_) {}

    void watch(std::vector<std::string> domains) {
        std::vector<WatchedDomain> wanted;
        for (std::string& domain : domains) {
            const auto known = std::ranges::find(domains_, domain, &WatchedDomain::domain);
            if (known != domains_.end())
                wanted.push_back(std::move(*known));
            else
                wanted.push_back(WatchedDomain{std::move(domain), std::nullopt, {}});
        }
        domains_ = std::move(wanted);
        std::erase_if(states_, [this](const auto& state) { return find(state.first) == nullptr; });
        for (const WatchedDomain& one : domains_) states_.try_emplace(one.domain);
        looked_.cancel();
        begin();
    }

    awaitable<bool> look(std::string domain) {
        const auto self = shared_from_this();
        const auto state = states_.find(domain);
        if (state == states_.end() || stopping_) co_return false;
        // A look under way may have seen what was there before the change that is asked about.
        const unsigned long wanted = state->second.begun + 1;
        state->second.wanted = wanted;
        state->second.due = SteadyTime::min();
        begin();
        while (!stopping_) {
            const auto now = states_.find(domain);
            if (now == states_.end()) break;
            if (now->second.ended >= wanted) co_return true;
            co_await wait(looked_);
        }
        co_return false;
    }

    void stop() {
        stopping_ = true;
        wake_.cancel();
        limit_.cancel();
        looked_.cancel();
    }

    const std::vector<WatchedDomain>& domains() const { return domains_; }

private:
    struct State {
        SteadyTime due = SteadyTime::min();
        unsigned long begun = 0, ended = 0;  // looks
        unsigned long wanted = 0;            // the one that somebody waits for
        std::optional<Edition> edition;      // the first one seen with its id
    };

    WatchedDomain* find(const std::string& domain) {
        const auto found = std::ranges::find(domains_, domain, &WatchedDomain::domain);
        return found == domains_.end() ? nullptr : &*found;
    }

    // The coroutine lives while there is something to watch.
    void begin() {
        wake_.cancel();
        if (following_ || domains_.empty() || stopping_) return;
        following_ = true;
        spawn(executor_, "watch", follow(shared_from_this()));
    }

    static awaitable<void> follow(std::shared_ptr<Inside> self) {
        while (!self->stopping_ && !self->domains_.empty()) {
            const std::string next = self->next_one();
            const SteadyTime due = self->states_.at(next).due;
            if (due > self->clock_.steady()) {
                self->wake_.expires_at(due);
                co_await wait(self->wake_);
            } else {
                co_await self->look_at(next);
            }
        }
        self->following_ = false;
    }

    std::string next_one() const {
        return std::ranges::min_element(
                   domains_, {}, [this](const WatchedDomain& one) { return states_.at(one.domain).due; })
            ->domain;
    }

    awaitable<void> look_at(std::string domain) {
        ++states_.at(domain).begun;
        auto seen = co_await within_limit(domain);
        if (stopping_) co_return;
        const auto found = states_.find(domain);
        if (found == states_.end()) co_return;  // no longer watched
        Survey survey = survey_of(seen, clock_.wall());
        compare_editions(found->second, survey);
        WatchedDomain& watched = *find(domain);
        tell_changes(survey, watched.survey);
        const bool trouble = worst(survey.findings) <= Level::unknown;
        watched.survey = std::move(survey);
        watched.looked = clock_.wall();
        ++found->second.ended;
        if (found->second.ended >= found->second.wanted)
            found->second.due =
                clock_.steady() + spread(trouble ? options_.interval_in_trouble : options_.interval);
        looked_.cancel();
    }

    // What is cancelled or takes too long has seen nothing.
    awaitable<Published> within_limit(const std::string& domain) {
        using asio::experimental::awaitable_operators::operator||;
        limit_.expires_after(max_look_time);
        Published nothing;
        nothing.domain = domain;
        auto first = co_await (guarded(sources_.look, domain) ||
                               limit_.async_wait(asio::as_tuple(asio::use_awaitable)));
        if (first.index() == 0 && std::get<0>(first)) co_return std::move(*std::get<0>(first));
        nothing.record.summary = nothing.mx.summary = nothing.tls_reports.summary =
            first.index() == 0 ? "the look has ended early"
                               : "it took longer than " + std::to_string(max_look_time.count()) + " min";
        co_return nothing;
    }

    // Whatever is raced with a timer must not throw an exception.
    static awaitable<std::optional<Published>> guarded(const WatchSources::Look& look, std::string domain) {
        std::optional<Published> seen;
        try {
            seen = co_await look(domain);
        } catch (const std::exception& error) {
            say(LogLevel::debug, Subject(Topic::watch, domain), "the look has ended early: {}",
                printable(error.what()));
        }
        co_return seen;
    }

    // A text keeps the id under which it was first seen.
    void compare_editions(State& state, Survey& survey) const {
        if (!state.edition) state.edition = sources_.remembered(survey.domain);
        if (state.edition) compare(survey, *state.edition);
        const bool whole = survey.policy && !survey.edition.id.empty();
        if (whole && survey.check(Check::id).value_or(true)) state.edition = survey.edition;
    }

    // Not all daemons at the same time of day.
    SteadyTime::duration spread(std::chrono::milliseconds interval) {
        std::uniform_int_distribution<std::chrono::milliseconds::rep> within(0, interval.count() / 8);
        return interval - std::chrono::milliseconds(within(random_));
    }

    asio::any_io_executor executor_;
    const Clock& clock_;
    WatchSources sources_;
    WatchOptions options_;
    Timer wake_, looked_, limit_;
    std::vector<WatchedDomain> domains_;
    std::map<std::string, State> states_;
    std::minstd_rand random_{std::random_device{}()};
    bool following_ = false;
    bool stopping_ = false;
};

Watch::Watch(asio::any_io_executor executor, const Clock& clock, WatchSources sources,
             const WatchOptions& options)
    : inside_(std::make_shared<Inside>(std::move(executor), clock, std::move(sources), options)) {}

Watch::~Watch() = default;

void Watch::watch(std::vector<std::string> domains) {
    inside_->watch(std::move(domains));
}

const std::vector<WatchedDomain>& Watch::domains() const {
    return inside_->domains();
}

awaitable<bool> Watch::look(std::string domain) {
    return inside_->look(std::move(domain));
}

void Watch::stop() {
    inside_->stop();
}

}  // namespace sternpost
