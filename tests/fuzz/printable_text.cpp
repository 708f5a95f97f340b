// Byte 1 is the limit, the rest the text.
#include "sternpost/base/printable.hpp"
#include "tests/fuzz/invariant.hpp"
#include "tests/fuzz/targets.hpp"

namespace sternpost::fuzz {

void printable_text(std::string_view input) {
    if (input.empty()) return;
    const std::size_t limit = 3 + static_cast<unsigned char>(input.front());
    input.remove_prefix(1);
    const std::string text = printable(input, limit);
    must(is_printable(text), "what is printable is printable");
    must(text.size() <= limit, "it is within its limit");
    must(printable(text, limit) == text, "it stays as it is");
    if (is_printable(input) && input.size() <= limit)
        must(text == input, "so does what was printable before");
    must(printable(input, 4 * input.size() + 3).size() >= input.size(), "nothing is lost within the limit");
}

}  // namespace sternpost::fuzz
