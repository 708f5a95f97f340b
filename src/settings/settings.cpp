#include "sternpost/settings/settings.hpp"

#include <algorithm>
#include <utility>

namespace asio = boost::asio;

namespace sternpost {

namespace {

bool dane_of(DaneSwitch chosen, PostfixDnssec::Answer postfix) {
    if (chosen == DaneSwitch::automatic) return postfix != PostfixDnssec::Answer::otherwise;
    return chosen == DaneSwitch::on;
}

Override::Action action_of(OverrideAction action) {
    switch (action) {
        case OverrideAction::ignore:
            return Override::Action::ignore;
        case OverrideAction::enforce_testing:
            return Override::Action::enforce_testing;
        case OverrideAction::pin:
            return Override::Action::pin;
        case OverrideAction::dane_only:
            break;
    }
    return Override::Action::dane_only;
}

Override override_from(const OverrideConfig& entry) {
    Override made;
    made.domain = entry.domain;
    made.action = action_of(entry.action);
    if (entry.until) made.until = *entry.until + std::chrono::days(1);  // the day named is the last one
    made.pinned.mode = Mode::enforce;
    for (const std::string& mx : entry.mx)
        if (auto pattern = MxPattern::from(mx)) made.pinned.mx.push_back(std::move(*pattern));
    return made;
}

FleetAddress fleet_address(const ListenAddress& address) {
    FleetAddress made;
    made.path = address.path;
    if (made.path.empty()) made.endpoint = {asio::ip::make_address(address.host), address.port};
    return made;
}

}  // namespace

bool goes_by_postfix(const Config& config) {
    return config.answers.dane == DaneSwitch::automatic ||
           std::ranges::any_of(config.maps,
                               [](const auto& map) { return map.second.dane == DaneSwitch::automatic; });
}

Rules rules(const Config& config, PostfixDnssec::Answer postfix) {
    std::map<std::string, MapRules> maps;
    for (const auto& [name, map] : config.maps) {
        MapRules& made = maps[name];
        made.tlsrpt = map.tlsrpt;
        made.enforce_testing = map.enforce_testing;
        made.dane = dane_of(map.dane.value_or(config.answers.dane), postfix);
    }
    std::vector<Override> overrides;
    for (const OverrideConfig& entry : config.overrides) overrides.push_back(override_from(entry));
    return {dane_of(config.answers.dane, postfix), maps, std::move(overrides)};
}

DnsOptions dns_options(const Config& config, PostfixDnssec::Answer postfix) {
    DnsOptions options;
    for (const ServerAddress& server : config.dns.servers)
        options.servers.push_back({server.host, server.port});
    options.trust_ad = config.dns.trust_ad;
    options.trust_resolv_conf_ad = goes_by_postfix(config) && postfix == PostfixDnssec::Answer::dnssec;
    options.validation_wanted =
        dane_of(config.answers.dane, postfix) || std::ranges::any_of(config.maps, [&](const auto& map) {
            return dane_of(map.second.dane.value_or(config.answers.dane), postfix);
        });
    options.timeout = config.dns.timeout;
    return options;
}

HttpsOptions https_options(const Config& config) {
    HttpsOptions options;
    options.ca_file = config.https.ca_file;
    options.timeout = config.https.timeout;
    options.connect_timeout = config.https.connect_timeout;
    options.fetches = config.limits.fetches;
    options.allow_private_addresses = config.https.allow_private_addresses;
    options.require_text_plain = config.https.content_type == ContentType::require;
    return options;
}

FleetOptions fleet_options(const Config& config) {
    const FleetConfig& fleet = config.fleet;
    FleetOptions options;
    for (const ListenAddress& server : fleet.servers) options.servers.push_back(fleet_address(server));
    for (const ListenAddress& one : fleet.sentinels) options.sentinels.push_back(fleet_address(one));
    options.master = fleet.master;
    options.user = fleet.user;
    options.password_file = fleet.password_file;
    options.tls = fleet.tls;
    options.ca_file = fleet.ca_file;
    options.prefix = fleet.prefix;
    options.key_file = fleet.key_file;
    options.timeout = fleet.timeout;
    options.longest_fetch = config.https.timeout;
    return options;
}

ResolveOptions resolve_options(const Config& config) {
    ResolveOptions options;
    options.min_ttl = config.dns.min_ttl;
    options.max_ttl = config.dns.max_ttl;
    options.recheck = config.answers.recheck;
    options.deadline = config.answers.deadline;
    options.retry = config.https.retry;
    options.min_interval = config.https.min_interval;
    options.defer_on_dns_failure = config.answers.on_dns_failure == OnDnsFailure::defer;
    return options;
}

}  // namespace sternpost
