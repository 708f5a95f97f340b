#include "logging.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

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

// Null: lines are written by whoever says them.
std::shared_ptr<spdlog::details::thread_pool> writing_thread;

// What says so is a line of its own, once there is room again.
class LostLines {
public:
    // How many have been lost since this was last told.
    std::size_t to_tell() {
        if (pool_->queue_size() > max_waiting_log_lines / 2) return 0;
        const std::size_t lost = pool_->overrun_counter();
        std::size_t told = told_;
        return lost > told && told_.compare_exchange_strong(told, lost) ? lost - told : 0;
    }

private:
    std::shared_ptr<spdlog::details::thread_pool> pool_ = writing_thread;
    std::atomic<std::size_t> told_ = pool_->overrun_counter();
};

spdlog::sink_ptr sink_of(const std::string& target) try {
    if (target == "stderr" || target == "journal") return std::make_shared<spdlog::sinks::stderr_sink_mt>();
    if (target == "syslog")
        return std::make_shared<spdlog::sinks::syslog_sink_mt>("sternpostd", LOG_PID, LOG_MAIL, false);
    if (std::filesystem::is_fifo(target)) throw spdlog::spdlog_ex(target + " is a pipe, not a file");
    // spdlog would make it.
    const std::string directory = std::filesystem::path(target).parent_path();
    if (::access(directory.c_str(), F_OK) != 0) throw spdlog::spdlog_ex(target, errno);
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(target);
} catch (const spdlog::spdlog_ex& error) {
    throw std::runtime_error(std::string("the log cannot be opened: ") + error.what() +
                             "; the user that sternpostd runs as must be able to write it, see [log] target");
}

// What a configuration leads to.
struct Output {
    spdlog::sink_ptr sink;
    Frame frame;
    LogFormat format;
};

Output output_of(const LogConfig& config) {
    const bool journal = config.target == "journal" || (config.target == "stderr" && stderr_is_the_journal());
    const Frame frame = journal ? Frame::journal : config.target == "syslog" ? Frame::syslog : Frame::text;
    return {sink_of(config.target), frame, config.format};
}

void write(spdlog::logger& logger, const Output& output, const Line& line) {
    logger.log(level_of(line.level), rendered(line, output.frame, output.format));
}

void take_all(spdlog::logger& logger) {
    logger.set_pattern("%v");
    logger.set_level(spdlog::level::trace);
    logger.flush_on(spdlog::level::trace);
}

LineWriter writer_at_once(const Output& output) {
    const auto logger = std::make_shared<spdlog::logger>("sternpostd", output.sink);
    take_all(*logger);
    return [logger, output](const Line& line) { write(*logger, output, line); };
}

LineWriter writer_behind(const Output& output) {
    const auto logger = std::make_shared<spdlog::async_logger>("sternpostd", output.sink, writing_thread,
                                                               spdlog::async_overflow_policy::overrun_oldest);
    take_all(*logger);
    return [logger, output, lost = std::make_shared<LostLines>()](const Line& line) {
        if (const std::size_t count = lost->to_tell(); count > 0) {
            const std::string text = fmt::format("{} lines of the log are lost: it was not taken", count);
            write(*logger, output, {LogLevel::error, Topic::daemon, text, count, {}});
        }
        write(*logger, output, line);
    };
}

LineWriter writer_to(const Output& output) {
    if (writing_thread) return writer_behind(output);
    return writer_at_once(output);
}

// What set_up_logging() has opened.
Output at_start;

}  // namespace

LineWriter log_writer(const LogConfig& config) {
    return writer_to(output_of(config));
}

void set_up_logging(const LogConfig& config) {
    at_start = output_of(config);
    write_log_with(config.level, writer_to(at_start));
}

void write_log_behind(LogLevel least) {
    const auto leave_signals_to_others = [] {
        sigset_t all;
        sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    };
    writing_thread =
        std::make_shared<spdlog::details::thread_pool>(max_waiting_log_lines, 1, leave_signals_to_others);
    write_log_with(least, writer_to(at_start));
}

bool finish_logging() {
    write_log_with(LogLevel::error, {});
    if (!writing_thread) return true;
    const auto written = std::make_shared<std::promise<void>>();
    const auto all_written = written->get_future();
    std::thread([written, last = std::move(writing_thread)]() mutable {
        last.reset();  // which writes what waits
        written->set_value();
    }).detach();
    return all_written.wait_for(longest_last_write) == std::future_status::ready;
}

}  // namespace sternpost
