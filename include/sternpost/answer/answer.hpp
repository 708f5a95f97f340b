// What Postfix is told about one next-hop, as a value, and as the bytes of a socketmap reply.
//
// Threads: any; pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/policy/policy.hpp"

namespace sternpost {

// Postfix reads no reply longer than this (dict_sockmap.c).
inline constexpr std::size_t max_reply_bytes = 100'000;
// Postfix logs no more of a reason than this (dict_sockmap.c).
inline constexpr std::size_t max_reason_bytes = 200;
// Put into match= if no name may match: Postfix then finds no certificate good enough and defers.
inline constexpr std::string_view no_host_passes = "no-mx-host-passes-the-policy.invalid";

// The names to put into match=: the policy's exact names, and those of `mx_hosts` that match only a wildcard,
// so that a wildcard stands for exactly one label on every Postfix. Without an MX set (nullopt: unknown) a
// wildcard is written as Postfix does (`*.x` as `.x`, any depth). Addresses and words that Postfix reads as
// keywords (hostname, nexthop, dot-nexthop) are left out. Empty: nothing may match.
std::vector<std::string> names_to_match(const Policy& policy,
                                        const std::optional<std::vector<std::string>>& mx_hosts);

// Those of `mx_hosts` that match the policy, exactly or by a wildcard, as policies write them; what must not
// be sent is left out as above. For a policy that is in force for only some of the MX hosts.
std::vector<std::string> names_to_match_among(const Policy& policy, const std::vector<std::string>& mx_hosts);

// What the extended grammar adds (Postfix >= 3.10), for Postfix's own check of MX host names and its TLS
// reports.
struct PolicyAttributes {
    std::string domain;                                // the policy domain, A-labels
    std::string body;                                  // the policy file as fetched
    std::vector<std::string> mx_patterns;              // what MX hosts may match, in the policy's order
    std::optional<std::vector<std::string>> mx_hosts;  // nullopt: not known
};

// Replies, without the netstring around them.
std::string not_found_reply();                         // "NOTFOUND "
std::string temporary_reply(std::string_view reason);  // "TEMP …", printable and bounded
std::string permanent_reply(std::string_view reason);  // "PERM …", printable and bounded
// "OK secure match=… servername=hostname"; `names` may be empty. Whatever is not a host name (or `.name`), or
// is a keyword, is left out, whoever gave it. With no name left, or beyond max_reply_bytes: no_host_passes,
// so that Postfix fails closed.
std::string secure_reply(std::span<const std::string> names);
// The same, followed by " policy_type=sts policy_domain=… { policy_string = … }… mx_host_pattern=…". The policy's
// text is given line by line, with `?` for what could end its braces or is not printable ASCII. Beyond
// max_reply_bytes all lines but the first are left out, then the patterns that no MX host matches; if it is
// still too long, no_host_passes for names and patterns. There is always a line and a pattern: without one,
// Postfix 3.10.0 to 3.10.5 with TLS reports crashes.
std::string secure_reply(std::span<const std::string> names, const PolicyAttributes& attributes);
std::string dane_only_reply();  // "OK dane-only"

// Whether no certificate is good enough for this reply. What a policy says elsewhere in it does not matter.
bool fails_closed(std::string_view reply);

// For a policy no longer than this, leaving out lines is always enough to make a reply with its attributes fit: a
// pattern of n bytes takes n + 4 of the file, and 2n + 18 of the reply.
inline constexpr std::size_t max_body_that_fits = 24'000;

}  // namespace sternpost
