// Where log lines go, and what they look like.
//
// Only printable ASCII gets through: nothing that a remote host says can forge a line or move a terminal's cursor.
// As text, a line is "TIME LEVEL: TOPIC DOMAIN: …"; journal and syslog have the time and the level beside it. As JSON
// it is one object with the keys time, level, topic, domain (if it is about one), message, count, and since (if it
// stands for several failures, or for their end); sternpostd(8) documents them, and they do not change.
// If standard error is the journal, it gets the journal's form.
// Threads: these functions on the main thread; logging itself on any. After write_log_behind(), none of them waits for
//          the log.
#pragma once

#include <chrono>
#include <cstddef>

#include "sternpost/config/config.hpp"
#include "sternpost/log/log.hpp"

namespace sternpost {

inline constexpr std::size_t max_log_line_bytes = 4096;

// More are lost, the oldest first, while the log is not taken; that is told by a line when it is.
inline constexpr std::size_t max_waiting_log_lines = 2048;
// What still waits at the end is given up after this time.
inline constexpr std::chrono::milliseconds longest_last_write{500};

// Makes `config` the program's log from now on. Throws std::runtime_error when a file cannot be opened.
void set_up_logging(const LogConfig& config);
// The writer that does so once it is given to write_log_with(), as at a reload, which opens a file again. Throws as
// above.
LineWriter log_writer(const LogConfig& config);
// From now on a thread of its own writes. To be called once the daemon is who it is to be: a thread keeps its rights.
void write_log_behind(LogLevel least);
// Ends logging. False: not all is written, and what still tries to must not be waited for.
bool finish_logging();

}  // namespace sternpost
