#include "tables.hpp"

#include <algorithm>

#include "sternpost/base/trimmed.hpp"

namespace sternpost {

namespace {

// No serious main.cf nests deeper.
constexpr int max_depth = 8;
constexpr std::string_view separators = ", \t\r\n";
constexpr std::string_view blanks = " \t\r\n";

std::string_view without_braces(std::string_view text) {
    text = trimmed(text, blanks);
    if (!text.starts_with('{') || !text.ends_with('}') || text.size() < 2) return text;
    return trimmed(text.substr(1, text.size() - 2), blanks);
}

void collect(const Table& table, Socketmap found, int depth, std::vector<Socketmap>& all) {
    if (depth > max_depth) return;
    if (table.type == "proxy" || table.type == "debug") {
        found.proxied = found.proxied || table.type == "proxy";
        collect(to_table(table.rest), found, depth + 1, all);
    } else if (table.type == "unionmap" || table.type == "pipemap") {
        found.nested = true;
        for (const Table& inner : to_tables(without_braces(table.rest)))
            collect(inner, found, depth + 1, all);
    } else if (table.type == "socketmap") {
        const std::size_t colon = table.rest.rfind(':');
        if (colon == std::string::npos) return;
        found.text = table.text;
        found.endpoint = table.rest.substr(0, colon);
        found.map = table.rest.substr(colon + 1);
        if (found.endpoint.starts_with("local:")) found.endpoint.replace(0, 5, "unix");
        all.push_back(std::move(found));
    }
}

}  // namespace

std::vector<std::string> split_list(std::string_view list) {
    std::vector<std::string> words;
    std::string word;
    int depth = 0;
    for (const char c : list) {
        if (c == '{') ++depth;
        if (c == '}') depth = std::max(0, depth - 1);
        if (depth > 0 || separators.find(c) == std::string_view::npos) {
            word += c;
        } else if (!word.empty()) {
            words.push_back(std::exchange(word, {}));
        }
    }
    if (!word.empty()) words.push_back(std::move(word));
    return words;
}

Table to_table(std::string_view text) {
    text = without_braces(text);
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return {std::string(text), "", std::string(text)};
    return {std::string(text), std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

std::vector<Table> to_tables(std::string_view list) {
    std::vector<Table> tables;
    for (const std::string& word : split_list(list)) tables.push_back(to_table(word));
    return tables;
}

std::string to_list(const std::vector<std::string>& words, std::string_view between) {
    std::string list;
    for (const std::string& word : words) list.append(list.empty() ? "" : between).append(word);
    return list;
}

std::vector<Socketmap> socketmaps_of(const Table& table) {
    std::vector<Socketmap> all;
    collect(table, {}, 0, all);
    return all;
}

std::optional<std::string> without_socketmaps(const Table& table) {
    if (socketmaps_of(table).empty()) return table.text;
    if (table.type == "socketmap") return "";
    if (table.type == "proxy" || table.type == "debug") {
        auto left = without_socketmaps(to_table(table.rest));
        if (left && !left->empty()) left->insert(0, table.type + ":");
        return left;
    }
    std::vector<std::string> all;
    for (const Table& inner : to_tables(without_braces(table.rest))) {
        auto left = without_socketmaps(inner);
        if (!left) return std::nullopt;
        if (!left->empty()) all.push_back(std::move(*left));
    }
    if (all.empty()) return "";
    if (table.type == "pipemap") return std::nullopt;
    return all.size() == 1 ? all.front() : "unionmap:{" + to_list(all) + "}";
}

std::string replaced(std::string_view list, std::string_view text, std::string_view with) {
    std::string result;
    for (std::size_t at = 0; (at = list.find(text)) != std::string_view::npos;) {
        const std::size_t end = at + text.size();
        const bool whole =
            end == list.size() || list[end] == '}' || separators.find(list[end]) != std::string_view::npos;
        result.append(list.substr(0, at)).append(whole ? with : text);
        list.remove_prefix(end);
    }
    return result.append(list);
}

std::vector<std::pair<std::string, std::string>> inline_entries(const Table& table) {
    std::vector<std::pair<std::string, std::string>> entries;
    if (table.type != "inline") return entries;
    for (const std::string& word : split_list(without_braces(table.rest))) {
        const std::string_view entry = without_braces(word);
        const std::size_t equals = entry.find('=');
        if (equals == std::string_view::npos) continue;
        entries.emplace_back(trimmed(entry.substr(0, equals), blanks),
                             trimmed(entry.substr(equals + 1), blanks));
    }
    return entries;
}

}  // namespace sternpost
