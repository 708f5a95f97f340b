#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/migration/memory.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

// DANE is looked at again if a policy is enforced, and is Postfix's own affair otherwise.
constexpr std::array<std::string_view, 2> levels_of_dane{"dane", "dane-only"};
constexpr std::string_view matches = "match=";

// The next word, which is taken away.
std::string_view take_word(std::string_view& rest) {
    const auto blank = [](char c) { return is_white_space(c) || c == '\r'; };
    rest.remove_prefix(static_cast<std::size_t>(std::ranges::find_if_not(rest, blank) - rest.begin()));
    const auto length = static_cast<std::size_t>(std::ranges::find_if(rest, blank) - rest.begin());
    const std::string_view word = rest.substr(0, length);
    rest.remove_prefix(length);
    return word;
}

bool is_number(std::string_view word) {
    return !word.empty() && std::ranges::all_of(word, is_digit);
}

// "mx1.example.com:.example.net" as mx lines have it: a dot stands for a wildcard.
json::array patterns_of(std::string_view list) {
    json::array patterns;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(':'), list.size());
        const std::string name(list.substr(0, end));
        patterns.emplace_back(name.starts_with('.') ? "*" + name : name);
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return patterns;
}

}  // namespace

Result<std::optional<std::string>> import_line_of_tlspol(std::string_view line) {
    const std::string_view domain = take_word(line);
    if (domain.empty()) return std::optional<std::string>();
    std::string_view level = take_word(line);
    if (is_number(level)) level = take_word(line);  // of hits, which -export leaves out
    if (std::ranges::find(levels_of_dane, level) != levels_of_dane.end()) return std::optional<std::string>();
    if (level != "secure")
        return failure(Errc::invalid, "no line of postfix-tlspol -dump: the policy of " + quote(domain, 60) +
                                          " is " + quote(level, 60));
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
        if (!word.starts_with(matches)) continue;
        json::object object;
        object["domain"] = json::string_view(domain.data(), domain.size());
        object["id"] = json::string_view(tlspol_id.data(), tlspol_id.size());
        object["mode"] = "enforce";
        object["mx"] = patterns_of(word.substr(matches.size()));
        object["max_age"] = std::chrono::seconds(tlspol_max_age).count();
        return std::optional(json::serialize(object));
    }
    return failure(Errc::invalid, quote(domain, 60) + " is secure without match=");
}

}  // namespace sternpost
