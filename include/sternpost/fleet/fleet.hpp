// What the relays of one fleet tell each other: a second level behind the local cache, which can make things better but
// never worse. Whatever goes wrong with it is "don't know", within a bounded time, and the relay goes on alone.
//
// Ownership: `app` owns the one fleet, if there is one; everybody else borrows it.
// Threads:   the resolve loop; find(), lease() and change_of() suspend.
// Errors:    none. What others say is believed only if it is signed with a key of the fleet and valid in every
//            field; anything else is counted and ignored.
// Time:      none of these waits longer than the fleet's timeout, except change_of(), which says how long.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "sternpost/base/time.hpp"
#include "sternpost/fleet/fleet_figures.hpp"
#include "sternpost/store/policy_store.hpp"

namespace sternpost {

// How long change_of() waits for news, in case it gets lost.
inline constexpr std::chrono::milliseconds fleet_poll_interval{500};

// A fetch that failed, as the relay that made it tells the others.
struct SharedFailure {
    FailedFetch failed;
    WallTime at{};  // of the fetch
    // The policy host itself, proven by a certificate for its name, gave the reason: no other relay would fare better.
    // Else the way to it may be to blame, and each relay has its own.
    bool proven = false;
};

struct SharedDomain {
    std::optional<CachedPolicy> policy;  // unexpired, not from the future, and with the relay that learnt it
    std::optional<SharedFailure> failed;
};

// Permission to make the fleet's one fetch for a domain.
enum class Lease {
    held,         // until publish(), publish_failure() or release(), and no longer than a fetch may take
    elsewhere,    // another relay has it
    unavailable,  // the fleet cannot be asked: each relay for itself
};

// How a relay reacts to the others. Called on the resolve loop, never from inside a function of the fleet.
struct FleetEars {
    // Another relay fetched the policy of a domain at that time.
    std::function<void(const std::string& domain, WallTime fetched)> news;
    // What was learnt about it could not be passed on; now it can.
    std::function<void(const std::string& domain)> untold;
};

class Fleet {
public:
    virtual ~Fleet() = default;
    virtual void listen(FleetEars ears) = 0;
    virtual boost::asio::awaitable<SharedDomain> find(std::string domain) = 0;
    virtual boost::asio::awaitable<Lease> lease(std::string domain) = 0;
    // Returns when another relay says something about `domain`, or after fleet_poll_interval.
    virtual boost::asio::awaitable<void> change_of(std::string domain) = 0;
    // These four start work in the background, and end the lease of `domain` if it is held. A policy replaces only one
    // that was fetched earlier.
    virtual void publish(const std::string& domain, const CachedPolicy& policy) = 0;
    virtual void publish_failure(const std::string& domain, const SharedFailure& failure) = 0;
    virtual void release(const std::string& domain) = 0;
    virtual void forget(const std::string& domain) = 0;
};

}  // namespace sternpost
