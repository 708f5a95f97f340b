// Standard input, output and error, which whoever starts a program may have closed.
//
// Threads: called before there are any.
#pragma once

namespace sternpost {

// Otherwise a file or socket of ours could get the number of a closed one, and with it whatever is printed.
void hold_standard_descriptors();

}  // namespace sternpost
