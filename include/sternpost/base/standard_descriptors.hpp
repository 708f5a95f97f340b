// Standard input, output and error, which whoever starts a program may have closed.
//
// Threads: before there are any.
#pragma once

namespace sternpost {

// Or a file or socket of ours would get the number of one that is closed, and with it what is printed.
void hold_standard_descriptors();

}  // namespace sternpost
