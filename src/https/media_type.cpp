#include "media_type.hpp"

#include <algorithm>

#include "sternpost/base/printable.hpp"
#include "sternpost/policy/ascii.hpp"

namespace sternpost {

namespace {

std::string media_type(std::string_view value) {
    value = value.substr(0, value.find(';'));
    const auto first = value.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    value = value.substr(first, value.find_last_not_of(" \t\r\n") - first + 1);
    std::string type(value);
    std::ranges::transform(type, type.begin(), to_lower);
    return type;
}

}  // namespace

std::optional<std::string> media_type_fault(std::span<const std::string> content_types) {
    if (content_types.empty()) return "the answer has no Content-Type; text/plain is required";
    const std::string first = media_type(content_types.front());
    for (const std::string& other : content_types)
        if (media_type(other) != first)
            return "the answer has several Content-Type headers that contradict each other";
    if (first == "text/plain") return {};
    return "the answer's media type is \"" + printable(first, 60) + "\"; text/plain is required";
}

}  // namespace sternpost
