// Where log lines go, and what they look like.
//
// Only printable ASCII gets through: nothing that a remote host says can forge a line or move a terminal's cursor.
// As text, a line is "TIME LEVEL: TOPIC DOMAIN: …"; journal and syslog have the time and the level beside it. As JSON
// it is one object with the keys time, level, topic, domain (if it is about one), message, count, and since (if it
// stands for several failures, or for their end); sternpostd(8) documents them, and they do not change.
// If standard error is the journal, it gets the journal's form.
// Threads: set_up_logging() on the main thread; logging itself on any.
#pragma once

#include <cstddef>

#include "sternpost/config/config.hpp"
#include "sternpost/log/log.hpp"

namespace sternpost {

inline constexpr std::size_t max_log_line_bytes = 4096;

// Makes `config` the program's log from now on; also at a reload, which opens a file again.
// Throws std::runtime_error when a file cannot be opened.
void set_up_logging(const LogConfig& config);
// The writer that does so once it is given to write_log_with(). Throws as above.
LineWriter log_writer(const LogConfig& config);

}  // namespace sternpost
