#include "sternpost/cli/run_command.hpp"

#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "command.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/base/standard_descriptors.hpp"
#include "sternpost/config/nearest.hpp"

namespace sternpost {

namespace {

// CLI11 makes a list of a word in brackets, "[a,b]", if an option takes several words, and cannot be told not to (2.1 to
// 2.5): a domain in brackets would become the bare domain, and a directory [Gmail] another one. So such a word begins with
// a byte that no argument has, until it has been taken.
constexpr char literally = '\0';

std::string taken_literally(std::string word) {
    const bool list = word.starts_with('[') && word.ends_with(']');
    return list ? literally + std::move(word) : word;
}

std::string as_typed(const std::string& word) {
    return word.starts_with(literally) ? word.substr(1) : word;
}

void take_as_typed(CLI::App& app) {
    for (CLI::Option* option : app.get_options())
        if (option->get_items_expected_max() > 0) option->transform(as_typed);
    for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
        take_as_typed(*command);
}

// The last one first, as CLI11 wants them.
std::vector<std::string> words_of(int argc, char** argv) {
    std::vector<std::string> words;
    for (int i = argc - 1; i > 0; --i) words.push_back(taken_literally(argv[i]));
    return words;
}

// What is wrong with the first word that is where a command should be; empty: there is none.
std::string wrong_word(const CLI::App& program) {
    const CLI::App* app = &program;
    while (app->remaining().empty() && !app->get_subcommands().empty()) app = app->get_subcommands().front();
    const std::vector<std::string> words = app->remaining();
    std::vector<std::string_view> known;
    for (const CLI::App* command : app->get_subcommands([](const CLI::App*) { return true; }))
        known.push_back(command->get_name());
    if (words.empty() || known.empty()) return "";
    const std::string first = as_typed(words.front());
    const bool option = first.starts_with('-');
    const std::string_view near = option ? "" : nearest(first, known);
    return quote(first) + (option ? " is no option" : " is no command") +
           (near.empty() ? "; --help names all" : "; did you mean " + quote(near) + "?");
}

bool names_a_configuration(const std::vector<std::string>& words) {
    return std::ranges::any_of(
        words, [](const std::string& word) { return word == "-c" || word.starts_with("--config"); });
}

int run(CLI::App& program, const CommandLine& line, int argc, char** argv) {
    try {
        program.parse(words_of(argc, argv));
    } catch (const CLI::RequiredError& error) {
        const std::string wrong = wrong_word(program);
        if (wrong.empty())
            program.exit(error);
        else
            complain(wrong);
        return exit_usage;
    } catch (const CLI::ExtrasError& error) {
        if (names_a_configuration(program.remaining(true)))
            complain("-c FILE comes before the command");
        else
            program.exit(error);
        return exit_usage;
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? exit_good : exit_usage;
    } catch (const std::exception& error) {
        complain(error.what());
        return exit_surprise;
    }
    return line.status;
}

// A pipe whose reader has had enough: nothing to report, if SIGPIPE has not ended us already.
bool reader_has_gone() {
    pollfd output{STDOUT_FILENO, POLLOUT, 0};
    return ::poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

// Whoever fails has said so, and what it printed matters no more.
int with_output_written(int status) {
    std::cout.flush();
    if (std::cout.good() || status >= exit_usage) return status;
    if (!reader_has_gone()) complain("standard output cannot be written");
    return exit_output;
}

}  // namespace

int run_command(int argc, char** argv) {
    hold_standard_descriptors();
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
    take_as_typed(program);
    return with_output_written(run(program, line, argc, argv));
}

}  // namespace sternpost
