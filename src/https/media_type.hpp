// The Content-Type of a policy file (RFC 8461 section 3.2: text/plain).
//
// Threads: any; pure.
#pragma once

#include <optional>
#include <span>
#include <string>

namespace sternpost {

// What is wrong with the Content-Type headers of an answer, in words; nullopt: they say text/plain.
// Parameters do not matter, whatever they are.
std::optional<std::string> media_type_fault(std::span<const std::string> content_types);

}  // namespace sternpost
