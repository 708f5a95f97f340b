// The way into the log, for all rooms.
//
// Where lines go, and in which form, is `app`'s business: it hands in a writer. Before that, and in programs that have
// none, nothing is written.
// Threads: any. A writer may be called by several threads at once.
// Errors:  none; what the writer throws is its own affair, and must not escape it.
#pragma once

#include <fmt/core.h>

#include <functional>
#include <string>
#include <utility>

#include "sternpost/log/line.hpp"

namespace sternpost {

using LineWriter = std::function<void(const Line&)>;

// From now on `writer` gets the lines that are as loud as `least` or louder; an empty one ends that.
void write_log_with(LogLevel least, LineWriter writer);
// The same with the writer that there is.
void hear(LogLevel least);
// Whether a line of that level would be written.
bool is_heard(LogLevel level);
void write_line(const Line& line);

// say(LogLevel::info, {Topic::policy, domain}, "id={}", id); a line that is not heard costs no formatting.
template <class... Args>
void say(LogLevel level, const Subject& subject, fmt::format_string<Args...> words, Args&&... args) {
    if (!is_heard(level)) return;
    const std::string text = fmt::format(words, std::forward<Args>(args)...);
    write_line(Line{level, subject, text, 1, {}});
}

}  // namespace sternpost
