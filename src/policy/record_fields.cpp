#include "record_fields.hpp"

#include <algorithm>

#include "sternpost/base/ascii.hpp"

namespace sternpost {

namespace {

void skip_white_space(std::string_view& text) {
    text.remove_prefix(
        static_cast<std::size_t>(std::ranges::find_if_not(text, is_white_space) - text.begin()));
}

}  // namespace

// sts-field-delim = *WSP ";" *WSP
bool take_delimiter(std::string_view& text) {
    std::string_view rest = text;
    skip_white_space(rest);
    if (!rest.starts_with(';')) return false;
    rest.remove_prefix(1);
    skip_white_space(rest);
    text = rest;
    return true;
}

bool valid_field_name(std::string_view name) {
    if (name.empty() || name.size() > max_field_name_length) return false;
    if (!is_letter_or_digit(name.front())) return false;
    return std::ranges::all_of(
        name, [](char c) { return is_letter_or_digit(c) || c == '_' || c == '-' || c == '.'; });
}

bool valid_field_value(std::string_view value) {
    return !value.empty() &&
           std::ranges::all_of(value, [](char c) { return c > 0x20 && c < 0x7f && c != '='; });
}

}  // namespace sternpost
