// The log of whatever runs while it lives, as people would read it: "warning: policy good.test: …".
#pragma once

#include <mutex>
#include <string>

#include "sternpost/log/log.hpp"

namespace sternpost::test {

class CapturedLog {
public:
    explicit CapturedLog(LogLevel least = LogLevel::debug) {
        write_log_with(least, [this](const Line& line) {
            const std::lock_guard lock(mutex_);
            text_.append(to_string(line.level)).append(": ").append(text_of(line)).append("\n");
        });
    }
    ~CapturedLog() { write_log_with(LogLevel::error, {}); }
    CapturedLog(const CapturedLog&) = delete;
    CapturedLog& operator=(const CapturedLog&) = delete;

    std::string text() const {
        const std::lock_guard lock(mutex_);
        return text_;
    }
    bool has(std::string_view part) const { return text().find(part) != std::string::npos; }
    std::size_t count(std::string_view part) const {
        const std::string all = text();
        std::size_t found = 0;
        for (auto at = all.find(part); at != std::string::npos; at = all.find(part, at + 1)) ++found;
        return found;
    }

private:
    mutable std::mutex mutex_;
    std::string text_;
};

}  // namespace sternpost::test
