#include "sternpost/survey/watch.hpp"

#include <algorithm>
#include <array>
#include <iostream>
#include <memory>

#include "daemon.hpp"
#include "json_schema.hpp"
#include "publish_output.hpp"
#include "sternpost/json/write_json.hpp"
#include "sternpost/policy/next_hop.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

constexpr std::array<Level, 4> levels{Level::broken, Level::unknown, Level::warning, Level::note};
// By the level of the worst finding.
constexpr std::array<int, 4> statuses{2, exit_temporary, 1, exit_good};

struct Arguments {
    std::vector<std::string> domains;
    bool now = false;
    bool json = false;
};

Level level_in(const json::object& finding) {
    const std::string word = text_in(finding, "level");
    const auto found =
        std::ranges::find(levels, word, [](Level level) { return std::string(to_string(level)); });
    return found == levels.end() ? Level::unknown : *found;
}

// Nothing is known of a domain before its first look.
Level worst_of(const json::object& domain) {
    if (text_in(domain, "looked").empty()) return Level::unknown;
    Level worst = Level::note;
    for_each_object(domain, "findings",
                    [&](const json::object& finding) { worst = std::min(worst, level_in(finding)); });
    return worst;
}

std::string text_of(const json::object& domain, const Terminal& terminal) {
    const std::string looked = text_in(domain, "looked");
    std::string text = terminal.bold(text_in(domain, "domain")) + ": ";
    if (looked.empty()) return text + "not looked at yet\n";
    text += "stage " + text_in(domain, "stage") + ", looked at " + looked + "\n";
    bool found = false;
    for_each_object(domain, "findings", [&](const json::object& finding) {
        found = true;
        text += finding_line(terminal, level_in(finding), text_in(finding, "what"), text_in(finding, "code"),
                             text_in(finding, "remedy"));
    });
    if (!found) text += terminal.mark(Mood::good) + " all is as it should be\n";
    return text;
}

// One look may be under way, and the one asked for comes after it.
constexpr auto patience = 2 * max_look_time;

// Those of the watched domains that are wanted; with --now, after another look.
Result<std::vector<json::object>> ask(AdminClient& daemon, const Arguments& arguments,
                                      const std::vector<std::string>& wanted) {
    std::vector<json::object> domains;
    const auto reply = daemon.get("/v1/watch");
    if (!reply) return tl::unexpected(reply.error());
    if (!reply->good()) return failure(Errc::temporary, reply->error());
    const auto all = answer_in(*reply, "domains");
    if (!all) return tl::unexpected(all.error());
    for_each_object(*all, "domains", [&](const json::object& domain) {
        if (wanted.empty() || std::ranges::find(wanted, text_in(domain, "domain")) != wanted.end())
            domains.push_back(domain);
    });
    if (!arguments.now) return domains;
    for (json::object& domain : domains) {
        const auto looked = daemon.post("/v1/watch/" + text_in(domain, "domain") + "/look");
        if (!looked && daemon.gave_up())
            return failure(
                looked.error().code,
                looked.error().detail + "; if it is looking, it goes on: ask again with \"sternpost watch\"");
        if (!looked) return tl::unexpected(looked.error());
        if (!looked->good()) return failure(Errc::temporary, looked->error());
        auto found = answer_in(*looked, "domain");
        if (!found) return tl::unexpected(found.error());
        domain = std::move(*found);
    }
    return domains;
}

void print(const std::vector<json::object>& domains, bool as_json) {
    const Terminal terminal = Terminal::of_standard_output();
    json::array array;
    for (const json::object& domain : domains) {
        if (as_json)
            array.push_back(domain);
        else
            std::cout << text_of(domain, terminal);
    }
    if (!as_json) return;
    json::object object;
    object["schema"] = json_schema;
    object["domains"] = std::move(array);
    write_json(std::cout, object);
}

// Whether all that are wanted are there; complains about the others.
bool complete(const std::vector<json::object>& domains, const std::vector<std::string>& wanted) {
    const std::string remedy = "; name your domains in \"domains\" of [watch], and reload sternpostd";
    if (domains.empty() && wanted.empty()) complain("nothing is watched" + remedy);
    bool all = !domains.empty();
    for (const std::string& name : wanted) {
        const auto is_it = [&](const json::object& one) { return text_in(one, "domain") == name; };
        if (std::ranges::any_of(domains, is_it)) continue;
        complain(name + " is not watched" + remedy);
        all = false;
    }
    return all;
}

int watch(AdminClient& daemon, const Arguments& arguments) {
    std::vector<std::string> wanted;
    for (const std::string& domain : arguments.domains) {
        const auto next_hop = read_next_hop(domain);
        wanted.push_back(next_hop ? next_hop->domain : domain);
    }
    const auto domains = ask(daemon, arguments, wanted);
    if (!domains) return exit_status_of(domains.error());
    print(*domains, arguments.json);
    Level worst = Level::note;
    for (const json::object& domain : *domains) worst = std::min(worst, worst_of(domain));
    const int status = statuses.at(static_cast<std::size_t>(worst));
    return !complete(*domains, wanted) && status == exit_good ? exit_not_all : status;
}

}  // namespace

void add_watch(CLI::App& program, CommandLine& line) {
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        program.add_subcommand("watch", "Show what the running daemon has found at domains of yours");
    command->add_option("DOMAIN", arguments->domains, "Those of [watch]; without it, all");
    command->add_flag("--now", arguments->now, "Have the daemon look now");
    command->add_flag("--json", arguments->json, "For machines");
    command->callback([arguments, &line] {
        const std::string socket = socket_of(line);
        if (socket.empty()) return;
        AdminClient daemon(socket, arguments->now ? patience : usual_patience);
        line.status = watch(daemon, *arguments);
    });
}

}  // namespace sternpost
