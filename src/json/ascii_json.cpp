#include "sternpost/json/ascii_json.hpp"

#include <boost/json/serialize.hpp>
#include <cstdint>
#include <string_view>

namespace sternpost {

namespace {

// The UTF-8 character at `at`, which then moves past it; U+FFFD for a byte that begins none.
std::uint32_t take_character(std::string_view utf8, std::size_t& at) {
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

void add_escape(std::string& to, std::uint32_t unit) {
    constexpr std::string_view digits = "0123456789abcdef";
    to += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) to += digits[unit >> static_cast<unsigned>(shift) & 0xfU];
}

}  // namespace

std::string ascii_json(const boost::json::value& value) {
    const std::string utf8 = boost::json::serialize(value);
    std::string text;
    text.reserve(utf8.size());
    for (std::size_t at = 0; at < utf8.size();) {
        const std::uint32_t character = take_character(utf8, at);
        if (character < 0x7f) {
            text += static_cast<char>(character);
        } else if (character < 0x10000) {
            add_escape(text, character);
        } else {
            add_escape(text, 0xd800 + (character - 0x10000) / 0x400);
            add_escape(text, 0xdc00 + (character - 0x10000) % 0x400);
        }
    }
    return text;
}

}  // namespace sternpost
