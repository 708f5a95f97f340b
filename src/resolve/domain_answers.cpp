#include "sternpost/resolve/domain_answers.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <optional>
#include <unordered_map>
#include <utility>

#include "course.hpp"
#include "flight_replies.hpp"
#include "memory_table.hpp"
#include "operations.hpp"
#include "recent_decisions.hpp"
#include "reply_maker.hpp"
#include "sharing.hpp"
#include "sternpost/answer/answer.hpp"
#include "sternpost/log/log.hpp"
#include "sternpost/loop/lag.hpp"
#include "sternpost/loop/spawn.hpp"
#include "upkeep.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

constexpr int idle_factor = 10;  // rounds of upkeep that find nothing are so much rarer
constexpr std::chrono::seconds a_little_longer{2};

}  // namespace

// Shared with handlers that are still on their way from one loop to the other when the owner goes.
class DomainAnswers::Inside : public std::enable_shared_from_this<Inside> {
public:
    using RulesPtr = std::shared_ptr<const Rules>;

    Inside(asio::any_io_executor answer_loop, asio::any_io_executor resolve_loop, Sources sources,
           const ResolveOptions& options, RulesPtr rules, std::size_t memory_entries)
        : answer_loop_(std::move(answer_loop)),
          resolve_loop_(std::move(resolve_loop)),
          context_{sources, options, rules},
          answer_rules_(std::move(rules)),
          table_(memory_entries),
          sharing_(context_, table_, flights()),
          course_(context_, sharing_, [this](Flight& flight) { answer_who_need_not_wait(flight); }),
          next_upkeep_(resolve_loop_),
          upkeep_(context_.sources.store, context_.sources.clock, table_, lookups()),
          operations_(context_.sources.store, context_.sources.clock, table_, flights()) {}

    // Answer loop.
    std::optional<MapRules> map(std::string_view name) const {
        const MapRules* found = answer_rules_->map(name);
        return found == nullptr ? std::nullopt : std::optional(*found);
    }

    // Answer loop.
    Reply at_once(const MapRules& map, const NextHop& next_hop) {
        return at_once(asked(next_hop, map), next_hop.domain, answer_rules_);
    }

    // Answer loop.
    void ask(const MapRules& map, NextHop next_hop, Answers::OnReply on_reply) {
        Flight::Waiter waiter;
        waiter.question = asked(next_hop, map);
        waiter.on_reply = std::move(on_reply);
        asio::post(resolve_loop_,
                   [self = shared_from_this(), domain = std::move(next_hop.domain),
                    waiter = std::move(waiter)]() mutable { self->question(domain, std::move(waiter)); });
    }

    void reconfigure(const ResolveOptions& options, RulesPtr rules) {
        context_.options = options;
        context_.rules = std::move(rules);
        asio::post(answer_loop_,
                   [self = shared_from_this(), fresh = context_.rules] { self->answer_rules_ = fresh; });
    }

    void begin_upkeep() {
        spawn(resolve_loop_, "upkeep", keep_up(shared_from_this()));
        if (sharing_.on()) context_.sources.fleet->listen(ears());
    }

    Result<bool> forget(const std::string& domain) {
        sharing_.forget(domain);
        return operations_.forget(domain);
    }

    void stop() {
        context_.stopped = true;
        next_upkeep_.cancel();
        for (auto& [domain, flight] : flights_) {
            flight->patience.cancel();
            flight->changed.cancel();
            flight->end();
            // What is known counts, where it is a policy.
            if (flight->known.policy_applies(now().wall, context_.options)) settle(*flight);
            release(*flight, nullptr);
        }
    }

    Operations& operations() { return operations_; }
    const RecentDecisions& decisions() const { return decisions_; }

    ResolveFigures figures() const {
        ResolveFigures now = context_.figures;
        now.lookups = flights_.size();
        now.domains_in_memory = table_.size();
        return now;
    }

private:
    using FlightPtr = std::shared_ptr<Flight>;

    Now now() const { return context_.now(); }

    // Either loop, with the rules that it has.
    Reply at_once(const Asked& question, const std::string& domain, const RulesPtr& rules) {
        if (Reply decided = reply_by_override(*rules, domain, context_.sources.clock)) return decided;
        TableEntryPtr entry = table_.find(domain);
        if (!entry || entry->rules != rules) return nullptr;
        const ReadyReply* ready = entry->reply(question);
        if (ready == nullptr) return nullptr;
        const SteadyTime steady = context_.sources.clock.steady();
        if (steady >= ready->fresh_until || context_.sources.clock.wall() >= ready->expires) return nullptr;
        if (steady >= ready->look_from && !entry->look_begun.exchange(true, std::memory_order_relaxed))
            asio::post(resolve_loop_, [self = shared_from_this(), domain, question] {
                self->look_behind(domain, question);
            });
        return Reply(std::move(entry), &ready->text);
    }

    void question(const std::string& domain, Flight::Waiter waiter) {
        if (context_.stopped) return reply(waiter, nullptr);
        // Another question's flight may have landed on the way here.
        if (Reply ready = at_once(waiter.question, domain, context_.rules))
            return reply(waiter, std::move(ready));
        const FlightPtr flight = flight_to(domain, Why::question);
        if (!flight) return reply(waiter, without_lookup(domain, waiter.question));
        note_use(*flight);
        flight->want(waiter.question);
        if (Reply ready = flight->overdue ? replies_.so_far(*flight, waiter.question) : nullptr)
            return reply(waiter, std::move(ready));
        flight->waiters.push_back(std::move(waiter));
    }

    // Where there is no room for another flight.
    Reply without_lookup(const std::string& domain, const Asked& question) {
        const Now at = now();
        const KnownDomain known = recall(domain, Why::refresh);
        Reply ready;
        if (known.policy_applies(at.wall, context_.options) || context_.rules->pins(domain, at.wall))
            ready = prepare_reply(known, question, at, settings(), at.steady).reply;
        if (ready) return ready;
        return temporary("sternpostd is overloaded: too many domains are being looked up");
    }

    // A look that nobody waits for.
    void look_behind(const std::string& domain, const Asked& question) {
        if (context_.stopped || flights_.contains(domain)) return;
        const FlightPtr flight = flight_to(domain, Why::question);
        if (!flight) return;
        flight->behind_answer = true;
        note_use(*flight);
        flight->want(question);
    }

    enum class Why { question, refresh, news, operators_word };

    FlightPtr flight_under_way(const std::string& domain) const {
        const auto found = flights_.find(domain);
        return found == flights_.end() ? nullptr : found->second;
    }

    FlightPtr flight_to(const std::string& domain, Why why) {
        if (auto flight = flight_under_way(domain)) return flight;
        if (context_.stopped || (flights_.size() >= max_flights && why != Why::operators_word))
            return nullptr;
        auto flight =
            std::make_shared<Flight>(resolve_loop_, recall(domain, why), context_.sources.clock.steady());
        flight->refresh = why == Why::refresh;
        flight->at_news = why == Why::news;
        flight->at_operators_word = why == Why::operators_word;
        flights_.emplace(domain, flight);
        limit_patience(flight);
        spawn(resolve_loop_, "domain lookup", fly(shared_from_this(), flight));
        return flight;
    }

    // What memory or disk knows of a domain.
    KnownDomain recall(const std::string& domain, Why why) {
        KnownDomain known;
        if (const auto entry = table_.find(domain)) {
            known = entry->known.unpack();
            known.just_fetched = false;
            if (!known.disk_unread) return known;
            read_again(known, context_.sources.store, context_.repeats);
        } else {
            known = read_known(domain, context_.sources.store, context_.repeats);
        }
        if (why == Why::question && known.policy_applies(now().wall, context_.options))
            log_policy(known, "cache", std::chrono::milliseconds(0));
        return known;
    }

    // With a policy at hand, what is known of TXT record and policy file counts after a short while; DANE is waited
    // for until the deadline.
    void limit_patience(const FlightPtr& flight) {
        const auto begun = std::chrono::steady_clock::now();
        const bool known = flight->known.policy_applies(context_.sources.clock.wall(), context_.options);
        const auto deadline = begun + context_.options.deadline;
        answer_at(flight, known ? std::min(deadline, begun + patience_with_known_policy) : deadline,
                  deadline);
    }

    void answer_at(const FlightPtr& flight, std::chrono::steady_clock::time_point when,
                   std::chrono::steady_clock::time_point deadline) {
        flight->patience.expires_at(when);
        flight->patience.async_wait(
            [self = shared_from_this(), flight, when, deadline](boost::system::error_code error) {
                if (error) return;
                // What came while the loop stood still is taken in first.
                const auto woken = std::chrono::steady_clock::now();
                if (when == deadline && woken >= deadline + longest_lag)
                    return self->answer_at(flight, woken + a_little_longer, woken + a_little_longer);
                flight->overdue = true;
                flight->expired = when == deadline;
                self->answer_who_need_not_wait(*flight);
                if (!flight->expired) self->answer_at(flight, deadline, deadline);
            });
    }

    static awaitable<void> fly(std::shared_ptr<Inside> self, FlightPtr flight) {
        using asio::experimental::awaitable_operators::operator&&;
        std::exception_ptr bug;
        try {
            co_await (noting(bug, self->course_.look_at_policy(flight)) &&
                      noting(bug, self->course_.look_at_hosts(flight)));
            self->land(flight);
        } catch (...) {
            self->crash(*flight);
            if (bug) std::rethrow_exception(bug);
            throw;
        }
    }

    // What one look throws: the other one is broken off then, and throws that.
    static awaitable<void> noting(std::exception_ptr& bug, awaitable<void> look) {
        try {
            co_await std::move(look);
        } catch (...) {
            if (!bug) bug = std::current_exception();
            throw;
        }
    }

    // A bug ends this lookup alone; the next question begins another one.
    void crash(Flight& flight) {
        flight.patience.cancel();
        flight.end();
        if (flight_under_way(flight.known.domain).get() == &flight) flights_.erase(flight.known.domain);
        release(flight, temporary("sternpostd has met an internal error"));
    }

    // Gives the waiters what is known, while the flight goes on.
    void settle(Flight& flight) {
        flight.overdue = true;
        answer_who_need_not_wait(flight);
    }

    void land(const FlightPtr& flight) {
        flight->patience.cancel();
        flight->end();
        if (flight->known.forgotten) return;
        flights_.erase(flight->known.domain);
        if (context_.stopped) return release(*flight, nullptr);
        auto waiters = std::exchange(flight->waiters, {});
        std::vector<Reply> replies;
        for (const auto& waiter : waiters) replies.push_back(replies_.at_landing(*flight, waiter.question));
        // Who has an answer, and asks at once again, finds it.
        remember(*flight);
        for (std::size_t i = 0; i < waiters.size(); ++i) reply(waiters[i], std::move(replies[i]));
        // Behind the answer, and seldom.
        if (flight->use_to_disk) write(record_of(flight->known));
        if (flight->heard != WallTime()) sharing_.hear(flight->known.domain, flight->heard);
    }

    // Memory is for what is asked for.
    void remember(Flight& flight) {
        const TableEntryPtr former = table_.find(flight.known.domain);
        if (!former && !flight.used) return;
        const auto entry = replies_.entry(flight, former);
        warn_if_nothing_passes(flight.known.domain, *entry);
        decisions_.note(flight.known, *entry, former);
        table_.put(entry);
    }

    // As if the flight had never been; who waits for an answer boards another one.
    void abandon(const std::string& domain) {
        const auto found = flights_.extract(domain);
        if (!found) return;
        const FlightPtr flight = found.mapped();
        flight->known.forgotten = true;
        flight->patience.cancel();
        for (auto& waiter : std::exchange(flight->waiters, {})) question(domain, std::move(waiter));
        flight->end();
    }

    void note_use(Flight& flight) const {
        if (!std::exchange(flight.used, true)) flight.use_to_disk = flight.known.note_used(now().wall);
    }

    void write(DomainRecord record) {
        spawn(resolve_loop_, "cache", put(shared_from_this(), std::move(record)));
    }

    static awaitable<void> put(std::shared_ptr<Inside> self, DomainRecord record) {
        const std::string domain = record.domain;
        const auto stored = co_await self->context_.sources.store.put(std::move(record));
        if (!stored)
            self->context_.repeats.failed(disk_trouble(domain), LogLevel::warning,
                                          static_cast<unsigned>(stored.error().code),
                                          "not written to disk: " + stored.error().detail);
    }

    Lookups lookups() {
        Lookups made;
        made.refreshes = [this] {
            return static_cast<std::size_t>(
                std::ranges::count_if(flights_, [](const auto& flight) { return flight.second->refresh; }));
        };
        made.under_way = [this](const std::string& domain) { return flights_.contains(domain); };
        made.begin_refresh = [this](const std::string& domain) {
            return flight_to(domain, Why::refresh) != nullptr;
        };
        made.write = [this](DomainRecord record) { write(std::move(record)); };
        return made;
    }

    Flights flights() {
        Flights made;
        made.under_way = [this](const std::string& domain) { return flight_under_way(domain); };
        made.refresh = [this](const std::string& domain) { return flight_to(domain, Why::operators_word); };
        made.learn = [this](const std::string& domain) {
            FlightPtr flight = flight_to(domain, Why::question);
            if (!flight) return flight;
            NextHop next_hop;
            next_hop.domain = domain;
            note_use(*flight);
            flight->want(asked(next_hop, *context_.rules->map(base_grammar_maps.front())));
            return flight;
        };
        made.follow = [this](const std::string& domain) { return flight_to(domain, Why::news); };
        made.abandon = [this](const std::string& domain) { abandon(domain); };
        made.recall = [this](const std::string& domain) { return recall(domain, Why::refresh); };
        made.settings = [this] { return settings(); };
        return made;
    }

    FleetEars ears() {
        FleetEars made;
        made.news = [weak = weak_from_this()](const std::string& domain, WallTime fetched) {
            if (const auto self = weak.lock()) self->sharing_.hear(domain, fetched);
        };
        made.untold = [weak = weak_from_this()](const std::string& domain) {
            if (const auto self = weak.lock()) self->sharing_.tell(domain);
        };
        return made;
    }

    static awaitable<void> keep_up(std::shared_ptr<Inside> self) {
        boost::system::error_code ignored;
        while (!self->context_.stopped) {
            const bool busy = self->upkeep_.round();
            self->context_.repeats.tell_counts();
            self->next_upkeep_.expires_after(self->context_.options.upkeep_interval *
                                             (busy ? 1 : idle_factor));
            co_await self->next_upkeep_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
    }

    void answer_who_need_not_wait(Flight& flight) {
        for (auto& waiter : std::exchange(flight.waiters, {})) {
            if (Reply ready = replies_.so_far(flight, waiter.question)) {
                reply(waiter, std::move(ready));
            } else {
                flight.waiters.push_back(std::move(waiter));
            }
        }
    }

    void warn_if_nothing_passes(const std::string& domain, const TableEntry& entry) {
        const Trouble trouble{{Topic::policy, domain}, "hosts"};
        const bool nothing_passes = std::ranges::any_of(entry.replies, [](const ReadyReply& ready) {
            return ready.text.find(no_host_passes) != std::string::npos;
        });
        if (nothing_passes)
            context_.repeats.failed(
                trouble, LogLevel::warning, 0,
                "no MX host passes it, or its answer is too long for Postfix: mail is deferred");
        else
            context_.repeats.mended(trouble, "MX hosts pass it again");
    }

    void release(Flight& flight, const Reply& with) {
        for (auto& waiter : std::exchange(flight.waiters, {})) reply(waiter, with);
    }

    void reply(Flight::Waiter& waiter, Reply with) const {
        asio::post(answer_loop_, [on_reply = std::move(waiter.on_reply), with = std::move(with)]() mutable {
            on_reply(std::move(with));
        });
    }

    Settings settings() const { return context_.settings(); }

    asio::any_io_executor answer_loop_;
    asio::any_io_executor resolve_loop_;
    LookupContext context_;
    RulesPtr answer_rules_;  // the answer loop's; the context's are the resolve loop's
    MemoryTable table_;
    std::unordered_map<std::string, FlightPtr> flights_;
    Sharing sharing_;
    Course course_;
    FlightReplies replies_{context_};
    asio::steady_timer next_upkeep_;
    RecentDecisions decisions_{context_};
    Upkeep upkeep_;
    Operations operations_;
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
