#include "sternpost/explain/words.hpp"

#include <algorithm>

#include "sternpost/explain/explanation.hpp"

namespace sternpost {

using namespace std::chrono_literals;

std::string counted(std::size_t count, std::string_view thing) {
    return std::to_string(count) + " " + std::string(thing) + (count == 1 ? "" : "s");
}

std::string in_words(std::chrono::seconds time) {
    const auto in = [time](std::chrono::seconds unit) { return static_cast<std::size_t>(time / unit); };
    if (time >= 48h) return counted(in(24h), "day");
    if (time >= 2h) return counted(in(1h), "hour");
    if (time >= 2min) return counted(in(1min), "minute");
    return counted(static_cast<std::size_t>(std::max(time, 0s).count()), "second");
}

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::good:
            return "good";
        case Verdict::note:
            return "note";
        case Verdict::warning:
            return "warning";
        case Verdict::bad:
            return "bad";
        case Verdict::unknown:
            break;
    }
    return "unknown";
}

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::protects:
            return "protected";
        case Outcome::no_policy:
            return "no-policy";
        case Outcome::broken:
            return "broken";
        case Outcome::unknown:
            break;
    }
    return "unknown";
}

}  // namespace sternpost
