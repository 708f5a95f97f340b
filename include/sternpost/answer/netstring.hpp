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

}  // namespace sternpost
