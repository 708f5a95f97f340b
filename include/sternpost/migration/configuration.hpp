// Another resolver's configuration, as the equivalent sternpost.toml.
//
// What is not set there is not set here either: each has its own defaults, and ours are meant to be good. The exception is
// the address, without which main.cf would ask in vain.
//
// Threads: any; pure.
// Errors:  Errc::invalid for anything that is not YAML, "FILE:LINE: what is wrong". A single setting never causes one: if
//          it has no equivalent it becomes a comment.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/base/result.hpp"
#include "sternpost/migration/other_resolver.hpp"

namespace sternpost {

// The text of a configuration; more is refused, and so is one with more values than this after expanding aliases.
inline constexpr std::size_t max_yaml_bytes = 64UL * 1024;
inline constexpr std::size_t max_yaml_values = 2000;
inline constexpr std::size_t max_yaml_depth = 16;

struct Migrated {
    std::string toml;  // sternpostd accepts it as it is
    std::vector<std::string>
        warnings;  // what is to be done by hand, each a sentence of printable ASCII; in `toml`, too
};

// What main.cf says about DANE; empty: it cannot be asked.
struct MainCf {
    std::string security_level;  // smtp_tls_security_level
    std::string dns_support;     // smtp_dns_support_level

    bool does_dane() const {
        return (security_level == "dane" || security_level == "dane-only") && dns_support == "dnssec";
    }
};

// `file` is named in comments and errors only.
Result<Migrated> migrate(OtherResolver from, std::string_view yaml, const std::string& file,
                         const MainCf& main_cf);

// Where its configuration is if nobody says otherwise.
std::string_view usual_configuration(OtherResolver from);

}  // namespace sternpost
