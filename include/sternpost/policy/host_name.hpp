// Host names as DNS and Postfix must see them: lower-case A-labels.
//
// Threads: any; pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sternpost {

inline constexpr std::size_t max_name_length = 253;
inline constexpr std::size_t max_label_length = 63;

// A name of at least one label: [a-z0-9_-], no empty label, no hyphen at either end of a label, lengths within
// the limits above. Expects lower case.
bool valid_host_name(std::string_view name);

// "192.0.2.1": four decimal numbers with dots, in range or not. No such name is a host's.
bool looks_like_ipv4(std::string_view name);

// Lower case, one trailing dot cut, U-labels to A-labels (IDNA2008 by UTS46); nullopt when the result is no
// valid host name. Plain lower-case ASCII costs one copy.
std::optional<std::string> normalise_host_name(std::string_view name);

}  // namespace sternpost
