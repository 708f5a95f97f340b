#include "date_time.hpp"

#include <algorithm>

#include "sternpost/base/ascii.hpp"
#include "sternpost/base/trimmed.hpp"
#include "sternpost/tls_report/date.hpp"

namespace sternpost {

namespace {

// Takes `digits` digits away.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits || !std::ranges::all_of(text.substr(0, digits), is_digit)) return std::nullopt;
    int number = 0;
    for (const char c : text.substr(0, digits)) number = number * 10 + (c - '0');
    text.remove_prefix(digits);
    return number;
}

bool take(std::string_view& text, char expected) {
    if (!text.starts_with(expected)) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
    const auto year = take_number(text, 4);
    if (!year || *year < 1970 || !take(text, '-')) return std::nullopt;
    const auto month = take_number(text, 2);
    if (!month || !take(text, '-')) return std::nullopt;
    const auto day = take_number(text, 2);
    if (!day) return std::nullopt;
    const auto date = std::chrono::year(*year) / *month / *day;
    return date.ok() ? std::optional(std::chrono::sys_days(date)) : std::nullopt;
}

std::optional<std::chrono::minutes> take_hour_and_minute(std::string_view& text, bool colon_needed) {
    const auto hour = take_number(text, 2);
    if (!hour || *hour > 23 || (!take(text, ':') && colon_needed)) return std::nullopt;
    const auto minute = take_number(text, 2);
    if (!minute || *minute > 59) return std::nullopt;
    return std::chrono::hours(*hour) + std::chrono::minutes(*minute);
}

// What is to be added to UTC; if nothing is left, it is UTC.
std::optional<std::chrono::minutes> take_zone(std::string_view& text) {
    if (text.empty() || take(text, 'Z') || take(text, 'z')) return std::chrono::minutes(0);
    const bool west = take(text, '-');
    if (!west && !take(text, '+')) return std::nullopt;
    const auto offset = take_hour_and_minute(text, false);
    if (!offset) return std::nullopt;
    return west ? -*offset : *offset;
}

}  // namespace

std::optional<WallTime> read_date_time(std::string_view text) {
    text = trimmed(text);
    const auto date = take_date(text);
    if (!date || text.empty()) return date ? std::optional<WallTime>(*date) : std::nullopt;
    if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
    const auto time = take_hour_and_minute(text, true);
    if (!time || !take(text, ':')) return std::nullopt;
    const auto second = take_number(text, 2);
    if (!second || *second > 60) return std::nullopt;
    if (take(text, '.'))
        text.remove_prefix(static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin()));
    const auto zone = take_zone(text);
    if (!zone || !text.empty()) return std::nullopt;
    return *date + *time + std::chrono::seconds(*second) - *zone;
}

std::optional<std::chrono::sys_days> read_date(std::string_view text) {
    const auto date = take_date(text);
    return text.empty() ? date : std::nullopt;
}

std::string to_date(std::chrono::sys_days day) {
    constexpr std::size_t length = std::string_view("2026-11-26").size();
    return to_iso8601(day).substr(0, length);
}

}  // namespace sternpost
