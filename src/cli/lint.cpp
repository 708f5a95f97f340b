#include <CLI/Option.hpp>
#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <iostream>
#include <memory>

#include "command.hpp"
#include "explain_json.hpp"
#include "json_schema.hpp"
#include "policy_text.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/json/write_json.hpp"
#include "sternpost/policy/host_name.hpp"
#include "terminal.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

constexpr int exit_unusable = 2;

struct Arguments {
    std::string file;
    std::vector<std::string> mx;
    bool json = false;
};

// An MX host that the policy is to cover, and the pattern that it matches.
struct Coverage {
    std::string host;
    std::string passes_by;  // empty: none
};

std::vector<Coverage> coverage_of(const PolicyReview& review, const std::vector<std::string>& hosts) {
    std::vector<Coverage> all;
    for (const std::string& host : hosts) {
        Coverage one;
        one.host = normalise_host_name(host).value_or(host);
        const auto& patterns = review.policy ? review.policy->mx : std::vector<MxPattern>();
        const auto found = std::ranges::find_if(
            patterns, [&](const MxPattern& pattern) { return pattern.matches(one.host); });
        if (found != patterns.end()) one.passes_by = found->text();
        all.push_back(std::move(one));
    }
    return all;
}

bool covered(const Coverage& one) {
    return !one.passes_by.empty();
}

void print_text(const Arguments& arguments, const PolicyReview& review,
                const std::vector<Coverage>& coverage) {
    const Terminal terminal = Terminal::of_standard_output();
    std::cout << text_of(review, terminal, "");
    for (const std::string& advice : review.advice) std::cout << marked(terminal, Mood::note, "", advice);
    for (const Coverage& one : coverage)
        std::cout << marked(terminal, covered(one) ? Mood::good : Mood::bad, "",
                            "MX host " + printable(one.host) +
                                (covered(one) ? " passes by mx: " + one.passes_by : " passes by no mx line"));
    const bool usable = review.policy.has_value();
    const bool all = std::ranges::all_of(coverage, covered);
    const std::string verdict = !usable ? "no sender can use it"
                                : all   ? "a sender can use it"
                                        : "a sender can use it, but not for every MX host";
    std::cout << marked(
        terminal, usable && all ? Mood::good : Mood::bad, "",
        terminal.bold(printable(arguments.file == "-" ? "standard input" : arguments.file) + ": " + verdict));
}

void print_json(const Arguments& arguments, const PolicyReview& review,
                const std::vector<Coverage>& coverage) {
    json::object object;
    object["schema"] = json_schema;
    object["file"] = printable(arguments.file);
    for (auto& member : json_of(review)) object[member.key()] = member.value();
    json::array hosts;
    for (const Coverage& one : coverage) {
        json::object host;
        host["host"] = printable(one.host);
        host["passes_by"] = covered(one) ? json::value(one.passes_by) : json::value(nullptr);
        hosts.push_back(std::move(host));
    }
    object["coverage"] = std::move(hosts);
    write_json(std::cout, object);
}

int lint(const Arguments& arguments) {
    const auto text = read_file(arguments.file, max_policy_bytes);
    if (!text) {
        complain(text.error().detail);
        return exit_no_input;
    }
    const PolicyReview review = review_policy(*text);
    const auto coverage = coverage_of(review, arguments.mx);
    if (arguments.json)
        print_json(arguments, review, coverage);
    else
        print_text(arguments, review, coverage);
    return review.policy && std::ranges::all_of(coverage, covered) ? exit_good : exit_unusable;
}

}  // namespace

void add_lint(CLI::App& program, CommandLine& line) {
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* command = program.add_subcommand("lint", "Judge a policy file as senders read it");
    command->add_option("FILE", arguments->file, "The policy file; - is standard input")->required();
    command->add_option("--mx", arguments->mx, "MX hosts that the policy must cover")
        ->type_name("HOST")
        ->expected(1, -1);
    command->add_flag("--json", arguments->json, "For machines");
    command->callback([arguments, &line] { line.status = lint(*arguments); });
}

}  // namespace sternpost
