#include "sternpost/log/line.hpp"

namespace sternpost {

std::string_view to_string(LogLevel level) {
    switch (level) {
        case LogLevel::error:
            return "error";
        case LogLevel::warning:
            return "warning";
        case LogLevel::info:
            return "info";
        case LogLevel::debug:
            break;
    }
    return "debug";
}

std::string_view to_string(Topic topic) {
    switch (topic) {
        case Topic::daemon:
            return "daemon";
        case Topic::socketmap:
            return "socketmap";
        case Topic::policy:
            return "policy";
        case Topic::dane:
            return "dane";
        case Topic::dns:
            return "dns";
        case Topic::https:
            return "https";
        case Topic::tls:
            return "tls";
        case Topic::cache:
            return "cache";
        case Topic::fleet:
            return "fleet";
        case Topic::upkeep:
            return "upkeep";
        case Topic::admin:
            return "admin";
        case Topic::watch:
            break;
    }
    return "watch";
}

std::string text_of(const Line& line) {
    std::string text;
    if (line.subject.topic != Topic::daemon) {
        text += to_string(line.subject.topic);
        if (!line.subject.domain.empty()) text.append(" ").append(line.subject.domain);
        text += ": ";
    }
    return text.append(line.text);
}

}  // namespace sternpost
