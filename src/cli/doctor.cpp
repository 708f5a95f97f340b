#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "admin_client.hpp"
#include "command.hpp"
#include "doctor_output.hpp"
#include "run_to_end.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/doctor/examine.hpp"
#include "sternpost/doctor/gather.hpp"
#include "sternpost/fleet/redis_fleet.hpp"
#include "sternpost/settings/settings.hpp"
#include "terminal.hpp"

namespace asio = boost::asio;

namespace sternpost {

namespace {

struct Arguments {
    std::string directory;
    bool json = false;
};

asio::awaitable<std::string> trouble_of(RedisFleet& fleet) {
    co_await fleet.first_connection();
    const FleetFigures figures = fleet.figures();
    fleet.stop();
    co_return figures.trouble;
}

std::optional<FleetLook> look_at_fleet(const Config& config) {
    if (!config.fleet.on()) return std::nullopt;
    FleetLook look;
    const SystemClock clock;
    asio::io_context io(1);
    try {
        RedisFleet fleet(io.get_executor(), fleet_options(config), clock);
        look.trouble = printable(run_to_end(io, trouble_of(fleet)));
    } catch (const std::runtime_error& error) {
        look.unusable = printable(error.what());
    }
    return look;
}

// As commands, which may be run elsewhere, must name it.
std::string whole_path(const std::string& directory) {
    if (directory.empty()) return directory;
    std::string path = std::filesystem::absolute(directory).lexically_normal();
    if (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path;
}

// If FILE names no admin socket of its own, the usual one is another daemon's.
void listen_as_it_does(Config& config, bool usual) {
    if (!usual && config.admin.socket == Config().admin.socket) return;
    if (auto in_use = addresses_in_use(config); !in_use.empty()) config.listen = std::move(in_use);
}

int doctor(const Config& config, const Arguments& arguments) {
    asio::io_context io(1);
    auto facts = run_to_end(io, gather_facts(whole_path(arguments.directory), config));
    if (!facts) {
        complain("Postfix cannot be asked: " + facts.error().detail);
        return exit_temporary;
    }
    facts->fleet = look_at_fleet(config);
    const Examination examination = examine(*facts);
    std::cout << (arguments.json ? as_json(*facts, examination)
                                 : as_text(*facts, examination, Terminal::of_standard_output()))
              << std::flush;
    return exit_status(examination);
}

}  // namespace

void add_doctor(CLI::App& program, CommandLine& line) {
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        program.add_subcommand("doctor", "Say what is wrong with Postfix, and how to mend it");
    command
        ->add_option("--postfix", arguments->directory,
                     "The directory of main.cf, of another instance of Postfix")
        ->type_name("DIR")
        ->check(CLI::Validator(
            [](const std::string& directory) { return directory.empty() ? "a directory is wanted" : ""; },
            ""));
    command->add_flag("--json", arguments->json, "Print one JSON object");
    command->callback([arguments, &line] {
        auto config = config_for(line);
        if (!config) return;
        listen_as_it_does(*config, line.config_file.empty());
        line.status = doctor(*config, *arguments);
    });
}

}  // namespace sternpost
