#include "sternpost/cli/run_command.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "query.hpp"
#include "sternpost/answer/answer.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/config/config.hpp"

namespace sternpost {

namespace {

constexpr int exit_answer = 0;
constexpr int exit_not_found = 1;
constexpr int exit_usage = 64;
constexpr int exit_temporary = 75;
constexpr int exit_config = 78;

int exit_status(const std::string& reply) {
    if (reply.starts_with("OK ")) return exit_answer;
    if (reply.starts_with("NOTFOUND")) return exit_not_found;
    if (reply.starts_with("PERM")) return exit_usage;
    return exit_temporary;
}

int run_query(const std::string& config_file, const std::string& key, const std::string& map) {
    const auto config = read_config_file(config_file);
    if (!config) {
        std::cerr << config.error().detail << "\n";
        return exit_config;
    }
    const auto reply = query(config->listen.front(), map, key);
    if (!reply) {
        std::cerr << "sternpost: " << printable(reply.error().detail) << "\n";
        return exit_temporary;
    }
    std::cout << printable(*reply, max_reply_bytes) << "\n";
    return exit_status(*reply);
}

}  // namespace

int run_command(int argc, char** argv) {
    std::string config_file = STERNPOST_CONFIG_FILE;
    std::string key;
    std::string map = "sts";
    CLI::App command("The operator's command for sternpostd, the MTA-STS policy resolver for Postfix.",
                     "sternpost");
    command.add_option("-c,--config", config_file, "The configuration file of sternpostd")
        ->capture_default_str();
    command.set_version_flag("--version", std::string("sternpost ") + STERNPOST_VERSION);
    command.require_subcommand(1);
    CLI::App* ask = command.add_subcommand("query", "Ask the running daemon just what Postfix would ask");
    ask->add_option("KEY", key, "A next-hop: example.com, [relay.example.com]:587")->required();
    ask->add_option("--map", map, "The map name that stands last in smtp_tls_policy_maps")
        ->capture_default_str();
    try {
        command.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return command.exit(error) == 0 ? 0 : exit_usage;
    }
    return run_query(config_file, key, map);
}

}  // namespace sternpost
