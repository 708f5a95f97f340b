#include "sternpost/resolve/domain_answers.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <utility>

#include "lookups.hpp"
#include "operations.hpp"
#include "reply_maker.hpp"
#include "sternpost/answer/netstring.hpp"
#include "sternpost/loop/lag.hpp"
#include "sternpost/loop/spawn.hpp"
#include "sternpost/loop/wait.hpp"
#include "upkeep.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

constexpr int idle_factor = 10;  // rounds of upkeep that find nothing are that much rarer
// The resolve loop keeps the deadline, and is given this much longer: if its disk hangs, so does the loop.
constexpr std::chrono::seconds longest_silence{5};

// A question that has gone to the resolve loop. The answer loop's.
struct Awaited {
    Awaited(const asio::any_io_executor& answer_loop, Asked what, std::string about, Answers::OnReply give)
        : question(what), domain(std::move(about)), on_reply(std::move(give)), patience(answer_loop) {}

    void answer(Reply reply) {
        patience.cancel();
        if (on_reply) std::exchange(on_reply, nullptr)(std::move(reply));
    }

    const Asked question;
    const std::string domain;
    Answers::OnReply on_reply;  // empty: the reply has been given
    asio::steady_timer patience;
};

}  // namespace

// Shared with handlers that are still on their way from one loop to the other when the owner goes.
class DomainAnswers::Inside : public std::enable_shared_from_this<Inside> {
public:
    using RulesPtr = std::shared_ptr<const Rules>;

    Inside(asio::any_io_executor answer_loop, asio::any_io_executor resolve_loop, Sources sources,
           const ResolveOptions& options, RulesPtr rules, std::size_t memory_entries)
        : answer_loop_(std::move(answer_loop)),
          resolve_loop_(std::move(resolve_loop)),
          answer_rules_(std::move(rules)),
          answer_deadline_(options.deadline),
          lookups_(std::make_shared<Lookups>(resolve_loop_, sources, options, answer_rules_, memory_entries)),
          next_upkeep_(resolve_loop_) {}

    // Answer loop.
    std::optional<MapRules> map(std::string_view name) const {
        const MapRules* found = answer_rules_->map(name);
        return found == nullptr ? std::nullopt : std::optional(*found);
    }

    // Answer loop.
    void expect(const NextHop& next_hop) { lookups_->table().expect(next_hop.domain); }

    // Answer loop.
    Reply at_once(const MapRules& map, const NextHop& next_hop) {
        return at_once(asked(next_hop, map), next_hop.domain, answer_rules_);
    }

    // Answer loop.
    void ask(const MapRules& map, NextHop next_hop, Answers::OnReply on_reply) {
        const auto awaited = std::make_shared<Awaited>(answer_loop_, asked(next_hop, map), next_hop.domain,
                                                       std::move(on_reply));
        Flight::Waiter waiter;
        waiter.question = awaited->question;
        waiter.on_reply = [answer_loop = answer_loop_, awaited](Reply reply) {
            asio::post(answer_loop,
                       [awaited, reply = std::move(reply)]() mutable { awaited->answer(std::move(reply)); });
        };
        const SteadyTime now = std::chrono::steady_clock::now();
        const auto with_known = std::min<SteadyTime::duration>(answer_deadline_, patience_with_known_policy);
        wait_for_resolve_loop(awaited, now + with_known + longest_lag,
                              now + answer_deadline_ + longest_silence);
        asio::post(resolve_loop_,
                   [self = shared_from_this(), domain = std::move(next_hop.domain),
                    waiter = std::move(waiter)]() mutable { self->question(domain, std::move(waiter)); });
    }

    void reconfigure(const ResolveOptions& options, RulesPtr rules) {
        context().options = options;
        context().rules = std::move(rules);
        asio::post(answer_loop_,
                   [self = shared_from_this(), fresh = context().rules, deadline = options.deadline] {
                       self->answer_rules_ = fresh;
                       self->answer_deadline_ = deadline;
                   });
    }

    void begin_upkeep() {
        spawn(resolve_loop_, "upkeep", keep_up(shared_from_this()));
        if (context().sources.fleet != nullptr) context().sources.fleet->listen(ears());
    }

    Result<bool> forget(const std::string& domain) {
        // What the others say must not make it known again, either.
        if (context().sources.fleet != nullptr) context().sources.fleet->forget(domain);
        return operations_.forget(domain);
    }

    void stop() {
        next_upkeep_.cancel();
        lookups_->stop();
    }

    Operations& operations() { return operations_; }
    const RecentDecisions& decisions() const { return lookups_->decisions(); }

    ResolveFigures figures() const {
        ResolveFigures now = context().figures;
        now.lookups = lookups_->size();
        now.domains_in_memory = lookups_->table().size();
        return now;
    }

private:
    LookupContext& context() const { return lookups_->context(); }

    // Either loop, with the rules that it has.
    Reply at_once(const Asked& question, const std::string& domain, const RulesPtr& rules) {
        const Clock& clock = context().sources.clock;
        if (Reply decided = reply_by_override(*rules, domain, clock)) return decided;
        TableEntryPtr entry = lookups_->table().find(domain);
        if (!entry || entry->rules != rules) return nullptr;
        const ReadyReply* ready = entry->reply(question);
        if (ready == nullptr) return nullptr;
        const SteadyTime steady = clock.steady();
        if (steady >= ready->fresh_until || clock.wall() >= ready->expires) return nullptr;
        if (steady >= ready->look_from && !entry->look_begun.exchange(true, std::memory_order_relaxed))
            asio::post(resolve_loop_, [self = shared_from_this(), domain, question] {
                self->look_behind(domain, question);
            });
        return {std::move(entry), ready->text};
    }

    // Answer loop. At first only a policy that memory knows to be in force counts, as it would for the resolve loop.
    void wait_for_resolve_loop(const std::shared_ptr<Awaited>& awaited, SteadyTime when, SteadyTime end) {
        awaited->patience.expires_at(when);
        // The answer loop may outlive the other one and whatever belongs to that.
        awaited->patience.async_wait(
            [weak = weak_from_this(), awaited, when, end](boost::system::error_code error) {
                const auto self = error ? nullptr : weak.lock();
                if (self) self->resolve_loop_is_late(awaited, when, end);
            });
    }

    void resolve_loop_is_late(const std::shared_ptr<Awaited>& awaited, SteadyTime when, SteadyTime end) {
        const SteadyTime now = std::chrono::steady_clock::now();
        const SteadyTime later = now + longest_silence;
        if (now >= when + longest_lag) return wait_for_resolve_loop(awaited, later, std::max(end, later));
        if (Reply known = from_known_policy(awaited->question, awaited->domain))
            return awaited->answer(std::move(known));
        if (when < end) return wait_for_resolve_loop(awaited, end, end);
        awaited->answer(temporary("sternpostd's cache does not answer: does its disk hang?"));
    }

    Reply from_known_policy(const Asked& question, const std::string& domain) const {
        const Clock& clock = context().sources.clock;
        TableEntryPtr entry = lookups_->table().find(domain);
        const ReadyReply* ready = entry && entry->rules == answer_rules_ ? entry->reply(question) : nullptr;
        if (ready == nullptr || clock.wall() >= ready->expires || clock.steady() >= ready->hosts_due)
            return nullptr;
        const bool protects = payload_of(ready->text).starts_with("OK ");
        return protects ? Reply(std::move(entry), ready->text) : nullptr;
    }

    void question(const std::string& domain, Flight::Waiter waiter) {
        // Another question's flight may have landed on the way here.
        Reply ready = context().stopped ? nullptr : at_once(waiter.question, domain, context().rules);
        if (ready) return waiter.on_reply(std::move(ready));
        lookups_->board(domain, std::move(waiter));
    }

    // A look that nobody waits for.
    void look_behind(const std::string& domain, const Asked& question) {
        if (lookups_->under_way(domain)) return;
        if (const auto flight = lookups_->want(domain, question)) flight->behind_answer = true;
    }

    FleetEars ears() {
        FleetEars made;
        made.news = [weak = std::weak_ptr(lookups_)](const std::string& domain, WallTime fetched) {
            if (const auto lookups = weak.lock()) lookups->hear(domain, fetched);
        };
        made.untold = [weak = std::weak_ptr(lookups_)](const std::string& domain) {
            if (const auto lookups = weak.lock()) lookups->tell(domain);
        };
        return made;
    }

    static awaitable<void> keep_up(std::shared_ptr<Inside> self) {
        while (!self->context().stopped) {
            const bool busy = self->upkeep_.round();
            self->context().repeats.tell_counts();
            self->next_upkeep_.expires_after(self->context().options.upkeep_interval *
                                             (busy ? 1 : idle_factor));
            co_await wait(self->next_upkeep_);
        }
    }

    asio::any_io_executor answer_loop_;
    asio::any_io_executor resolve_loop_;
    RulesPtr answer_rules_;  // the answer loop's; those of the lookups are the resolve loop's
    std::chrono::milliseconds answer_deadline_;  // the same
    std::shared_ptr<Lookups> lookups_;
    asio::steady_timer next_upkeep_;
    Upkeep upkeep_{*lookups_};
    Operations operations_{*lookups_};
};

DomainAnswers::DomainAnswers(asio::any_io_executor answer_loop, asio::any_io_executor resolve_loop,
                             Sources sources, const ResolveOptions& options, Rules rules,
                             std::size_t memory_entries)
    : DomainAnswers(std::move(answer_loop), std::move(resolve_loop), sources, options,
                    std::make_shared<const Rules>(std::move(rules)), memory_entries) {}

DomainAnswers::DomainAnswers(asio::any_io_executor answer_loop, asio::any_io_executor resolve_loop,
                             Sources sources, const ResolveOptions& options,
                             std::shared_ptr<const Rules> rules, std::size_t memory_entries)
    : inside_(std::make_shared<Inside>(std::move(answer_loop), std::move(resolve_loop), sources, options,
                                       std::move(rules), memory_entries)) {}

DomainAnswers::~DomainAnswers() = default;

std::optional<MapRules> DomainAnswers::map(std::string_view name) const {
    return inside_->map(name);
}

void DomainAnswers::expect(const NextHop& next_hop) {
    inside_->expect(next_hop);
}

Reply DomainAnswers::at_once(const MapRules& map, const NextHop& next_hop) {
    return inside_->at_once(map, next_hop);
}

void DomainAnswers::ask(const MapRules& map, NextHop next_hop, OnReply on_reply) {
    inside_->ask(map, std::move(next_hop), std::move(on_reply));
}

void DomainAnswers::reconfigure(const ResolveOptions& options, Rules rules) {
    inside_->reconfigure(options, std::make_shared<const Rules>(std::move(rules)));
}

void DomainAnswers::begin_upkeep() {
    inside_->begin_upkeep();
}

void DomainAnswers::stop() {
    inside_->stop();
}

Result<DomainReport> DomainAnswers::report(const std::string& domain) {
    return inside_->operations().report(domain);
}

awaitable<Result<Refreshed>> DomainAnswers::refresh(std::string domain) {
    return inside_->operations().refresh(std::move(domain));
}

awaitable<Result<void>> DomainAnswers::learn(std::string domain) {
    return inside_->operations().learn(std::move(domain));
}

Result<bool> DomainAnswers::forget(const std::string& domain) {
    return inside_->forget(domain);
}

awaitable<Result<Imported>> DomainAnswers::import(DomainRecord record, Origin origin) {
    return inside_->operations().import(std::move(record), origin);
}

ResolveFigures DomainAnswers::figures() const {
    return inside_->figures();
}

std::vector<Decision> DomainAnswers::recent_decisions() const {
    return inside_->decisions().all();
}

}  // namespace sternpost
