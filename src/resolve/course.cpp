#include "course.hpp"

#include "reply_maker.hpp"
#include "sternpost/loop/wait.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

using FlightPtr = std::shared_ptr<Flight>;

bool lacks_mx(const Flight& flight, SteadyTime at) {
    return !counts(flight.known.mx.asked, flight.known.mx.due, flight.hosts_since, at);
}

bool lacks_dane(const Flight& flight, const Route& route, SteadyTime at) {
    const DaneLook* look = flight.known.dane_at(route);
    if (look == nullptr) return true;
    const SteadyTime due = flight.behind_answer ? due_soon(look->asked, look->due) : look->due;
    return !counts(look->asked, due, flight.hosts_since, at);
}

}  // namespace

awaitable<void> Course::look_at_policy(FlightPtr flight) {
    if (flight->at_operators_word) {
        co_await fetch_at_operators_word(flight);
    } else if (!flight->refresh && context_.rules->pins(flight->known.domain, context_.now().wall)) {
        flight->pinned = true;
    } else {
        co_await discover_policy(flight);
    }
    flight->policy_looked_at = true;
    flight->changed.cancel();
}

awaitable<void> Course::discover_policy(FlightPtr flight) {
    Discovery discovery = this->discovery();
    KnownDomain& known = flight->known;
    bool told_by_others = false;
    if (sharing_.on()) told_by_others = co_await ask_other_relays(flight);
    const SteadyTime due = flight->behind_answer ? due_soon(known.txt.asked, known.txt.due) : known.txt.due;
    // Another relay's news counts as a look at the record.
    const bool look = flight->at_news ? !told_by_others : context_.now().steady >= due;
    if (look && !context_.stopped) co_await discovery.look_at_txt(known);
    if (context_.stopped) co_return;
    const WallTime wall = context_.now().wall;
    if (known.wants_fetch(wall) && known.may_fetch(wall, context_.options)) {
        // If a fetch of this id has failed already, the next try runs after the answer.
        if (known.fetch_has_failed(wall)) {
            flight->overdue = true;
            answer_(*flight);
        }
        if (sharing_.on())
            co_await sharing_.fetch(flight);
        else
            co_await discovery.fetch_policy(known);
    } else if (flight->refresh) {
        if (sharing_.on() && known.may_fetch(wall, context_.options))
            co_await sharing_.fetch(flight);
        else
            co_await discovery.refresh_policy(known);
    }
    if (!context_.stopped && !known.on_disk) co_await discovery.commit(known);
}

// If there is no policy in force, or another relay has a new one. Returns whether they knew one. One that protects counts
// at once, and the TXT record is looked at after the answer; any other may be older than what the record shows.
awaitable<bool> Course::ask_other_relays(FlightPtr flight) {
    KnownDomain& known = flight->known;
    const auto before = known.policy;
    if (before && context_.now().wall < before->expires() && !flight->at_news) co_return false;
    co_await sharing_.take_over(known);
    if (context_.stopped || known.policy == before) co_return false;
    flight->only_if_newest = known.policy->policy.mode != Mode::enforce && !flight->at_news;
    if (flight->only_if_newest) co_return true;
    flight->overdue = true;
    flight->changed.cancel();
    answer_(*flight);
    co_return true;
}

awaitable<void> Course::fetch_at_operators_word(FlightPtr flight) {
    Discovery discovery = this->discovery();
    KnownDomain& known = flight->known;
    co_await discovery.look_at_txt(known);
    if (context_.stopped) co_return;
    const bool unexpired = known.policy && context_.now().wall < known.policy->expires();
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

awaitable<void> Course::look_at_hosts(FlightPtr flight) {
    Discovery discovery = this->discovery();
    while (!context_.stopped) {
        const std::optional<Asked> lacking = question_that_lacks_hosts(*flight);
        if (lacking && lacking->map.dane) {
            co_await discovery.look_at_dane(flight->known, lacking->route);
        } else if (lacking) {
            co_await discovery.look_at_mx(flight->known);
        } else if (flight->policy_looked_at) {
            co_return;
        } else {
            flight->hosts_rest = true;
            co_await wait(flight->changed);
            flight->look_at_hosts_anew(context_.now().steady);
        }
        if (!context_.stopped && flight->overdue) answer_(*flight);
    }
}

std::optional<Asked> Course::question_that_lacks_hosts(const Flight& flight) const {
    const Now at = context_.now();
    for (const Asked& question : flight.wanted) {
        const Demand demand = demand_of(flight.known, question.map, at, context_.settings());
        const HostsNeeded needed = hosts_needed(demand, question);
        const bool lacks = needed == HostsNeeded::mx     ? lacks_mx(flight, at.steady)
                           : needed == HostsNeeded::dane ? lacks_dane(flight, question.route, at.steady)
                                                         : false;
        if (lacks) return question;
    }
    return std::nullopt;
}

Discovery Course::discovery() const {
    return {context_.sources, context_.options, context_.figures, context_.repeats};
}

}  // namespace sternpost
