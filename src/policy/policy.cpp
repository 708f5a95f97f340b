#include "sternpost/policy/policy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <set>

#include "sternpost/base/printable.hpp"
#include "sternpost/policy/ascii.hpp"

namespace sternpost {

namespace {

using std::chrono::seconds;
using namespace std::string_view_literals;

// What is wrong, in words; nullopt when nothing is.
using Fault = std::optional<std::string>;

constexpr std::size_t max_name_of_field = 32;
constexpr std::size_t max_age_digits = 10;
constexpr std::array known_names{"version"sv, "mode"sv, "mx"sv, "max_age"sv};

std::string quote(std::string_view text) {
    return '"' + printable(text) + '"';
}

std::string in_line(std::size_t number, std::string_view what) {
    return ("line " + std::to_string(number) + ": ").append(what);
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), to_lower);
    return out;
}

// RFC 3629 section 4, row by row: what the first two bytes may be, and the length of the sequence.
struct Utf8Form {
    unsigned char first_low, first_high, second_low, second_high;
    std::size_t length;
};
constexpr std::array<Utf8Form, 9> utf8_forms{{{0x00, 0x7f, 0x00, 0x00, 1},
                                              {0xc2, 0xdf, 0x80, 0xbf, 2},
                                              {0xe0, 0xe0, 0xa0, 0xbf, 3},
                                              {0xe1, 0xec, 0x80, 0xbf, 3},
                                              {0xed, 0xed, 0x80, 0x9f, 3},
                                              {0xee, 0xef, 0x80, 0xbf, 3},
                                              {0xf0, 0xf0, 0x90, 0xbf, 4},
                                              {0xf1, 0xf3, 0x80, 0xbf, 4},
                                              {0xf4, 0xf4, 0x80, 0x8f, 4}}};

// Length of the sequence at the start of `text`; 0 when it is not well formed.
std::size_t utf8_sequence(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    for (const Utf8Form& form : utf8_forms) {
        if (byte(0) < form.first_low || byte(0) > form.first_high) continue;
        if (form.length == 1) return 1;
        if (text.size() < form.length) return 0;
        if (byte(1) < form.second_low || byte(1) > form.second_high) return 0;
        for (std::size_t i = 2; i < form.length; ++i) {
            if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
        }
        return form.length;
    }
    return 0;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_sequence(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

bool is_control(char c) {
    return (is_ascii(c) && c < 0x20) || c == 0x7f;
}

// Mistakes of the whole file, which would make little sense told line by line.
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

Fault fault_of_bytes(std::string_view line) {
    const auto control = std::ranges::find_if(line, [](char c) { return c != '\t' && is_control(c); });
    if (control == line.end()) return is_utf8(line) ? Fault() : "the text is not UTF-8";
    if (*control == '\r') return "a carriage return may stand only before a line feed";
    return "the control character " + printable(std::string_view(control, 1)) + " is not allowed";
}

Fault fault_of_name(std::string_view name) {
    if (name.starts_with('#')) return "a policy has no comments";
    if (is_white_space(name.front())) return "white space before the name " + quote(trim(name));
    if (is_white_space(name.back())) return "white space before the \":\" of " + quote(trim(name));
    if (name.size() > max_name_of_field) return "the name " + quote(name) + " is longer than 32 characters";
    const bool good = is_letter_or_digit(name.front()) && std::ranges::all_of(name, [](char c) {
                          return is_letter_or_digit(c) || c == '_' || c == '-' || c == '.';
                      });
    return good ? Fault() : quote(name) + " is not a name";
}

// RFC 8461 section 3.2, sts-policy-ext-value.
Fault fault_of_extension(std::string_view name, std::string_view value) {
    if (value.empty()) return std::string(name) + " has no value";
    if (value.find('\t') != value.npos) return "a tab inside the value of " + std::string(name);
    return std::nullopt;
}

class PolicyReader {
public:
    Result<Policy> read(std::string_view body);

private:
    Fault read_line(std::string_view line);
    Fault read_field(std::string_view name, std::string_view value);
    Fault read_version(std::string_view value);
    Fault read_mode(std::string_view value);
    Fault read_max_age(std::string_view value);
    Fault read_mx(std::string_view value);
    Fault fault_of_policy();
    std::string missing(std::string_view name) const;
    void remark(std::string_view kind, std::string_view what);

    Policy policy_;
    std::size_t number_ = 0;
    bool version_seen_ = false;
    bool mode_seen_ = false;
    bool max_age_seen_ = false;
    std::set<std::string, std::less<>> mx_seen_;
    std::set<std::string_view> remarked_;
    std::string misspelt_;  // the first name that is right but for its case
};

Result<Policy> PolicyReader::read(std::string_view body) {
    if (Fault fault = fault_of_file(body)) return failure(Errc::invalid, std::move(*fault));
    while (!body.empty()) {
        ++number_;
        const auto end = body.find('\n');
        std::string_view line = body.substr(0, end);
        body.remove_prefix(end == body.npos ? body.size() : end + 1);
        // The grammar has no CR but before LF: one that ends the file is left in, and refused.
        if (end != body.npos && line.ends_with('\r')) line.remove_suffix(1);
        if (Fault fault = read_line(line)) return failure(Errc::invalid, in_line(number_, *fault));
    }
    if (Fault fault = fault_of_policy()) return failure(Errc::invalid, std::move(*fault));
    return std::move(policy_);
}

Fault PolicyReader::read_line(std::string_view line) {
    if (Fault fault = fault_of_bytes(line)) return fault;
    if (trim(line).empty()) {
        remark("blank", "blank lines are not part of the format");
        return std::nullopt;
    }
    const auto colon = line.find(':');
    if (colon == line.npos) return quote(line) + " has no \":\"; a line is \"name: value\"";
    const std::string_view name = line.substr(0, colon);
    if (name.empty()) return "there is no name before the \":\"";
    if (Fault fault = fault_of_name(name)) return fault;
    return read_field(name, trim(line.substr(colon + 1)));
}

Fault PolicyReader::read_field(std::string_view name, std::string_view value) {
    if (name == "version") return read_version(value);
    if (name == "mode") return read_mode(value);
    if (name == "max_age") return read_max_age(value);
    if (name == "mx") return read_mx(value);
    const bool known = std::ranges::find(known_names, lower_case(name)) != known_names.end();
    if (known && misspelt_.empty()) misspelt_ = name;
    return fault_of_extension(name, value);
}

// RFC 8461 section 3.2: of a field given twice, "all entries except for the first SHALL be ignored".
Fault PolicyReader::read_version(std::string_view value) {
    if (version_seen_) return std::nullopt;
    version_seen_ = true;
    if (value == "STSv1") return std::nullopt;
    return "version must be STSv1, not " + quote(value);
}

Fault PolicyReader::read_mode(std::string_view value) {
    if (mode_seen_) return std::nullopt;
    mode_seen_ = true;
    for (const Mode mode : {Mode::none, Mode::testing, Mode::enforce}) {
        if (value != to_string(mode)) continue;
        policy_.mode = mode;
        return std::nullopt;
    }
    return "mode must be enforce, testing or none, not " + quote(value);
}

Fault PolicyReader::read_max_age(std::string_view value) {
    if (max_age_seen_) return std::nullopt;
    max_age_seen_ = true;
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
    Result<MxPattern> pattern = MxPattern::from(value);
    if (!pattern) return "mx " + pattern.error().detail;
    if (value.ends_with('.')) remark("dot", "the dot at the end of mx " + quote(value) + " is left out");
    if (pattern->text().find('_') != std::string::npos) {
        remark("underscore", "mx " + quote(value) + " has an underscore, which host names do not have");
    }
    if (pattern->address()) {
        remark("address", "mx " + quote(value) + " is an address: no MX host passes by it");
    }
    if (mx_seen_.insert(pattern->text()).second) policy_.mx.push_back(std::move(*pattern));
    return std::nullopt;
}

Fault PolicyReader::fault_of_policy() {
    if (!version_seen_) return missing("version");
    if (!mode_seen_) return missing("mode");
    if (!max_age_seen_) return missing("max_age");
    if (policy_.mode == Mode::none) return std::nullopt;
    if (policy_.mx.empty()) {
        return missing("mx") + ", and mode " + std::string(to_string(policy_.mode)) + " needs one";
    }
    if (std::ranges::all_of(policy_.mx, &MxPattern::address)) {
        policy_.remarks.emplace_back("every mx is an address: no MX host passes by this policy");
    }
    return std::nullopt;
}

std::string PolicyReader::missing(std::string_view name) const {
    std::string text = "there is no \"" + std::string(name) + ":\" line";
    if (lower_case(misspelt_) == name) {
        text += " (" + quote(misspelt_) + " is not the same: names are lower case)";
    }
    return text;
}

// Once a kind: a file may repeat its mistake on thousands of lines.
void PolicyReader::remark(std::string_view kind, std::string_view what) {
    if (remarked_.insert(kind).second) policy_.remarks.push_back(in_line(number_, what));
}

}  // namespace

std::string_view to_string(Mode mode) {
    switch (mode) {
        case Mode::none:
            return "none";
        case Mode::testing:
            return "testing";
        case Mode::enforce:
            return "enforce";
    }
    return {};
}

Result<Policy> read_policy(std::string_view body) {
    return PolicyReader().read(body);
}

}  // namespace sternpost
