#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>

#include "command.hpp"
#include "edition.hpp"
#include "live_look.hpp"
#include "publish_output.hpp"
#include "run_to_end.hpp"
#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/json/write_json.hpp"
#include "sternpost/policy/host_name.hpp"
#include "sternpost/policy/next_hop.hpp"
#include "sternpost/settings/settings.hpp"
#include "sternpost/survey/site.hpp"

namespace asio = boost::asio;

namespace sternpost {

namespace {

constexpr int exit_advice = 1;
constexpr int exit_broken = 2;
constexpr int exit_cannot_create = 73;
constexpr std::size_t max_differences = 600;  // characters; a policy may have thousands of MX patterns

struct Arguments {
    std::string domain;
    std::vector<std::string> mx;
    std::string mode;
    std::optional<std::uint64_t> max_age;
    std::vector<std::string> rua;
    std::string server;
    std::string root;
    std::string directory;
    std::string previous;
    bool probe = false;
    bool check = false;
    bool json = false;

    bool has_wishes() const { return !mx.empty() || !mode.empty() || max_age || !rua.empty(); }
};

constexpr std::array<Mode, 3> modes{Mode::none, Mode::testing, Mode::enforce};

Wish wish_of(const Arguments& arguments) {
    Wish wish;
    for (const Mode mode : modes)
        if (arguments.mode == to_string(mode)) wish.mode = mode;
    if (arguments.max_age)
        wish.max_age = std::chrono::seconds(std::min<std::uint64_t>(*arguments.max_age, 1'000'000'000));
    for (const std::string& mx : arguments.mx) {
        const bool wildcard = mx.starts_with("*.");
        const auto name = normalise_host_name(wildcard ? std::string_view(mx).substr(2) : mx);
        wish.mx.push_back(name ? (wildcard ? "*." : "") + *name : mx);
    }
    wish.rua = arguments.rua;
    return wish;
}

asio::awaitable<Published> find_out(LiveLook& look, NextHop next_hop, bool probing) {
    Published seen = co_await look_at(look.tools(probing), std::move(next_hop), true);
    look.stop();
    co_return seen;
}

// What is published, and what is to be said about it.
struct Found {
    Published seen;
    Survey survey;
    WallTime now{};
    std::optional<Edition> before;
};

Found look_around(const Config& config, const NextHop& next_hop, bool probing) {
    Found found;
    asio::io_context io(1);
    LiveLook look(io, config, dnssec_of_postfix(config));
    found.seen = run_to_end(io, find_out(look, next_hop, probing));
    found.now = look.clock.wall();
    found.survey = survey_of(found.seen, found.now);
    return found;
}

std::optional<Policy> policy_before(const Found& found) {
    if (found.before)
        if (auto policy = read_policy(found.before->body)) return std::move(*policy);
    return found.survey.policy;
}

int status_of(const Survey& survey) {
    switch (worst(survey.findings)) {
        case Level::broken:
            return exit_broken;
        case Level::unknown:
            return exit_temporary;
        case Level::warning:
            return exit_advice;
        case Level::note:
            break;
    }
    return exit_good;
}

// Their order means nothing.
std::string sorted_texts(std::vector<MxPattern> patterns) {
    std::ranges::sort(patterns, {}, &MxPattern::text);
    std::string texts;
    for (const MxPattern& pattern : patterns) texts += (texts.empty() ? "" : " ") + pattern.text();
    return texts.empty() ? "none" : texts;
}

std::string differences(const Policy& published, const Policy& wished) {
    std::string told;
    const auto compare = [&told](const std::string& field, const std::string& is, const std::string& wish) {
        if (is != wish) told += (told.empty() ? "" : "; ") + field + ": " + is + ", not " + wish;
    };
    compare("mode", std::string(to_string(published.mode)), std::string(to_string(wished.mode)));
    compare("max_age", std::to_string(published.max_age.count()), std::to_string(wished.max_age.count()));
    if (wished.mode != Mode::none) compare("mx", sorted_texts(published.mx), sorted_texts(wished.mx));
    return told.empty() ? told : " (" + printable(told, max_differences) + ")";
}

// What was asked for, if something else is published.
void compare_with_wish(Found& found, const Arguments& arguments) {
    if (!arguments.has_wishes() || !found.survey.policy) return;
    Wish wish = wish_of(arguments);
    if (wish.mx.empty())
        for (const MxPattern& pattern : found.survey.policy->mx) wish.mx.push_back(pattern.text());
    const Plan planned = plan(found.seen, found.survey, wish, found.now);
    std::vector<Remark>& findings = found.survey.findings;
    if (!planned) {
        for (const Remark& reason : planned.error().reasons)
            if (std::ranges::find(findings, reason.code, &Remark::code) == findings.end())
                findings.push_back(reason);
    } else {
        if (const auto how = differences(*found.survey.policy, planned->policy); !how.empty())
            findings.push_back({Level::warning, "differs", "",
                                "what is published is not what these options ask for" + how,
                                "the same without --check prints that"});
        const auto& asked_at = found.seen.tls_reports.rua;
        if (!asked_at.empty() && planned->rua != asked_at)
            findings.push_back({Level::warning, "tls-reports-differ", "",
                                "TLS reports are asked for elsewhere than at --rua",
                                "the same without --check prints the record"});
    }
    std::ranges::stable_sort(findings, {}, &Remark::level);
}

int check(Found found, const Arguments& arguments) {
    if (found.before)
        compare(found.survey, *found.before);
    else if (found.survey.policy)
        found.survey.findings.push_back(
            {Level::note, "id-not-compared", "",
             "whether the id was changed with the text is not known: no sternpostd here knows the policy",
             "--previous FILE names what was published before"});
    compare_with_wish(found, arguments);
    std::vector<std::string> next;
    if (found.survey.policy && worst(found.survey.findings) >= Level::warning) {
        Publication as_published;
        as_published.domain = found.survey.domain;
        as_published.policy = *found.survey.policy;
        as_published.rua = found.seen.tls_reports.rua;
        as_published.changes = false;
        next = next_steps(found.survey, as_published, policy_before(found));
    }
    if (arguments.json)
        write_json(std::cout, json_of_check(found.survey, next));
    else
        std::cout << text_of_check(found.survey, next, Terminal::of_standard_output());
    return status_of(found.survey);
}

// False after a complaint.
bool write_files(const std::string& directory, const ToPublish& made) {
    std::string zone;
    for (const std::string& line : zone_lines(made.publication)) zone += line + "\n";
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    const std::filesystem::path in(directory);
    if (error) {
        complain("cannot make the directory " + directory + ": " + error.message());
        return false;
    }
    for (const auto& [name, text] :
         {std::pair<const char*, const std::string&>("mta-sts.txt", made.publication.file),
          {"records.zone", zone},
          {"site.conf", made.site}}) {
        if (text.empty()) continue;
        errno = 0;
        std::ofstream file(in / name, std::ios::binary | std::ios::trunc);
        if (file) file << text << std::flush;
        if (file) continue;
        complain("cannot write " + (in / name).string() + ": " + std::strerror(errno));
        return false;
    }
    return true;
}

int print(const Found& found, const Arguments& arguments) {
    Wish wish = wish_of(arguments);
    wish.before = found.before;
    const Plan planned = plan(found.seen, found.survey, wish, found.now);
    const Terminal terminal = Terminal::of_standard_output();
    if (!planned) {
        if (arguments.json)
            write_json(std::cout, json_of_refusal(found.survey, planned.error()));
        else
            std::cout << text_of_refusal(found.survey, planned.error(), terminal);
        return planned.error().code == Errc::temporary ? exit_temporary : exit_broken;
    }
    ToPublish made;
    made.publication = *planned;
    made.next = next_steps(found.survey, *planned, policy_before(found));
    const auto server = std::ranges::find(web_server_names, arguments.server);
    if (server != web_server_names.end())
        made.site = site_for(static_cast<WebServer>(server - web_server_names.begin()), planned->domain,
                             arguments.root.empty() ? usual_root(planned->domain) : arguments.root);
    if (arguments.json)
        write_json(std::cout, json_of(found.survey, made));
    else
        std::cout << text_of(found.survey, made, terminal);
    return arguments.directory.empty() || write_files(arguments.directory, made) ? exit_good
                                                                                 : exit_cannot_create;
}

int publish(const Config& config, const Arguments& arguments) try {
    NextHop next_hop;
    if (auto domain = read_mail_domain(arguments.domain)) {
        next_hop.domain = std::move(*domain);
    } else {
        complain(quote(arguments.domain) + " is no domain of mail, such as example.com");
        return exit_usage;
    }
    std::optional<Edition> before;
    if (!arguments.previous.empty()) {
        auto read = read_edition(arguments.previous, next_hop.domain);
        if (!read) {
            complain(read.error().detail);
            return exit_no_input;
        }
        before = std::move(*read);
    } else {
        before = edition_of_daemon(config, next_hop.domain);
    }
    Found found = look_around(config, next_hop, arguments.probe);
    found.before = std::move(before);
    return arguments.check ? check(std::move(found), arguments) : print(found, arguments);
} catch (const std::runtime_error& error) {
    complain(error.what());
    return exit_config;
}

std::string fault_of_time(const std::string& time) {
    const bool right = !time.empty() && time.front() >= '0' && time.front() <= '9';
    return right ? "" : "a number and a unit are wanted, such as 7d";
}

std::string fault_of_root(const std::string& root) {
    const bool right =
        root.starts_with('/') && std::ranges::all_of(root, [](char c) {
            return is_letter_or_digit(c) || std::string_view("/._-+").find(c) != std::string_view::npos;
        });
    return right ? "" : "an absolute path of letters, digits and ._-+ is wanted";
}

}  // namespace

void add_publish(CLI::App& program, CommandLine& line) {
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        program.add_subcommand("publish", "Print what a domain of yours must publish, or check what it does");
    command->add_option("DOMAIN", arguments->domain, "A domain of yours")->required();
    command->add_option("--mx", arguments->mx, "Patterns for MX hosts, instead of their names")
        ->type_name("PATTERN")
        ->allow_extra_args(false);
    command->add_option("--mode", arguments->mode, "testing, enforce or none; without it, as published")
        ->type_name("MODE")
        ->check(CLI::IsMember(std::vector<std::string>{"testing", "enforce", "none"}));
    const std::map<std::string, std::uint64_t> units{
        {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}, {"w", 604'800}};
    command->add_option("--max-age", arguments->max_age, "How long senders remember it: 7d, or seconds")
        ->type_name("TIME")
        ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::CASE_SENSITIVE, "TIME"))
        ->transform(CLI::Validator(fault_of_time, ""));  // comes first: to the other, a unit alone is 1 of it
    command->add_option("--rua", arguments->rua, "Where TLS reports are to go: mailto:ADDRESS or https:URL")
        ->type_name("URI")
        ->allow_extra_args(false);
    CLI::Option* site =
        command->add_option("--for", arguments->server, "Print a site for nginx, caddy or apache, too");
    site->type_name("SERVER")->check(
        CLI::IsMember(std::vector<std::string>(web_server_names.begin(), web_server_names.end())));
    command->add_option("--root", arguments->root, "The directory that the site serves")
        ->type_name("DIR")
        ->check(CLI::Validator(fault_of_root, ""))
        ->needs(site);
    CLI::Option* files =
        command->add_option("--out", arguments->directory, "Write what is printed into files there, too");
    files->type_name("DIR");
    command->add_flag("--probe", arguments->probe, "Open STARTTLS at each MX host, and refuse a bad one");
    command->add_flag("--check", arguments->check, "Judge what is published")
        ->excludes(site)
        ->excludes(files);
    command->add_option("--previous", arguments->previous, "What was published before")->type_name("FILE");
    command->add_flag("--json", arguments->json, "For machines");
    command->callback([arguments, &line] {
        if (const auto config = config_for(line)) line.status = publish(*config, *arguments);
    });
}

}  // namespace sternpost
