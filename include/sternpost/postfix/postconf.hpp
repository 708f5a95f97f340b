// Postfix's own word on its configuration: what postconf(1) prints.
//
// Threads: call on a loop's thread; nothing blocks it.
// Errors:  Errc::temporary when there is no postconf, it fails, or does not end in time (it is then killed);
//          Errc::invalid when it says too much. `detail` may quote what it said.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "sternpost/base/result.hpp"

namespace sternpost {

// More of what postconf says is not taken; it repeats the lists of main.cf in each parameter that refers to them.
inline constexpr std::size_t max_postconf_bytes = 8UL * 1024 * 1024;

struct PostconfOptions {
    std::string elsewhere = "/usr/sbin/postconf";  // if PATH has none
    std::chrono::milliseconds limit{5000};
};

// Its standard output.
boost::asio::awaitable<Result<std::string>> run_postconf(std::vector<std::string> arguments,
                                                         PostconfOptions options);

}  // namespace sternpost
