// Addresses as the file has them. Errors are Errc::invalid with "what is wrong; what would be right".
//
// Threads: any; pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sternpost/base/result.hpp"
#include "sternpost/config/config.hpp"

namespace sternpost {

inline constexpr std::size_t max_socket_path = 107;  // sun_path less its NUL

Result<ServerAddress> parse_server_address(std::string_view text);
// "127.0.0.1", "[::1]:6379" or "unix:/path"; the usual ports are those of Redis and of its Sentinel.
Result<ListenAddress> parse_fleet_server(std::string_view text);
Result<ListenAddress> parse_sentinel(std::string_view text);
// Empty: nullopt. TCP only.
Result<std::optional<ListenAddress>> parse_metrics_address(std::string_view text);

// An absolute path without its meaningless parts, "//" and "/./", so that equal paths compare equal; others as they are.
// (A ".." stays: links decide what it means.)
std::string plain_path(std::string_view path);

}  // namespace sternpost
