// An MTA-STS policy (RFC 8461 section 3.2) as a value, and the reader of its text.
//
// Threads: any; pure.
// Errors:  Errc::invalid with line number and reason in words, printable as they are.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/base/result.hpp"
#include "sternpost/policy/mx_pattern.hpp"

namespace sternpost {

enum class Mode { none, testing, enforce };
std::string_view to_string(Mode mode);
// nullopt: it is no mode.
std::optional<Mode> mode_of(std::string_view text);

inline constexpr std::size_t max_policy_bytes = 64UL * 1024;    // RFC 8461 section 3.3
inline constexpr std::chrono::seconds max_max_age{31'557'600};  // RFC 8461 section 3.2; more is cut to this

struct Policy {
    Mode mode = Mode::none;
    std::chrono::seconds max_age{};
    std::vector<MxPattern> mx;         // in file order, repeated ones dropped
    std::vector<std::string> remarks;  // what was read more leniently than the RFC's grammar, for people
};

// Reads a policy file as fetched. More lenient than the grammar in five places, where strictness would only
// take protection away: blank lines, one trailing dot of an mx, an underscore in an mx, an IPv4 address as mx
// (kept, matches nothing), max_age beyond a year (cut). Each kind of leniency is remarked on once.
Result<Policy> read_policy(std::string_view body);

}  // namespace sternpost
