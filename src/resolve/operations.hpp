// The operator's part of the lookups: see CacheOperations.
//
// Ownership: belongs to the owner of the lookups, which outlive it.
// Threads:   the resolve loop.
#pragma once

#include <string>

#include "lookups.hpp"
#include "sternpost/resolve/cache_operations.hpp"

namespace sternpost {

class Operations {
public:
    explicit Operations(Lookups& lookups);

    Result<DomainReport> report(const std::string& domain);
    boost::asio::awaitable<Result<Refreshed>> refresh(std::string domain);
    boost::asio::awaitable<Result<void>> learn(std::string domain);
    Result<bool> forget(const std::string& domain);
    boost::asio::awaitable<Result<Imported>> import(DomainRecord record, Origin origin);

private:
    Now now() const;
    std::vector<KnownAnswer> answers_about(const KnownDomain& known) const;
    Result<bool> may_be_replaced(const KnownDomain& known, const CachedPolicy& imported, Origin origin) const;

    Lookups& lookups_;
    PolicyStore& store_;
    const Clock& clock_;
    MemoryTable& table_;
    // Imported policies on their way to the disk.
    std::unordered_map<std::string, std::shared_ptr<const CachedPolicy>> arriving_;
};

// Whether `imported` may take the place of `known`, which it must neither weaken nor shorten.
bool may_replace(const CachedPolicy& known, const CachedPolicy& imported, Origin origin, WallTime now);

}  // namespace sternpost
