// Host names as DNS and Postfix must see them: lower-case A-labels.
//
// Threads: any; pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sternpost {

inline constexpr std::size_t max_name_length = 253;  // RFC 1035 section 2.3.4, as text without a final dot
inline constexpr std::size_t max_label_length = 63;

// RFC 5321's Domain, with underscores: labels of [a-z0-9_-], no empty label, no hyphen at either end of a
// label, lengths within the limits above. One label is enough. Expects lower case.
bool valid_domain(std::string_view name);

// "192.0.2.1", "127.1", "0x7f.1": the last label is a number, in range or not. The grammar above lets it
// pass, but resolvers and URL readers take it for an IPv4 address; no such name is a host's.
bool looks_like_ipv4(std::string_view name);

// A valid_domain() that does not look like an address.
bool valid_host_name(std::string_view name);

// Lower case, one trailing dot cut, U-labels to A-labels as in Postfix (UTS #46, nontransitional, symbols
// included); nullopt when the result is not a valid host name, or cannot be computed: a symbol beside one of the four
// characters that transitional processing maps to others. ASCII costs one copy, and xn-- labels in it stay as they are;
// a name that is too long costs nothing.
std::optional<std::string> normalise_host_name(std::string_view name);

}  // namespace sternpost
