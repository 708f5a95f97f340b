// The operator's part of the lookups: see CacheOperations.
//
// Ownership: belongs to whoever makes the lookups; store, clock and table outlive it.
// Threads:   the resolve loop.
#pragma once

#include <string>

#include "flights.hpp"
#include "memory_table.hpp"
#include "sternpost/resolve/cache_operations.hpp"

namespace sternpost {

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
