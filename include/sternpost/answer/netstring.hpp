// The frame around every socketmap request and reply: "LENGTH:PAYLOAD,".
//
// Threads: any; pure.
#pragma once

#include <string>
#include <string_view>

namespace sternpost {

inline std::string to_netstring(std::string_view payload) {
    std::string framed = std::to_string(payload.size());
    framed.reserve(framed.size() + payload.size() + 2);
    return framed.append(":").append(payload).append(",");
}

// The payload of a netstring of ours: "OK …" out of "12:OK …,".
inline std::string without_frame(std::string_view netstring) {
    const std::size_t begin = netstring.find(':') + 1;
    return std::string(netstring.substr(begin, netstring.size() - begin - 1));
}

}  // namespace sternpost
