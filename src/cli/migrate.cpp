#include <CLI/Option.hpp>
#include <boost/asio/io_context.hpp>
#include <iostream>
#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include "command.hpp"
#include "run_to_end.hpp"
#include "sternpost/migration/configuration.hpp"
#include "sternpost/postfix/postconf.hpp"

namespace asio = boost::asio;

namespace sternpost {

namespace {

struct Arguments {
    std::string from;
    std::string file;  // empty: the usual one
};

// What it says in two lines; nothing if there is no Postfix.
MainCf ask_main_cf() {
    asio::io_context io(1);
    std::vector<std::string> words{"-xh", "smtp_tls_security_level", "smtp_dns_support_level"};
    const auto said = run_to_end(io, run_postconf(std::move(words), PostconfOptions()));
    MainCf main_cf;
    if (!said) return main_cf;
    std::istringstream lines(*said);
    std::getline(lines, main_cf.security_level);
    std::getline(lines, main_cf.dns_support);
    return main_cf;
}

int migrate(const Arguments& arguments) {
    const OtherResolver from = other_resolver_of(arguments.from);
    const std::string file = arguments.file.empty() ? std::string(usual_configuration(from)) : arguments.file;
    const auto text = read_file(file, max_yaml_bytes);
    const auto migrated = text ? migrate(from, *text, file, ask_main_cf()) : tl::unexpected(text.error());
    if (!migrated) {
        complain(migrated.error().detail);
        return exit_no_input;
    }
    std::cout << migrated->toml << std::flush;
    for (const std::string& warning : migrated->warnings) std::cerr << "sternpost: " << warning << "\n";
    return exit_good;
}

}  // namespace

void add_migrate(CLI::App& program, CommandLine& line) {
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* command = program.add_subcommand(
        "migrate", "Print the sternpost.toml that equals another resolver's configuration");
    add_from(*command, arguments->from)->required();
    command->add_option("FILE", arguments->file, "Its configuration file; - is standard input");
    command->callback([arguments, &line] { line.status = migrate(*arguments); });
}

}  // namespace sternpost
