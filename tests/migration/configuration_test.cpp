#include "sternpost/migration/configuration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sternpost/config/config.hpp"

namespace sternpost {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const MainCf dane{"dane", "dnssec"};

Migrated migrated(OtherResolver from, const std::string& yaml, const MainCf& main_cf = dane) {
    const auto made = migrate(from, yaml, "other.yml", main_cf);
    EXPECT_TRUE(made) << yaml << '\n' << made.error().detail;
    return made.value_or(Migrated());
}

Migrated of_python(const std::string& yaml) {
    return migrated(OtherResolver::mta_sts_resolver, yaml);
}

Migrated of_go(const std::string& yaml, const MainCf& main_cf = dane) {
    return migrated(OtherResolver::tlspol, yaml, main_cf);
}

// What sternpostd reads in it.
Config config(const Migrated& made) {
    auto read = read_config(made.toml, "sternpost.toml");
    EXPECT_TRUE(read) << made.toml << '\n' << read.error().detail;
    return read ? *read : Config{};
}

std::string error_of(const std::string& yaml) {
    const auto made = migrate(OtherResolver::tlspol, yaml, "other.yml", dane);
    EXPECT_FALSE(made) << made->toml;
    return made ? "no error" : made.error().detail;
}

TEST(Migration, WhatIsUsualNeedsNothing) {
    for (const std::string yaml :
         {"", "# nothing\n", "host: 127.0.0.1\nport: 8461\ncache_grace: 60\n",
          "default_zone:\n  strict_testing: false\n  timeout: 4\n", "zones:\n  postfix:\n    timeout: 4\n"}) {
        const Migrated made = of_python(yaml);
        EXPECT_EQ(config(made), read_config("", "").value()) << made.toml;
        EXPECT_THAT(made.warnings, IsEmpty());
        EXPECT_THAT(made.toml, Not(HasSubstr("no equal"))) << yaml;
    }
}

TEST(Migration, AddressesAreKept) {
    const auto listen = [](const std::string& yaml) {
        return to_string(config(of_python(yaml)).listen.front());
    };
    EXPECT_EQ(listen("port: 8642"), "127.0.0.1:8642");
    EXPECT_EQ(listen("host: '::1'\nport: '8461'"), "[::1]:8461");
    EXPECT_EQ(listen("host: localhost\nport: 1"), "127.0.0.1:1");
    EXPECT_EQ(listen("path: /run/sts.sock\nhost: 10.0.0.1"), "unix:/run/sts.sock");
    EXPECT_EQ(config(of_python("host: ''\n")).listen.size(), 2U);
    EXPECT_THAT(of_python("port: 8642").warnings, ElementsAre(HasSubstr("systemctl edit sternpostd.socket")));
    EXPECT_EQ(to_string(config(of_go("")).listen.front()), "127.0.0.1:8642");
    EXPECT_EQ(to_string(config(of_go("server:\n  address: '[::1]:8642'")).listen.front()), "[::1]:8642");
    EXPECT_EQ(to_string(config(of_go("server:\n  address: unix:/run/t.sock")).listen.front()),
              "unix:/run/t.sock");
    EXPECT_EQ(config(of_go("server:\n  address: :8642")).listen.size(), 2U);
}

TEST(Migration, ZonesBecomeMaps) {
    const Migrated made = of_python(
        "zones:\n"
        "  strict: {strict_testing: true, tlsrpt: yes, timeout: 8, require_sni: false}\n"
        "  plain: {}\n"
        "  a.b: {strict_testing: on}\n"
        "  postfix: {strict_testing: true}\n"
        "  sts-tlsrpt: {}\n"
        "default_zone: {tlsrpt: true}\n");
    const Config read = config(made);
    ASSERT_EQ(read.maps.size(), 6U) << made.toml;
    EXPECT_EQ(read.maps.at("strict"), (MapConfig{true, true, std::nullopt}));
    EXPECT_EQ(read.maps.at("plain"), MapConfig());
    EXPECT_EQ(read.maps.at("a.b"), (MapConfig{false, true, std::nullopt}));
    EXPECT_EQ(read.maps.at("zone-postfix"), (MapConfig{false, true, std::nullopt}));
    EXPECT_EQ(read.maps.at("zone-sts-tlsrpt"), MapConfig());
    EXPECT_EQ(read.maps.at("default-zone"), (MapConfig{true, false, std::nullopt}));
    EXPECT_THAT(made.warnings,
                ElementsAre(HasSubstr("write zone-postfix"), HasSubstr("write zone-sts-tlsrpt"),
                            HasSubstr("write default-zone")));
    EXPECT_THAT(made.toml, HasSubstr("zones.strict.timeout: 8 (line 2)"));
    EXPECT_THAT(made.toml, HasSubstr("zones.strict.require_sni: false (line 2)"));
}

TEST(Migration, SharedZonesAreFollowed) {
    const Migrated made = of_python(
        "default_zone: &usual {strict_testing: true}\n"
        "zones:\n  one: *usual\n  two:\n    <<: *usual\n    strict_testing: false\n  three: {<<: *usual, "
        "tlsrpt: true}\n");
    const Config read = config(made);
    EXPECT_TRUE(read.maps.at("one").enforce_testing);
    EXPECT_FALSE(read.maps.at("two").enforce_testing);
    EXPECT_EQ(read.maps.at("three"), (MapConfig{true, true, std::nullopt}));
}

TEST(Migration, SettingsOfTlspol) {
    const Migrated made = of_go(
        "server:\n  address: 127.0.0.1:8642\n  metrics-address: 127.0.0.1:9642\n  log-level: warn\n  "
        "log-format: json\n"
        "  prefetch: false\n  tlsrpt: true\n  cache-file: /var/lib/postfix-tlspol/cache.db\ndns:\n  address: "
        "127.0.0.53:53\n");
    const Config read = config(made);
    EXPECT_EQ(read.admin.metrics, (ListenAddress{"127.0.0.1", 9642, ""}));
    EXPECT_EQ(read.log.level, LogLevel::warning);
    EXPECT_EQ(read.log.format, LogFormat::json);
    EXPECT_THAT(read.dns.servers, ElementsAre(ServerAddress{"127.0.0.53", 53}));
    EXPECT_FALSE(read.dns.trust_ad);
    EXPECT_THAT(made.toml, HasSubstr("server.prefetch: false (line 6)"));
    EXPECT_THAT(made.warnings, ElementsAre(HasSubstr("ListenStream="), HasSubstr("write QUERYwithTLSRPT")));
}

TEST(Migration, WhatMainCfMustCoverNowIsWarnedOf) {
    const auto warns = testing::Contains(HasSubstr("DANE but no MTA-STS"));
    EXPECT_THAT(of_go("", {"may", "enabled"}).warnings, warns);
    EXPECT_THAT(of_go("", {"may", "enabled"}).warnings, Contains(HasSubstr("(now: may)")));
    EXPECT_THAT(of_go("", {"dane", "enabled"}).warnings, warns);
    EXPECT_THAT(of_go("", {"", ""}).warnings, warns);
    EXPECT_THAT(of_go("", {"dane", "dnssec"}).warnings, Not(warns));
    EXPECT_THAT(of_go("", {"dane-only", "dnssec"}).warnings, Not(warns));
    const Migrated remote = of_go("dns:\n  address: 192.0.2.1:53\n");
    EXPECT_THAT(remote.warnings, Contains(HasSubstr("trust-ad = true")));
    EXPECT_FALSE(config(remote).dns.trust_ad);
}

TEST(Migration, WhatHasNoEqualIsAComment) {
    const Migrated made = of_python(
        "host: mail.example.com\nshutdown_timeout: 30\ncache_grace: -1\nmode: 0660\nfrom_the_future: [1, 2]\n"
        "proactive_policy_fetching:\n  enabled: true\ncache:\n  type: redis\n");
    EXPECT_EQ(config(made), read_config("", "").value());
    for (const std::string words :
         {"host: mail.example.com (line 1)", "shutdown_timeout: 30 (line 2)", "cache_grace: -1 (line 3)",
          "mode: 0660 (line 4)", "from_the_future: [...] (line 5)",
          "proactive_policy_fetching: {...} (line 7)", "cache.type: redis (line 9)"})
        EXPECT_THAT(made.toml, HasSubstr(words));
    EXPECT_THAT(made.warnings, Contains(HasSubstr("sternpost cache warm")));
    EXPECT_THAT(of_python("cache_grace: 90.5").toml, HasSubstr("recheck = \"91s\""));
    EXPECT_THAT(of_python("cache: {type: sqlite, options: {filename: /var/lib/mta-sts/cache.db}}").toml,
                HasSubstr("sternpost import --from postfix-mta-sts-resolver /var/lib/mta-sts/cache.db"));
}

TEST(Migration, NothingOfTheFileGetsOutOfItsComment) {
    const std::string evil = "a\\nlisten = 1 # \\u001b[2J";
    const Migrated made = of_python("host: \"" + evil + "\"\n\"" + evil + "\": \"" + evil + "\"\nzones: {\"" +
                                    evil + "\": {strict_testing: true}}\ncache: {type: \"" + evil + "\"}\n");
    EXPECT_EQ(config(made), read_config("", "").value()) << made.toml;
    for (const char c : made.toml) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << made.toml;
    for (const std::string& warning : made.warnings)
        for (const char c : warning) EXPECT_TRUE(c >= ' ' && c <= '~') << warning;
}

TEST(Migration, MistakesAreNamed) {
    EXPECT_THAT(error_of("server:\n  address: [\n"), HasSubstr("other.yml:"));
    EXPECT_THAT(error_of("just words"), HasSubstr("it has no settings"));
    EXPECT_THAT(error_of("- a\n- b\n"), HasSubstr("it has no settings"));
    EXPECT_THAT(error_of("a: *nowhere\n"), HasSubstr("no YAML"));
}

TEST(Migration, HostileYamlIsBounded) {
    std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 20; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
        for (int n = 0; n < 8; ++n) bomb += "," + before;
        bomb += "]\n";
    }
    EXPECT_THAT(error_of(bomb), HasSubstr("more than 2000 values"));
    EXPECT_THAT(error_of("a: &a [*a]\n"), HasSubstr("nested too deeply"));
    EXPECT_THAT(error_of("a: " + std::string(30'000, '[')), HasSubstr("other.yml"));
    EXPECT_THAT(error_of("a: " + std::string(300, '[') + std::string(300, ']')),
                HasSubstr("nested too deeply"));
    EXPECT_THAT(error_of(std::string(max_yaml_bytes, '-')), HasSubstr("other.yml"));
    EXPECT_THAT(error_of(std::string(max_yaml_bytes + 1, '#')), HasSubstr("more than 65536 bytes"));
    EXPECT_THAT(error_of(std::string("a: \0b\n", 6) + "\xff\xfe: [}"), HasSubstr("other.yml"));
}

}  // namespace
}  // namespace sternpost
