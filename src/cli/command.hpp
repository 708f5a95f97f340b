// What the commands of `sternpost` have in common: each has a file of its own, with an add_…() that makes it known to the
// command line and runs it when it is the one chosen.
//
// Threads: one.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "sternpost/base/result.hpp"
#include "sternpost/config/config.hpp"

namespace sternpost {

inline constexpr int exit_good = 0;
inline constexpr int exit_usage = 64;
inline constexpr int exit_temporary = 75;
inline constexpr int exit_config = 78;

// Outlives the commands that are added with it.
struct CommandLine {
    std::string config_file;  // empty: the usual one, which need not be there
    int status = exit_good;   // what the command that was chosen has come to
};

// The daemon's configuration. When it has mistakes they are told, `line.status` is set, and there is none.
std::optional<Config> config_for(CommandLine& line);

// `sternpost: WHAT` on standard error, printable.
void complain(std::string_view what);

void add_explain(CLI::App& program, CommandLine& line);
void add_lint(CLI::App& program, CommandLine& line);
void add_query(CLI::App& program, CommandLine& line);
void add_doctor(CLI::App& program, CommandLine& line);
void add_cache(CLI::App& program, CommandLine& line);

}  // namespace sternpost
