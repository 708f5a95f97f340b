// Questions to the DNS, answered with "these", "there is none" or "don't know" (an Error), which are never
// mixed up.
//
// Whatever DANE rests on is asked of validating servers only: those that have been seen to set the AD bit
// (RFC 4035 section 3.2.3) and whose AD bit may be believed, since nobody on the way can forge it.
//
// Ownership: `app` owns the one resolver; it outlives every question.
// Threads:   the resolve loop only; a question suspends.
// Errors:    Errc::temporary (SERVFAIL, REFUSED, time-out, malformed or unasked-for answer: "don't know"),
//            Errc::overloaded (max_questions are open, no descriptor is left, or this process stood still),
//            Errc::stopped. Never for NXDOMAIN or an empty answer.
// Limits:    one question ends within DnsOptions::timeout, tries and TCP included.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sternpost/base/result.hpp"

namespace sternpost {

inline constexpr std::size_t max_questions = 8192;

template <class Record>
struct RecordSet {
    std::vector<Record> records;  // empty: the DNS says that there are none
    bool name_exists = true;      // false: NXDOMAIN (RFC 8020)
    bool authentic = false;       // AD bit, from a server whose AD bit is believed
    std::string canonical_name;   // the end of the CNAME chain, lower case
    // Smallest TTL of the chain and the records; for "none" the negative TTL (RFC 2308 section 5), 0 without
    // SOA.
    std::chrono::seconds ttl{};
};

struct MxRecord {
    std::uint16_t preference = 0;
    std::string host;  // lower case, no trailing dot; empty is the root: "no mail here" (RFC 7505)

    bool operator==(const MxRecord&) const = default;
};

// RFC 6698 section 2.1; the values are those on the wire, known or not.
struct TlsaRecord {
    std::uint8_t usage = 0;
    std::uint8_t selector = 0;
    std::uint8_t matching_type = 0;
    std::vector<std::uint8_t> data;

    bool operator==(const TlsaRecord&) const = default;
};

// Whether there is a server that validates.
enum class Validation {
    unknown,  // none has said yet
    no,       // those that have said anything do not validate, or may not be believed
    yes,
};

// Whom to ask.
enum class Servers {
    all,
    validating,  // those that validate; an answer without AD bit then means "not signed"
};

// Names are A-labels; they are asked for as absolute names: no search list.
class Resolver {
public:
    template <class Record>
    using Answer = boost::asio::awaitable<Result<RecordSet<Record>>>;

    virtual ~Resolver() = default;
    // The strings of each TXT record are joined. Asked of all servers.
    virtual Answer<std::string> txt(std::string name) = 0;
    virtual Answer<MxRecord> mx(std::string name, Servers whom) = 0;
    virtual Answer<boost::asio::ip::address> a(std::string name, Servers whom) = 0;
    virtual Answer<boost::asio::ip::address> aaaa(std::string name, Servers whom) = 0;
    // Asked of validating servers. cname() gives the alias at `name` itself, and follows none.
    virtual Answer<std::string> cname(std::string name) = 0;
    virtual Answer<TlsaRecord> tlsa(std::string name) = 0;
    // Finds out, if nothing is known yet.
    virtual boost::asio::awaitable<Validation> validation() = 0;
};

}  // namespace sternpost
