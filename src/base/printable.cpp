#include "sternpost/base/printable.hpp"

namespace sternpost {

std::string printable(std::string_view text, std::size_t limit) {
    constexpr std::string_view hex = "0123456789abcdef";
    constexpr std::string_view cut = "...";
    std::string out;
    std::size_t room_for_cut = 0;  // the longest beginning that leaves room
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f) {
            out += c;
        } else {
            out += "\\x";
            out += hex[byte >> 4U];
            out += hex[byte & 0xfU];
        }
        if (out.size() > limit) return out.erase(room_for_cut).append(cut);
        if (out.size() + cut.size() <= limit) room_for_cut = out.size();
    }
    return out;
}

std::string quote(std::string_view text, std::size_t limit) {
    return '"' + printable(text, limit) + '"';
}

}  // namespace sternpost
