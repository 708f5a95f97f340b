// What a flight has to do with the other relays: it takes over what they have learnt, waits while one of them fetches,
// and follows their news.
//
// Ownership: belongs to whoever makes the lookups; context and table outlive it.
// Threads:   the resolve loop; looks suspend.
// Errors:    none: where the fleet does not answer, all is as without one.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "discovery.hpp"
#include "flight.hpp"
#include "flights.hpp"
#include "lookup_context.hpp"
#include "memory_table.hpp"

namespace sternpost {

class Sharing {
public:
    Sharing(LookupContext& context, MemoryTable& table, Flights flights);

    bool on() const { return context_.sources.fleet != nullptr; }
    // A later policy that others know is committed, and is then known; and failures that nobody should repeat.
    boost::asio::awaitable<void> take_over(KnownDomain& known);
    // The fetch that the flight is for, made by one relay of the fleet.
    boost::asio::awaitable<void> fetch(std::shared_ptr<Flight> flight);

    // Another relay has fetched the policy of `domain`: whoever knows the domain looks again at once.
    void hear(const std::string& domain, WallTime fetched);
    // The others are told what is known here.
    void tell(const std::string& domain);
    // Nor do the others' words make a domain known again that was forgotten here.
    void forget(const std::string& domain);

private:
    using PolicyPtr = std::shared_ptr<const CachedPolicy>;
    boost::asio::awaitable<void> wait_for_turn(std::shared_ptr<Flight> flight, PolicyPtr before);
    bool still_needed(const Flight& flight, const PolicyPtr& before) const;
    Discovery discovery() const;

    LookupContext& context_;
    MemoryTable& table_;
    Flights flights_;
};

}  // namespace sternpost
