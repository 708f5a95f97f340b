#include "cache.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <memory>

#include "sternpost/base/printable.hpp"
#include "sternpost/json/ascii_json.hpp"
#include "sternpost/policy/next_hop.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

constexpr unsigned conflict = 409;

struct Arguments {
    std::vector<std::string> domains;
    std::string file = "-";
    bool as_json = false;
    bool yes = false;
};

int list(AdminClient& daemon, const Arguments& arguments) {
    if (!arguments.as_json) std::cout << list_heading() << "\n";
    const auto listed = for_each_domain(daemon, "limit=1000", [&](const json::object& domain) {
        std::cout << (arguments.as_json ? ascii_json(domain) : list_line(domain)) << "\n";
    });
    return listed ? exit_good : exit_status_of(listed.error());
}

// The worst of the outcomes of all domains.
int for_each(const Arguments& arguments,
             const std::function<int(const std::string& domain, const std::string& path)>& act) {
    int worst = exit_good;
    for (const std::string& domain : arguments.domains) {
        const auto path = path_of(domain);
        worst = std::max(worst, path ? act(domain, *path) : exit_usage);
    }
    return worst;
}

void print_report(const AdminReply& reply, bool as_json) {
    std::cout << (as_json ? reply.body : domain_text(reply.object()));
}

int show(AdminClient& daemon, const Arguments& arguments) {
    return for_each(arguments, [&](const std::string& domain, const std::string& path) {
        const auto reply = daemon.get(path);
        if (!reply) return exit_status_of(reply.error());
        const auto known = answer_in(*reply, "domain");
        if (!known) return reply->good() ? exit_status_of(known.error()) : exit_status_of(*reply);
        if (reply->good() || arguments.as_json) print_report(*reply, arguments.as_json);
        if (reply->good()) return exit_good;
        complain("nothing is known of " + domain + "; \"sternpost query\" looks it up");
        return exit_not_all;
    });
}

// A refresh may wait for another fetch of the same domain, and then for its own; each has its DNS questions: the record and
// two kinds of address, for a policy host and for one that stands in for it.
std::chrono::milliseconds patience_for_refresh(const Config& config) {
    constexpr int fetches = 2, questions = 6;
    return std::max<std::chrono::milliseconds>(
        usual_patience, fetches * (config.https.timeout + questions * config.dns.timeout));
}

int refresh(AdminClient& daemon, const Arguments& arguments) {
    return for_each(arguments, [&](const std::string& domain, const std::string& path) {
        const auto reply = daemon.post(path + "/refresh");
        if (!reply) {
            const int status = exit_status_of(reply.error());
            if (daemon.gave_up())
                complain("if it is fetching, it goes on: see \"sternpost cache show " + domain + "\"");
            return status;
        }
        if (!reply->good()) return exit_status_of(*reply);
        const auto report = answer_in(*reply, "refreshed");
        if (!report) return exit_status_of(report.error());
        print_report(*reply, arguments.as_json);
        if (is_true(*report, "refreshed")) return exit_good;
        complain(domain + " was not fetched: " + text_in(*report, "why"));
        return exit_not_all;
    });
}

bool agreed(const std::string& what) {
    std::cerr << printable(what) << " Forget it? [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

int forget(AdminClient& daemon, const Arguments& arguments) {
    return for_each(arguments, [&](const std::string&, const std::string& path) {
        auto reply = daemon.erase(arguments.yes ? path + "?unexpired=yes" : path);
        if (reply && reply->status == conflict) {
            const std::string what = reply->error().substr(0, reply->error().find(';')) + ".";
            if (::isatty(STDIN_FILENO) == 0) {
                complain(what + " --yes forgets it nevertheless.");
                return exit_not_all;
            }
            if (!agreed(what)) return exit_not_all;
            reply = daemon.erase(path + "?unexpired=yes");
        }
        if (!reply) return exit_status_of(reply.error());
        if (!reply->good()) return exit_status_of(*reply);
        const auto forgotten = answer_in(*reply, "forgotten");
        return forgotten ? exit_good : exit_status_of(forgotten.error());
    });
}

int stats(AdminClient& daemon, const Arguments& arguments) {
    const auto reply = daemon.get("/v1/status");
    if (!reply) return exit_status_of(reply.error());
    if (!reply->good()) return exit_status_of(*reply);
    const auto status = answer_in(*reply, "version");
    if (!status) return exit_status_of(status.error());
    std::cout << (arguments.as_json ? reply->body : status_text(*status));
    return exit_good;
}

using Act = std::function<int(AdminClient&, const Arguments&)>;

// A sub-command of `cache`, which works on the daemon of the configuration.
CLI::App* add(CLI::App& cache, CommandLine& line, const char* name, const char* help,
              const std::shared_ptr<Arguments>& arguments, const Act& act) {
    CLI::App* command = cache.add_subcommand(name, help);
    command->callback([&line, arguments, act] {
        const auto config = config_for(line);
        const std::string socket = config ? socket_of(*config, line) : "";
        if (socket.empty()) return;
        AdminClient daemon(socket, patience_for_refresh(*config));
        line.status = act(daemon, *arguments);
    });
    return command;
}

// FILE is required if it is read.
void add_transfer(CLI::App& cache, CommandLine& line, const char* name, const char* help, bool reads,
                  int (*act)(const std::string& socket, const std::string& file)) {
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* command = cache.add_subcommand(name, help);
    command
        ->add_option("FILE", arguments->file,
                     reads ? "A file, or - for standard input" : "A file, or - for standard output")
        ->required(reads);
    command->callback([&line, arguments, act] {
        const std::string socket = socket_of(line);
        if (!socket.empty()) line.status = act(socket, arguments->file);
    });
}

}  // namespace

std::optional<std::string> path_of(const std::string& domain) {
    if (const auto mail_domain = read_mail_domain(domain)) return "/v1/policies/" + *mail_domain;
    complain("\"" + domain + "\" is no domain of mail");
    return std::nullopt;
}

void add_cache(CLI::App& program, CommandLine& line) {
    CLI::App& cache = *program.add_subcommand("cache", "See and change what the running daemon knows");
    cache.require_subcommand(1);
    const auto arguments = std::make_shared<Arguments>();
    const auto takes_domains = [&](CLI::App* command) {
        command->add_option("DOMAIN", arguments->domains, "One or more domains")->required();
        return command;
    };
    const auto takes_json = [&](CLI::App* command) {
        command->add_flag("--json", arguments->as_json, "As JSON, one object a line");
    };
    takes_json(add(cache, line, "list", "What is on disk, one domain a line", arguments, list));
    takes_json(takes_domains(add(cache, line, "show", "All that is known of a domain", arguments, show)));
    takes_json(takes_domains(
        add(cache, line, "refresh", "Get the policy of a domain anew, now", arguments, refresh)));
    takes_domains(add(cache, line, "forget", "Forget all that is known of a domain", arguments, forget))
        ->add_flag("--yes", arguments->yes, "Also an enforce policy that is in force");
    takes_json(add(cache, line, "stats", "Figures of the running daemon", arguments, stats));
    add_transfer(cache, line, "export", "Write all policies, one JSON object a line", false, export_policies);
    add_import(cache, line);
    add_transfer(cache, line, "warm", "Look up a list of domains, one a line, before mail goes there", true,
                 warm);
}

}  // namespace sternpost
