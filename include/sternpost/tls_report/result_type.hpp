// What the kinds of failure in a TLS report mean, and what to do.
//
// Threads: any; pure.
// Source:  RFC 8460 section 4.3.
#pragma once

#include <array>
#include <string_view>

namespace sternpost {

struct ResultType {
    std::string_view name;
    std::string_view meaning;
    std::string_view remedy;
};

// What stands for failed sessions that the sender gives no details of.
inline constexpr std::string_view without_details = "without-details";

// An unknown one is described as such; its `name` is empty.
const ResultType& result_type(std::string_view name);

}  // namespace sternpost
