#include "sternpost/config/config.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "contradictions.hpp"
#include "keys.hpp"
#include "problems.hpp"
#include "sections.hpp"
#include "sternpost/base/printable.hpp"

namespace sternpost {
namespace {

constexpr std::size_t max_file_size = std::size_t{16} << 20U;
constexpr std::size_t max_key_parts = 16;

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

tl::unexpected<Error> unreadable(const std::string& path, std::string_view why) {
    return failure(Errc::invalid, printable(path) + ": " + std::string(why));
}

tl::unexpected<Error> unreadable(const std::string& path, int error) {
    switch (error) {
        case ENOENT:
            return unreadable(
                path, "there is no such file; create it (it may be empty), or name another one with -c");
        case EACCES:
            return unreadable(path,
                              "this user may not read it; see to the modes of the file and its directories");
        case EISDIR:
            return unreadable(path, "this is a directory; name a file with -c");
        default:
            return unreadable(path, std::string(std::strerror(error)) + "; name a readable file with -c");
    }
}

Result<std::string> read_file(const std::string& path) {
    const File file(std::fopen(path.c_str(), "re"));
    if (!file) return unreadable(path, errno);
    std::string text;
    std::array<char, 65536> buffer{};
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
        text.append(buffer.data(), got);
        if (text.size() > max_file_size)
            return unreadable(path, "this is longer than 16 MiB; name a configuration file with -c");
    }
    if (std::ferror(file.get()) != 0) return unreadable(path, errno);
    return text;
}

std::string_view remedy(std::string_view syntax_error) {
    const auto says = [syntax_error](std::string_view word) {
        return syntax_error.find(word) != std::string_view::npos;
    };
    if (says("redefine")) return "keep one of the two";
    if (says("utf-8")) return "save the file as UTF-8";
    return "a line is KEY = VALUE or [SECTION], and a text stands in double quotes";
}

void tell_syntax_error(const toml::parse_error& error, ConfigProblems& problems) {
    std::string what(error.description());
    std::ranges::replace_if(
        what, [](char c) { return c < ' ' || c > '~'; }, '?');
    problems.add(error.source().begin, what + "; " + std::string(remedy(what)));
}

// The end of the quoted text that begins at `begin`, or of the line if there is none.
std::size_t end_of_quoted(std::string_view text, std::size_t begin) {
    const char quote = text[begin];
    const std::string thrice(3, quote);
    const bool long_one = text.substr(begin).starts_with(thrice);
    const std::string_view mark = long_one ? std::string_view(thrice) : text.substr(begin, 1);
    for (std::size_t i = begin + mark.size(); i < text.size(); ++i) {
        if (text.substr(i).starts_with(mark)) return i + mark.size();
        if (text[i] == '\n' && !long_one) return i;
        if (text[i] == '\\' && quote == '"') ++i;
    }
    return text.size();
}

// toml++ makes a table of each part of a key and destroys them by recursion, so that a key of many parts ends in a stack
// overflow (3.3). Gives the line of the first one with more than max_key_parts.
std::optional<std::size_t> line_of_endless_key(std::string_view text) {
    std::size_t line = 1, dots = 0;
    for (std::size_t i = 0; i < text.size();) {
        std::size_t end = i + 1;
        if (text[i] == '#') end = std::min(text.find('\n', i), text.size());
        if (text[i] == '"' || text[i] == '\'') end = end_of_quoted(text, i);
        if (text[i] == '.' && ++dots == max_key_parts) return line;
        if (std::string_view("=,[]{}\n").find(text[i]) != std::string_view::npos) dots = 0;
        line += static_cast<std::size_t>(std::ranges::count(text.substr(i, end - i), '\n'));
        i = end;
    }
    return std::nullopt;
}

Config read_table(const toml::table& table, ConfigProblems& problems) {
    return read_section<Config>(TomlField("", table, problems), config_keys(), check_config);
}

}  // namespace

Result<Config> read_config(std::string_view text, const std::string& file_name) {
    ConfigProblems problems;
    Config config;
    if (const auto line = line_of_endless_key(text)) {
        problems.add(
            {static_cast<toml::source_index>(*line), 1},
            "a key of more than " + std::to_string(max_key_parts) + " parts; none has more than three");
        return failure(Errc::invalid, problems.told(file_name));
    }
    try {
        config = read_table(toml::parse(text), problems);
    } catch (const toml::parse_error& error) {
        tell_syntax_error(error, problems);
    }
    if (problems.count() != 0) return failure(Errc::invalid, problems.told(file_name));
    if (config.cache.path.empty()) config.cache.path = STERNPOST_CACHE_FILE;
    return config;
}

Result<Config> read_config_file(const std::string& path) {
    const auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    return read_config(*text, path);
}

}  // namespace sternpost
