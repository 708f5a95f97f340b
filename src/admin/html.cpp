#include "html.hpp"

#include "sternpost/base/printable.hpp"

namespace sternpost {

std::string html(std::string_view text, std::size_t limit) {
    std::string safe;
    for (const char c : printable(text, limit)) {
        switch (c) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            case '\'':
                safe += "&#39;";
                break;
            default:
                safe += c;
        }
    }
    return safe;
}

std::string html(std::uint64_t number) {
    constexpr std::size_t group = 3;
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > group; at -= group) digits.insert(at - group, "&#8239;");
    return digits;
}

}  // namespace sternpost
