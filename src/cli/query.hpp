// `sternpost query`: asks the running daemon just what Postfix would ask it.
//
// Threads: one; blocking, for at most as long as Postfix itself would wait.
// Errors:  Errc::temporary, with address and cause, when no daemon answers.
#pragma once

#include <chrono>
#include <string>

#include "sternpost/base/result.hpp"
#include "sternpost/config/config.hpp"

namespace sternpost {

// dict_sockmap.c
inline constexpr std::chrono::seconds postfix_patience{100};

// The reply to `key` in map `map`, without its netstring: "OK …", "NOTFOUND ", "TEMP …", "PERM …".
Result<std::string> query(const ListenAddress& daemon, const std::string& map, const std::string& key);

}  // namespace sternpost
