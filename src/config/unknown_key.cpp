#include "keys.hpp"
#include "sternpost/config/nearest.hpp"

namespace sternpost {
namespace {

// Where else in the file `key` would be right, in words; empty if nowhere.
std::string homes_of(std::string_view key) {
    std::string homes;
    for (const auto& known : config_keys()) {
        const bool inside = std::ranges::find(known.inner_keys, key) != known.inner_keys.end();
        if (inside) homes += (homes.empty() ? "below " : " or ") + known.heading;
        if (known.name != key) continue;
        if (!known.heading.empty()) return "in a section of its own, " + known.heading;
        return "at the top of the file, before the first [section]";
    }
    return homes;
}

std::string list_text(const std::vector<std::string_view>& words) {
    std::string out;
    for (const std::string_view word : words) out += (out.empty() ? "" : ", ") + std::string(word);
    return out;
}

std::string remedy(std::string_view key, const std::vector<std::string_view>& known) {
    const std::string homes = homes_of(key);
    if (!homes.empty()) return "its place is " + homes;
    const std::string_view near = nearest(key, known);
    if (!near.empty()) return "did you mean " + in_quotes(near) + "?";
    return "known here: " + list_text(known);
}

}  // namespace

void unknown_key(const TomlField& section, const toml::key& key, const toml::node& node,
                 const std::vector<std::string_view>& known) {
    const bool heading = node.is_table() || node.is_array_of_tables();
    const std::string_view kind = heading ? "unknown section " : "unknown key ";
    section.wrong_at(key.source().begin,
                     std::string(kind) + in_quotes(key.str()) + "; " + remedy(key.str(), known));
}

}  // namespace sternpost
