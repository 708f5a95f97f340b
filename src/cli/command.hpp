// What the commands of `sternpost` have in common: each has a file of its own, with an add_…() that makes it known to the
// command line and runs it when it is the one chosen.
//
// Threads: one.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>

#include "sternpost/base/result.hpp"
#include "sternpost/config/config.hpp"
#include "sternpost/migration/other_resolver.hpp"

namespace sternpost {

inline constexpr int exit_good = 0;
inline constexpr int exit_usage = 64;
inline constexpr int exit_no_input = 66;
inline constexpr int exit_surprise = 70;
inline constexpr int exit_output = 74;
inline constexpr int exit_temporary = 75;
inline constexpr int exit_config = 78;

// Outlives the commands that are added with it.
struct CommandLine {
    std::string config_file;  // empty: the usual one, which need not be there
    int status = exit_good;   // the exit status of the command that was chosen
};

// The daemon's configuration. If it has mistakes they are printed, `line.status` is set, and there is none.
std::optional<Config> config_for(CommandLine& line);

// `sternpost: WHAT` on standard error, printable.
void complain(std::string_view what);

// Reads only enough of the file to tell that it is longer than `most`. "-" is standard input.
Result<std::string> read_file(const std::string& name, std::size_t most);

// Calls `take` for each line, numbered from 1; of a line longer than `most` it gets only enough to tell. A failure of
// `take` ends the reading. If the file breaks off, the lines before that were taken. "-" is standard input.
using TakeLine = std::function<Result<void>(std::size_t number, const std::string& line)>;
Result<void> for_each_line(const std::string& name, std::size_t most, const TakeLine& take);

// --from KIND, another resolver; `kind` is one of other_resolver_names then.
CLI::Option* add_from(CLI::App& command, std::string& kind);
OtherResolver other_resolver_of(std::string_view kind);

void add_explain(CLI::App& program, CommandLine& line);
void add_lint(CLI::App& program, CommandLine& line);
void add_query(CLI::App& program, CommandLine& line);
void add_doctor(CLI::App& program, CommandLine& line);
void add_cache(CLI::App& program, CommandLine& line);
void add_import(CLI::App& to, CommandLine& line);  // of `cache`, too
void add_migrate(CLI::App& program, CommandLine& line);
void add_report(CLI::App& program, CommandLine& line);
void add_publish(CLI::App& program, CommandLine& line);
void add_watch(CLI::App& program, CommandLine& line);

}  // namespace sternpost
