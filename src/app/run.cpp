#include "sternpost/app/run.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include "daemon.hpp"
#include "logging.hpp"
#include "privileges.hpp"
#include "sternpost/base/standard_descriptors.hpp"
#include "sternpost/config/config.hpp"
#include "sternpost/fleet/redis_fleet.hpp"
#include "sternpost/log/log.hpp"
#include "sternpost/settings/settings.hpp"
#include "sternpost/tls/trust_store.hpp"

namespace sternpost {

namespace {

constexpr int exit_usage = 64;
constexpr int exit_config = 78;

struct CommandLine {
    std::string config_file = STERNPOST_CONFIG_FILE;
    bool check_config = false;
};

// An exit status if the program is to end here.
std::optional<int> read_command_line(int argc, char** argv, CommandLine& line) {
    CLI::App command(
        "MTA-STS policy resolver for Postfix. It stays in the foreground; HUP reloads, TERM ends.",
        "sternpostd");
    command.add_option("-c,--config", line.config_file, "The configuration file")->capture_default_str();
    command.add_flag("--check-config", line.check_config, "Say whether the configuration is good, and end");
    command.set_version_flag("--version", std::string("sternpostd ") + STERNPOST_VERSION);
    try {
        command.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return command.exit(error) == 0 ? 0 : exit_usage;
    }
    return {};
}

void hand_over_files(const Config& config, const Account& account) {
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) hand_over(config.cache.path + suffix, account);
    if (config.log.target.starts_with('/')) hand_over_or_make(config.log.target, account);
}

void open_log(const Config& config, const std::optional<Account>& account) {
    std::optional<RightsOf> rights;
    if (account) rights.emplace(*account);
    set_up_logging(config.log);
}

// The private one belongs to the daemon's user; only root can have a port below 1024.
AdminSockets open_admin_sockets(const AdminConfig& config, const std::optional<Account>& account) {
    auto metrics = open_metrics_socket(config);
    std::optional<RightsOf> rights;
    if (account) rights.emplace(*account);
    auto operators = open_operators_socket(config);
    return {std::move(operators), std::move(metrics)};
}

void warn_of_rights(const std::optional<Account>& account, const std::string& config_file) {
    if (::geteuid() == 0)
        say(LogLevel::warning, Topic::daemon,
            "running as root, which is never needed: set \"user\" to an account of its own");
    if (account && ::access(config_file.c_str(), R_OK) != 0)
        say(LogLevel::warning, Topic::daemon,
            "the user \"{}\" cannot read {}, so that no reload will succeed: make it readable", account->name,
            config_file);
}

int serve(Config config, const std::string& config_file) try {
    set_up_logging(LogConfig{});
    const auto account = account_to_become(config.user);
    if (account) hand_over_files(config, *account);
    open_log(config, account);
    auto sockets = Daemon::open_sockets(config);
    auto admin = open_admin_sockets(config.admin, account);
    if (account) become(*account);
    write_log_behind(config.log.level);
    warn_of_rights(account, config_file);
    Daemon daemon(std::move(config), config_file, std::move(sockets), std::move(admin));
    return daemon.run();
} catch (const std::exception& error) {
    say(LogLevel::error, Topic::daemon, "cannot start: {}", error.what());
    return 1;
}

// One that is not there yet is made at the start.
bool may_be_made(const std::string& path) {
    const std::string directory = std::filesystem::path(path).parent_path();
    return ::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

void check_log_file(const std::string& target, bool root_makes_it) {
    if (!target.starts_with('/')) return;
    const int log = ::open(target.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
    if (log >= 0) ::close(log);
    if (log >= 0 || (errno == ENOENT && (root_makes_it || may_be_made(target)))) return;
    throw std::runtime_error(target + ": " + std::strerror(errno) +
                             "; the user that sternpostd runs as must be able to write it");
}

// What start and reload read besides the configuration.
int check(const Config& config, const std::string& config_file) try {
    std::optional<RightsOf> rights;
    bool root_makes_log = false;
    if (const auto account = ::geteuid() == 0 ? account_to_become(config.user) : std::nullopt) {
        root_makes_log = root_alone_may_make(config.log.target);
        rights.emplace(*account);
    }
    const TrustStore trust(config.https.ca_file);
    check_log_file(config.log.target, root_makes_log);
    if (config.fleet.on()) {
        boost::asio::io_context nobody_runs_it;
        const SystemClock clock;
        const RedisFleet fleet(nobody_runs_it.get_executor(), fleet_options(config), clock);
    }
    std::cout << config_file << ": good\n";
    return 0;
} catch (const std::runtime_error& error) {
    std::cerr << config_file << ": " << error.what() << "\n";
    return exit_config;
}

}  // namespace

int run(int argc, char** argv) {
    hold_standard_descriptors();
    CommandLine line;
    if (const auto status = read_command_line(argc, argv, line)) return *status;
    auto config = read_config_file(line.config_file);
    if (!config) {
        std::cerr << config.error().detail << "\n";
        return exit_config;
    }
    if (line.check_config) return check(*config, line.config_file);
    std::signal(SIGPIPE, SIG_IGN);
    const int status = serve(std::move(*config), line.config_file);
    if (!finish_logging()) ::_exit(status);
    return status;
}

}  // namespace sternpost
