// Runs one of Postfix's own programs and hears it out.
//
// Threads: call on a loop's thread; nothing blocks it.
// Errors:  Errc::temporary when there is no such program, or it has not ended in time (it is killed then);
//          Errc::invalid when it says too much. How it has ended is the caller's to judge.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "sternpost/base/result.hpp"

namespace sternpost {

inline constexpr std::size_t max_program_bytes = 8UL * 1024 * 1024;

struct Program {
    std::string name;
    std::string elsewhere;  // where PATH has none
    std::vector<std::string> arguments;
    std::string directory;  // that it runs in; empty: ours
    std::chrono::milliseconds limit{5000};
};

struct Ended {
    int status = 0;  // as waitpid() has it
    std::string out;
    std::string err;  // empty where it is too much
};

boost::asio::awaitable<Result<Ended>> run_program(Program program);

}  // namespace sternpost
