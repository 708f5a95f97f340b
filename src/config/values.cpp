#include "values.hpp"

#include "duration.hpp"

namespace sternpost {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::optional<milliseconds> read_duration(const TomlField& field, milliseconds least, milliseconds most) {
    const std::string limits = duration_text(least) + " to " + duration_text(most);
    if (const auto number = field.node().value_exact<std::int64_t>()) {
        const std::string digits = std::to_string(*number);
        return field.wrong(digits + " has no unit; write it in quotes with ms, s, m, h or d, such as \"" +
                           digits + "s\"");
    }
    const auto text = field.text("20s");
    if (!text) return std::nullopt;
    const auto duration = parse_duration(*text);
    if (!duration) return field.wrong(duration.error().detail);
    if (*duration < least || *duration > most)
        return field.wrong(in_quotes(*text) + " is out of range; write a duration from " + limits);
    return *duration;
}

}  // namespace

Reader<bool> a_boolean() {
    return [](const TomlField& field) -> std::optional<bool> {
        const auto value = field.node().value_exact<bool>();
        if (!value) return field.wrong_kind("true or false, without quotes");
        return value;
    };
}

Reader<std::size_t> a_number(std::int64_t least, std::int64_t most) {
    return [least, most](const TomlField& field) -> std::optional<std::size_t> {
        const std::string limits = std::to_string(least) + " to " + std::to_string(most);
        const auto value = field.node().value_exact<std::int64_t>();
        if (!value) return field.wrong_kind("a whole number without quotes, from " + limits);
        if (*value < least || *value > most)
            return field.wrong(std::to_string(*value) + " is out of range; write a number from " + limits);
        return static_cast<std::size_t>(*value);
    };
}

Reader<milliseconds> a_duration(milliseconds least, milliseconds most) {
    return [least, most](const TomlField& field) { return read_duration(field, least, most); };
}

Reader<seconds> whole_seconds(seconds least, seconds most) {
    return [least, most](const TomlField& field) -> std::optional<seconds> {
        const auto duration = read_duration(field, least, most);
        if (!duration) return std::nullopt;
        const auto whole = std::chrono::floor<seconds>(*duration);
        if (whole == *duration) return whole;
        return field.wrong(in_quotes(duration_text(*duration)) + " is no whole number of seconds; write " +
                           in_quotes(duration_text(whole)) + " or " +
                           in_quotes(duration_text(whole + seconds(1))));
    };
}

Reader<std::chrono::sys_days> a_date() {
    return [](const TomlField& field) -> std::optional<std::chrono::sys_days> {
        const auto value = field.node().value_exact<toml::date>();
        if (!value) return field.wrong_kind("a date without quotes and without a time, such as 2027-01-31");
        const std::chrono::year_month_day date(
            std::chrono::year(value->year), std::chrono::month(value->month), std::chrono::day(value->day));
        return std::chrono::sys_days(date);
    };
}

std::nullopt_t wrong_word(const TomlField& field, std::string_view word,
                          const std::vector<std::string_view>& words) {
    std::string all;
    for (const std::string_view choice : words) all += (all.empty() ? "" : ", ") + in_quotes(choice);
    const std::string_view near = nearest(word, words);
    return field.wrong(in_quotes(word) + " is unknown here; write one of " + all +
                       (near.empty() ? "" : " (did you mean " + in_quotes(near) + "?)"));
}

}  // namespace sternpost
