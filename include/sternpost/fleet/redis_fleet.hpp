// The fleet in a Valkey or Redis: hiredis speaks its protocol (RESP), Asio carries the bytes and OpenSSL the TLS, so
// that nothing blocks and no thread is needed.
//
//   PREFIX:policy:DOMAIN   a signed policy, until it expires
//   PREFIX:failed:DOMAIN   a signed failure, until the next try
//   PREFIX:lease:DOMAIN    who is fetching it, until the fetch must have ended
//   PREFIX:news            the channel on which relays say that they have something new
//
// A breaker sees to it that nobody waits for an engine that is down or slow. When a reply has not come in time, nothing is
// asked until the engine shows that it is alive; after three failures in a row it is tried again in the background, at
// first after a second, in the end after half a minute. Domains about which something was learnt meanwhile are
// remembered, up to max_untold, and passed on when it is back.
//
// Ownership: `app`; keys and password are read from their files at construction and at reconfigure(), and never shown.
// Threads:   as Fleet.
// Errors:    the constructor and reconfigure() throw std::runtime_error, with file and remedy, for files that cannot be
//            read, that others may read, or that hold no key. The previous options then stay in force.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <vector>

#include "sternpost/fleet/fleet.hpp"

namespace sternpost {

// Domains that the others are told about when the fleet is back; they hear of any more at those domains' next refresh.
inline constexpr std::size_t max_untold = 10'000;
// Of one reply from the engine; a longer one ends the connection.
inline constexpr std::size_t max_fleet_reply_bytes = 1024UL * 1024;
// Of one list in it; the longest is that of a master's replicas.
inline constexpr std::size_t max_fleet_reply_elements = 1000;
// Commands that wait for their reply, and bytes of commands that wait to be sent; beyond that the fleet is not asked.
inline constexpr std::size_t max_fleet_commands = 10'000;
inline constexpr std::size_t max_fleet_unsent_bytes = 8UL * 1024 * 1024;
// Each for asking a Sentinel, for making a connection with its password, and for asking what it leads to; in the
// background.
inline constexpr std::chrono::seconds fleet_connect_time{2};
// How far another relay's clock may be ahead of ours; entries further ahead are ignored.
inline constexpr std::chrono::minutes fleet_clock_skew{5};

struct FleetAddress {
    std::string path;  // of a UNIX socket; empty: TCP
    boost::asio::ip::tcp::endpoint endpoint;
};

struct FleetOptions {
    std::vector<FleetAddress> servers;    // the first one that is a master is asked
    std::vector<FleetAddress> sentinels;  // or these are asked for the master of that name
    std::string master;
    std::string user;           // empty: the engine's default user
    std::string password_file;  // empty: no password
    bool tls = false;
    std::string ca_file;  // empty: the system's store
    std::string prefix = "sternpost";
    std::string key_file;
    std::chrono::milliseconds timeout{50};
    std::chrono::milliseconds longest_fetch{60'000};  // how long a lease lasts
    // Between two checks that an idle connection is alive; a connection for news that is silent for three is dropped.
    std::chrono::milliseconds ping_interval{5'000};
};

class RedisFleet final : public Fleet {
public:
    RedisFleet(boost::asio::any_io_executor executor, const FleetOptions& options, const Clock& clock);
    ~RedisFleet() override;

    void listen(FleetEars ears) override;
    boost::asio::awaitable<SharedDomain> find(std::string domain) override;
    boost::asio::awaitable<Lease> lease(std::string domain) override;
    boost::asio::awaitable<void> change_of(std::string domain) override;
    void publish(const std::string& domain, const CachedPolicy& policy) override;
    void publish_failure(const std::string& domain, const SharedFailure& failure) override;
    void release(const std::string& domain) override;
    void forget(const std::string& domain) override;

    FleetFigures figures() const;
    // Returns once the first connection has been made, or given up; for a program that asks only once.
    boost::asio::awaitable<void> first_connection();
    void reconfigure(const FleetOptions& options);
    // Nothing is asked after that.
    void stop();

private:
    class Inside;
    std::shared_ptr<Inside> inside_;
};

}  // namespace sternpost
