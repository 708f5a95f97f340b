// What a flight has to do with the other relays: it takes over what they have learnt, and waits while one of them
// fetches.
//
// Ownership: belongs to whoever makes the lookups; the context outlives it.
// Threads:   the resolve loop; looks suspend.
// Errors:    none: if the fleet does not answer, everything is as without one.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "discovery.hpp"
#include "flight.hpp"
#include "lookup_context.hpp"

namespace sternpost {

class Sharing {
public:
    explicit Sharing(LookupContext& context) : context_(context) {}

    bool on() const { return context_.sources.fleet != nullptr; }
    // Commits a later policy that others know, which is then known here; notes failures that nobody should repeat.
    boost::asio::awaitable<void> take_over(KnownDomain& known);
    // The fetch that the flight needs, made by one relay of the fleet.
    boost::asio::awaitable<void> fetch(std::shared_ptr<Flight> flight);

private:
    using PolicyPtr = std::shared_ptr<const CachedPolicy>;
    boost::asio::awaitable<void> wait_for_turn(std::shared_ptr<Flight> flight, PolicyPtr before);
    bool still_needed(const Flight& flight, const PolicyPtr& before) const;
    Discovery discovery() const;

    LookupContext& context_;
};

}  // namespace sternpost
