#include "sharing.hpp"

#include <algorithm>
#include <utility>

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

// The relay that holds the lease may be gone, or whoever controls the engine may have made the lease up. So a
// question still gets an answer within its deadline.
constexpr std::chrono::seconds longest_turn{10};

}  // namespace

Discovery Sharing::discovery() const {
    return {context_.sources, context_.options, context_.figures, context_.repeats};
}

awaitable<void> Sharing::take_over(KnownDomain& known) {
    const SteadyTime begun = context_.now().steady;
    auto shared = co_await context_.sources.fleet->find(known.domain);
    if (context_.stopped || known.forgotten) co_return;
    read_again(known, context_.sources.store, context_.repeats);
    const bool later = shared.policy && (!known.policy || shared.policy->fetched > known.policy->fetched);
    if (later) {
        known.note_shared(std::move(*shared.policy), context_.now().steady);
        Discovery discovery = this->discovery();
        co_await discovery.commit(known);
        log_policy(known, "fleet",
                   std::chrono::duration_cast<std::chrono::milliseconds>(context_.now().steady - begun));
    }
    if (shared.failed) known.note_shared_failure(*shared.failed, context_.now().wall);
}

awaitable<void> Sharing::fetch(std::shared_ptr<Flight> flight) {
    const PolicyPtr before = flight->known.policy;
    co_await wait_for_turn(flight, before);
    if (!context_.stopped && !flight->known.forgotten && still_needed(*flight, before)) {
        Discovery discovery = this->discovery();
        if (flight->refresh)
            co_await discovery.refresh_policy(flight->known);
        else
            co_await discovery.fetch_policy(flight->known);
    }
    context_.sources.fleet->release(flight->known.domain);
}

// Whoever has the lease looks once more before the fetch: another relay may have just ended its own.
awaitable<void> Sharing::wait_for_turn(std::shared_ptr<Flight> flight, PolicyPtr before) {
    Fleet& fleet = *context_.sources.fleet;
    const SteadyTime end = context_.now().steady + longest_turn;
    for (;;) {
        const Lease lease = co_await fleet.lease(flight->known.domain);
        if (lease == Lease::unavailable || context_.stopped) co_return;
        co_await take_over(flight->known);
        flight->changed.cancel();
        const bool waits = lease == Lease::elsewhere && still_needed(*flight, before) &&
                           context_.now().steady < end && !flight->known.forgotten;
        if (!waits || context_.stopped) co_return;
        co_await fleet.change_of(flight->known.domain);
    }
}

bool Sharing::still_needed(const Flight& flight, const PolicyPtr& before) const {
    const KnownDomain& known = flight.known;
    const WallTime now = context_.now().wall;
    if (flight.refresh) return known.policy == before || !known.refresh_at || *known.refresh_at <= now;
    return known.wants_fetch(now) && known.may_fetch(now, context_.options);
}

}  // namespace sternpost
