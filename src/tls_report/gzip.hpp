// gzip (RFC 1952), unpacked within bounds.
//
// Threads: any; pure.
// Errors:  Errc::invalid with the reason, printable: damaged, cut short, or a bomb.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sternpost/base/result.hpp"

namespace sternpost {

// More than this many times its size, and more than this many bytes: no report packs so well, but a bomb does.
inline constexpr std::size_t max_gzip_ratio = 200;
inline constexpr std::size_t least_gzip_bomb = 1024UL * 1024;

bool is_gzip(std::string_view bytes);

// All members one after the other. What follows the last one is ignored, as gzip(1) does. No more than `most` bytes.
Result<std::string> unpack_gzip(std::string_view packed, std::size_t most);

}  // namespace sternpost
