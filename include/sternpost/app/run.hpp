// The daemon from its command line to its exit status.
#pragma once

namespace sternpost {

// Threads: the caller's becomes the resolve loop; a second one is the answer loop.
// Returns: 0 after an ordered stop or a good --check-config, 64 for a wrong command line, 78 (EX_CONFIG)
//          for a bad configuration, 1 for what could not be opened at start.
int run(int argc, char** argv);

}  // namespace sternpost
