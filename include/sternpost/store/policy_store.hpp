// The policy cache: what was last learnt about each domain, kept across restarts.
//
// Ownership: `app` owns the one store; everybody else borrows a reference that it outlives.
// Threads:   the resolve loop only; put() suspends, so other coroutines run meanwhile.
// Errors:    Errc::temporary when the database is full, read-only or busy; Errc::overloaded when too many
//            puts wait; Errc::stopped after close().
// Time:      `fetched`, `expires` and `next_try` are wall-clock seconds (UTC); the store never reads a clock
//            itself.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
    std::string learnt_by;  // the relay of the fleet that fetched it; empty: this one

    // RFC 8461 section 3.2: counted from the fetch; only another fetch extends it.
    WallTime expires() const { return fetched + policy.max_age; }
};

// Fetches that have failed since the last one that did not (RFC 8461 section 3.3: for each id, no further
// try for 5 minutes).
struct FailedFetch {
    std::string id;
    int count = 0;
    WallTime next_try{};
    std::string reason;  // in words
};

// Everything that is kept about one domain.
struct DomainRecord {
    std::string domain;
    std::optional<CachedPolicy> policy;
    std::optional<FailedFetch> failed;
    WallTime last_used{};
    std::optional<WallTime> refresh_at;  // when the policy is fetched again unasked; nullopt: there is none
    std::optional<WallTime> dane_seen;   // when DANE was last in force at its MX hosts
};

struct PruneLimits {
    WallTime now{};           // policies that have expired by then
    WallTime failed_since{};  // failures whose next try was due before
    WallTime dane_since{};    // DANE that was seen before
};

// A part of all records, counted.
struct PolicyCounts {
    std::array<std::size_t, 3> unexpired{};  // by Mode
    std::size_t expired = 0;
    std::size_t failing = 0;  // unexpired testing and enforce policies whose last fetch failed,
    std::size_t ending = 0;   // and those among them that have less than a fifth of their time left
    std::size_t domains = 0;  // records in all, those with nothing but failures included
    std::string last;         // the last domain of this part; empty: there was none
};

// Of all unexpired testing and enforce policies.
enum class Among {
    all,
    failing,  // those whose last fetch failed
};

// What the store counts, and the state of the disk.
struct StoreFigures {
    std::uint64_t commits = 0;
    std::uint64_t failed_writes = 0;
    std::uint64_t failed_reads = 0;
    std::string write_trouble;  // in words, if the last write failed; empty: it did not
    std::string read_trouble;
};

class PolicyStore {
public:
    virtual ~PolicyStore() = default;
    // Expired policies are returned too: whether one may be applied is for the caller to say.
    virtual Result<std::optional<DomainRecord>> find(const std::string& domain) = 0;
    // Returns when `record` is safely on disk; puts made at the same moment share one commit. A record without a policy
    // leaves the one that is there, with its refresh_at.
    virtual boost::asio::awaitable<Result<void>> put(DomainRecord record) = 0;
    // At most `most` domains whose policy is to be fetched again, the longest overdue first: refresh_at has come, or the
    // policy is from the future (the clock was wrong) and refresh_at is more than a day from now; none that was last used
    // before `used_since`, which is at most 30 days before `now`.
    virtual Result<std::vector<std::string>> due_for_refresh(WallTime now, WallTime used_since,
                                                             std::size_t most) = 0;
    // Removes at most `most` records that no longer say anything: no unexpired policy, no failure since `failed_since`,
    // no DANE since `dane_since`. Returns how many there were.
    virtual Result<std::size_t> prune(const PruneLimits& limits, std::size_t most) = 0;
    // Forgets everything about one domain, waiting puts included. Returns whether there was anything.
    virtual Result<bool> remove(const std::string& domain) = 0;
    // At most `most` records, by name, from the first one after `after`; if that is empty, from the very first.
    virtual Result<std::vector<DomainRecord>> list(const std::string& after, std::size_t most) = 0;
    // The same part of the records, only counted.
    virtual Result<PolicyCounts> count(const std::string& after, std::size_t most, WallTime now) = 0;
    // At most `most` of these, the next to expire first.
    virtual Result<std::vector<DomainRecord>> ending(Among which, WallTime now, std::size_t most) = 0;
    virtual StoreFigures figures() const = 0;
    // How often everything on disk has been lost since start. What was put before the last time is gone.
    virtual unsigned losses() const { return 0; }
};

}  // namespace sternpost
