#include "sternpost/config/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>
#include <string_view>

#include "sternpost/config/nearest.hpp"
#include "tests/support/temp_dir.hpp"

namespace sternpost {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::StartsWith;

const std::string sample_path = std::string(STERNPOST_TEST_DATA) + "/../../packaging/sternpost.toml";

Config read(const std::string& text) {
    auto config = read_config(text, "test.toml");
    EXPECT_TRUE(config) << text << '\n' << config.error().detail;
    return config ? *config : Config{};
}

std::string error_of(const std::string& text) {
    const auto config = read_config(text, "test.toml");
    EXPECT_FALSE(config) << text;
    if (config) return "no error";
    EXPECT_EQ(config.error().code, Errc::invalid);
    return config.error().detail;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    EXPECT_TRUE(file) << path;
    return {std::istreambuf_iterator<char>(file), {}};
}

const Config& defaults() {
    static const Config config = read("");
    return config;
}

// --- what is right
// -------------------------------------------------------------------------------------------

TEST(Config, AnEmptyFileGivesTheDefaults) {
    Config expected;
    expected.cache.path = "/var/lib/sternpost/cache.db";
    EXPECT_EQ(read(""), expected);
    EXPECT_EQ(read("# nothing but a comment\n\n"), expected);
    EXPECT_EQ(read("[dns]\n[https]\n[cache]\n[answers]\n[limits]\n[log]\n[admin]\n[watch]\n[maps]\n"),
              expected);
    EXPECT_EQ(read("override = []\n"), expected);
}

TEST(Config, TheDefaultsAreTheDocumentedOnes) {
    const Config& config = defaults();
    EXPECT_THAT(config.listen, ElementsAre(ListenAddress{"127.0.0.1", 8461, ""}));
    EXPECT_EQ(config.user, "");
    EXPECT_THAT(config.dns.servers, IsEmpty());
    EXPECT_FALSE(config.dns.trust_ad);
    EXPECT_EQ(config.dns.timeout, 5s);
    EXPECT_EQ(config.dns.min_ttl, 60s);
    EXPECT_EQ(config.dns.max_ttl, 1h);
    EXPECT_EQ(config.https.ca_file, "");
    EXPECT_EQ(config.https.timeout, 60s);
    EXPECT_EQ(config.https.connect_timeout, 10s);
    EXPECT_EQ(config.https.retry, 5min);
    EXPECT_EQ(config.https.min_interval, 60s);
    EXPECT_FALSE(config.https.allow_private_addresses);
    EXPECT_EQ(config.https.content_type, ContentType::require);
    EXPECT_EQ(config.cache.memory_entries, 100'000U);
    EXPECT_EQ(config.answers.dane, DaneSwitch::automatic);
    EXPECT_EQ(config.answers.deadline, 20s);
    EXPECT_EQ(config.answers.recheck, 5min);
    EXPECT_EQ(config.answers.on_dns_failure, OnDnsFailure::proceed);
    EXPECT_EQ(config.limits.connections, 4096U);
    EXPECT_EQ(config.limits.fetches, 64U);
    EXPECT_EQ(config.limits.idle, 120s);
    EXPECT_EQ(config.log.level, LogLevel::info);
    EXPECT_EQ(config.log.target, "stderr");
    EXPECT_EQ(config.log.format, LogFormat::text);
    EXPECT_EQ(config.admin.socket, "/run/sternpost/admin.sock");
    EXPECT_FALSE(config.admin.metrics);
    EXPECT_FALSE(config.fleet.on());
    EXPECT_EQ(config.fleet.prefix, "sternpost");
    EXPECT_EQ(config.fleet.timeout, 50ms);
    EXPECT_THAT(config.maps, IsEmpty());
    EXPECT_THAT(config.overrides, IsEmpty());
}

struct Setting {
    const char* text;
    std::function<void(Config&)> change;
};

TEST(Config, EveryKeyIsRead) {
    const std::vector<Setting> settings{
        {"listen = ['[::1]:8461', 'unix:/run/s.sock', '10.0.0.1:1']",
         [](Config& c) {
             c.listen = {{"::1", 8461, ""}, {"", 0, "/run/s.sock"}, {"10.0.0.1", 1, ""}};
         }},
        {"user = 'sternpost'", [](Config& c) { c.user = "sternpost"; }},
        {"dns.servers = ['127.0.0.1', '127.0.0.1:5353', '[::1]', '[::2]:54', 'fd00::3', '[fe80::1%eth0]:53', "
         "'fe80::1%b-1.2']",
         [](Config& c) {
             c.dns.servers = {{"127.0.0.1", 53}, {"127.0.0.1", 5353},  {"::1", 53},          {"::2", 54},
                              {"fd00::3", 53},   {"fe80::1%eth0", 53}, {"fe80::1%b-1.2", 53}};
         }},
        {"dns.trust-ad = true", [](Config& c) { c.dns.trust_ad = true; }},
        {"dns.timeout = '100ms'", [](Config& c) { c.dns.timeout = 100ms; }},
        {"dns.min-ttl = '1s'", [](Config& c) { c.dns.min_ttl = 1s; }},
        {"dns.max-ttl = '1d'", [](Config& c) { c.dns.max_ttl = 24h; }},
        {"https.ca-file = '/etc/ca.pem'", [](Config& c) { c.https.ca_file = "/etc/ca.pem"; }},
        {"https.timeout = '10m'", [](Config& c) { c.https.timeout = 10min; }},
        {"https.connect-timeout = '60s'", [](Config& c) { c.https.connect_timeout = 60s; }},
        {"https.retry = '1s'", [](Config& c) { c.https.retry = 1s; }},
        {"https.min-interval = '3000ms'", [](Config& c) { c.https.min_interval = 3s; }},
        {"https.allow-private-addresses = true", [](Config& c) { c.https.allow_private_addresses = true; }},
        {"https.content-type = 'warn'", [](Config& c) { c.https.content_type = ContentType::warn; }},
        {"https.content-type = 'require'", [](Config&) {}},
        {"cache.path = ':memory:'", [](Config& c) { c.cache.path = ":memory:"; }},
        {"cache.path = '/tmp/c.db'", [](Config& c) { c.cache.path = "/tmp/c.db"; }},
        {"cache.memory-entries = 100_000_000", [](Config& c) { c.cache.memory_entries = 100'000'000; }},
        {"answers.dane = 'on'", [](Config& c) { c.answers.dane = DaneSwitch::on; }},
        {"answers.dane = 'off'", [](Config& c) { c.answers.dane = DaneSwitch::off; }},
        {"answers.dane = 'auto'", [](Config&) {}},
        {"answers.deadline = '90s'", [](Config& c) { c.answers.deadline = 90s; }},
        {"answers.recheck = '1d'", [](Config& c) { c.answers.recheck = 24h; }},
        {"answers.on-dns-failure = 'temp'",
         [](Config& c) { c.answers.on_dns_failure = OnDnsFailure::defer; }},
        {"answers.on-dns-failure = 'continue'", [](Config&) {}},
        {"limits.connections = 1", [](Config& c) { c.limits.connections = 1; }},
        {"limits.fetches = 10000", [](Config& c) { c.limits.fetches = 10'000; }},
        {"limits.idle = '1h'", [](Config& c) { c.limits.idle = 1h; }},
        {"log.level = 'error'", [](Config& c) { c.log.level = LogLevel::error; }},
        {"log.level = 'warning'", [](Config& c) { c.log.level = LogLevel::warning; }},
        {"log.level = 'info'", [](Config&) {}},
        {"log.level = 'debug'", [](Config& c) { c.log.level = LogLevel::debug; }},
        {"log.target = 'journal'", [](Config& c) { c.log.target = "journal"; }},
        {"log.target = 'syslog'", [](Config& c) { c.log.target = "syslog"; }},
        {"log.target = '/var/log/sternpost.log'", [](Config& c) { c.log.target = "/var/log/sternpost.log"; }},
        {"log.format = 'json'", [](Config& c) { c.log.format = LogFormat::json; }},
        {"admin.socket = ''",
         [](Config& c) {
             c.admin.socket = "";
             c.admin.socket_is_set = true;
         }},
        {"admin.socket = '/run/a.sock'",
         [](Config& c) {
             c.admin.socket = "/run/a.sock";
             c.admin.socket_is_set = true;
         }},
        {"admin.socket = '/run/sternpost/admin.sock'", [](Config& c) { c.admin.socket_is_set = true; }},
        {"watch.domains = ['Example.com', 'b.example.com']",
         [](Config& c) {
             c.watch.domains = {"example.com", "b.example.com"};
         }},
        {"admin.metrics = '[::1]:9461'",
         [](Config& c) {
             c.admin.metrics = ListenAddress{"::1", 9461, ""};
         }},
        {"admin.metrics = ''", [](Config&) {}},
        {"fleet = {servers = ['192.0.2.1', '[::1]:6380', 'unix:/run/v.sock'], key-file = '/k'}",
         [](Config& c) {
             c.fleet.servers = {{"192.0.2.1", 6379, ""}, {"::1", 6380, ""}, {"", 0, "/run/v.sock"}};
             c.fleet.key_file = "/k";
         }},
        {"fleet = {sentinels = ['192.0.2.1', '192.0.2.2:1'], master = 'm', key-file = '/k'}",
         [](Config& c) {
             c.fleet.sentinels = {{"192.0.2.1", 26379, ""}, {"192.0.2.2", 1, ""}};
             c.fleet.master = "m";
             c.fleet.key_file = "/k";
         }},
        {"fleet = {user = 'u', password-file = '/p'}",
         [](Config& c) {
             c.fleet.user = "u";
             c.fleet.password_file = "/p";
         }},
        {"fleet = {tls = true, ca-file = '/c'}",
         [](Config& c) {
             c.fleet.tls = true;
             c.fleet.ca_file = "/c";
         }},
        {"fleet.prefix = 'a:b-1'", [](Config& c) { c.fleet.prefix = "a:b-1"; }},
        {"fleet.timeout = '5s'", [](Config& c) { c.fleet.timeout = 5s; }},
        {"maps.one = {}", [](Config& c) { c.maps["one"] = {}; }},
        {"maps.one = {tlsrpt = true, enforce-testing = true, dane = 'auto'}",
         [](Config& c) {
             c.maps["one"] = {true, true, DaneSwitch::automatic};
         }},
    };
    for (const Setting& setting : settings) {
        Config expected = defaults();
        setting.change(expected);
        EXPECT_EQ(read(setting.text), expected) << setting.text;
    }
}

TEST(Config, OverridesAreReadInTheirOrder) {
    const Config config = read(R"(
[[override]]
domain = "Example.COM"
action = "ignore"
until = 2027-01-31
mx = []

[[override]]
domain = ".example.com"
action = "pin"
mx = ["MX1.example.com", "*.mail.example.com"]

[[override]]
domain = "xn--bcher-kva.example"
action = "enforce-testing"

[[override]]
domain = ".test"
action = "dane-only"
)");
    const std::chrono::sys_days until = std::chrono::year(2027) / 1 / 31;
    EXPECT_THAT(
        config.overrides,
        ElementsAre(OverrideConfig{"example.com", OverrideAction::ignore, until, {}},
                    OverrideConfig{
                        ".example.com", OverrideAction::pin, {}, {"mx1.example.com", "*.mail.example.com"}},
                    OverrideConfig{"xn--bcher-kva.example", OverrideAction::enforce_testing, {}, {}},
                    OverrideConfig{".test", OverrideAction::dane_only, {}, {}}));
}

TEST(Config, AWiderOverrideThatEndsLeavesRoomForALaterOne) {
    const Config config = read(R"(
[[override]]
domain = ".example.com"
action = "ignore"
until = 2027-01-31
[[override]]
domain = "sub.example.com"
action = "dane-only"
[[override]]
domain = "ample.com"
action = "ignore"
)");
    EXPECT_EQ(config.overrides.size(), 3U);
}

// --- what is wrong
// -------------------------------------------------------------------------------------------

struct Mistake {
    const char* text;
    const char* place;
    std::vector<const char*> told;
};

void expect_each_told(const std::vector<Mistake>& mistakes) {
    for (const Mistake& mistake : mistakes) {
        const std::string error = error_of(mistake.text);
        EXPECT_THAT(error, StartsWith(std::string("test.toml:") + mistake.place + ": ")) << mistake.text;
        EXPECT_THAT(lines_of(error), testing::SizeIs(1)) << mistake.text;
        for (const char* told : mistake.told) EXPECT_THAT(error, HasSubstr(told)) << mistake.text;
    }
}

TEST(ConfigErrors, UnknownKeysAndSections) {
    expect_each_told({
        {"user = ''\n  lisen = []", "2:3", {R"(unknown key "lisen"; did you mean "listen"?)"}},
        {"[dsn]\ntimeout = '1s'", "1:2", {R"(unknown section "dsn"; did you mean "dns"?)"}},
        {"[dns]\n\ntimout = '1s'", "3:1", {R"([dns]: unknown key "timout"; did you mean "timeout"?)"}},
        {"[dns]\nmin_ttl = '1s'", "2:1", {R"(did you mean "min-ttl"?)"}},
        {"[dns]\nMin-TTL = '1s'", "2:1", {R"(did you mean "min-ttl"?)"}},
        {"[dns]\ncolour = 1",
         "2:1",
         {R"([dns]: unknown key "colour"; known here: servers, trust-ad, timeout)"}},
        {"timeout = '1s'",
         "1:1",
         {R"(unknown key "timeout"; its place is below [dns] or [https] or [fleet])"}},
        {"mx = []", "1:1", {"its place is below [[override]]"}},
        {"tlsrpt = true", "1:1", {"its place is below [maps.NAME]"}},
        {"[log]\nlisten = []", "2:1", {"its place is at the top of the file, before the first [section]"}},
        {"[log]\ndns = 1", "2:1", {"its place is in a section of its own, [dns]"}},
        {"[log.dns]\ntimeout = '1s'", "1:6", {R"([log]: unknown section "dns"; its place is in a section)"}},
        {"[[overide]]\ndomain = 'a.b'", "1:3", {R"(unknown section "overide"; did you mean "override"?)"}},
        {"[maps.a.b]\ntlsrpt = true", "1:9", {R"([maps.a]: unknown section "b")"}},
        {"[maps.a]\ntlsrp = true", "2:1", {R"([maps.a]: unknown key "tlsrp"; did you mean "tlsrpt"?)"}},
        {"[[override]]\ndomain = 'a.b'\naction = 'ignore'\ntill = 2027-01-01",
         "4:1",
         {R"([[override]]: unknown key "till")"}},
        {"\"li\\u001bsten\" = []", "1:1", {R"(unknown key "li\x1bsten")"}},
    });
}

TEST(ConfigErrors, WrongTypes) {
    expect_each_told({
        {"listen = '127.0.0.1:8461'",
         "1:10",
         {R"(listen: this is a text; write a list, such as ["127.0.0.1)"}},
        {"listen = [8461]", "1:11", {"listen: this is a whole number; write a text in double quotes"}},
        {"user = 1000", "1:8", {"user: this is a whole number; write a text in double quotes"}},
        {"dns.trust-ad = 'true'", "1:16", {"[dns] trust-ad: this is a text; write true or false, without"}},
        {"dns.servers = '::1'", "1:15", {"[dns] servers: this is a text; write a list"}},
        {"dns.timeout = true",
         "1:15",
         {"this is true or false; write a text in double quotes, such as \"20s\""}},
        {"dns.timeout = 1.5", "1:15", {"this is a number with a fraction; write a text"}},
        {"answers.dane = true",
         "1:16",
         {"this is true or false; write a text in double quotes, such as \"auto\""}},
        {"limits.fetches = '64'",
         "1:18",
         {"this is a text; write a whole number without quotes, from 1 to 10000"}},
        {"limits.fetches = 6.0", "1:18", {"this is a number with a fraction; write a whole number"}},
        {"log.level = 12:00:00", "1:13", {"this is a time of day"}},
        {"log.level = 2027-01-01T12:00:00", "1:13", {"this is a date with a time"}},
        {"dns = '127.0.0.1'", "1:7", {"dns: this is a text; write [dns] on a line of its own"}},
        {"[[dns]]\ntimeout = '1s'", "1:1", {"dns: this is a list; write [dns] on a line of its own"}},
        {"[override]\ndomain = 'a.b'", "1:1", {"this is a section; write [[override]] on a line of its own"}},
        {"override = [1]", "1:13", {"this is a whole number; write [[override]] on a line of its own"}},
        {"maps = 1", "1:8", {"this is a whole number; write [maps.NAME]"}},
        {"maps.x = 'on'", "1:10", {"[maps.x]: this is a text; write [maps.x] on a line of its own"}},
    });
}

TEST(ConfigErrors, Durations) {
    expect_each_told({
        {"dns.timeout = 20",
         "1:15",
         {R"(20 has no unit; write it in quotes with ms, s, m, h or d, such as "20s")"}},
        {"dns.timeout = ''", "1:15", {R"("" is empty; write a whole number and its unit, such as "500ms")"}},
        {"dns.timeout = '20'", "1:15", {R"("20" has no unit; write)"}},
        {"dns.timeout = '20 s'", "1:15", {R"("20 s" is no duration; write)"}},
        {"dns.timeout = '20S'", "1:15", {"is no duration"}},
        {"dns.timeout = '1.5s'", "1:15", {"is no duration"}},
        {"dns.timeout = '-1s'", "1:15", {"is no duration"}},
        {"dns.timeout = '+1s'", "1:15", {"is no duration"}},
        {"dns.timeout = 's'", "1:15", {"is no duration"}},
        {"dns.timeout = '1m30s'", "1:15", {"is no duration"}},
        {"dns.timeout = '99999999999999999999s'", "1:15", {"is too long a time"}},
        {"dns.timeout = '9223372036854775807s'", "1:15", {"is too long a time"}},
        {"dns.min-ttl = '1500ms'", "1:15", {R"("1500ms" is no whole number of seconds; write "1s" or "2s")"}},
    });
}

TEST(ConfigErrors, Ranges) {
    expect_each_told({
        {"dns.timeout = '99ms'", "1:15", {R"("99ms" is out of range; write a duration from 100ms to 1m)"}},
        {"dns.timeout = '61s'", "1:15", {"100ms to 1m"}},
        {"dns.min-ttl = '25h'", "1:15", {"0s to 1d"}},
        {"dns.max-ttl = '0s'", "1:15", {"1s to 1d"}},
        {"dns.max-ttl = '2d'", "1:15", {"1s to 1d"}},
        {"https.timeout = '99ms'", "1:17", {"100ms to 10m"}},
        {"https.timeout = '601s'", "1:17", {"100ms to 10m"}},
        {"https.connect-timeout = '99ms'", "1:25", {"100ms to 10m"}},
        {"https.connect-timeout = '11m'", "1:25", {"100ms to 10m"}},
        {"https.retry = '500ms'", "1:15", {"1s to 1d"}},
        {"https.retry = '25h'", "1:15", {"1s to 1d"}},
        {"https.min-interval = '61m'", "1:22", {"0s to 1h"}},
        {"cache.memory-entries = 0", "1:24", {"0 is out of range; write a number from 1 to 100000000"}},
        {"cache.memory-entries = 100000001", "1:24", {"1 to 100000000"}},
        {"cache.memory-entries = -5", "1:24", {"-5 is out of range"}},
        {"answers.deadline = '99ms'", "1:20", {"100ms to 90s"}},
        {"answers.deadline = '91s'", "1:20", {"100ms to 90s"}},
        {"answers.recheck = '2d'", "1:19", {"0s to 1d"}},
        {"limits.connections = 0", "1:22", {"1 to 1000000"}},
        {"limits.connections = 1000001", "1:22", {"1 to 1000000"}},
        {"limits.fetches = 0", "1:18", {"1 to 10000"}},
        {"limits.fetches = 10001", "1:18", {"1 to 10000"}},
        {"limits.idle = '99ms'", "1:15", {"100ms to 1d"}},
        {"limits.idle = '2d'", "1:15", {"100ms to 1d"}},
        {"fleet.timeout = '0s'", "1:17", {"1ms to 5s"}},
        {"fleet.timeout = '6s'", "1:17", {"1ms to 5s"}},
    });
}

TEST(ConfigErrors, Words) {
    expect_each_told({
        {"log.level = 'warn'",
         "1:13",
         {R"([log] level: "warn" is unknown here; write one of "error", "warning", "info", "debug")",
          R"((did you mean "warning"?))"}},
        {"log.level = 'INFO'", "1:13", {R"((did you mean "info"?))"}},
        {"log.level = ''", "1:13", {R"("" is unknown here)"}},
        {"log.format = 'xml'", "1:14", {R"(write one of "text", "json")"}},
        {"answers.dane = 'yes'", "1:16", {R"(write one of "auto", "on", "off")"}},
        {"answers.on-dns-failure = 'defer'", "1:26", {R"(write one of "continue", "temp")"}},
        {"https.content-type = 'ignore'", "1:22", {R"(write one of "require", "warn")"}},
        {"maps.x.dane = 'of'", "1:15", {R"([maps.x] dane: "of" is unknown here)", R"(did you mean "off"?)"}},
        {"[[override]]\ndomain = 'a.b'\naction = 'ignroe'", "3:10", {R"(did you mean "ignore"?)"}},
    });
}

// "no" is anything but "on".
TEST(ConfigErrors, AWordOfWhichLittleIsLeftIsNotNear) {
    constexpr std::array<std::string_view, 3> words{"auto", "on", "off"};
    EXPECT_EQ(nearest("no", words), "");
    EXPECT_EQ(nearest("of", words), "off");
}

TEST(ConfigErrors, ListenAddresses) {
    expect_each_told({
        {"listen = []", "1:10", {R"(the list is empty; write at least one, such as ["127.0.0.1:8461"])"}},
        {"listen = ['']", "1:11", {R"("" is no address; write "127.0.0.1:8461" or)"}},
        {"listen = [\n  '127.0.0.1:1',\n  'localhost:8461' ]",
         "3:3",
         {"is a host name, and names are not looked up"}},
        {"listen = ['127.0.0.1']", "1:11", {R"("127.0.0.1" has no port; write "127.0.0.1:8461")"}},
        {"listen = ['::1']", "1:11", {R"("::1" has no port; write "[::1]:8461")"}},
        {"listen = ['[::1]']", "1:11", {R"(has no port; write "[::1]:8461")"}},
        {"listen = ['127.0.0.1:0']", "1:11", {"write a number from 1 to 65535"}},
        {"listen = ['127.0.0.1:65536']", "1:11", {"write a number from 1 to 65535"}},
        {"listen = ['127.0.0.1:']", "1:11", {"write a number from 1 to 65535"}},
        {"listen = ['127.0.0.1:84x']", "1:11", {"write a number from 1 to 65535"}},
        {"listen = ['[::1]:']", "1:11", {"write a number from 1 to 65535"}},
        {"listen = ['[::1]8461']", "1:11", {"goes on after the bracket"}},
        {"listen = ['[::1:8461']", "1:11", {"lacks the closing bracket"}},
        {"listen = ['[127.0.0.1]:8461']", "1:11", {"no IPv6 address in its brackets"}},
        {"listen = ['[fe80::1%eth0]:8461']", "1:11", {"no IPv6 address in its brackets"}},
        {"listen = ['127.1:8461']", "1:11", {"has no valid IP address in it"}},
        {"listen = [':8461']", "1:11", {"has no valid IP address in it"}},
        {"listen = ['8461']", "1:11", {"has no valid IP address in it"}},
        {"listen = ['inet:127.0.0.1:8461']", "1:11", {R"(only Postfix needs; write "127.0.0.1:8461")"}},
        {"listen = ['unix:run/s.sock']", "1:11", {"has no absolute path of a socket"}},
        {"listen = ['unix:/run/']", "1:11", {"has no absolute path of a socket"}},
        {"listen = ['unix:']", "1:11", {"has no absolute path of a socket"}},
        {"listen = ['/run/s.sock']", "1:11", {R"(is a path; write "unix:/run/s.sock")"}},
        {"listen = ['127.0.0.1:1\\n']", "1:11", {"no valid port"}},
        {"listen = [\"127.0.0.1:1\\n\"]", "1:11", {R"("127.0.0.1:1\x0a" has a control character in it)"}},
        {"listen = ['127.0.0.1:1', '127.0.0.1:1']", "1:26", {"stands in the list twice; remove it"}},
        {"listen = ['[::1]:1', '[0:0::1]:1']", "1:22", {"stands in the list twice; remove it"}},
        {"listen = ['unix:/d/s', 'unix:/d//./s']", "1:24", {"stands in the list twice; remove it"}},
        {"listen = ['unix:/d/.']", "1:11", {"has no absolute path of a socket"}},
        {"listen = ['::1:8461']", "1:11", {R"(has its port within the address; )", R"(write "[::1]:8461")"}},
        {"listen = ['::8461']", "1:11", {R"(write "[::1]:PORT")"}},
        {"listen = ['[::ffff:127.0.0.1]:8461']",
         "1:11",
         {R"(is an IPv4 address in the form of IPv6; write "127.0.0.1:8461")"}},
    });
}

TEST(Config, AddressesOfTheTwoFamiliesStandSideBySide) {
    EXPECT_EQ(
        read("listen = ['0.0.0.0:1', '[::]:1', '127.0.0.1:2']\nadmin.metrics = '[::1]:2'").listen.size(), 3U);
}

TEST(ConfigErrors, AKeyOfMorePartsThanAnyHas) {
    std::string key = "a";
    for (int i = 0; i < 50'000; ++i) key += ".a";
    for (const std::string& text :
         {key + " = 1", "[" + key + "]", "x = {" + key + " = 1}", "\"" + key + "\"." + key + " = 1"})
        EXPECT_TRUE(error_of("\n" + text).starts_with("test.toml:2:1: a key of more than 16 parts; "));
    const std::string value = "/" + key.substr(0, 99);
    EXPECT_EQ(read("log.target = '" + value + "' # " + value + "\n# '\n").log.target, value);
    EXPECT_EQ(read("log.target = \"/\\\"" + value + "\"\n").log.target, "/\"" + value);
    EXPECT_EQ(read("log.target = '''" + value + "'''\n").log.target, value);
}

TEST(ConfigErrors, ASocketPathMustFitItsAddress) {
    const std::string longest = '/' + std::string(106, 'x');
    EXPECT_EQ(read("listen = ['unix:" + longest + "']").listen.front().path, longest);
    EXPECT_THAT(error_of("listen = ['unix:" + longest + "x']"),
                HasSubstr("write a path of at most 107 bytes"));
    EXPECT_THAT(error_of("admin.socket = '" + longest + "x'"),
                HasSubstr("write a path of at most 107 bytes"));
}

TEST(ConfigErrors, OtherTexts) {
    expect_each_told({
        {"user = 'a b'", "1:8", {R"("a b" is no user name; write the name of an account)"}},
        {"user = '-x'", "1:8", {"is no user name"}},
        {"user = \"a\\u0000\"", "1:8", {"has a control character in it"}},
        {"dns.servers = ['']", "1:16", {"is no address"}},
        {"dns.servers = ['resolver.example']", "1:16", {"is a host name"}},
        {"dns.servers = ['[2001:db8::1%eth0]:53']", "1:16", {"names an interface"}},
        {"dns.servers = ['[fe80::1%eth 0]:53']", "1:16", {"no IPv6 address in its brackets"}},
        {"dns.servers = ['fe80::1%']", "1:16", {"has no valid IP address in it"}},
        {"dns.servers = ['fe80::1']",
         "1:16",
         {R"("fe80::1" is link-local and names no interface; )", R"(write "fe80::1%eth0")"}},
        {"dns.servers = ['[febf::1]:5353']", "1:16", {"names no interface", R"("[febf::1%eth0]:5353")"}},
        {"dns.servers = ['127.0.0.1:x']", "1:16", {"no valid port"}},
        {"dns.servers = ['::1', '[::1]:53']", "1:23", {"stands in the list twice"}},
        {"dns.servers = ['::1:5353']",
         "1:16",
         {R"(has its port within the address; )", R"(write "[::1]:5353")"}},
        {"dns.servers = ['::ffff:c000:201']", "1:16", {R"(write "192.0.2.1")"}},
        {"admin.metrics = '::1:9461'", "1:17", {R"(write "[::1]:9461")"}},
        {"https.ca-file = 'ca.pem'", "1:17", {"is no absolute path of a file; write one that begins with /"}},
        {"https.ca-file = '/etc/ssl/'", "1:17", {"is no absolute path of a file"}},
        {"cache.path = 'cache.db'", "1:14", {R"(write one that begins with /, or ":memory:")"}},
        {"cache.path = ''", "1:14", {"is no absolute path of a file"}},
        {"cache.path = \"/tmp/\\u007f\"", "1:14", {"has a control character in it"}},
        {"admin.socket = 'unix:/run/a'", "1:16", {"write the path without unix:"}},
        {"admin.socket = 'a.sock'", "1:16", {"is no absolute path"}},
        {"watch.domains = ['.example.com']", "1:18", {"begins with a dot"}},
        {"watch.domains = ['*.Example.com']",
         "1:18",
         {"has an asterisk", "write each domain by itself, such as \"example.com\""}},
        {"watch.domains = ['[c.example]']",
         "1:18",
         {"is no domain; write \"example.com\", without brackets"}},
        {"watch.domains = ['example']", "1:18", {"is a single label"}},
        {"watch.domains = ['a.example', 'A.example']", "1:31", {"this one stands in the list twice"}},
        {"admin.metrics = 'unix:/run/a'", "1:17", {"metrics are served over TCP only"}},
        {"admin.metrics = '127.0.0.1'", "1:17", {R"(has no port; write "127.0.0.1:9461")"}},
        {"admin.metrics = 'localhost:9461'", "1:17", {"is a host name"}},
        {"log.target = 'stdout'",
         "1:14",
         {R"("stdout" is no log target; write "stderr", "journal", "syslog")"}},
        {"log.target = 'sternpost.log'", "1:14", {"is no log target"}},
        {"[maps.sts]",
         "1:7",
         {R"([maps.sts]: "sts" is a name that sternpostd keeps for itself; write another one)"}},
        {"[maps.postfix]", "1:7", {"keeps for itself"}},
        {"[maps.QUERY]", "1:7", {"keeps for itself"}},
        {"[maps.sts-tlsrpt]", "1:7", {"keeps for itself"}},
        {"[maps.QUERYwithTLSRPT]", "1:7", {"keeps for itself"}},
        {"[maps.'a b']", "1:7", {R"("a b" is no map name; write up to 64 letters, digits)"}},
        {"[maps.'a:b']", "1:7", {"is no map name"}},
        {"[maps.'']", "1:7", {"is no map name"}},
    });
}

TEST(ConfigErrors, Overrides) {
    const auto with = [](const std::string& rest) { return "[[override]]\n" + rest; };
    const auto first_line = [&](const std::string& rest) { return lines_of(error_of(with(rest))).at(0); };
    const auto domain = [&](const std::string& name) {
        return first_line("action = 'ignore'\ndomain = '" + name + "'");
    };
    const auto mx = [&](const std::string& list) {
        return first_line("domain = 'a.b'\naction = 'pin'\nmx = " + list);
    };
    const auto until = [&](const std::string& value) {
        return first_line("domain = 'a.b'\naction = 'ignore'\nuntil = " + value);
    };
    EXPECT_THAT(first_line("action = 'ignore'"),
                HasSubstr(R"(test.toml:1:1: [[override]]: the key "domain" is missing)"));
    EXPECT_THAT(first_line("domain = 'a.b'"),
                HasSubstr(R"(test.toml:1:1: [[override]]: the key "action" is missing)"));
    EXPECT_THAT(domain(""), HasSubstr(R"(test.toml:3:10: [[override]] domain: "" is no domain)"));
    EXPECT_THAT(domain("localhost"), HasSubstr("is a single label"));
    EXPECT_THAT(domain("*.example.com"),
                HasSubstr(R"(write ".example.com" for a domain with its sub-domains)"));
    EXPECT_THAT(domain("example.com."), HasSubstr("ends with a dot"));
    EXPECT_THAT(domain("bücher.example"), HasSubstr("A-label"));
    EXPECT_THAT(domain("192.0.2.1"), HasSubstr("is no domain"));
    EXPECT_THAT(domain("a..b"), HasSubstr("is no domain"));
    EXPECT_THAT(domain("-a.b"), HasSubstr("is no domain"));
    EXPECT_THAT(domain(std::string(64, 'a') + ".b"), HasSubstr("is no domain"));
    const std::string longest = std::string(60, 'a') + '.' + std::string(60, 'b') + '.' +
                                std::string(60, 'c') + '.' + std::string(61, 'd');
    EXPECT_EQ(read("[[override]]\naction = 'ignore'\ndomain = '" + longest + "'").overrides.front().domain,
              longest);
    EXPECT_THAT(domain(longest + 'd'), HasSubstr("is too long for a domain"));
    EXPECT_THAT(domain("a.b:25"), HasSubstr("is no domain"));
    EXPECT_THAT(domain("."), HasSubstr("is no domain"));
    EXPECT_THAT(mx("[]"), HasSubstr("test.toml:3:10: [[override]] action: a pin without mx; add mx = "));
    EXPECT_THAT(mx("['hostname']"),
                HasSubstr("test.toml:4:7: [[override]] mx: \"hostname\" is no MX pattern"));
    EXPECT_THAT(mx("['.b.c']"), HasSubstr(R"(begins with a dot; write "*.b.c")"));
    EXPECT_THAT(mx("['a.*.c']"), HasSubstr("is no MX pattern"));
    EXPECT_THAT(mx("['*.c']"), HasSubstr("is no MX pattern"));
    EXPECT_THAT(mx("['192.0.2.1']"), HasSubstr("is no MX pattern"));
    for (const char* never : {"['nexthop']", "['dot-nexthop']", "['*.2.1']", "['a.0x7f']", "['::1']"})
        EXPECT_THAT(mx(never), HasSubstr("is no MX pattern")) << never;
    EXPECT_THAT(mx("['m.b.c', 'M.b.c']"),
                HasSubstr("test.toml:4:16: [[override]] mx: this one stands in the"));
    EXPECT_THAT(first_line("domain = 'a.b'\naction = 'ignore'\nmx = ['m.a.b']"),
                HasSubstr("test.toml:4:6: [[override]] mx: only a pin has MX patterns"));
    const auto write_a_date = HasSubstr("write a date without quotes and without a time, such as 2027-01-31");
    EXPECT_THAT(until("'2027-01-01'"), AllOf(StartsWith("test.toml:4:9: "), write_a_date));
    EXPECT_THAT(until("2027-01-01T00:00:00Z"), AllOf(StartsWith("test.toml:4:9: "), write_a_date));
    EXPECT_THAT(until("20270101"), write_a_date);
    EXPECT_THAT(until("2027-02-30"), StartsWith("test.toml:4:"));
}

TEST(Config, ADefaultGivesWayToWhatIsSet) {
    EXPECT_EQ(read_config("[dns]\nmax-ttl = '10s'", "test.toml")->dns.min_ttl, 10s);
    EXPECT_EQ(read_config("[dns]\nmin-ttl = '2h'", "test.toml")->dns.max_ttl, 2h);
    EXPECT_EQ(read_config("[https]\ntimeout = '5s'", "test.toml")->https.connect_timeout, 5s);
    EXPECT_EQ(read_config("[https]\nconnect-timeout = '90s'", "test.toml")->https.timeout, 90s);
}

TEST(ConfigErrors, Contradictions) {
    expect_each_told({
        {"[dns]\nmax-ttl = '10s'\nmin-ttl = '20s'",
         "3:11",
         {"[dns] min-ttl: min-ttl (20s) is longer than max-ttl (10s); make min-ttl the shorter one"}},
        {"[https]\ntimeout = '5s'\nconnect-timeout = '6s'", "3:19", {"connect-timeout (6s) is longer than"}},
        {"admin.metrics = '127.0.0.1:8461'",
         "1:17",
         {R"([admin] metrics: "127.0.0.1:8461" is both in listen and)"}},
        {"listen = ['unix:/run/a']\nadmin.socket = '/run/a'",
         "2:16",
         {R"("unix:/run/a" is both in listen and)"}},
        {"listen = ['unix:/run/sternpost/admin.sock']", "1:10", {"is both in listen and in [admin]"}},
        {"listen = ['unix:/run/a']\nadmin.socket = '/run/./a'", "2:16", {"is both in listen and in [admin]"}},
        {"listen = ['127.0.0.1:1', '[::]:1', '0.0.0.0:1']",
         "1:10",
         {R"(listen: "127.0.0.1:1" and "0.0.0.0:1" take the same port; keep one of the two)"}},
        {"admin.metrics = '0.0.0.0:8461'",
         "1:17",
         {R"("0.0.0.0:8461" takes the same port as "127.0.0.1:8461" in listen; write another port)"}},
        {"[[override]]\ndomain='a.b'\naction='ignore'\n[[override]]\ndomain='A.b'\naction='dane-only'",
         "5:8",
         {R"([[override]] domain: "a.b" has an override on line 1 already, which never ends; keep one)"}},
        {"[[override]]\ndomain='.b.c'\naction='ignore'\n[[override]]\ndomain='x.a.b.c'\naction='dane-only'",
         "5:8",
         {R"(the override of ".b.c" on line 1 comes first and covers "x.a.b.c"; move this one above it)"}},
        {"[[override]]\ndomain='.b.c'\naction='ignore'\n[[override]]\ndomain='b.c'\naction='dane-only'",
         "5:8",
         {"comes first and covers \"b.c\""}},
        {"[answers]\ndane='off'\n[[override]]\ndomain='a.b'\naction='ignore'\n"
         "[[override]]\ndomain='b.c'\naction='dane-only'",
         "8:8",
         {R"([[override]] action: "dane-only" contradicts dane = "off" in [answers]; write dane = "auto")"}},
    });
    EXPECT_EQ(read("[[override]]\ndomain='b.c'\naction='dane-only'\n[maps.a]\ndane='off'").overrides.size(),
              1U)
        << "a map of its own may leave DANE out";
    EXPECT_EQ(read("[[override]]\ndomain='b.c'\naction='ignore'\nuntil=2030-01-31\n"
                   "[[override]]\ndomain='b.c'\naction='pin'\nmx=['m.b.c']")
                  .overrides.size(),
              2U)
        << "the second one counts when the first has ended";
}

TEST(ConfigErrors, FleetsThatContradictThemselves) {
    expect_each_told({
        {"[fleet]\nservers = ['127.0.0.1']\nsentinels = ['127.0.0.1']\nmaster = 'm'\nkey-file = '/k'",
         "3:13",
         {"[fleet] sentinels: there are servers, too; keep one of the two"}},
        {"[fleet]\nsentinels = ['127.0.0.1']\nkey-file = '/k'", "2:13", {R"(add master = "NAME")"}},
        {"[fleet]\nservers = ['127.0.0.1']\nmaster = 'm'\nkey-file = '/k'", "3:10", {"add sentinels"}},
        {"[fleet]\nservers = ['127.0.0.1']", "2:11", {"must be signed; add key-file"}},
        {"[fleet]\nuser = 'u'", "2:8", {"it has no password; add password-file"}},
        {"[fleet]\nca-file = '/c'", "2:11", {"it is for TLS; add tls = true"}},
        {"[fleet]\nservers = ['unix:/run/v.sock']\ntls = true\nkey-file = '/k'",
         "3:7",
         {"a UNIX socket has no TLS"}},
    });
}

TEST(ConfigErrors, FleetsThatAreNone) {
    expect_each_told({
        {"fleet.servers = ['valkey.example.com']",
         "1:18",
         {"is a host name, and names are not looked up here"}},
        {"fleet.servers = ['/run/v.sock']", "1:18", {R"(is a path; write "unix:/run/v.sock")"}},
        {"fleet.servers = ['']", "1:18", {R"(write "127.0.0.1:6379")"}},
        {"fleet.prefix = ''", "1:16", {"is no prefix"}},
        {"fleet.prefix = 'a b'", "1:16", {"is no prefix"}},
        {"fleet.user = 'a b'", "1:14", {"is no name"}},
        {"fleet.key-file = 'k'", "1:18", {"is no absolute path"}},
    });
}

// The columns and words of these are the parser's.
TEST(ConfigErrors, SyntaxErrorsAndRepeatedNamesHaveTheirLine) {
    const auto expect_told = [](const std::string& text, int line, const char* remedy) {
        const std::string place = "test.toml:" + std::to_string(line) + ':';
        EXPECT_THAT(lines_of(error_of(text)), ElementsAre(AllOf(StartsWith(place), HasSubstr(remedy))))
            << text;
    };
    expect_told("user = ''\nuser = 'x'", 2, "; keep one of the two");
    expect_told("[dns]\n[log]\n[dns]", 3, "; keep one of the two");
    expect_told("[dns]\ntimeout = \n", 2, "; a line is KEY = VALUE or [SECTION]");
    expect_told("user = ''\n\n[answers]\ndane = off", 4, "and a text stands in double quotes");
    expect_told("[dns\n", 1, "; a line is KEY = VALUE or [SECTION]");
    expect_told("[dns]\ntimeout = 20s", 2, "and a text stands in double quotes");
    expect_told("user = \"\xff\"", 1, "; save the file as UTF-8");
}

TEST(ConfigErrors, AllAreToldInTheOrderOfTheFile) {
    const std::string error = error_of(
        "user = 1\n[log]\nlevel = 'loud'\ncolour = 1\n[dns]\ntimeout = 5\nservers = ['a.example', '::1', "
        "'b:x']\n");
    EXPECT_THAT(
        lines_of(error),
        ElementsAre(StartsWith("test.toml:1:8: user: "), StartsWith("test.toml:3:9: [log] level: "),
                    StartsWith("test.toml:4:1: [log]: "), StartsWith("test.toml:6:11: [dns] timeout: "),
                    StartsWith("test.toml:7:12: [dns] servers: \"a.example\""),
                    StartsWith("test.toml:7:32: [dns] servers: \"b:x\"")));
}

TEST(ConfigErrors, AFloodOfThemIsCutShort) {
    std::string text;
    for (int i = 0; i < 60; ++i) text += "k" + std::to_string(i) + " = 1\n";
    const auto lines = lines_of(error_of(text));
    ASSERT_EQ(lines.size(), 51U);
    EXPECT_THAT(lines.front(), StartsWith("test.toml:1:1: "));
    EXPECT_EQ(lines.back(), "test.toml: and 10 more; mend these first");
}

// --- files
// ---------------------------------------------------------------------------------------------------

class ConfigFile : public testing::Test {
protected:
    std::string path(const std::string& name) const { return directory_ / name; }
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(path(name)) << text;
        return path(name);
    }
    static std::string error_of_file(const std::string& path) {
        const auto config = read_config_file(path);
        return config ? "no error" : config.error().detail;
    }

private:
    const test::TempDir directory_;
};

TEST_F(ConfigFile, IsRead) {
    const auto config = read_config_file(write("a.toml", "[log]\nlevel = 'debug'\n"));
    ASSERT_TRUE(config);
    EXPECT_EQ(config->log.level, LogLevel::debug);
    const auto empty = read_config_file(write("b.toml", ""));
    ASSERT_TRUE(empty);
    EXPECT_EQ(*empty, defaults());
}

TEST_F(ConfigFile, ItsNameStandsInErrors) {
    const std::string file = write("a.toml", "\nlevel = 'debug'\n");
    EXPECT_THAT(error_of_file(file),
                StartsWith(file + ":2:1: unknown key \"level\"; its place is below [log]"));
}

TEST_F(ConfigFile, ThatIsMissing) {
    EXPECT_EQ(error_of_file(path("none")),
              path("none") +
                  ": there is no such file; create it (it may be empty), or name "
                  "another one with -c");
}

TEST_F(ConfigFile, ThatIsADirectory) {
    std::filesystem::create_directory(path("d"));
    EXPECT_EQ(error_of_file(path("d")), path("d") + ": this is a directory; name a file with -c");
}

TEST_F(ConfigFile, ThatMayNotBeRead) {
    const std::string file = write("a.toml", "");
    ASSERT_EQ(chmod(file.c_str(), 0), 0);
    const uid_t me = geteuid();
    const uid_t nobody = 65534;
    ASSERT_EQ(seteuid(me == 0 ? nobody : me), 0);
    const std::string error = error_of_file(file);
    ASSERT_EQ(seteuid(me), 0);
    EXPECT_THAT(error, HasSubstr("may not read it; see to the modes of the file and its directories"));
}

TEST_F(ConfigFile, ThatIsOtherwiseOutOfReach) {
    std::filesystem::create_symlink("loop", path("loop"));
    EXPECT_THAT(error_of_file(path("loop")),
                AllOf(StartsWith(path("loop")), HasSubstr("name a readable file")));
}

TEST_F(ConfigFile, ThatIsFarTooLong) {
    EXPECT_THAT(error_of_file("/dev/zero"), HasSubstr("longer than 16 MiB"));
}

// --- the sample
// ----------------------------------------------------------------------------------------------

// "#key = value" and "#[section]" become settings; "# text" stays.
std::string uncommented(const std::string& sample) {
    std::string out;
    for (const std::string& line : lines_of(sample)) {
        const bool setting = line.size() > 1 && line[0] == '#' && line[1] != ' ' && line[1] != '#';
        out += (setting ? line.substr(1) : line) + '\n';
    }
    return out;
}

TEST(Sample, AsShippedItSetsNothing) {
    const auto config = read_config_file(sample_path);
    ASSERT_TRUE(config) << config.error().detail;
    EXPECT_EQ(*config, defaults());
}

TEST(Sample, ItsCommentedKeysAreTheDefaults) {
    Config config = read(uncommented(content_of(sample_path)));
    config.admin.socket_is_set = false;
    EXPECT_THAT(config.maps, testing::SizeIs(1));
    EXPECT_THAT(config.overrides, testing::SizeIs(2));
    config.maps.clear();
    config.overrides.clear();
    EXPECT_EQ(config, defaults());
}

// --- anything at all
// -----------------------------------------------------------------------------------------

class Mutator {
public:
    explicit Mutator(unsigned seed) : random_(seed) {}

    std::string mutated(std::string text) {
        for (std::size_t left = 1 + below(6); left > 0; --left) change(text);
        return text;
    }

private:
    std::size_t below(std::size_t limit) { return random_() % limit; }

    void change(std::string& text) {
        static const std::string marks = "[]{}=\"'#.,\n \\-_:0919azT\xc3\xbc\x00\x7f\xff";
        const std::size_t at = below(text.size() + 1);
        const std::size_t length = std::min(below(12), text.size() - at);
        switch (below(5)) {
            case 0:
                text.erase(at, length);
                break;
            case 1:
                text.insert(at, 1, marks[below(marks.size())]);
                break;
            case 2:
                text.insert(below(text.size() + 1), std::string(text, at, length));
                break;
            case 3:
                if (at < text.size()) text[at] = static_cast<char>(below(256));
                break;
            default:
                text.resize(at);
        }
    }

    std::mt19937 random_;
};

void expect_well_told(const std::string& text) {
    const auto config = read_config(text, "f");
    if (config) return;
    for (const std::string& line : lines_of(config.error().detail)) {
        ASSERT_THAT(line, StartsWith("f:")) << text;
        ASSERT_TRUE(std::ranges::all_of(line, [](char c) { return c >= 0x20 && c < 0x7f; })) << line;
    }
}

TEST(ConfigFuzz, MutatedFilesNeverCrash) {
    const std::string sample = uncommented(content_of(sample_path));
    const std::vector<std::string> seeds{
        sample,
        "listen = ['[::1]:8461', 'unix:/run/s.sock']\ndns.servers = ['::1', '127.0.0.1:53']\nuser = 'x'\n",
        "[dns]\ntimeout = '5s'\nmin-ttl = '1d'\n[maps.a]\ndane = 'on'\n[log]\ntarget = '/x'\nlevel = "
        "'info'\n",
        "[[override]]\ndomain = '.a.b'\naction = 'pin'\nmx = ['*.a.b']\nuntil = 2027-01-01\n[[override]]\n",
    };
    Mutator mutator(20260501);
    for (int round = 0; round < 3000; ++round) {
        for (const std::string& seed : seeds) expect_well_told(mutator.mutated(seed));
        if (HasFatalFailure()) return;
    }
}

TEST(ConfigFuzz, DeepNestingIsRefused) {
    expect_well_told("listen = " + std::string(100'000, '['));
    expect_well_told("a = " + std::string(100'000, '{'));
    std::string dotted = "a";
    for (int i = 0; i < 20'000; ++i) dotted += ".a";
    expect_well_told(dotted + " = 1");
}

}  // namespace
}  // namespace sternpost
