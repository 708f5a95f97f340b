// Does STARTTLS with one MX host, and looks at what it shows: whether mail under an enforce policy, or DANE, would get
// through.
//
// Ownership: borrows the trust anchors, which outlive it.
// Threads:   one loop; a look suspends.
// Errors:    none escape: the report says in words what failed.
// Limits:    one connection at a time, max_probe_addresses tried, probe_time in all; a reply from the server no longer than
//            max_smtp_reply_bytes.
// Source:    RFC 3207, RFC 8461 section 4.2, RFC 7672 section 3.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sternpost/dns/resolver.hpp"
#include "sternpost/tls/certificate.hpp"
#include "sternpost/tls/trust_store.hpp"

namespace sternpost {

inline constexpr std::size_t max_probe_addresses = 4;
inline constexpr std::size_t max_smtp_reply_bytes = 16UL * 1024;
inline constexpr std::chrono::seconds probe_time{30};
inline constexpr std::chrono::seconds probe_connect_time{10};

struct MxTarget {
    std::string host;  // as in the MX record: the name to be certified
    std::vector<boost::asio::ip::address> addresses;
    std::uint16_t port = 25;
    std::vector<TlsaRecord> tlsa;  // secure ones; none: DANE is not looked at
    std::string tlsa_base;         // the host name that has them, which is then the one for SNI
    // Names that usage 2 may certify besides that one (RFC 7672 section 3.2.2): the next-hop, and what it is an alias of.
    std::vector<std::string> next_hop_names;
};

// Texts may be the remote's; printable() stands between them and a terminal.
struct StarttlsReport {
    enum class Dane { not_looked_at, matches, fails };

    std::string address;      // the one connected to; empty: there was none
    bool offered = false;     // STARTTLS, in the reply to EHLO
    std::string tls_version;  // "TLSv1.3"; empty: no session
    std::vector<Certificate> chain;
    std::string chain_fault;  // why it does not certify the host to a trusted authority; empty: it does
    Dane dane = Dane::not_looked_at;
    std::string dane_fault;
    std::string failure;  // why there was no TLS session

    bool certified() const { return !tls_version.empty() && chain_fault.empty(); }
};

class StarttlsProbe {
public:
    explicit StarttlsProbe(const TrustStore& trust) : trust_(trust) {}

    boost::asio::awaitable<StarttlsReport> look(MxTarget target) const;

private:
    const TrustStore& trust_;
};

}  // namespace sternpost
