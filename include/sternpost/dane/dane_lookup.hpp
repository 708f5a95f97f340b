// Says whether DANE is in force at a domain's MX hosts (RFC 7672), as Postfix will see it.
//
// Ownership: borrows the resolver, which outlives it.
// Threads:   the resolve loop; a look suspends.
// Errors:    none escape: what DNS does not say is a verdict of its own, with the reason in words.
// Limits:    the first max_dane_hosts of an MX set, dane_hosts_at_once of them at the same time; each question
//            ends within the resolver's time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/dns/resolver.hpp"
#include "sternpost/loop/gathering.hpp"
#include "sternpost/policy/next_hop.hpp"

namespace sternpost {

// Postfix tries five addresses of a destination (smtp_mx_address_limit), so that no more hosts than these matter.
inline constexpr std::size_t max_dane_hosts = 32;
inline constexpr std::size_t dane_hosts_at_once = 8;
// The best hosts of an MX set are kept, up to this number and this length of all names together.
inline constexpr std::size_t max_mx_hosts = 1000;
inline constexpr std::size_t max_mx_bytes = 128UL * 1024;

// What DNSSEC says about one MX host.
enum class HostDane {
    usable,     // a secure TLSA RRset with a usable record: DANE is in force
    unusable,   // a secure TLSA RRset, but no record of it can be used (RFC 7672 sections 2.2 and 3.1.3)
    none,       // proven: there is no TLSA RRset
    insecure,   // nothing can be proven, since the host's addresses or the MX RRset are not signed
    undecided,  // the DNS did not say
};
std::string_view to_string(HostDane dane);

struct MxHost {
    std::string name;
    HostDane dane = HostDane::undecided;
    std::string why;  // in words; may hold text of remote servers
    // The host name that has the signed TLSA RRset that counts, its own or the one it is an alias of; else empty.
    std::string tlsa_base;
};

// What that means for the whole destination.
enum class DomainDane {
    in_force,     // at one MX host at least
    absent,       // at no MX host, proven for each
    doubtful,     // at no host as far as is known; some are undecided
    undecided,    // every host is undecided, or the MX RRset could not be got
    unvalidated,  // no DNS server validates, so nothing can be said
};

struct DaneState {
    DomainDane verdict = DomainDane::undecided;
    // Best preference first; none for a null MX and for a name that does not exist.
    std::vector<MxHost> hosts;
    bool hosts_known = false;    // false: the MX RRset could not be got
    bool stopped = false;        // the resolver has stopped, so nothing was learnt
    std::string why;             // for a verdict that the hosts do not explain
    std::chrono::seconds ttl{};  // the smallest one seen
};
// Of its hosts, those that are known to have DANE or not.
std::vector<std::string> proven_names(const DaneState& state);

// The names of the MX hosts of `domain` according to `answer`: best preference first, each once. The root ("no mail
// here", RFC 7505) is not one, and without MX records the domain is its own MX host (RFC 5321 section 5.1).
std::vector<std::string> mx_hosts_of(RecordSet<MxRecord> answer, const std::string& domain);

class DaneLookup {
public:
    explicit DaneLookup(Resolver& resolver) : resolver_(resolver) {}

    // The MX hosts of `next_hop`, or the host itself if it is in brackets, and their TLSA RRsets at its
    // port.
    boost::asio::awaitable<DaneState> look(NextHop next_hop);

private:
    struct Looks;

    // Whether it is proven that these are the hosts.
    boost::asio::awaitable<bool> find_hosts(NextHop next_hop, Servers whom, DaneState& state);
    boost::asio::awaitable<void> look_at_hosts(std::uint16_t port, DaneState& state);
    static boost::asio::awaitable<void> look_at_some(Resolver& resolver, std::shared_ptr<Looks> looks,
                                                     Gathering::Member);

    Resolver& resolver_;
};

}  // namespace sternpost
