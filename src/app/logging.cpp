#include "logging.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

#include "sternpost/base/printable.hpp"
#include "sternpost/base/time.hpp"
#include "sternpost/log/log.hpp"

namespace sternpost {

namespace {

enum class Frame { text, journal, syslog };

// sd-daemon(3): the journal takes a line's priority from its head.
int priority(LogLevel level) {
    switch (level) {
        case LogLevel::error:
            return LOG_ERR;
        case LogLevel::warning:
            return LOG_WARNING;
        case LogLevel::info:
            return LOG_INFO;
        case LogLevel::debug:
            break;
    }
    return LOG_DEBUG;
}

// systemd.exec(5): device and inode of the journal's socket.
bool stderr_is_the_journal() {
    const char* named = std::getenv("JOURNAL_STREAM");
    struct stat found {};
    return named != nullptr && ::fstat(STDERR_FILENO, &found) == 0 &&
           fmt::format("{}:{}", found.st_dev, found.st_ino) == named;
}

std::string json_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : printable(text, max_log_line_bytes)) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out += '"';
}

std::string json_of(const Line& line, WallTime now) {
    std::string out = fmt::format(R"({{"time":"{}","level":"{}","topic":"{}")", to_iso8601(now),
                                  to_string(line.level), to_string(line.subject.topic));
    if (!line.subject.domain.empty()) out += R"(,"domain":)" + json_string(line.subject.domain);
    out += R"(,"message":)" + json_string(line.text);
    out += fmt::format(R"(,"count":{})", line.count);
    if (line.since) out += fmt::format(R"(,"since":"{}")", to_iso8601(*line.since));
    return out += "}";
}

std::string rendered(const Line& line, Frame frame, LogFormat format) {
    const WallTime now = SystemClock().wall();
    std::string out = format == LogFormat::json ? json_of(line, now)
                      : frame == Frame::text
                          ? fmt::format("{} {}: {}", to_iso8601(now), to_string(line.level),
                                        printable(text_of(line), max_log_line_bytes))
                          : printable(text_of(line), max_log_line_bytes);
    return frame == Frame::journal ? fmt::format("<{}>{}", priority(line.level), out) : out;
}

spdlog::level::level_enum level_of(LogLevel level) {
    switch (level) {
        case LogLevel::error:
            return spdlog::level::err;
        case LogLevel::warning:
            return spdlog::level::warn;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::debug:
            return spdlog::level::debug;
    }
    return spdlog::level::info;
}

spdlog::sink_ptr sink_of(const std::string& target) try {
    if (target == "stderr" || target == "journal") return std::make_shared<spdlog::sinks::stderr_sink_mt>();
    if (target == "syslog")
        return std::make_shared<spdlog::sinks::syslog_sink_mt>("sternpostd", LOG_PID, LOG_MAIL, false);
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(target);
} catch (const spdlog::spdlog_ex& error) {
    throw std::runtime_error(std::string("the log cannot be opened: ") + error.what() +
                             "; the user that sternpostd runs as must be able to write it, see [log] target");
}

}  // namespace

LineWriter log_writer(const LogConfig& config) {
    const bool journal = config.target == "journal" || (config.target == "stderr" && stderr_is_the_journal());
    const Frame frame = journal ? Frame::journal : config.target == "syslog" ? Frame::syslog : Frame::text;
    auto logger = std::make_shared<spdlog::logger>("sternpostd", sink_of(config.target));
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::trace);
    return [logger, frame, format = config.format](const Line& line) {
        logger->log(level_of(line.level), rendered(line, frame, format));
    };
}

void set_up_logging(const LogConfig& config) {
    write_log_with(config.level, log_writer(config));
}

}  // namespace sternpost
