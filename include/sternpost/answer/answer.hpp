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

// Replies, without the netstring around them.
std::string not_found_reply();                         // "NOTFOUND "
std::string temporary_reply(std::string_view reason);  // "TEMP …", printable and bounded
std::string permanent_reply(std::string_view reason);  // "PERM …", printable and bounded
// "OK secure match=… servername=hostname"; `names` may be empty. What is no host name (nor `.name`), or a
// keyword, is left out whoever gave it. No name left, or beyond max_reply_bytes: no_host_passes, so that
// Postfix fails closed.
std::string secure_reply(std::span<const std::string> names);

}  // namespace sternpost
