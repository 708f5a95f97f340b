#include "sternpost/policy/host_name.hpp"

#include <idn2.h>

#include <algorithm>
#include <array>
#include <memory>

#include "sternpost/base/ascii.hpp"

namespace sternpost {

namespace {

using namespace std::string_view_literals;

// UTF-8 has at most four bytes for each byte of the ASCII form, except for characters that vanish in the
// mapping.
constexpr std::size_t max_unicode_bytes = 4 * max_name_length;

constexpr auto allowed_in_label = [] {
    std::array<bool, 256> allowed{};
    for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyz0123456789-_"))
        allowed[static_cast<unsigned char>(c)] = true;
    return allowed;
}();

// For a label whose characters are all allowed.
bool valid_label(std::string_view label) {
    return !label.empty() && label.size() <= max_label_length && label.front() != '-' && label.back() != '-';
}

bool is_hex_digit(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

std::optional<std::string> to_lower_case(std::string_view name) {
    if (name.size() > max_name_length + 1) return std::nullopt;
    return lower_case(name);
}

// Those that transitional processing maps to others (UTS #46 section 2.3): sharp s, final sigma, ZWNJ, ZWJ.
constexpr std::array deviations{"\xc3\x9f"sv, "\xcf\x82"sv, "\xe2\x80\x8c"sv, "\xe2\x80\x8d"sv};

bool has_deviation(std::string_view name) {
    return std::ranges::any_of(deviations,
                               [name](std::string_view one) { return name.find(one) != name.npos; });
}

std::optional<std::string> to_ascii(const std::string& name, int processing) {
    struct Free {
        void operator()(char* text) const { idn2_free(text); }
    };
    char* converted = nullptr;
    const int status = idn2_to_ascii_8z(name.c_str(), &converted, processing | IDN2_NFC_INPUT);
    const std::unique_ptr<char, Free> owner(converted);
    if (status != IDN2_OK) return std::nullopt;
    return std::string(converted);
}

// Transitional processing would send straße.example to strasse.example, another domain. Postfix does not use
// it either.
std::optional<std::string> to_a_labels(std::string_view name) {
    if (name.size() > max_unicode_bytes || name.find('\0') != std::string_view::npos) return std::nullopt;
    const std::string text(name);
    if (auto converted = to_ascii(text, IDN2_NONTRANSITIONAL)) return converted;
    // IDNA2008 has no symbols, but there are domains like i❤.ws, and Postfix, which follows only UTS #46, delivers
    // to them. libidn2 reads them only with transitional processing, to the same A-labels.
    return has_deviation(text) ? std::nullopt : to_ascii(text, IDN2_TRANSITIONAL);
}

}  // namespace

bool valid_domain(std::string_view name) {
    if (name.size() > max_name_length) return false;
    std::size_t label = 0;  // where it begins
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (allowed_in_label[static_cast<unsigned char>(name[i])]) continue;
        if (name[i] != '.' || !valid_label(name.substr(label, i - label))) return false;
        label = i + 1;
    }
    return valid_label(name.substr(label));
}

bool looks_like_ipv4(std::string_view name) {
    const std::string_view last = name.substr(name.rfind('.') + 1);
    if (last.starts_with("0x")) return std::ranges::all_of(last.substr(2), is_hex_digit);
    return !last.empty() && std::ranges::all_of(last, is_digit);
}

bool valid_host_name(std::string_view name) {
    return valid_domain(name) && !looks_like_ipv4(name);
}

// Without a trailing dot, in place. False: it is not a host name.
static bool make_host_name(std::string& name) {
    if (name.ends_with('.')) name.pop_back();
    return valid_host_name(name);
}

std::optional<std::string> normalise_host_name(std::string_view name) {
    std::optional<std::string> normal = to_lower_case(name);
    if (normal && make_host_name(*normal)) return normal;
    normal.reset();
    if (!std::ranges::all_of(name, is_ascii)) normal = to_a_labels(name);
    if (normal && !make_host_name(*normal)) normal.reset();
    return normal;
}

}  // namespace sternpost
