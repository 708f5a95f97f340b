// The operator's command `sternpost`.
//
// Threads: the main one, once.
// Errors:  none; what went wrong is said on standard error and shows in the return value.
#pragma once

namespace sternpost {

// Returns (query): 0 there is an answer, 1 NOTFOUND, 75 a temporary failure, no daemon included; 64 for a
// wrong command line or map name, 78 for a bad configuration. Others: as sternpost(1) says.
int run_command(int argc, char** argv);

}  // namespace sternpost
