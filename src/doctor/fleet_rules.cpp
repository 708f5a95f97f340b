// Whether the relays of our fleet can tell each other what they learn.
#include <algorithm>
#include <array>

#include "rule.hpp"

namespace sternpost {

namespace {

bool has_fleet(const Facts& facts) {
    return facts.fleet.has_value();
}

void files_do(const Facts& facts, Report& report) {
    if (!has_fleet(facts) || facts.fleet->unusable.empty()) return;
    report.add(Severity::broken, "a file of [fleet] does not do: " + facts.fleet->unusable,
               "sternpostd does not start, or does not reload.",
               {"# See to that file; the user that sternpostd runs as must be able to read it, and strangers "
                "must not"});
}

void is_reached(const Facts& facts, Report& report) {
    if (!has_fleet(facts) || !facts.fleet->unusable.empty() || facts.fleet->trouble.empty()) return;
    report.add(Severity::advice, "the fleet cannot be asked: " + facts.fleet->trouble,
               "This relay goes on alone, and does not hear what others learn.",
               {"# See to the Valkey or Redis, or to [fleet] in sternpost.toml"});
}

bool is_near(const ListenAddress& server) {
    return server.host.empty() || server.host.starts_with("127.") || server.host == "::1";
}

void password_is_not_shown(const Facts& facts, Report& report) {
    const FleetConfig& fleet = facts.daemon.fleet;
    if (!has_fleet(facts) || fleet.tls || fleet.password_file.empty()) return;
    if (std::ranges::all_of(fleet.servers, is_near) && std::ranges::all_of(fleet.sentinels, is_near)) return;
    report.add(Severity::information, "the fleet's password goes over the network in clear",
               "Who reads it there can empty the shared memory, though not forge what is in it.",
               {"# In sternpost.toml, in [fleet]: tls = true"});
}

constexpr std::array rules{
    Rule{"fleet-files", "the fleet's key and password are at hand", files_do, has_fleet},
    Rule{"fleet-reached", "the fleet can be asked", is_reached, has_fleet},
    Rule{"fleet-tls", "and nobody else hears the password", password_is_not_shown, has_fleet},
};

}  // namespace

std::span<const Rule> fleet_rules() {
    return rules;
}

}  // namespace sternpost
