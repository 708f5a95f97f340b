#include "policy_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <span>
#include <utility>

#include "record_fields.hpp"
#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/base/trimmed.hpp"
#include "utf8.hpp"

namespace sternpost {

namespace {

using std::chrono::seconds;
using namespace std::string_view_literals;

constexpr std::size_t max_age_digits = 10;
constexpr std::array known_names{"version"sv, "mode"sv, "mx"sv, "max_age"sv};
constexpr std::array modes{"enforce"sv, "testing"sv, "none"sv};

bool is_control(char c) {
    return (is_ascii(c) && c < 0x20) || c == 0x7f;
}

Fault fault_of_bytes(std::string_view line) {
    const auto control = std::ranges::find_if(line, [](char c) { return c != '\t' && is_control(c); });
    if (control == line.end()) return is_utf8(line) ? Fault() : "the text is not UTF-8";
    if (*control == '\r') return "a carriage return may stand only before a line feed";
    return "the control character " + printable(std::string_view(control, 1)) + " is not allowed";
}

Fault fault_of_name(std::string_view name) {
    if (name.starts_with('#')) return "a policy has no comments";
    if (is_white_space(name.front())) return "white space before the name " + quote(trimmed(name));
    if (is_white_space(name.back())) return "white space before the \":\" of " + quote(trimmed(name));
    if (name.size() > max_field_name_length)
        return "the name " + quote(name) + " is longer than 32 characters";
    return valid_field_name(name) ? Fault() : quote(name) + " is not a name";
}

// RFC 8461 section 3.2, sts-policy-ext-value.
Fault fault_of_extension(std::string_view name, std::string_view value) {
    if (value.empty()) return std::string(name) + " has no value";
    if (value.find('\t') != value.npos) return "a tab inside the value of " + std::string(name);
    return std::nullopt;
}

// Letters and digits of `name`, lower case: what is left of "Max-Age" and "max_age" alike.
std::string bones_of(std::string_view name) {
    std::string bones;
    for (const char c : name)
        if (is_letter_or_digit(c)) bones += to_lower(c);
    return bones;
}

// A known word that `word` may be meant to be; empty when none is near.
std::string_view meant_by(std::string_view word, std::span<const std::string_view> known) {
    constexpr std::size_t most_to_spare = 3;  // "nmx", "modes", "enforced", "test"
    const std::string bones = bones_of(word);
    for (const std::string_view candidate : known) {
        const std::string other = bones_of(candidate);
        const auto& [shorter, longer] =
            std::minmax(bones, other, [](const auto& a, const auto& b) { return a.size() < b.size(); });
        const bool near = shorter.size() > 1 && longer.size() - shorter.size() <= most_to_spare;
        if (near && (longer.starts_with(shorter) || longer.ends_with(shorter))) return candidate;
    }
    return {};
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
    const std::string_view meant = meant_by(word, known);
    return meant.empty() ? "" : "; did you mean " + quote(meant) + "?";
}

}  // namespace

// Mistakes of the whole file, which would make little sense if reported line by line.
Fault fault_of_file(std::string_view body) {
    if (body.size() > max_policy_bytes) return "the policy is longer than 64 KiB";
    const auto first = body.find_first_not_of(" \t\r\n");
    if (first == body.npos) return "the policy is empty";
    if (body.starts_with("\xef\xbb\xbf")) return "the policy starts with a byte order mark (BOM)";
    if (body.starts_with("\xff\xfe") || body.starts_with("\xfe\xff")) {
        return "the policy is UTF-16, not UTF-8";
    }
    if (body.starts_with("\x1f\x8b")) return "the policy is compressed (gzip), which nobody asked for";
    if (body[first] == '<') return "this is a web page (HTML or XML), not a policy";
    if (body[first] == '{') return "this is JSON, not a policy";
    return std::nullopt;
}

std::string in_line(std::size_t number, std::string_view what) {
    return ("line " + std::to_string(number) + ": ").append(what);
}

std::string_view take_line(std::string_view& body) {
    const auto end = body.find('\n');
    std::string_view line = body.substr(0, end);
    body.remove_prefix(end == body.npos ? body.size() : end + 1);
    // The grammar has CR only before LF: one that ends the file is left in, and refused.
    if (end != body.npos && line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

Fault PolicyReader::read_line(std::string_view line) {
    ++number_;
    note_ = Note();
    if (Fault fault = fault_of_bytes(line)) return fault;
    if (trimmed(line).empty()) {
        remark("blank", "blank lines are not part of the format");
        return std::nullopt;
    }
    const auto colon = line.find(':');
    if (colon == line.npos) return quote(line) + " has no \":\"; a line is \"name: value\"";
    const std::string_view name = line.substr(0, colon);
    if (name.empty()) return "there is no name before the \":\"";
    if (Fault fault = fault_of_name(name)) return fault;
    return read_field(name, trimmed(line.substr(colon + 1)));
}

Fault PolicyReader::read_field(std::string_view name, std::string_view value) {
    if (name == "version") return read_version(value);
    if (name == "mode") return read_mode(value);
    if (name == "max_age") return read_max_age(value);
    if (name == "mx") return read_mx(value);
    return read_extension(name, value);
}

Fault PolicyReader::read_extension(std::string_view name, std::string_view value) {
    const bool known = std::ranges::find(known_names, lower_case(name)) != known_names.end();
    if (known && misspelt_.empty()) misspelt_ = name;
    ignore("the name " + quote(name) + " is unknown, so senders ignore the line" +
           did_you_mean(name, known_names));
    return fault_of_extension(name, value);
}

// RFC 8461 section 3.2: of a field given twice, "all entries except for the first SHALL be ignored".
bool PolicyReader::again(bool& seen) {
    if (seen) ignore("it is given a second time, and only the first counts");
    return std::exchange(seen, true);
}

Fault PolicyReader::read_version(std::string_view value) {
    if (again(version_seen_)) return std::nullopt;
    if (value == "STSv1") return std::nullopt;
    return "version must be STSv1, not " + quote(value);
}

Fault PolicyReader::read_mode(std::string_view value) {
    if (again(mode_seen_)) return std::nullopt;
    const auto mode = mode_of(value);
    if (mode) policy_.mode = *mode;
    return mode ? Fault()
                : "mode must be enforce, testing or none, not " + quote(value) + did_you_mean(value, modes);
}

Fault PolicyReader::read_max_age(std::string_view value) {
    if (again(max_age_seen_)) return std::nullopt;
    if (value.empty() || value.size() > max_age_digits || !std::ranges::all_of(value, is_digit)) {
        return "max_age must be a number of seconds, 1 to 10 digits and nothing else, not " + quote(value);
    }
    std::int64_t count = 0;
    std::from_chars(value.data(), value.data() + value.size(), count);
    policy_.max_age = std::min(seconds(count), max_max_age);
    if (seconds(count) > max_max_age) {
        remark("max_age", "max_age " + std::string(value) + " is cut to one year");
    }
    return std::nullopt;
}

Fault PolicyReader::read_mx(std::string_view value) {
    mx_tried_ = true;
    Result<MxPattern> pattern = MxPattern::from(value);
    if (!pattern) return "mx " + pattern.error().detail;
    if (value.ends_with('.')) remark("dot", "the dot at the end of mx " + quote(value) + " is left out");
    if (pattern->text().find('_') != std::string::npos) {
        remark("underscore", "mx " + quote(value) + " has an underscore, which host names do not have");
    }
    if (pattern->address()) {
        remark("address", "mx " + quote(value) + " is an address: no MX host passes by it");
    }
    if (mx_seen_.insert(pattern->text()).second) {
        policy_.mx.push_back(std::move(*pattern));
    } else {
        ignore("the same mx is there already");
    }
    return std::nullopt;
}

std::vector<std::string> PolicyReader::finish() {
    std::vector<std::string> faults;
    if (!version_seen_) faults.push_back(missing("version"));
    if (!mode_seen_) faults.push_back(missing("mode"));
    if (!max_age_seen_) faults.push_back(missing("max_age"));
    if (policy_.mode == Mode::none) return faults;
    if (!mx_tried_)
        faults.push_back(missing("mx") + ", and mode " + std::string(to_string(policy_.mode)) + " needs one");
    if (!policy_.mx.empty() && std::ranges::all_of(policy_.mx, &MxPattern::address))
        policy_.remarks.emplace_back("every mx is an address: no MX host passes by this policy");
    return faults;
}

std::string PolicyReader::missing(std::string_view name) const {
    std::string text = "there is no \"" + std::string(name) + ":\" line";
    if (lower_case(misspelt_) == name) {
        text += " (" + quote(misspelt_) + " is not the same: names are lower case)";
    }
    return text;
}

// Once per kind: a file may repeat its mistake on thousands of lines.
void PolicyReader::remark(std::string_view kind, const std::string& text) {
    if (remarked_.insert(kind).second) policy_.remarks.push_back(in_line(number_, text));
    note_.text += (note_.text.empty() ? "" : "; ") + text;
}

void PolicyReader::ignore(std::string text) {
    note_.ignored = true;
    note_.text = std::move(text);
}

}  // namespace sternpost
