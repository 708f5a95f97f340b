// The frame around every socketmap request and reply: "LENGTH:PAYLOAD,".
//
// Threads: any; pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sternpost {

// Postfix asks for keys of up to 10,000 bytes (socketmap_max_query_size of 3.12); a map name and a space come
// on top. What is longer costs the connection.
inline constexpr std::size_t max_key_bytes = 10'000;
inline constexpr std::size_t max_request_bytes = max_key_bytes + 256;

inline std::string to_netstring(std::string_view payload) {
    std::string framed = std::to_string(payload.size());
    framed.reserve(framed.size() + payload.size() + 2);
    return framed.append(":").append(payload).append(",");
}

// The payload of a netstring of ours: "OK …" out of "12:OK …,".
inline std::string_view payload_of(std::string_view netstring) {
    const std::size_t begin = netstring.find(':') + 1;
    return netstring.substr(begin, netstring.size() - begin - 1);
}

}  // namespace sternpost
