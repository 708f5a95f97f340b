#include "sternpost/settings/settings.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace sternpost {
namespace {

using namespace std::chrono_literals;
using Answer = PostfixDnssec::Answer;
namespace ip = boost::asio::ip;

// What options are made of. Each member is named: with a new one, this does not compile until it is looked at.
auto parts(const DnsOptions& options) {
    const auto& [servers, trust_ad, trust_resolv_conf_ad, validation_wanted, timeout, probe_interval,
                 resolv_conf] = options;
    return std::tuple(servers, trust_ad, trust_resolv_conf_ad, validation_wanted, timeout);
}
auto parts(const HttpsOptions& options) {
    const auto& [ca_file, timeout, connect_timeout, fetches, allow_private_addresses, require_text_plain,
                 port] = options;
    return std::tuple(ca_file, timeout, connect_timeout, fetches, allow_private_addresses,
                      require_text_plain);
}
auto parts(const ResolveOptions& options) {
    const auto& [min_ttl, max_ttl, recheck, deadline, retry, min_interval, upkeep_interval,
                 defer_on_dns_failure] = options;
    return std::tuple(min_ttl, max_ttl, recheck, deadline, retry, min_interval, defer_on_dns_failure);
}
auto parts(const std::vector<FleetAddress>& addresses) {
    std::vector<std::tuple<std::string, ip::tcp::endpoint>> all;
    for (const auto& [path, endpoint] : addresses) all.emplace_back(path, endpoint);
    return all;
}
auto parts(const FleetOptions& options) {
    const auto& [servers, sentinels, master, user, password_file, tls, ca_file, prefix, key_file, timeout,
                 longest_fetch, ping_interval] = options;
    return std::tuple(parts(servers), parts(sentinels), master, user, password_file, tls, ca_file, prefix,
                      key_file, timeout, longest_fetch);
}
auto parts(const MapRules* rules) {
    return rules ? std::optional(*rules) : std::nullopt;
}
auto parts(const Override* decided) {
    const auto& [domain, action, until, pinned] = decided ? *decided : Override{};
    return std::tuple(domain, action, until, pinned.mode, pinned.mx);
}

// All that rooms are told.
auto told(const Config& config) {
    const Rules all = rules(config, Answer::dnssec);
    return std::tuple(parts(dns_options(config, Answer::dnssec)), parts(https_options(config)),
                      parts(resolve_options(config)), parts(fleet_options(config)), parts(all.map("sts")),
                      parts(all.map("own")), parts(all.override_of("example.com", WallTime{})));
}

// With a map and an override, so that their keys can be changed.
Config usual() {
    Config config;
    config.maps["own"] = {};
    config.overrides = {{"example.com", OverrideAction::pin, {}, {"mx.example.com"}}};
    return config;
}

void change(bool& value) {
    value = !value;
}
void change(std::size_t& value) {
    ++value;
}
void change(std::string& value) {
    value = "/else/where";
}
void change(std::chrono::seconds& value) {
    ++value;
}
void change(std::chrono::milliseconds& value) {
    ++value;
}
void change(DaneSwitch& value) {
    value = DaneSwitch::off;
}
void change(std::optional<DaneSwitch>& value) {
    value = DaneSwitch::off;
}
void change(OnDnsFailure& value) {
    value = OnDnsFailure::defer;
}
void change(ContentType& value) {
    value = ContentType::warn;
}
void change(OverrideAction& value) {
    value = OverrideAction::ignore;
}
void change(std::optional<std::chrono::sys_days>& value) {
    value = std::chrono::sys_days();
}
void change(std::vector<std::string>& value) {
    value = {"mx.example.net"};
}
void change(std::vector<ServerAddress>& value) {
    value = {{"192.0.2.1", 5353}};
}
void change(std::vector<ListenAddress>& value) {
    value = {{"192.0.2.1", 6380, ""}};
}

// Calls `visit` with each key that rooms are told of. Each member is named here, too; what `app` itself goes by is passed over.
template <class Visit>
void each_key(Config& config, Visit visit) {
    const auto all = [&visit](const char* section, auto&... keys) { (visit(section, keys), ...); };
    auto& [listen, user, dns, https, cache, answers, limits, log, admin, fleet, watch, maps, overrides] =
        config;
    {
        auto& [servers, trust_ad, timeout, min_ttl, max_ttl] = dns;
        all("dns", servers, trust_ad, timeout, min_ttl, max_ttl);
    }
    {
        auto& [ca_file, timeout, connect_timeout, retry, min_interval, private_addresses, content_type] =
            https;
        all("https", ca_file, timeout, connect_timeout, retry, min_interval, private_addresses, content_type);
    }
    {
        auto& [dane, deadline, recheck, on_dns_failure] = answers;
        all("answers", dane, deadline, recheck, on_dns_failure);
    }
    {
        auto& [connections, fetches, idle] = limits;
        all("limits", fetches);
    }
    {
        auto& [servers, sentinels, master, fleet_user, password_file, tls, ca_file, prefix, key_file,
               timeout] = fleet;
        all("fleet", servers, sentinels, master, fleet_user, password_file, tls, ca_file, prefix, key_file,
            timeout);
    }
    {
        auto& [tlsrpt, enforce_testing, dane] = maps.at("own");
        all("maps", tlsrpt, enforce_testing, dane);
    }
    {
        auto& [domain, action, until, mx] = overrides.front();
        all("overrides", domain, action, until, mx);
    }
}

TEST(Settings, EachKeyIsHandedOn) {
    int keys = 0;
    Config counted = usual();
    each_key(counted, [&keys](const char*, auto&) { ++keys; });
    for (int key = 0; key < keys; ++key) {
        Config config = usual();
        int at = 0;
        std::string name;
        each_key(config, [&](const char* section, auto& value) {
            if (at++ != key) return;
            change(value);
            name = section;
        });
        EXPECT_NE(told(config), told(usual())) << "key " << key << " of all, in [" << name << "]";
    }
}

TEST(Settings, DnsOptionsAreWhatTheFileSays) {
    Config config;
    config.dns.servers = {{"192.0.2.1", 5353}, {"2001:db8::1", 53}, {"fe80::1%away", 53}};
    config.dns.trust_ad = true;
    config.dns.timeout = 7s;
    const std::vector<NameServer> servers = {{"192.0.2.1", 5353}, {"2001:db8::1", 53}, {"fe80::1%away", 53}};
    EXPECT_EQ(parts(dns_options(config, Answer::dnssec)), std::tuple(servers, true, true, true, 7000ms));
    EXPECT_EQ(parts(dns_options(config, Answer::otherwise)), std::tuple(servers, true, false, false, 7000ms));
    config.answers.dane = DaneSwitch::on;
    EXPECT_EQ(parts(dns_options(config, Answer::otherwise)), std::tuple(servers, true, false, true, 7000ms));
}

TEST(Settings, HttpsOptionsAreWhatTheFileSays) {
    Config config;
    config.https.ca_file = "/ca.pem";
    config.https.timeout = 11s;
    config.https.connect_timeout = 3s;
    config.https.allow_private_addresses = true;
    config.https.content_type = ContentType::warn;
    config.limits.fetches = 5;
    EXPECT_EQ(parts(https_options(config)),
              std::tuple(std::string("/ca.pem"), 11000ms, 3000ms, std::size_t{5}, true, false));
}

TEST(Settings, ResolveOptionsAreWhatTheFileSays) {
    Config config;
    config.dns.min_ttl = 1s;
    config.dns.max_ttl = 2s;
    config.answers.recheck = 3s;
    config.answers.deadline = 4ms;
    config.https.retry = 5s;
    config.https.min_interval = 6s;
    config.answers.on_dns_failure = OnDnsFailure::defer;
    EXPECT_EQ(parts(resolve_options(config)), std::tuple(1s, 2s, 3s, 4ms, 5s, 6s, true));
}

TEST(Settings, FleetOptionsAreWhatTheFileSays) {
    Config config;
    config.fleet = {{{"192.0.2.1", 6380, ""}, {"", 0, "/redis.sock"}},
                    {{"192.0.2.2", 26379, ""}},
                    "master",
                    "user",
                    "/password",
                    true,
                    "/ca.pem",
                    "prefix",
                    "/key",
                    7ms};
    config.https.timeout = 11s;
    const FleetOptions options = fleet_options(config);
    const ip::tcp::endpoint first(ip::make_address("192.0.2.1"), 6380);
    const ip::tcp::endpoint sentinel(ip::make_address("192.0.2.2"), 26379);
    EXPECT_EQ(parts(options.servers),
              (std::vector{std::tuple(std::string(), first),
                           std::tuple(std::string("/redis.sock"), ip::tcp::endpoint())}));
    EXPECT_EQ(parts(options.sentinels), std::vector{std::tuple(std::string(), sentinel)});
    EXPECT_EQ(std::tie(options.master, options.user, options.password_file, options.ca_file, options.prefix,
                       options.key_file),
              std::tuple("master", "user", "/password", "/ca.pem", "prefix", "/key"));
    EXPECT_EQ(std::tie(options.tls, options.timeout, options.longest_fetch), std::tuple(true, 7ms, 11000ms));
}

TEST(Settings, AMapTakesDaneFromAnswersWhereItSaysNothing) {
    Config config;
    config.answers.dane = DaneSwitch::off;
    config.maps["plain"] = {true, false, std::nullopt};
    config.maps["other"] = {false, true, DaneSwitch::on};
    const Rules all = rules(config, Answer::dnssec);
    EXPECT_EQ(*all.map("plain"), (MapRules{true, false, false}));
    EXPECT_EQ(*all.map("other"), (MapRules{false, true, true}));
    EXPECT_FALSE(all.map("sts")->dane);
    EXPECT_FALSE(goes_by_postfix(config));
    config.maps["third"] = {false, false, DaneSwitch::automatic};
    EXPECT_TRUE(goes_by_postfix(config));
    EXPECT_TRUE(rules(config, Answer::dnssec).map("third")->dane);
    EXPECT_FALSE(rules(config, Answer::otherwise).map("third")->dane);
    EXPECT_TRUE(rules(config, Answer::no_postfix).map("third")->dane);
}

TEST(Settings, AnOverrideHoldsToTheEndOfItsLastDay) {
    Config config;
    const std::chrono::sys_days last = 2026y / 12 / 24;
    config.overrides = {{"example.com", OverrideAction::pin, last, {"mx.example.com", "*.example.net"}}};
    const Rules all = rules(config, Answer::dnssec);
    const Override* decided = all.override_of("example.com", WallTime(last) + 24h - 1s);
    ASSERT_NE(decided, nullptr);
    EXPECT_EQ(decided->action, Override::Action::pin);
    EXPECT_EQ(decided->pinned.mode, Mode::enforce);
    ASSERT_EQ(decided->pinned.mx.size(), 2U);
    EXPECT_EQ(decided->pinned.mx.back().text(), "*.example.net");
    EXPECT_EQ(all.override_of("example.com", WallTime(last) + 24h), nullptr);
}

}  // namespace
}  // namespace sternpost
