// Questions to the DNS, answered with "these", "there is none" or "don't know" (an Error), which are never
// mixed up.
//
// Ownership: `app` owns the one resolver; it outlives every question.
// Threads:   the resolve loop only; a question suspends.
// Errors:    Errc::temporary (SERVFAIL, REFUSED, time-out, malformed or unasked-for answer: "don't know"),
//            Errc::overloaded (max_questions are open), Errc::stopped. Never for NXDOMAIN or an empty answer.
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
    bool disputed = false;        // another server failed on the same question before this one answered
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

// Names are A-labels; they are asked as absolute names: no search list.
class Resolver {
public:
    virtual ~Resolver() = default;
    // The strings of each TXT record are joined.
    virtual boost::asio::awaitable<Result<RecordSet<std::string>>> txt(std::string name) = 0;
    virtual boost::asio::awaitable<Result<RecordSet<MxRecord>>> mx(std::string name) = 0;
    virtual boost::asio::awaitable<Result<RecordSet<boost::asio::ip::address>>> a(std::string name) = 0;
    virtual boost::asio::awaitable<Result<RecordSet<boost::asio::ip::address>>> aaaa(std::string name) = 0;
};

}  // namespace sternpost
