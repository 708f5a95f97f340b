#include "media_type.hpp"

#include <algorithm>

#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/base/trimmed.hpp"

namespace sternpost {

namespace {

std::string media_type(std::string_view value) {
    return lower_case(trimmed(value.substr(0, value.find(';')), " \t\r\n"));
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
