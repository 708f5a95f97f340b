// A line is one Content-Type header.
#include "https/media_type.hpp"

#include "sternpost/base/ascii.hpp"
#include "tests/fuzz/invariant.hpp"
#include "tests/fuzz/targets.hpp"

namespace sternpost::fuzz {

void media_type(std::string_view input) {
    const std::vector<std::string> headers = parts_of(input, "\n");
    if (const auto fault = media_type_fault(headers)) {
        must(is_printable(*fault), "a fault is printable");
        return;
    }
    for (const std::string& header : headers) {
        std::string lower(header);
        std::ranges::transform(lower, lower.begin(), to_lower);
        const auto at = lower.find("text/plain");
        must(at != lower.npos, "all say text/plain");
        must(lower.find(';') > at, "not in a parameter");
    }
}

}  // namespace sternpost::fuzz
