#include "duration.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

#include "field.hpp"

namespace sternpost {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
};

constexpr std::array units{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1000},
                           Unit{"ms", 1}};

tl::unexpected<Error> malformed(std::string_view text, std::string_view why) {
    return failure(Errc::invalid, in_quotes(text) + ' ' + std::string(why) +
                                      R"(; write a whole number and its unit, such as "500ms", "20s", "5m", )"
                                      R"("1h" or "30d")");
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty()) return malformed(text, "is empty");
    if (error == std::errc::result_out_of_range) return malformed(text, "is too long a time");
    if (error != std::errc{} || number < 0) return malformed(text, "is no duration");
    const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (rest.empty()) return malformed(text, "has no unit");
    for (const Unit& unit : units) {
        if (unit.name != rest) continue;
        if (number > std::numeric_limits<std::int64_t>::max() / unit.milliseconds)
            return malformed(text, "is too long a time");
        return std::chrono::milliseconds(number * unit.milliseconds);
    }
    return malformed(text, "is no duration");
}

std::string duration_text(std::chrono::milliseconds duration) {
    if (duration.count() == 0) return "0s";
    for (const Unit& unit : units) {
        if (duration.count() % unit.milliseconds == 0)
            return std::to_string(duration.count() / unit.milliseconds) + std::string(unit.name);
    }
    return std::to_string(duration.count()) + "ms";
}

}  // namespace sternpost
