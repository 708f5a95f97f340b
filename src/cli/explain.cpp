#include <CLI/Option.hpp>
#include <boost/asio/io_context.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>

#include "command.hpp"
#include "explain_json.hpp"
#include "explain_text.hpp"
#include "live_look.hpp"
#include "run_to_end.hpp"
#include "sternpost/explain/explainer.hpp"
#include "sternpost/explain/fleet_layer.hpp"
#include "sternpost/fleet/redis_fleet.hpp"
#include "sternpost/json/write_json.hpp"
#include "sternpost/settings/settings.hpp"
#include "terminal.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

constexpr int exit_no_policy = 1;
constexpr int exit_broken = 2;

struct Arguments {
    std::string key;
    bool probe = false;
    bool json = false;
};

int exit_status(Outcome outcome) {
    switch (outcome) {
        case Outcome::protects:
            return exit_good;
        case Outcome::no_policy:
            return exit_no_policy;
        case Outcome::broken:
            return exit_broken;
        case Outcome::unknown:
            break;
    }
    return exit_temporary;
}

// Lives as long as the loop runs.
struct Tools {
    Tools(asio::io_context& io, const Config& config, PostfixDnssec::Answer postfix, bool probing)
        : look(io, config, postfix),
          explainer(io.get_executor(), look.tools(probing),
                    ExplainSettings{resolve_options(config),
                                    std::make_shared<const Rules>(rules(config, postfix))}) {
        if (!config.fleet.on()) return;
        try {
            fleet.emplace(io.get_executor(), fleet_options(config), look.clock);
        } catch (const std::runtime_error& error) {
            no_fleet = error.what();
        }
    }

    LiveLook look;
    Explainer explainer;
    std::optional<RedisFleet> fleet;
    std::string no_fleet;  // why it cannot be asked
    Explanation told;
};

awaitable<void> ask_fleet(Tools& tools) {
    if (!tools.no_fleet.empty()) tools.told.fleet = fleet_layer_without(tools.no_fleet);
    if (!tools.fleet) co_return;
    co_await tools.fleet->first_connection();
    const SharedDomain shared = co_await tools.fleet->find(tools.told.domain);
    tools.told.fleet = fleet_layer(shared, tools.fleet->figures());
    tools.fleet->stop();
}

awaitable<void> find_out(Tools& tools, std::string key) {
    tools.told = co_await tools.explainer.explain(std::move(key));
    co_await ask_fleet(tools);
    tools.look.stop();
}

int explain(const Config& config, const Arguments& arguments) try {
    asio::io_context io(1);
    Tools tools(io, config, dnssec_of_postfix(config), arguments.probe);
    run_to_end(io, find_out(tools, arguments.key));
    if (arguments.json)
        write_json(std::cout, json_of(tools.told));
    else
        std::cout << text_of(tools.told, Terminal::of_standard_output(), tools.look.clock.wall());
    return exit_status(tools.told.outcome);
} catch (const std::runtime_error& error) {
    complain(error.what());
    return exit_config;
}

}  // namespace

void add_explain(CLI::App& program, CommandLine& line) {
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* command = program.add_subcommand(
        "explain", "Find out all that decides the answer for a domain; no daemon is needed");
    command->add_option("DOMAIN", arguments->key, "A next-hop: example.com, [relay.example.com]:587")
        ->required();
    command->add_flag("--probe", arguments->probe,
                      "Open STARTTLS at each MX host, and look at its certificate");
    command->add_flag("--json", arguments->json, "For machines");
    command->callback([arguments, &line] {
        if (const auto config = config_for(line)) line.status = explain(*config, *arguments);
    });
}

}  // namespace sternpost
