// What the relays of one fleet tell each other: a second level behind the local cache, which makes it better and can
// never make it worse. Whatever goes wrong with it is "don't know", within a bound, and the relay goes on alone.
//
// Ownership: `app` owns the one fleet, where there is one; everybody else borrows it.
// Threads:   the resolve loop; find(), lease() and change_of() suspend.
// Errors:    none. What others have told is believed only when it is signed by a key of the fleet and valid in every
//            field; what is not is counted and ignored.
// Time:      none of these waits longer than the timeout of the fleet, but change_of(), which says how long.
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

// How long change_of() waits for news, in case that they are lost.
inline constexpr std::chrono::milliseconds fleet_poll_interval{500};

// A fetch that failed, as the relay that made it tells the others.
struct SharedFailure {
    FailedFetch failed;
    WallTime at{};  // of the fetch
    // The policy host itself gave the reason, by a certificate of its name: no other relay would fare better. Else the
    // way to it may be to blame, which is each relay's own.
    bool proven = false;
};

struct SharedDomain {
    std::optional<CachedPolicy> policy;  // unexpired, not from the future, and with the relay that learnt it
    std::optional<SharedFailure> failed;
};

// Leave to make the one fetch of a domain that the fleet makes.
enum class Lease {
    held,         // until publish(), publish_failure() or release(), and no longer than a fetch may take
    elsewhere,    // another relay has it
    unavailable,  // the fleet cannot be asked: each relay for itself
};

// What a relay does about the others. Called on the resolve loop, never from inside a function of the fleet.
struct FleetEars {
    // Another relay has fetched the policy of a domain at that time.
    std::function<void(const std::string& domain, WallTime fetched)> news;
    // What was learnt of it could not be told; now it can.
    std::function<void(const std::string& domain)> untold;
};

class Fleet {
public:
    virtual ~Fleet() = default;
    virtual void listen(FleetEars ears) = 0;
    virtual boost::asio::awaitable<SharedDomain> find(std::string domain) = 0;
    virtual boost::asio::awaitable<Lease> lease(std::string domain) = 0;
    // Returns when another relay tells something of `domain`, or after fleet_poll_interval.
    virtual boost::asio::awaitable<void> change_of(std::string domain) = 0;
    // These four begin work behind everything, and end the lease of `domain` if it is held. A policy replaces only one
    // that was fetched earlier.
    virtual void publish(const std::string& domain, const CachedPolicy& policy) = 0;
    virtual void publish_failure(const std::string& domain, const SharedFailure& failure) = 0;
    virtual void release(const std::string& domain) = 0;
    virtual void forget(const std::string& domain) = 0;
};

}  // namespace sternpost
