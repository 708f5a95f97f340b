// The policy cache: what was last learnt about each domain, kept across restarts.
//
// Ownership: `app` owns the one store; everybody else borrows a reference that it outlives.
// Threads:   the resolve loop only; put() suspends, so other coroutines run meanwhile.
// Errors:    Errc::temporary when the database is full, read-only or busy; Errc::overloaded when too many
//            puts wait; Errc::stopped after close().
// Time:      `fetched`, `expires` and `next_try` are wall-clock seconds (UTC); the store never reads a clock
//            itself.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "sternpost/base/result.hpp"
#include "sternpost/base/time.hpp"
#include "sternpost/policy/policy.hpp"

namespace sternpost {

// A policy as it was fetched.
struct CachedPolicy {
    std::string id;  // of the TXT record that led to the fetch
    Policy policy;
    std::string body;  // byte for byte
    WallTime fetched{};

    // RFC 8461 section 3.2: counted from the fetch; nothing but another fetch prolongs it.
    WallTime expires() const { return fetched + policy.max_age; }
};

// Fetches that failed since the last one that did not (RFC 8461 section 3.3: no further try for 5 minutes an
// id).
struct FailedFetch {
    std::string id;
    int count = 0;
    WallTime next_try{};
    std::string reason;  // in words
};

// All that is kept of one domain.
struct DomainRecord {
    std::string domain;
    std::optional<CachedPolicy> policy;
    std::optional<FailedFetch> failed;
    WallTime last_used{};
    std::optional<WallTime> dane_seen;  // when DANE was last in force at its MX hosts
};

class PolicyStore {
public:
    virtual ~PolicyStore() = default;
    // Expired policies are returned too: whether one may be applied is the caller's to say.
    virtual Result<std::optional<DomainRecord>> find(const std::string& domain) = 0;
    // Returns when `record` is safely on disk; puts of one moment share one commit.
    virtual boost::asio::awaitable<Result<void>> put(DomainRecord record) = 0;
};

}  // namespace sternpost
