#include "contradictions.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "address.hpp"
#include "duration.hpp"

namespace sternpost {
namespace {

template <class Duration>
struct NamedDuration {
    std::string_view name;
    Duration& value;
};

// If only one of the two is set, the other one's default gives way to it.
template <class Duration>
void at_most(const TomlField& section, NamedDuration<Duration> lesser, NamedDuration<Duration> greater) {
    if (lesser.value <= greater.value) return;
    const toml::table& table = *section.node().as_table();
    if (!table.contains(lesser.name)) {
        lesser.value = greater.value;
    } else if (!table.contains(greater.name)) {
        greater.value = lesser.value;
    } else {
        const auto told = [](const NamedDuration<Duration>& one) {
            return std::string(one.name) + " (" + duration_text(one.value) + ")";
        };
        section.first_of({lesser.name})
            .wrong(told(lesser) + " is longer than " + told(greater) + "; make " + std::string(lesser.name) +
                   " the shorter one");
    }
}

using Seen = std::map<std::string, std::size_t, std::less<>>;

// The override in `seen` that applies to every name that `entry` applies to, and never ends.
std::optional<std::size_t> covering(const OverrideConfig& entry, const std::vector<OverrideConfig>& all,
                                    const Seen& seen) {
    std::string wider = entry.domain.starts_with('.') ? entry.domain : '.' + entry.domain;
    while (!wider.empty()) {
        const auto found = seen.find(wider);
        if (found != seen.end() && !all[found->second].until) return found->second;
        const std::size_t dot = wider.find('.', 1);
        wider.erase(0, dot == std::string::npos ? wider.size() : dot);
    }
    return std::nullopt;
}

void refuse_dane_only_without_dane(const TomlField& file, const Config& config) {
    if (config.answers.dane != DaneSwitch::off) return;
    for (std::size_t i = 0; i < config.overrides.size(); ++i) {
        if (config.overrides[i].action != OverrideAction::dane_only) continue;
        const toml::node& entry = *file.node().as_table()->get("override")->as_array()->get(i);
        file.element(entry)
            .labelled("[[override]]")
            .first_of({"action"})
            .wrong(R"("dane-only" contradicts dane = "off" in [answers]; write dane = "auto" or "on" there, )"
                   "or remove this override");
    }
}

// The list has already refused equal ones.
void refuse_overlapping(const TomlField& file, const std::vector<ListenAddress>& listen) {
    for (auto one = listen.begin(); one != listen.end(); ++one)
        for (auto other = std::next(one); other != listen.end(); ++other)
            if (*one != *other && overlap(*one, *other))
                file.first_of({"listen"})
                    .wrong(in_quotes(to_string(*one)) + " and " + in_quotes(to_string(*other)) +
                           " take the same port; keep one of the two");
}

}  // namespace

void check_dns(const TomlField& section, DnsConfig& dns) {
    at_most<std::chrono::seconds>(section, {"min-ttl", dns.min_ttl}, {"max-ttl", dns.max_ttl});
}

void check_https(const TomlField& section, HttpsConfig& https) {
    at_most<std::chrono::milliseconds>(section, {"connect-timeout", https.connect_timeout},
                                       {"timeout", https.timeout});
}

void note_socket(const TomlField& section, AdminConfig& admin) {
    admin.socket_is_set = section.node().as_table()->contains("socket");
}

void check_fleet(const TomlField& section, const FleetConfig& fleet) {
    const auto refuse = [&](bool contradicts, std::string_view at, std::string_view what) {
        if (contradicts) section.first_of({at}).wrong(what);
    };
    const bool servers = !fleet.servers.empty(), sentinels = !fleet.sentinels.empty();
    const auto is_unix = [](const ListenAddress& address) { return address.host.empty(); };
    const bool any_unix =
        std::ranges::any_of(fleet.servers, is_unix) || std::ranges::any_of(fleet.sentinels, is_unix);
    refuse(servers && sentinels, "sentinels", "there are servers, too; keep one of the two");
    refuse(sentinels && fleet.master.empty(), "sentinels",
           R"(they watch several masters; add master = "NAME")");
    refuse(!fleet.master.empty() && !sentinels, "master",
           "only Sentinels know it by that name; add sentinels, or remove it");
    refuse(!fleet.user.empty() && fleet.password_file.empty(), "user",
           "it has no password; add password-file");
    refuse(!fleet.ca_file.empty() && !fleet.tls, "ca-file", "it is for TLS; add tls = true, or remove it");
    refuse(fleet.tls && any_unix, "tls", "a UNIX socket has no TLS; remove one of the two");
    refuse(fleet.on() && fleet.key_file.empty(), servers ? "servers" : "sentinels",
           "what relays tell each other must be signed; add key-file");
}

void check_watch(const TomlField& section, WatchConfig& watch) {
    const TomlField place = section.first_of({"domains"});
    if (watch.domains.size() > max_watched_domains)
        place.wrong("more than " + std::to_string(max_watched_domains) + " domains; watch fewer");
}

void check_override(const TomlField& section, const OverrideConfig& entry) {
    const bool pin = entry.action == OverrideAction::pin;
    const TomlField place = section.first_of({pin ? "action" : "mx"});
    if (pin && entry.mx.empty()) place.wrong(R"(a pin without mx; add mx = ["mx1.example.com"])");
    if (!pin && !entry.mx.empty())
        place.wrong(R"(only a pin has MX patterns; remove mx, or write action = "pin")");
}

void check_overrides(const TomlField& all, const std::vector<OverrideConfig>& values) {
    const toml::array& array = *all.node().as_array();
    const auto line = [&array](std::size_t index) {
        return std::to_string(array.get(index)->source().begin.line);
    };
    Seen seen;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::string& domain = values[i].domain;
        if (domain.empty()) continue;
        const TomlField place = all.element(*array.get(i)).first_of({"domain"});
        if (const auto same = seen.find(domain); same != seen.end() && !values[same->second].until) {
            place.wrong(in_quotes(domain) + " has an override on line " + line(same->second) +
                        " already, which never ends; keep one of them, or give that one an until");
        } else if (const auto wider = covering(values[i], values, seen)) {
            place.wrong("the override of " + in_quotes(values[*wider].domain) + " on line " + line(*wider) +
                        " comes first and covers " + in_quotes(domain) + "; move this one above it");
        }
        seen.insert_or_assign(domain, i);
    }
}

void check_config(const TomlField& file, const Config& config) {
    refuse_dane_only_without_dane(file, config);
    refuse_overlapping(file, config.listen);
    const toml::node* admin = file.node().as_table()->get("admin");
    const auto refuse_shared = [&](std::string_view key, const ListenAddress& address) {
        const auto taken = std::ranges::find_if(
            config.listen, [&](const ListenAddress& one) { return overlap(one, address); });
        if (taken == config.listen.end()) return;
        const TomlField place = admin == nullptr ? file.first_of({"listen"})
                                                 : file.element(*admin).labelled("[admin]").first_of({key});
        if (*taken == address)
            place.wrong(in_quotes(to_string(address)) +
                        " is both in listen and in [admin]; write another one");
        else
            place.wrong(in_quotes(to_string(address)) + " takes the same port as " +
                        in_quotes(to_string(*taken)) + " in listen; write another port");
    };
    if (config.admin.metrics) refuse_shared("metrics", *config.admin.metrics);
    const ListenAddress socket{"", 0, plain_path(config.admin.socket)};
    if (!config.admin.socket.empty()) refuse_shared("socket", socket);
}

}  // namespace sternpost
