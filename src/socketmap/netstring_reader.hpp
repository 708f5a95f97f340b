// Requests cut out of a byte stream: netstrings as Postfix sends them ("LENGTH:PAYLOAD,").
//
// Threads: one at a time; no I/O here.
// Limits:  a payload of max_request_bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "sternpost/answer/netstring.hpp"

namespace sternpost {

class NetstringReader {
public:
    // Where the next bytes may be read into; never empty.
    std::span<char> space();
    // `count` bytes of space() were filled.
    void filled(std::size_t count);
    // The next whole payload, valid until the next call of space(); nullopt: more bytes are needed, or
    // broken().
    std::optional<std::string_view> next();
    // The stream is not a sequence of netstrings (empty length, leading zero, too long, no comma): it can no
    // longer be trusted, and the connection must be closed.
    bool broken() const { return broken_; }

private:
    std::vector<char> buffer_;
    std::size_t begin_ = 0;  // of what has not been handed out
    std::size_t end_ = 0;    // of what has been filled
    bool broken_ = false;
};

}  // namespace sternpost
