// The form of all that the command prints with --json. sternpost(1) describes it; an existing key stays, and keeps its
// meaning, as long as this is the same number.
#pragma once

namespace sternpost {

inline constexpr int json_schema = 1;

}  // namespace sternpost
