#include "logging.hpp"

#include <spdlog/formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>
#include <syslog.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "sternpost/base/printable.hpp"
#include "sternpost/base/time.hpp"

namespace sternpost {

namespace {

enum class Frame { text, journal, syslog };

// sd-daemon(3): the journal takes a line's priority from its head.
int priority(spdlog::level::level_enum level) {
    switch (level) {
        case spdlog::level::err:
        case spdlog::level::critical:
            return LOG_ERR;
        case spdlog::level::warn:
            return LOG_WARNING;
        case spdlog::level::info:
            return LOG_INFO;
        default:
            return LOG_DEBUG;
    }
}

std::string json_string(const std::string& printable_text) {
    std::string out = "\"";
    for (const char c : printable_text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out += '"';
}

class LineFormatter final : public spdlog::formatter {
public:
    LineFormatter(Frame frame, LogFormat format) : frame_(frame), format_(format) {}

    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        const std::string text =
            printable({message.payload.data(), message.payload.size()}, max_log_line_bytes);
        const std::string time = to_iso8601(std::chrono::floor<std::chrono::seconds>(message.time));
        const auto level_view = spdlog::level::to_string_view(message.level);
        const std::string level(level_view.data(), level_view.size());
        std::string line;
        if (frame_ == Frame::journal)
            line.append("<").append(std::to_string(priority(message.level))).append(">");
        if (format_ == LogFormat::json)
            line += R"({"time":")" + time + R"(","level":")" + level + R"(","message":)" + json_string(text) +
                    "}";
        else
            line += (frame_ == Frame::text ? time + " " + level + ": " : "") + text;
        if (frame_ != Frame::syslog) line += "\n";
        out.append(line.data(), line.data() + line.size());
    }

    std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<LineFormatter>(*this);
    }

private:
    Frame frame_;
    LogFormat format_;
};

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
        return std::make_shared<spdlog::sinks::syslog_sink_mt>("sternpostd", LOG_PID, LOG_MAIL, true);
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(target);
} catch (const spdlog::spdlog_ex& error) {
    throw std::runtime_error(std::string("the log cannot be opened: ") + error.what() +
                             "; the user that sternpostd runs as must be able to write it, see [log] target");
}

}  // namespace

void set_up_logging(const LogConfig& config) {
    const Frame frame = config.target == "journal"  ? Frame::journal
                        : config.target == "syslog" ? Frame::syslog
                                                    : Frame::text;
    auto logger = std::make_shared<spdlog::logger>("sternpostd", sink_of(config.target));
    logger->set_formatter(std::make_unique<LineFormatter>(frame, config.format));
    logger->set_level(level_of(config.level));
    logger->flush_on(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace sternpost
