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

// Postfix reads no longer reply (dict_sockmap.c).
inline constexpr std::size_t max_reply_bytes = 100'000;
// Postfix logs no more of a reason (dict_sockmap.c).
inline constexpr std::size_t max_reason_bytes = 200;
// Stands in match= where no name may pass: Postfix then finds no certificate good enough and defers.
inline constexpr std::string_view no_host_passes = "no-mx-host-passes-the-policy.invalid";

// The names to put into match=: the policy's exact names, and those `mx_hosts` that pass by a wildcard only;
// so a wildcard is exact in labels on every Postfix. Without an MX set (nullopt: it could not be had) a
// wildcard is given as Postfix has them (`*.x` as `.x`, any depth). Addresses and words that Postfix reads as
// keywords (hostname, nexthop, dot-nexthop) are left out. Empty: nothing may pass.
std::vector<std::string> names_to_match(const Policy& policy,
                                        const std::optional<std::vector<std::string>>& mx_hosts);

// The hosts of `mx_hosts` that pass the policy, exactly or by a wildcard, as policies write them; what must not
// be sent is left out as above. For a policy that holds for some of its MX hosts only.
std::vector<std::string> names_to_match_among(const Policy& policy, const std::vector<std::string>& mx_hosts);

// What the extended grammar adds (Postfix >= 3.10), for Postfix's own check of MX host names and its TLS
// reports.
struct PolicyAttributes {
    std::string domain;                                // the policy domain, A-labels
    std::string body;                                  // the policy file as fetched
    std::vector<std::string> mx_patterns;              // what MX hosts may pass by, in the policy's order
    std::optional<std::vector<std::string>> mx_hosts;  // nullopt: not known
};

// Replies, without the netstring around them.
std::string not_found_reply();                         // "NOTFOUND "
std::string temporary_reply(std::string_view reason);  // "TEMP …", printable and bounded
std::string permanent_reply(std::string_view reason);  // "PERM …", printable and bounded
// "OK secure match=… servername=hostname"; `names` may be empty. What is no host name (nor `.name`), or a
// keyword, is left out whoever gave it. No name left, or beyond max_reply_bytes: no_host_passes, so that
// Postfix fails closed.
std::string secure_reply(std::span<const std::string> names);
// The same with " policy_type=sts policy_domain=… { policy_string = … }… mx_host_pattern=…" behind it. The text
// of the policy comes line by line, with `?` for what could end its braces or is not printable ASCII. Beyond
// max_reply_bytes all lines but the first are left out, then the patterns that no MX host passes by; still
// beyond it, no_host_passes for names and patterns. Never without a line and a pattern: Postfix 3.10.0 to
// 3.10.5 with TLS reports crashes on none.
std::string secure_reply(std::span<const std::string> names, const PolicyAttributes& attributes);
std::string dane_only_reply();  // "OK dane-only"

// Whether no certificate is good enough for this reply. What a policy says elsewhere in it does not matter.
bool fails_closed(std::string_view reply);

// No reply with the attributes of a policy that is no longer than this needs more than its lines left out: a pattern
// of n bytes takes n + 4 of the file, and 2n + 18 of the reply.
inline constexpr std::size_t max_body_that_fits = 24'000;

}  // namespace sternpost
