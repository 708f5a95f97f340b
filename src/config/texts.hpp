// Texts with a grammar of their own. Errors are Errc::invalid with "what is wrong; what would be right".
//
// Threads: any; pure.
#pragma once

#include <string>
#include <string_view>

#include "sternpost/base/result.hpp"

namespace sternpost {

Result<std::string> parse_user(std::string_view text);
Result<std::string> parse_file_or_none(std::string_view text);
Result<std::string> parse_cache_path(std::string_view text);
Result<std::string> parse_socket_or_none(std::string_view text);
Result<std::string> parse_log_target(std::string_view text);

// The word that the keys in the fleet's memory begin with, and the names that its owner has given there.
Result<std::string> parse_prefix(std::string_view text);
Result<std::string> parse_word_or_none(std::string_view text);

// Both come out in lower case.
Result<std::string> parse_override_domain(std::string_view text);
// Without sub-domains.
Result<std::string> parse_watched_domain(std::string_view text);
Result<std::string> parse_pinned_mx(std::string_view text);

// What Postfix may put before the key of a question, apart from the names that sternpostd keeps for itself.
Result<std::string> parse_map_name(std::string_view text);

}  // namespace sternpost
