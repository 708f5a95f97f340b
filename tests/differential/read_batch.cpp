// Reads policy files and TXT records from standard input, and writes a line about each: for compare.py.
//
// An input is its kind, four bytes of its length (big-endian), and its bytes. "P" is a policy file, of which is written
// "invalid", or mode, max_age and the mx patterns, with "!" behind one that no MX host passes by. "T" are the TXT records
// of one name, each with its length before it, of which is written "none", "unusable", or "id" and the id.
#include <cstdint>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/policy/policy.hpp"
#include "sternpost/policy/record.hpp"

namespace {

using namespace sternpost;

std::string_view take(std::string_view& bytes, std::size_t count) {
    const std::string_view taken = bytes.substr(0, count);
    bytes.remove_prefix(taken.size());
    return taken;
}

std::string_view take_with_length(std::string_view& bytes) {
    std::size_t length = 0;
    for (const char c : take(bytes, 4)) length = length << 8U | static_cast<unsigned char>(c);
    return take(bytes, length);
}

std::string of_policy(std::string_view body) {
    const auto policy = read_policy(body);
    if (!policy) return "invalid";
    std::string text(to_string(policy->mode));
    text += ' ' + std::to_string(policy->max_age.count());
    for (const MxPattern& mx : policy->mx) text += ' ' + mx.text() + (mx.address() ? "!" : "");
    return text;
}

std::string of_record(std::string_view bytes) {
    std::vector<std::string> texts;
    while (!bytes.empty()) texts.emplace_back(take_with_length(bytes));
    const auto record = read_sts_record(texts);
    if (!record) return "unusable";
    return *record ? "id " + (*record)->id : "none";
}

}  // namespace

int main() {
    const std::string input(std::istreambuf_iterator<char>(std::cin), {});
    for (std::string_view rest = input; !rest.empty();) {
        const std::string_view kind = take(rest, 1);
        const std::string_view bytes = take_with_length(rest);
        std::cout << (kind == "P" ? of_policy(bytes) : of_record(bytes)) << '\n';
    }
}
