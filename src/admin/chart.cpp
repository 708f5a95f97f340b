#include "chart.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "html.hpp"

namespace sternpost {

namespace {

// Room for the labels at the left and below, in the units of the picture.
constexpr double left = 104, bottom = 26, top = 12;
constexpr double width = 640, height = 220;
constexpr double slots = max_minutes + 1;
constexpr double slot = (width - left) / slots;
constexpr double gap = 1.5;
constexpr double floor_at = height - bottom;

std::string number(double value) {
    const long tenths = std::lround(value * 10);
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::string attribute(std::string_view name, double value) {
    return " " + std::string(name) + "=\"" + number(value) + "\"";
}

std::string rect(std::string_view look, double x, double y, double high) {
    return "<rect class=\"" + std::string(look) + "\"" + attribute("x", x) + attribute("y", y) +
           attribute("width", slot - gap) + attribute("height", high) + "/>";
}

std::string label(std::string_view look, double x, double y, std::string_view words) {
    return "<text class=\"" + std::string(look) + "\"" + attribute("x", x) + attribute("y", y) + ">" +
           std::string(words) + "</text>";
}

// A line across, with what it stands for.
std::string level(double y, std::string_view words) {
    return "<line class=\"grid\"" + attribute("x1", left) + attribute("x2", width) + attribute("y1", y) +
           attribute("y2", y) + "/>" + label("at-left", left - 8, y + 5, words);
}

double x_of(std::size_t minutes_ago) {
    return width - slot * (static_cast<double>(minutes_ago) + 1) + gap / 2;
}

std::string picture(std::string_view what, const std::string& content) {
    std::string svg = "<svg viewBox=\"0 0 640 220\" role=\"img\" aria-label=\"" + std::string(what) + "\">";
    svg += content;
    for (const std::size_t ago : {60U, 45U, 30U, 15U})
        svg += label("below", x_of(ago) + slot / 2, height - 6, "-" + std::to_string(ago) + "&#160;min");
    return svg + label("below last", width, height - 6, "now") + "</svg>\n";
}

std::string minute(std::size_t ago, const std::string& words, const std::string& shapes) {
    const std::string when = ago == 0 ? "this minute" : std::to_string(ago) + " min ago";
    return "<g><title>" + when + ": " + words + "</title>" + shapes + "</g>";
}

std::array<std::uint64_t, pictured_kinds.size()> pictured(const AnswerCounts& counts) {
    std::array<std::uint64_t, pictured_kinds.size()> of{};
    for (std::size_t i = 0; i < counts.by_kind.size(); ++i)
        of.at(std::min(i, of.size() - 1)) += counts.by_kind.at(i);
    return of;
}

// The first of 1, 2, 5, 10, 20, … that is not exceeded.
std::uint64_t round_up(std::uint64_t most) {
    for (std::uint64_t power = 1;; power *= 10)
        for (const std::uint64_t step : {1U, 2U, 5U})
            if (step * power >= most || power > most) return step * power;
}

std::string bars_of(const AnswerCounts& counts, std::size_t ago, double scale) {
    const auto by_kind = pictured(counts);
    std::string shapes, words;
    double y = floor_at;
    for (std::size_t i = 0; i < by_kind.size(); ++i) {
        if (by_kind.at(i) == 0) continue;
        const double high = static_cast<double>(by_kind.at(i)) * scale;
        y -= high;
        shapes += rect(pictured_kinds.at(i), x_of(ago), y, high);
        words += (words.empty() ? "" : ", ") + html(by_kind.at(i)) + " " + std::string(pictured_kinds.at(i));
    }
    return words.empty() ? "" : minute(ago, words, shapes);
}

std::string range_of(const AnswerCounts& counts, std::size_t ago, double step) {
    const std::size_t half = counts.time_class(0.5), nearly_all = counts.time_class(0.99);
    if (half == counts.by_time.size()) return "";
    const double high = floor_at - step * (static_cast<double>(nearly_all) + 1);
    const double low = floor_at - step * static_cast<double>(half);
    const std::string shapes =
        rect("range", x_of(ago), high, low - high) + rect("half", x_of(ago), low - step, step);
    return minute(ago,
                  "half " + words_for_time_class(half) + ", 99 of 100 " + words_for_time_class(nearly_all),
                  shapes);
}

}  // namespace

std::string words_for_time_class(std::size_t time_class) {
    const bool beyond = time_class >= answer_time_classes.size();
    const auto end = answer_time_classes.at(std::min(time_class, answer_time_classes.size() - 1));
    const auto whole = [&](std::int64_t unit) { return std::to_string(end.count() / unit); };
    return (beyond ? "&gt;&#160;" : "&#8804;&#160;") +
           (end >= std::chrono::seconds(1)        ? whole(1'000'000) + "&#160;s"
            : end >= std::chrono::milliseconds(1) ? whole(1'000) + "&#160;ms"
                                                  : whole(1) + "&#160;&#181;s");
}

std::string answers_chart(const std::vector<AnswerCounts>& minutes) {
    std::uint64_t most = 1;
    for (const AnswerCounts& counts : minutes) most = std::max(most, counts.all());
    const std::uint64_t end = round_up(most);
    const double scale = (floor_at - top) / static_cast<double>(end);
    std::string content = level(top, html(end)) + level(floor_at, "0");
    if (end % 2 == 0) content += level((floor_at + top) / 2, html(end / 2));
    for (std::size_t i = 0; i < minutes.size(); ++i)
        content += bars_of(minutes[i], minutes.size() - 1 - i, scale);
    return picture("Answers a minute over the last hour, by kind", content);
}

std::string times_chart(const std::vector<AnswerCounts>& minutes) {
    constexpr std::size_t classes = answer_time_classes.size() + 1;
    const double step = (floor_at - top) / static_cast<double>(classes);
    std::string content;
    for (const std::size_t shown : {0U, 2U, 4U, 6U, 8U, 10U})
        content += level(floor_at - step * (static_cast<double>(shown) + 1), words_for_time_class(shown));
    for (std::size_t i = 0; i < minutes.size(); ++i)
        content += range_of(minutes[i], minutes.size() - 1 - i, step);
    return picture("Time to answer over the last hour: half, and 99 of 100 answers", content);
}

}  // namespace sternpost
