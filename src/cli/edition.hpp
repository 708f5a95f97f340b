// The policy that a domain published before, as a file or the daemon remembers it.
//
// Threads: one.
#pragma once

#include <optional>
#include <string>

#include "sternpost/base/result.hpp"
#include "sternpost/config/config.hpp"
#include "sternpost/survey/survey.hpp"

namespace sternpost {

// From a file: a policy file, or JSON with `id` and `body`, as "publish --json", "cache show --json" and "cache export"
// write it; of several lines, the one for `domain`. Errc::invalid for what is neither.
Result<Edition> read_edition(const std::string& file, const std::string& domain);

// From the running daemon; nullopt: there is none, or it knows nothing.
std::optional<Edition> edition_of_daemon(const Config& config, const std::string& domain);

}  // namespace sternpost
