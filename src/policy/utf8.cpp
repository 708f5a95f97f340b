#include "utf8.hpp"

#include <array>

namespace sternpost {

namespace {

// RFC 3629 section 4, row by row: what the first two bytes may be, and the length of the sequence.
struct Utf8Form {
    unsigned char first_low, first_high, second_low, second_high;
    std::size_t length;
};
constexpr std::array<Utf8Form, 9> utf8_forms{{{0x00, 0x7f, 0x00, 0x00, 1},
                                              {0xc2, 0xdf, 0x80, 0xbf, 2},
                                              {0xe0, 0xe0, 0xa0, 0xbf, 3},
                                              {0xe1, 0xec, 0x80, 0xbf, 3},
                                              {0xed, 0xed, 0x80, 0x9f, 3},
                                              {0xee, 0xef, 0x80, 0xbf, 3},
                                              {0xf0, 0xf0, 0x90, 0xbf, 4},
                                              {0xf1, 0xf3, 0x80, 0xbf, 4},
                                              {0xf4, 0xf4, 0x80, 0x8f, 4}}};

// Length of the sequence at the start of `text`; 0 when it is not well formed.
std::size_t utf8_sequence(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    for (const Utf8Form& form : utf8_forms) {
        if (byte(0) < form.first_low || byte(0) > form.first_high) continue;
        if (form.length == 1) return 1;
        if (text.size() < form.length) return 0;
        if (byte(1) < form.second_low || byte(1) > form.second_high) return 0;
        for (std::size_t i = 2; i < form.length; ++i) {
            if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
        }
        return form.length;
    }
    return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_sequence(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace sternpost
