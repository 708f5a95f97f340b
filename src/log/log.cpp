#include "sternpost/log/log.hpp"

#include <atomic>
#include <memory>
#include <mutex>

namespace sternpost {

namespace {

struct Log {
    std::mutex mutex;
    std::shared_ptr<const LineWriter> writer;
};

constexpr int nothing = -1;
std::atomic<int> least_heard{nothing};

Log& the_log() {
    static Log log;
    return log;
}

}  // namespace

void write_log_with(LogLevel least, LineWriter writer) {
    const int heard = writer ? static_cast<int>(least) : nothing;
    auto fresh = std::make_shared<const LineWriter>(std::move(writer));
    const std::lock_guard lock(the_log().mutex);
    the_log().writer.swap(fresh);
    least_heard.store(heard, std::memory_order_relaxed);
}

void hear(LogLevel least) {
    const std::lock_guard lock(the_log().mutex);
    const bool writes = the_log().writer && *the_log().writer;
    if (writes) least_heard.store(static_cast<int>(least), std::memory_order_relaxed);
}

bool is_heard(LogLevel level) {
    return static_cast<int>(level) <= least_heard.load(std::memory_order_relaxed);
}

void write_line(const Line& line) {
    if (!is_heard(line.level)) return;
    std::shared_ptr<const LineWriter> writer;
    {
        const std::lock_guard lock(the_log().mutex);
        writer = the_log().writer;
    }
    if (writer && *writer) (*writer)(line);
}

}  // namespace sternpost
