// DNS messages: one question as bytes, one answer read with libresolv's parser.
//
// Threads: any; pure.
// Errors:  Errc::temporary for anything that is not an answer to the question ("don't know").
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sternpost/dns/resolver.hpp"

namespace sternpost {

using Bytes = std::vector<std::uint8_t>;

// UDP answers up to this size (RFC 9715; no fragments), larger ones over TCP.
inline constexpr int edns_udp_size = 1232;

// RD and AD set (RFC 6840 section 5.7), CD clear; `type` is an ns_t_ value, `udp_size` 0 means no EDNS.
Result<Bytes> make_query(const std::string& name, int type, std::uint16_t id, int udp_size = edns_udp_size);

// Whether `answer`, to a question with EDNS, is that of a server that does not know it (RFC 6891 section 7).
bool rejects_edns(std::span<const std::uint8_t> answer);

// Each reads `message`, which must answer just this question, and follows its CNAME chain; Errc::temporary
// names the rcode, or what is malformed.
Result<RecordSet<std::string>> read_txt(std::span<const std::uint8_t> message, const std::string& name);
Result<RecordSet<MxRecord>> read_mx(std::span<const std::uint8_t> message, const std::string& name);
Result<RecordSet<boost::asio::ip::address>> read_a(std::span<const std::uint8_t> message,
                                                   const std::string& name);
Result<RecordSet<boost::asio::ip::address>> read_aaaa(std::span<const std::uint8_t> message,
                                                      const std::string& name);
Result<RecordSet<TlsaRecord>> read_tlsa(std::span<const std::uint8_t> message, const std::string& name);
Result<RecordSet<std::string>> read_ns(std::span<const std::uint8_t> message, const std::string& name);
// Follows no chain: the alias is what was asked for.
Result<RecordSet<std::string>> read_cname(std::span<const std::uint8_t> message, const std::string& name);

}  // namespace sternpost
