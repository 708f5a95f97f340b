#include "lookups.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "discovery.hpp"
#include "reply_maker.hpp"
#include "sternpost/answer/answer.hpp"
#include "sternpost/answer/netstring.hpp"
#include "sternpost/log/log.hpp"
#include "sternpost/loop/both.hpp"
#include "sternpost/loop/lag.hpp"
#include "sternpost/loop/spawn.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

constexpr std::chrono::seconds a_little_longer{2};

void release(Flight& flight, const Reply& with) {
    for (auto& waiter : std::exchange(flight.waiters, {})) waiter.on_reply(with);
}

void warn_if_nothing_passes(const KnownDomain& known, const TableEntry& entry, const Now& now,
                            const Settings& settings, Repeats& repeats) {
    const Trouble trouble{{Topic::policy, known.domain}, "hosts"};
    const bool nothing_passes = std::ranges::any_of(entry.replies(), [&](const ReadyReply& ready) {
        return fails_closed(payload_of(ready.text)) ||
               passes_no_mx_host(known, ready.question, now, settings);
    });
    const bool enforced = std::ranges::any_of(
        entry.replies(), [&](const ReadyReply& ready) { return payload_of(ready.text).starts_with("OK "); });
    if (nothing_passes)
        repeats.failed(trouble, LogLevel::warning, 0,
                       "no MX host passes it, or its answer is too long for Postfix: mail is deferred");
    else if (enforced)
        repeats.mended(trouble, "MX hosts pass it again");
}

}  // namespace

Lookups::Lookups(asio::any_io_executor resolve_loop, Sources sources, const ResolveOptions& options,
                 std::shared_ptr<const Rules> rules, std::size_t memory_entries)
    : resolve_loop_(std::move(resolve_loop)),
      context_{sources, options, std::move(rules)},
      table_(memory_entries),
      course_(context_, sharing_, [this](Flight& flight) {
          take_former_answers_back(flight);
          answer_who_need_not_wait(flight);
      }) {}

Lookups::FlightPtr Lookups::under_way(const std::string& domain) const {
    const auto found = flights_.find(domain);
    return found == flights_.end() ? nullptr : found->second;
}

std::size_t Lookups::refreshes(SteadyTime since) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        flights_, [&](const auto& each) { return each.second->refresh && each.second->begun >= since; }));
}

Lookups::FlightPtr Lookups::begin(const std::string& domain, Why why) {
    if (auto flight = under_way(domain)) return flight;
    if (context_.stopped || (flights_.size() >= max_flights && why != Why::operators_word)) return nullptr;
    KnownDomain known = recall(domain);
    if (why == Why::question && !table_.find(domain) && known.policy_applies(now().wall, context_.options))
        log_policy(known, "cache", std::chrono::milliseconds(0));
    auto flight = std::make_shared<Flight>(resolve_loop_, std::move(known), context_.sources.clock.steady());
    flight->refresh = why == Why::refresh;
    flight->at_news = why == Why::news;
    flight->at_operators_word = why == Why::operators_word;
    flights_.emplace(domain, flight);
    limit_patience(*flight);
    watch_patience(flight);
    spawn(resolve_loop_, "domain lookup", fly(shared_from_this(), flight));
    return flight;
}

Lookups::FlightPtr Lookups::want(const std::string& domain, const Asked& question) {
    FlightPtr flight = begin(domain, Why::question);
    if (!flight) return flight;
    if (!std::exchange(flight->used, true)) flight->use_to_disk = flight->known.note_used(now().wall);
    flight->want(question, now().steady);
    return flight;
}

void Lookups::board(const std::string& domain, Flight::Waiter waiter) {
    if (context_.stopped) return waiter.on_reply(nullptr);
    const FlightPtr flight = want(domain, waiter.question);
    if (!flight) return waiter.on_reply(without_lookup(domain, waiter.question));
    if (Reply ready = flight->overdue ? replies_.so_far(*flight, waiter.question) : nullptr)
        return waiter.on_reply(std::move(ready));
    // Who boards a second flight has no more time for it than is left.
    waiter.until = std::min(waiter.until, std::chrono::steady_clock::now() + context_.options.deadline);
    flight->waiters.push_back(std::move(waiter));
    watch_patience(flight);
}

Reply Lookups::without_lookup(const std::string& domain, const Asked& question) {
    const Now at = now();
    const KnownDomain known = recall(domain);
    Reply ready;
    if (known.policy_applies(at.wall, context_.options) || context_.rules->pins(domain, at.wall))
        ready = prepare_reply(known, question, at, settings(), at.steady).reply;
    if (ready) return ready;
    return temporary("sternpostd is overloaded: too many domains are being looked up");
}

void Lookups::abandon(const std::string& domain) {
    const auto found = flights_.extract(domain);
    if (!found) return;
    const FlightPtr flight = found.mapped();
    flight->known.forgotten = true;
    flight->patience.cancel();
    for (auto& waiter : std::exchange(flight->waiters, {})) board(domain, std::move(waiter));
    flight->end();
}

void Lookups::stop() {
    context_.stopped = true;
    for (auto& [domain, flight] : flights_) {
        flight->patience.cancel();
        flight->changed.cancel();
        flight->end();
        if (flight->known.policy_applies(now().wall, context_.options)) {
            flight->overdue = true;
            answer_who_need_not_wait(*flight);
        }
        release(*flight, nullptr);
    }
}

KnownDomain Lookups::recall(const std::string& domain) {
    const auto entry = table_.find(domain);
    if (!entry) return read_known(domain, context_.sources.store, context_.repeats);
    KnownDomain known = entry->known();
    known.just_fetched = false;
    read_again(known, context_.sources.store, context_.repeats);
    return known;
}

// With a policy at hand, what is known of TXT record and policy file counts after a short while; DANE is waited for
// until the deadline.
void Lookups::limit_patience(Flight& flight) const {
    const bool known = flight.known.policy_applies(now().wall, context_.options);
    const auto deadline = context_.options.deadline;
    flight.overdue_from =
        std::chrono::steady_clock::now() +
        (known ? std::min<SteadyTime::duration>(deadline, patience_with_known_policy) : deadline);
}

void Lookups::watch_patience(const FlightPtr& flight) {
    SteadyTime due = flight->overdue ? SteadyTime::max() : flight->overdue_from;
    for (const Flight::Waiter& waiter : flight->waiters) due = std::min(due, waiter.until);
    flight->patience.cancel();
    if (flight->ended || due == SteadyTime::max()) return;
    flight->patience.expires_at(due);
    flight->patience.async_wait([self = shared_from_this(), flight, due](boost::system::error_code error) {
        if (!error) self->end_patience(flight, due);
    });
}

void Lookups::end_patience(const FlightPtr& flight, SteadyTime due) {
    const SteadyTime woken = std::chrono::steady_clock::now();
    // What came while the loop stood still is taken in first.
    if (woken >= due + longest_lag) {
        const SteadyTime later = woken + a_little_longer;
        if (flight->overdue_from <= woken) flight->overdue_from = later;
        for (Flight::Waiter& waiter : flight->waiters)
            if (waiter.until <= woken) waiter.until = later;
    } else {
        if (flight->overdue_from <= woken) flight->overdue = true;
        answer_who_need_not_wait(*flight);
    }
    watch_patience(flight);
}

awaitable<void> Lookups::look_at_policy(FlightPtr flight) {
    co_await course_.look_at_policy(flight);
    take_former_answers_back(*flight);
}

// What memory answers must not be weaker than a policy that is on disk, nor name hosts of the one before; the flight
// gives the new answers.
void Lookups::take_former_answers_back(Flight& flight) {
    const KnownDomain& known = flight.known;
    const WallTime wall = now().wall;
    if (known.policy == flight.policy_before || known.uncommitted || known.forgotten) return;
    if (!known.policy_applies(wall, context_.options)) return;
    const bool one_before = flight.policy_before && wall < flight.policy_before->expires();
    const Mode mode_before = one_before ? flight.policy_before->policy.mode : Mode::none;
    const bool other_text = one_before && known.policy->body != flight.policy_before->body;
    if (known.policy->policy.mode < mode_before) return;
    if (known.policy->policy.mode == mode_before && !other_text) return;
    if (TableEntryPtr entry = table_.find(known.domain)) {
        table_.remove(known.domain);
        flight.former = std::move(entry);
    }
}

awaitable<void> Lookups::fly(std::shared_ptr<Lookups> self, FlightPtr flight) {
    try {
        co_await both(self->look_at_policy(flight), self->course_.look_at_hosts(flight));
        self->land(flight);
    } catch (...) {
        self->crash(*flight);
        throw;
    }
}

void Lookups::land(const FlightPtr& flight) {
    flight->patience.cancel();
    flight->end();
    if (flight->known.forgotten) return;
    flights_.erase(flight->known.domain);
    if (context_.stopped) return release(*flight, nullptr);
    auto waiters = std::exchange(flight->waiters, {});
    if (knows_nothing_since_a_pin_ended(*flight)) {
        for (auto& waiter : waiters) board(flight->known.domain, std::move(waiter));
        return;
    }
    std::vector<Reply> replies;
    for (const auto& waiter : waiters) replies.push_back(replies_.at_landing(*flight, waiter.question));
    // Whoever gets an answer and at once asks again finds it.
    remember(*flight);
    for (std::size_t i = 0; i < waiters.size(); ++i) waiters[i].on_reply(std::move(replies[i]));
    // After the answer, and seldom.
    if (flight->use_to_disk) write(record_of(flight->known));
    if (flight->heard != WallTime()) hear(flight->known.domain, flight->heard);
}

bool Lookups::knows_nothing_since_a_pin_ended(const Flight& flight) const {
    const WallTime wall = now().wall;
    return flight.pinned && !context_.rules->pins(flight.known.domain, wall) &&
           !flight.known.policy_applies(wall, context_.options);
}

// A bug ends only this lookup; the next question begins another one.
void Lookups::crash(Flight& flight) {
    flight.patience.cancel();
    flight.end();
    if (under_way(flight.known.domain).get() == &flight) flights_.erase(flight.known.domain);
    release(flight, temporary("sternpostd has met an internal error"));
}

// Memory is for what is asked for, and for what is not on disk.
void Lookups::remember(Flight& flight) {
    const TableEntryPtr former = flight.former ? flight.former : table_.find(flight.known.domain);
    if (!former && !flight.used && flight.known.on_disk) return;
    const auto entry = replies_.entry(flight, former);
    warn_if_nothing_passes(flight.known, *entry, now(), settings(), context_.repeats);
    decisions_.note(flight.known, *entry, former);
    table_.put(entry);
}

void Lookups::answer_who_need_not_wait(Flight& flight) {
    const SteadyTime at = std::chrono::steady_clock::now();
    for (auto& waiter : std::exchange(flight.waiters, {})) {
        const bool late = waiter.until <= at;
        Reply ready = flight.overdue || late ? replies_.so_far(flight, waiter.question) : nullptr;
        if (!ready && late) ready = replies_.too_late(flight, waiter.question);
        if (ready)
            waiter.on_reply(std::move(ready));
        else
            flight.waiters.push_back(std::move(waiter));
    }
}

void Lookups::write(DomainRecord record) {
    spawn(resolve_loop_, "cache", put(shared_from_this(), std::move(record)));
}

awaitable<void> Lookups::put(std::shared_ptr<Lookups> self, DomainRecord record) {
    const std::string domain = record.domain;
    const auto stored = co_await self->context_.sources.store.put(std::move(record));
    if (!stored)
        self->context_.repeats.failed(disk_trouble(domain), LogLevel::warning,
                                      static_cast<unsigned>(stored.error().code),
                                      "not written to disk: " + stored.error().detail);
}

void Lookups::hear(const std::string& domain, WallTime fetched) {
    if (context_.stopped) return;
    if (const auto flight = under_way(domain)) {
        flight->heard = std::max(flight->heard, fetched);
        return;
    }
    const TableEntryPtr entry = table_.find(domain);
    const KnownDomain known = recall(domain);
    if (!entry && !known.policy) return;
    if (known.policy && known.policy->fetched >= fetched) return;
    const auto flight = begin(domain, Why::news);
    if (!flight || !entry) return;
    for (const ReadyReply& ready : entry->replies()) flight->want(ready.question, now().steady);
}

void Lookups::tell(const std::string& domain) {
    if (context_.stopped) return;
    const KnownDomain known = recall(domain);
    if (known.policy && known.policy->learnt_by.empty())
        context_.sources.fleet->publish(domain, *known.policy);
}

}  // namespace sternpost
