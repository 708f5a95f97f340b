// The operator's part of the lookups: see CacheOperations.
//
// Ownership: belongs to whoever makes the lookups; store, clock and table outlive it.
// Threads:   the resolve loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "flight.hpp"
#include "memory_table.hpp"
#include "sternpost/resolve/cache_operations.hpp"

namespace sternpost {

// What operations need of the lookups.
struct Flights {
    using FlightPtr = std::shared_ptr<Flight>;
    std::function<FlightPtr(const std::string&)> under_way;  // null: there is none
    std::function<FlightPtr(const std::string&)> refresh;    // begins one; null: the program stops
    std::function<FlightPtr(const std::string&)> learn;      // begins or joins one; null: there are too many
    std::function<void(const std::string&)> abandon;  // nothing of it is kept; who waits is looked up anew
    std::function<KnownDomain(const std::string&)> recall;  // from memory or disk
    std::function<Settings()> settings;
};

class Operations {
public:
    Operations(PolicyStore& store, const Clock& clock, MemoryTable& table, Flights flights);

    Result<DomainReport> report(const std::string& domain);
    boost::asio::awaitable<Result<Refreshed>> refresh(std::string domain);
    boost::asio::awaitable<Result<void>> learn(std::string domain);
    Result<bool> forget(const std::string& domain);
    boost::asio::awaitable<Result<Imported>> import(DomainRecord record, Origin origin);

private:
    Now now() const;
    std::vector<KnownAnswer> answers_about(const KnownDomain& known) const;

    PolicyStore& store_;
    const Clock& clock_;
    MemoryTable& table_;
    Flights flights_;
};

// Whether `imported` may take the place of `known`, which it must neither weaken nor shorten.
bool may_replace(const CachedPolicy& known, const CachedPolicy& imported, Origin origin, WallTime now);

}  // namespace sternpost
