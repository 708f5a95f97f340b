#include "keys.hpp"

#include <chrono>

#include "address.hpp"
#include "contradictions.hpp"
#include "texts.hpp"
#include "values.hpp"

// A new key: a member with its default in config.hpp, a line here, one in settings.cpp (which hands it on), one in
// packaging/sternpost.toml and a paragraph in man/sternpost.toml.5. Limits are there to catch slips; low values are for labs.
namespace sternpost {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds a_day = 24h;

Reader<DaneSwitch> a_dane_switch() {
    return one_of<DaneSwitch>(
        {{"auto", DaneSwitch::automatic}, {"on", DaneSwitch::on}, {"off", DaneSwitch::off}});
}

ConfigKeys<DnsConfig> dns_keys() {
    return {
        {"servers", &DnsConfig::servers,
         list_of(a_text(parse_server_address, "127.0.0.1"), EmptyList::allowed, R"(["127.0.0.1"])")},
        {"trust-ad", &DnsConfig::trust_ad, a_boolean()},
        {"timeout", &DnsConfig::timeout, a_duration(100ms, 60s)},
        {"min-ttl", &DnsConfig::min_ttl, whole_seconds(0s, a_day)},
        {"max-ttl", &DnsConfig::max_ttl, whole_seconds(1s, a_day)},
    };
}

ConfigKeys<HttpsConfig> https_keys() {
    return {
        {"ca-file", &HttpsConfig::ca_file, a_text(parse_file_or_none, "/etc/ssl/certs/ca-certificates.crt")},
        {"timeout", &HttpsConfig::timeout, a_duration(100ms, 10min)},
        {"connect-timeout", &HttpsConfig::connect_timeout, a_duration(100ms, 10min)},
        {"retry", &HttpsConfig::retry, whole_seconds(1s, a_day)},
        {"min-interval", &HttpsConfig::min_interval, whole_seconds(0s, 1h)},
        {"allow-private-addresses", &HttpsConfig::allow_private_addresses, a_boolean()},
        {"content-type", &HttpsConfig::content_type,
         one_of<ContentType>({{"require", ContentType::require}, {"warn", ContentType::warn}})},
    };
}

ConfigKeys<CacheConfig> cache_keys() {
    return {
        {"path", &CacheConfig::path, a_text(parse_cache_path, "/var/lib/sternpost/cache.db")},
        {"memory-entries", &CacheConfig::memory_entries, a_number(1, 100'000'000)},
    };
}

ConfigKeys<AnswersConfig> answers_keys() {
    return {
        {"dane", &AnswersConfig::dane, a_dane_switch()},
        {"deadline", &AnswersConfig::deadline, a_duration(100ms, 90s)},
        {"recheck", &AnswersConfig::recheck, whole_seconds(0s, a_day)},
        {"on-dns-failure", &AnswersConfig::on_dns_failure,
         one_of<OnDnsFailure>({{"continue", OnDnsFailure::proceed}, {"temp", OnDnsFailure::defer}})},
    };
}

ConfigKeys<LimitsConfig> limits_keys() {
    return {
        {"connections", &LimitsConfig::connections, a_number(1, 1'000'000)},
        {"fetches", &LimitsConfig::fetches, a_number(1, 10'000)},
        {"idle", &LimitsConfig::idle, a_duration(100ms, a_day)},
    };
}

ConfigKeys<LogConfig> log_keys() {
    return {
        {"level", &LogConfig::level,
         one_of<LogLevel>({{"error", LogLevel::error},
                           {"warning", LogLevel::warning},
                           {"info", LogLevel::info},
                           {"debug", LogLevel::debug}})},
        {"target", &LogConfig::target, a_text(parse_log_target, "stderr")},
        {"format", &LogConfig::format,
         one_of<LogFormat>({{"text", LogFormat::text}, {"json", LogFormat::json}})},
    };
}

ConfigKeys<AdminConfig> admin_keys() {
    return {
        {"socket", &AdminConfig::socket, a_text(parse_socket_or_none, "/run/sternpost/admin.sock")},
        {"metrics", &AdminConfig::metrics, a_text(parse_metrics_address, "127.0.0.1:9461")},
    };
}

ConfigKeys<FleetConfig> fleet_keys() {
    return {
        {"servers", &FleetConfig::servers,
         list_of(a_text(parse_fleet_server, "127.0.0.1:6379"), EmptyList::allowed, R"(["127.0.0.1:6379"])")},
        {"sentinels", &FleetConfig::sentinels,
         list_of(a_text(parse_sentinel, "192.0.2.1:26379"), EmptyList::allowed, R"(["192.0.2.1:26379"])")},
        {"master", &FleetConfig::master, a_text(parse_word_or_none, "mymaster")},
        {"user", &FleetConfig::user, a_text(parse_word_or_none, "sternpost")},
        {"password-file", &FleetConfig::password_file,
         a_text(parse_file_or_none, "/etc/sternpost/fleet.password")},
        {"tls", &FleetConfig::tls, a_boolean()},
        {"ca-file", &FleetConfig::ca_file, a_text(parse_file_or_none, "/etc/sternpost/fleet-ca.pem")},
        {"prefix", &FleetConfig::prefix, a_text(parse_prefix, "sternpost")},
        {"key-file", &FleetConfig::key_file, a_text(parse_file_or_none, "/etc/sternpost/fleet.key")},
        {"timeout", &FleetConfig::timeout, a_duration(1ms, 5s)},
    };
}

ConfigKeys<WatchConfig> watch_keys() {
    return {
        {"domains", &WatchConfig::domains,
         list_of(a_text(parse_watched_domain, "example.com"), EmptyList::allowed, R"(["example.com"])")},
    };
}

ConfigKeys<MapConfig> map_keys() {
    return {
        {"tlsrpt", &MapConfig::tlsrpt, a_boolean()},
        {"enforce-testing", &MapConfig::enforce_testing, a_boolean()},
        {"dane", &MapConfig::dane, a_dane_switch()},
    };
}

ConfigKeys<OverrideConfig> override_keys() {
    return {
        {"domain", &OverrideConfig::domain, a_text(parse_override_domain, "example.com"), Presence::required},
        {"action", &OverrideConfig::action,
         one_of<OverrideAction>({{"ignore", OverrideAction::ignore},
                                 {"enforce-testing", OverrideAction::enforce_testing},
                                 {"pin", OverrideAction::pin},
                                 {"dane-only", OverrideAction::dane_only}}),
         Presence::required},
        {"until", &OverrideConfig::until, a_date()},
        {"mx", &OverrideConfig::mx,
         list_of(a_text(parse_pinned_mx, "mx1.example.com"), EmptyList::allowed, R"(["mx1.example.com"])")},
    };
}

}  // namespace

ConfigKeys<Config> config_keys() {
    return {
        {"listen", &Config::listen,
         list_of(a_text(parse_listen_address, "127.0.0.1:8461"), EmptyList::refused,
                 R"(["127.0.0.1:8461"])")},
        {"user", &Config::user, a_text(parse_user, "sternpost")},
        {"dns", &Config::dns, section<DnsConfig>("dns", dns_keys(), check_dns)},
        {"https", &Config::https, section<HttpsConfig>("https", https_keys(), check_https)},
        {"cache", &Config::cache, section<CacheConfig>("cache", cache_keys())},
        {"answers", &Config::answers, section<AnswersConfig>("answers", answers_keys())},
        {"limits", &Config::limits, section<LimitsConfig>("limits", limits_keys())},
        {"log", &Config::log, section<LogConfig>("log", log_keys())},
        {"admin", &Config::admin, section<AdminConfig>("admin", admin_keys(), note_socket)},
        {"fleet", &Config::fleet, section<FleetConfig>("fleet", fleet_keys(), check_fleet)},
        {"watch", &Config::watch, section<WatchConfig>("watch", watch_keys(), check_watch)},
        {"maps", &Config::maps, named_sections<MapConfig>("maps", map_keys(), parse_map_name)},
        {"override", &Config::overrides,
         repeated_section<OverrideConfig>("override", override_keys(), check_override, check_overrides)},
    };
}

}  // namespace sternpost
