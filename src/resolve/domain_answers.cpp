#include "sternpost/resolve/domain_answers.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <unordered_map>
#include <utility>

#include "discovery.hpp"
#include "flight.hpp"
#include "memory_table.hpp"
#include "operations.hpp"
#include "reply_maker.hpp"
#include "sternpost/answer/answer.hpp"
#include "sternpost/log/log.hpp"
#include "sternpost/loop/spawn.hpp"
#include "upkeep.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

constexpr int idle_factor = 10;  // rounds of upkeep that find nothing are so much rarer

}  // namespace

// Shared with handlers that are still on their way from one loop to the other when the owner goes.
class DomainAnswers::Inside : public std::enable_shared_from_this<Inside> {
public:
    using RulesPtr = std::shared_ptr<const Rules>;

    Inside(asio::any_io_executor answer_loop, asio::any_io_executor resolve_loop, Sources sources,
           const ResolveOptions& options, RulesPtr rules, std::size_t memory_entries)
        : answer_loop_(std::move(answer_loop)),
          resolve_loop_(std::move(resolve_loop)),
          sources_(sources),
          options_(options),
          rules_(rules),
          answer_rules_(std::move(rules)),
          table_(memory_entries),
          repeats_(sources_.clock),
          next_upkeep_(resolve_loop_),
          upkeep_(sources_.store, sources_.clock, table_, lookups()),
          operations_(sources_.store, sources_.clock, table_, flights()) {}

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
        options_ = options;
        rules_ = std::move(rules);
        asio::post(answer_loop_,
                   [self = shared_from_this(), fresh = rules_] { self->answer_rules_ = fresh; });
    }

    void begin_upkeep() { spawn(resolve_loop_, "upkeep", keep_up(shared_from_this())); }

    void stop() {
        stopped_ = true;
        next_upkeep_.cancel();
        for (auto& [domain, flight] : flights_) {
            flight->patience.cancel();
            flight->changed.cancel();
            flight->end();
            // What is known counts, where it is a policy.
            if (flight->known.policy_applies(now().wall, options_)) settle(*flight);
            release(*flight, nullptr);
        }
    }

    Operations& operations() { return operations_; }

    ResolveFigures figures() const {
        ResolveFigures now = figures_;
        now.lookups = flights_.size();
        now.domains_in_memory = table_.size();
        return now;
    }

private:
    using FlightPtr = std::shared_ptr<Flight>;

    Now now() const {
        Now at;
        at.wall = sources_.clock.wall();
        at.steady = sources_.clock.steady();
        return at;
    }

    // Either loop, with the rules that it has.
    Reply at_once(const Asked& question, const std::string& domain, const RulesPtr& rules) {
        if (Reply decided = reply_by_override(*rules, domain, sources_.clock)) return decided;
        TableEntryPtr entry = table_.find(domain);
        if (!entry || entry->rules != rules) return nullptr;
        const ReadyReply* ready = entry->reply(question);
        if (ready == nullptr) return nullptr;
        const SteadyTime steady = sources_.clock.steady();
        if (steady >= ready->fresh_until || sources_.clock.wall() >= ready->expires) return nullptr;
        if (steady >= ready->look_from && !entry->look_begun.exchange(true, std::memory_order_relaxed))
            asio::post(resolve_loop_, [self = shared_from_this(), domain, question] {
                self->look_behind(domain, question);
            });
        return Reply(std::move(entry), &ready->text);
    }

    void question(const std::string& domain, Flight::Waiter waiter) {
        if (stopped_) return reply(waiter, nullptr);
        // Another question's flight may have landed on the way here.
        if (Reply ready = at_once(waiter.question, domain, rules_)) return reply(waiter, std::move(ready));
        const FlightPtr flight = flight_to(domain, Why::question);
        if (!flight)
            return reply(waiter, temporary("sternpostd is overloaded: too many domains are being looked up"));
        note_use(*flight);
        flight->want(waiter.question);
        if (Reply ready = flight->overdue ? reply_so_far(*flight, waiter.question) : nullptr)
            return reply(waiter, std::move(ready));
        flight->waiters.push_back(std::move(waiter));
    }

    // A look that nobody waits for.
    void look_behind(const std::string& domain, const Asked& question) {
        if (stopped_ || flights_.contains(domain)) return;
        const FlightPtr flight = flight_to(domain, Why::question);
        if (!flight) return;
        flight->behind_answer = true;
        note_use(*flight);
        flight->want(question);
    }

    enum class Why { question, refresh, operators_word };

    FlightPtr flight_under_way(const std::string& domain) const {
        const auto found = flights_.find(domain);
        return found == flights_.end() ? nullptr : found->second;
    }

    FlightPtr flight_to(const std::string& domain, Why why) {
        if (auto flight = flight_under_way(domain)) return flight;
        if (stopped_ || (flights_.size() >= max_flights && why != Why::operators_word)) return nullptr;
        auto flight = std::make_shared<Flight>(resolve_loop_, recall(domain, why), sources_.clock.steady());
        flight->refresh = why == Why::refresh;
        flight->at_operators_word = why == Why::operators_word;
        flights_.emplace(domain, flight);
        limit_patience(flight);
        spawn(resolve_loop_, "domain lookup", fly(shared_from_this(), flight));
        return flight;
    }

    // What memory or disk knows of a domain.
    KnownDomain recall(const std::string& domain, Why why) {
        if (const auto entry = table_.find(domain)) {
            KnownDomain known = entry->known.unpack();
            known.just_fetched = false;
            if (!known.disk_unread) return known;
        }
        KnownDomain known;
        known.domain = domain;
        auto stored = sources_.store.find(domain);
        const Trouble unread{{Topic::policy, domain}, "disk read"};
        if (!stored) {
            repeats_.failed(unread, LogLevel::error, static_cast<unsigned>(stored.error().code),
                            stored.error().detail);
            known.disk_unread = true;
            return known;
        }
        repeats_.mended(unread, "the cache can be read again");
        if (!*stored) return known;
        if ((*stored)->policy) {
            known.policy = std::make_shared<const CachedPolicy>(std::move(*(*stored)->policy));
            known.fetches.push_back(known.policy->fetched);
        }
        known.failed = std::move((*stored)->failed);
        known.last_used = (*stored)->last_used;
        known.refresh_at = (*stored)->refresh_at;
        known.dane_seen = (*stored)->dane_seen;
        if (why == Why::question && known.policy_applies(sources_.clock.wall(), options_))
            log_policy(known, "cache", std::chrono::milliseconds(0));
        return known;
    }

    // With a policy at hand, what is known of TXT record and policy file counts after a short while; DANE is waited
    // for until the deadline.
    void limit_patience(const FlightPtr& flight) {
        const auto deadline = std::chrono::steady_clock::now() + options_.deadline;
        auto first = deadline;
        if (flight->known.policy_applies(sources_.clock.wall(), options_))
            first = std::min<std::chrono::steady_clock::time_point>(
                deadline, std::chrono::steady_clock::now() + patience_with_known_policy);
        flight->patience.expires_at(first);
        flight->patience.async_wait([self = shared_from_this(), flight, deadline,
                                     last = first == deadline](boost::system::error_code error) {
            if (error) return;
            flight->overdue = true;
            flight->expired = last;
            self->answer_who_need_not_wait(*flight);
            if (!last) self->limit_patience_with_dane(flight, deadline);
        });
    }

    void limit_patience_with_dane(const FlightPtr& flight, std::chrono::steady_clock::time_point deadline) {
        flight->patience.expires_at(deadline);
        flight->patience.async_wait([self = shared_from_this(), flight](boost::system::error_code error) {
            if (error) return;
            flight->expired = true;
            self->answer_who_need_not_wait(*flight);
        });
    }

    static awaitable<void> fly(std::shared_ptr<Inside> self, FlightPtr flight) {
        using asio::experimental::awaitable_operators::operator&&;
        co_await (self->look_at_policy(flight) && self->look_at_hosts(flight));
        self->land(flight);
    }

    awaitable<void> look_at_policy(FlightPtr flight) {
        if (flight->at_operators_word) {
            co_await fetch_at_operators_word(flight);
        } else if (!rules_->pins(flight->known.domain, now().wall)) {
            co_await discover_policy(flight);
        }
        flight->policy_looked_at = true;
        flight->changed.cancel();
    }

    awaitable<void> discover_policy(FlightPtr flight) {
        Discovery discovery(sources_, options_, figures_, repeats_);
        KnownDomain& known = flight->known;
        const SteadyTime due =
            flight->behind_answer ? due_soon(known.txt.asked, known.txt.due) : known.txt.due;
        if (now().steady >= due) co_await discovery.look_at_txt(known);
        if (stopped_) co_return;
        const WallTime wall = now().wall;
        if (known.wants_fetch(wall) && known.may_fetch(wall, options_)) {
            // With a fetch of this id failed already, the next try runs behind the answer.
            if (known.fetch_has_failed()) settle(*flight);
            co_await discovery.fetch_policy(known);
        } else if (flight->refresh) {
            co_await discovery.refresh_policy(known);
        }
        if (!stopped_ && !known.on_disk) co_await discovery.commit(known);
    }

    awaitable<void> fetch_at_operators_word(FlightPtr flight) {
        Discovery discovery(sources_, options_, figures_, repeats_);
        KnownDomain& known = flight->known;
        co_await discovery.look_at_txt(known);
        if (stopped_) co_return;
        const bool unexpired = known.policy && now().wall < known.policy->expires();
        if (known.txt.state != TxtState::present && !unexpired) {
            flight->why_not_fetched = known.txt.why.empty()
                                          ? "there is no TXT record _mta-sts." + known.domain
                                          : "TXT record _mta-sts." + known.domain + ": " + known.txt.why;
            co_return;
        }
        co_await discovery.fetch_policy(known, Queue::passed_by);
        flight->fetched = known.just_fetched;
        if (!known.just_fetched)
            flight->why_not_fetched =
                known.failed && !known.overloaded ? known.failed->reason : "too many fetches";
    }

    // What answers depend on beside the policy, for all who ask until the policy is known.
    awaitable<void> look_at_hosts(FlightPtr flight) {
        Discovery discovery(sources_, options_, figures_, repeats_);
        while (!stopped_) {
            const std::optional<Asked> lacking = question_that_lacks_hosts(*flight);
            if (lacking && lacking->map.dane) {
                co_await discovery.look_at_dane(flight->known, lacking->route);
            } else if (lacking) {
                co_await discovery.look_at_mx(flight->known);
            } else if (flight->policy_looked_at) {
                co_return;
            } else {
                boost::system::error_code ignored;
                co_await flight->changed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            }
            if (!stopped_ && flight->overdue) answer_who_need_not_wait(*flight);
        }
    }

    std::optional<Asked> question_that_lacks_hosts(const Flight& flight) const {
        const Now at = now();
        for (const Asked& question : flight.wanted) {
            const Demand demand = demand_of(flight.known, question.map, at, settings());
            const HostsNeeded needed = hosts_needed(demand, question);
            const bool lacks = needed == HostsNeeded::mx     ? lacks_mx(flight, at.steady)
                               : needed == HostsNeeded::dane ? lacks_dane(flight, question.route, at.steady)
                                                             : false;
            if (lacks) return question;
        }
        return std::nullopt;
    }

    static bool lacks_mx(const Flight& flight, SteadyTime at) {
        return !counts(flight.known.mx.asked, flight.known.mx.due, flight.begun, at);
    }

    static bool lacks_dane(const Flight& flight, const Route& route, SteadyTime at) {
        const DaneLook* look = flight.known.dane_at(route);
        if (look == nullptr) return true;
        const SteadyTime due = flight.behind_answer ? due_soon(look->asked, look->due) : look->due;
        return !counts(look->asked, due, flight.begun, at);
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
        if (stopped_) return release(*flight, nullptr);
        for (auto& waiter : std::exchange(flight->waiters, {})) {
            Reply ready = prepare(*flight, waiter.question).reply;
            reply(waiter, ready ? std::move(ready) : waited_too_long(*flight));
        }
        // Behind the answer, and seldom.
        if (flight->use_to_disk) write(record_of(flight->known));
        const TableEntryPtr former = table_.find(flight->known.domain);
        // Memory is for what is asked for.
        if (!former && !flight->used) return;
        const auto entry = make_entry(*flight, former);
        warn_if_nothing_passes(flight->known.domain, *entry);
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
        const auto stored = co_await self->sources_.store.put(std::move(record));
        if (!stored)
            self->repeats_.failed(disk_trouble(domain), LogLevel::warning,
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
            const FlightPtr flight = flight_to(domain, Why::question);
            if (!flight) return flight;
            NextHop next_hop;
            next_hop.domain = domain;
            note_use(*flight);
            flight->want(asked(next_hop, *rules_->map(base_grammar_maps.front())));
            return flight;
        };
        made.abandon = [this](const std::string& domain) { abandon(domain); };
        made.recall = [this](const std::string& domain) { return recall(domain, Why::refresh); };
        made.settings = [this] { return settings(); };
        return made;
    }

    static awaitable<void> keep_up(std::shared_ptr<Inside> self) {
        boost::system::error_code ignored;
        while (!self->stopped_) {
            const bool busy = self->upkeep_.round();
            self->repeats_.tell_counts();
            self->next_upkeep_.expires_after(self->options_.upkeep_interval * (busy ? 1 : idle_factor));
            co_await self->next_upkeep_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
    }

    // Replies to what was asked in this flight, and to what has been asked before and can still be answered.
    std::shared_ptr<TableEntry> make_entry(Flight& flight, const TableEntryPtr& former) const {
        if (former && former->rules == rules_)
            for (const ReadyReply& ready : former->replies) flight.want(ready.question);
        std::vector<ReadyReply> replies;
        for (const Asked& question : flight.wanted) {
            const PreparedReply prepared = prepare(flight, question);
            if (prepared.reply && replies.size() < max_replies_a_domain)
                replies.push_back({prepared, *prepared.reply});
        }
        flight.known.forget_surplus_routes();
        return std::make_shared<TableEntry>(flight.known, std::move(replies), rules_);
    }

    PreparedReply prepare(const Flight& flight, const Asked& question) const {
        return prepare_reply(flight.known, question, now(), settings(), flight.begun);
    }

    void answer_who_need_not_wait(Flight& flight) {
        for (auto& waiter : std::exchange(flight.waiters, {})) {
            if (Reply ready = reply_so_far(flight, waiter.question)) {
                reply(waiter, std::move(ready));
            } else {
                flight.waiters.push_back(std::move(waiter));
            }
        }
    }

    // The reply to a question that cannot wait for the TXT record and the policy file any longer; null: it waits for
    // DANE, until the flight has expired.
    Reply reply_so_far(const Flight& flight, const Asked& question) const {
        const KnownDomain& known = flight.known;
        const Now at = now();
        const bool applies = known.policy_applies(at.wall, options_) || rules_->pins(known.domain, at.wall);
        if (known.wants_fetch(at.wall) && !known.fetch_has_failed() && !applies)
            return temporary("policy of " + known.domain + " is being fetched");
        Reply ready;
        if (known.txt.state != TxtState::unasked || applies) {
            ready = prepare(flight, question).reply;
        } else {
            KnownDomain unanswered = known;
            unanswered.txt.state = TxtState::failed;
            unanswered.txt.why = "no answer yet";
            ready = prepare_reply(unanswered, question, at, settings(), flight.begun).reply;
        }
        return ready || !flight.expired ? ready : waited_too_long(flight);
    }

    static Reply waited_too_long(const Flight& flight) {
        return temporary_for_dane("the MX hosts of " + flight.known.domain + " are being looked at");
    }

    void warn_if_nothing_passes(const std::string& domain, const TableEntry& entry) {
        const Trouble trouble{{Topic::policy, domain}, "hosts"};
        const bool nothing_passes = std::ranges::any_of(entry.replies, [](const ReadyReply& ready) {
            return ready.text.find(no_host_passes) != std::string::npos;
        });
        if (nothing_passes)
            repeats_.failed(trouble, LogLevel::warning, 0,
                            "no MX host passes it, or its answer is too long for Postfix: mail is deferred");
        else
            repeats_.mended(trouble, "MX hosts pass it again");
    }

    void release(Flight& flight, const Reply& with) {
        for (auto& waiter : std::exchange(flight.waiters, {})) reply(waiter, with);
    }

    void reply(Flight::Waiter& waiter, Reply with) const {
        asio::post(answer_loop_, [on_reply = std::move(waiter.on_reply), with = std::move(with)]() mutable {
            on_reply(std::move(with));
        });
    }

    Settings settings() const { return {options_, *rules_}; }

    asio::any_io_executor answer_loop_;
    asio::any_io_executor resolve_loop_;
    Sources sources_;
    ResolveOptions options_;
    RulesPtr rules_;         // the resolve loop's
    RulesPtr answer_rules_;  // the answer loop's
    MemoryTable table_;
    Repeats repeats_;  // the resolve loop's
    std::unordered_map<std::string, FlightPtr> flights_;
    asio::steady_timer next_upkeep_;
    ResolveFigures figures_;
    Upkeep upkeep_;
    Operations operations_;
    bool stopped_ = false;
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
    return inside_->operations().forget(domain);
}

awaitable<Result<Imported>> DomainAnswers::import(DomainRecord record, Origin origin) {
    return inside_->operations().import(std::move(record), origin);
}

ResolveFigures DomainAnswers::figures() const {
    return inside_->figures();
}

}  // namespace sternpost
