#include "sternpost/cli/run_command.hpp"

#include <CLI/CLI.hpp>
#include <string>

#include "command.hpp"

namespace sternpost {

int run_command(int argc, char** argv) {
    CommandLine line;
    CLI::App program("The operator's command for sternpostd, the MTA-STS policy resolver for Postfix.",
                     "sternpost");
    program.add_option("-c,--config", line.config_file, "The configuration file of sternpostd")
        ->type_name("FILE")
        ->default_str(STERNPOST_CONFIG_FILE);
    program.set_version_flag("--version", std::string("sternpost ") + STERNPOST_VERSION);
    program.require_subcommand(1);
    add_query(program, line);
    add_explain(program, line);
    add_lint(program, line);
    add_report(program, line);
    add_cache(program, line);
    add_doctor(program, line);
    add_import(program, line);
    add_migrate(program, line);
    add_publish(program, line);
    add_watch(program, line);
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? exit_good : exit_usage;
    }
    return line.status;
}

}  // namespace sternpost
