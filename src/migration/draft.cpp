#include "draft.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "sternpost/base/printable.hpp"
#include "sternpost/config/config.hpp"

namespace sternpost {

namespace {

constexpr std::size_t width = 100;

std::string heading_of(const std::string& section) {
    return section.empty() ? "" : "[" + section + "]\n";
}

// Comment lines, the first one with `mark` before it.
std::string comment(std::string_view text, std::string_view mark = "") {
    std::string lines, line = "# " + std::string(mark);
    bool empty = true;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        if (!empty && line.size() + 1 + word.size() > width) {
            lines += line + "\n";
            line = "# " + std::string(mark.size(), ' ');
            empty = true;
        }
        line.append(empty ? "" : " ").append(word);
        empty = false;
    }
    return lines + line + "\n";
}

std::string list_of(std::string_view heading, const std::vector<std::string>& texts) {
    if (texts.empty()) return "";
    std::string list = "#\n" + comment(heading);
    for (const std::string& text : texts) list += comment(text, "- ");
    return list;
}

// "what is wrong; what would be right" without the place, which is not one in the other file.
std::string without_place(std::string detail) {
    constexpr int colons_of_place = 3;
    detail.erase(std::min(detail.find('\n'), detail.size()));
    std::size_t at = 0;
    for (int i = 0; i < colons_of_place && at != std::string::npos; ++i) at = detail.find(':', at + 1);
    return at == std::string::npos ? detail : detail.substr(detail.find_first_not_of(": ", at));
}

}  // namespace

std::string toml_text(std::string_view text) {
    std::string written = "\"";
    for (const char c : printable(text, text.size() + 3)) {
        if (c == '"' || c == '\\') written += '\\';
        written += c;
    }
    return written + '"';
}

std::string toml_seconds(std::string_view number) {
    constexpr double most = 1e9;
    double seconds = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), seconds);
    if (error != std::errc() || end != number.data() + number.size() || !(seconds >= 0 && seconds <= most))
        return "";
    return toml_text(std::to_string(static_cast<long long>(std::ceil(seconds))) + "s");
}

bool Draft::set(const std::string& section, const std::string& key, const std::string& value,
                const Setting& because_of) {
    const std::string line = key + " = " + value + "\n";
    const auto accepted = read_config(heading_of(section) + line, "file");
    if (!accepted) {
        leave_out(because_of, without_place(accepted.error().detail));
        return false;
    }
    Keys& keys = sections_[section];
    std::erase_if(keys, [&](const auto& known) { return known.first == key; });
    keys.emplace_back(key, value);
    return true;
}

void Draft::leave_out(const Setting& setting, std::string_view why) {
    left_out_.push_back(printable(setting.name, width) + ": " + setting.value.shown() + " (line " +
                        std::to_string(setting.value.line) + "): " + printable(why));
}

void Draft::warn(std::string what) {
    warnings_.push_back(std::move(what));
}

void Draft::remark(std::string what) {
    remarks_.push_back(std::move(what));
}

Migrated Draft::finish() const {
    Migrated made;
    made.warnings = warnings_;
    made.toml = comment("The configuration of sternpostd that equals " + source_ +
                        ". What is not set stands at its default: see sternpost.toml(5).");
    made.toml += list_of("To be done by hand:", warnings_);
    made.toml += list_of("Good to know:", remarks_);
    made.toml += list_of("Has no equal here:", left_out_);
    for (const auto& [section, keys] : sections_) {
        made.toml += "\n" + heading_of(section);
        for (const auto& [key, value] : keys) made.toml.append(key).append(" = ").append(value).append("\n");
    }
    return made;
}

}  // namespace sternpost
