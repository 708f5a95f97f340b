// The other policy resolvers for Postfix that people come from.
//
// Threads: values.
#pragma once

#include <array>
#include <string_view>

namespace sternpost {

enum class OtherResolver { mta_sts_resolver, tlspol };

// In the order of the enum.
inline constexpr std::array<std::string_view, 2> other_resolver_names{"postfix-mta-sts-resolver",
                                                                      "postfix-tlspol"};

}  // namespace sternpost
