// JSON on one line of printable ASCII: nothing in it can affect a terminal, whoever wrote the texts in it.
//
// Threads: any; pure.
#pragma once

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace sternpost {

namespace ascii_json_inside {

// The UTF-8 character at `at`, which then moves past it; U+FFFD for a byte that begins none.
inline std::uint32_t take_character(std::string_view utf8, std::size_t& at) {
    const auto byte = [&](std::size_t i) {
        return static_cast<unsigned char>(i < utf8.size() ? utf8[i] : 0);
    };
    const unsigned char lead = byte(at++);
    if (lead < 0x80) return lead;
    const std::size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    std::uint32_t character = lead & (0x3fU >> more);
    for (std::size_t i = 0; i < more; ++i) {
        if (lead < 0xc2 || lead > 0xf4 || (byte(at + i) & 0xc0U) != 0x80) return 0xfffd;
        character = character << 6U | (byte(at + i) & 0x3fU);
    }
    at += more;
    return character;
}

inline void add_escape(std::string& to, std::uint32_t unit) {
    constexpr std::string_view digits = "0123456789abcdef";
    to += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) to += digits[unit >> static_cast<unsigned>(shift) & 0xfU];
}

}  // namespace ascii_json_inside

// Anything that is not ASCII can only be inside a string, where it becomes a JSON escape.
inline std::string ascii_json(const boost::json::value& value) {
    const std::string utf8 = boost::json::serialize(value);
    std::string text;
    text.reserve(utf8.size());
    for (std::size_t at = 0; at < utf8.size();) {
        const std::uint32_t character = ascii_json_inside::take_character(utf8, at);
        if (character < 0x7f) {
            text += static_cast<char>(character);
        } else if (character < 0x10000) {
            ascii_json_inside::add_escape(text, character);
        } else {
            ascii_json_inside::add_escape(text, 0xd800 + (character - 0x10000) / 0x400);
            ascii_json_inside::add_escape(text, 0xdc00 + (character - 0x10000) % 0x400);
        }
    }
    return text;
}

}  // namespace sternpost
