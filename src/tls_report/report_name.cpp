#include "report_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/policy/host_name.hpp"

namespace sternpost {

namespace {

constexpr std::int64_t max_seconds = 253'402'300'799;  // the end of the year 9999

std::optional<WallTime> read_seconds(std::string_view text) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size() || seconds < 0 || seconds > max_seconds)
        return std::nullopt;
    return WallTime(std::chrono::seconds(seconds));
}

std::vector<std::string_view> parts_of(std::string_view name) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto at = name.find('!');
        parts.push_back(name.substr(0, at));
        if (at == name.npos) return parts;
        name.remove_prefix(at + 1);
    }
}

}  // namespace

std::optional<ReportName> read_report_name(std::string_view file_name) {
    file_name = file_name.substr(file_name.rfind('/') + 1);
    const auto parts = parts_of(file_name);
    if (parts.size() < 4 || parts.size() > 5) return std::nullopt;
    const auto start = read_seconds(parts[2]);
    const auto end = read_seconds(parts[3].substr(0, parts[3].find('.')));
    const auto domain = normalise_host_name(parts[1]);
    if (!start || !end || !domain) return std::nullopt;
    return ReportName{printable(parts[0]), *domain, *start, *end};
}

bool is_named_like_a_report(std::string_view file_name) {
    const std::string lower = lower_case(file_name);
    return lower.ends_with(".json") || lower.ends_with(".json.gz");
}

}  // namespace sternpost
