// The configuration file (TOML) as one plain struct: every key has its default here, so an empty file runs.
//
// Threads: any; immutable once read.
// Errors:  Errc::invalid; `detail` has a line for each problem, "FILE:LINE:COLUMN: what is wrong; what would
//          be right", printable and without a newline at its end. A file that cannot be read: "FILE: …".
// Units:   durations are strings in the file ("500ms", "20s", "5m", "1h", "30d"), here they are chrono; sizes
//          are bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/base/result.hpp"
#include "sternpost/log/line.hpp"

namespace sternpost {

// "127.0.0.1:8461", "[::1]:8461" or "unix:/path".
struct ListenAddress {
    std::string host;  // an IP address without brackets; empty: a UNIX socket
    std::uint16_t port = 0;
    std::string path;  // of a UNIX socket
    bool operator==(const ListenAddress&) const = default;
};
// As in the file.
std::string to_string(const ListenAddress& address);
// Whether the two cannot be listened on side by side. :: and 0.0.0.0 can: IPv6 sockets take no IPv4.
bool overlap(const ListenAddress& one, const ListenAddress& other);
// IP addresses come out in their shortest spelling, so that equal addresses compare equal. Errc::invalid with "what is wrong;
// what would be right".
Result<ListenAddress> parse_listen_address(std::string_view text);

// "127.0.0.1", "127.0.0.1:5353", "[::1]:53", "::1".
struct ServerAddress {
    std::string host;
    std::uint16_t port = 53;
    bool operator==(const ServerAddress&) const = default;
};

enum class DaneSwitch { automatic, on, off };
enum class OnDnsFailure { proceed, defer };  // "continue", "temp"
enum class ContentType { require, warn };
enum class LogFormat { text, json };
enum class OverrideAction { ignore, enforce_testing, pin, dane_only };

struct DnsConfig {
    std::vector<ServerAddress> servers;  // empty: /etc/resolv.conf
    bool trust_ad = false;
    std::chrono::milliseconds timeout{std::chrono::seconds(5)};
    std::chrono::seconds min_ttl{60};
    std::chrono::seconds max_ttl{3600};
    bool operator==(const DnsConfig&) const = default;
};

struct HttpsConfig {
    std::string ca_file;  // empty: the system's store
    std::chrono::milliseconds timeout{std::chrono::seconds(60)};
    std::chrono::milliseconds connect_timeout{std::chrono::seconds(10)};
    std::chrono::seconds retry{300};
    std::chrono::seconds min_interval{60};
    bool allow_private_addresses = false;
    ContentType content_type = ContentType::require;
    bool operator==(const HttpsConfig&) const = default;
};

struct CacheConfig {
    std::string path;  // the default is set where the program is configured; ":memory:" for tests
    std::size_t memory_entries = 100'000;
    bool operator==(const CacheConfig&) const = default;
};

struct AnswersConfig {
    DaneSwitch dane = DaneSwitch::automatic;
    std::chrono::milliseconds deadline{std::chrono::seconds(20)};
    std::chrono::seconds recheck{300};
    OnDnsFailure on_dns_failure = OnDnsFailure::proceed;
    bool operator==(const AnswersConfig&) const = default;
};

struct LimitsConfig {
    std::size_t connections = 4096;
    std::size_t fetches = 64;
    std::chrono::milliseconds idle{std::chrono::seconds(120)};
    bool operator==(const LimitsConfig&) const = default;
};

struct LogConfig {
    LogLevel level = LogLevel::info;
    std::string target = "stderr";  // "stderr", "journal", "syslog" or a file's absolute path
    LogFormat format = LogFormat::text;
    bool operator==(const LogConfig&) const = default;
};

struct AdminConfig {
    std::string socket = "/run/sternpost/admin.sock";  // empty: none
    bool socket_is_set = false;                        // in the file, even if to the default
    std::optional<ListenAddress> metrics;              // TCP only
    bool operator==(const AdminConfig&) const = default;
};

struct FleetConfig {
    std::vector<ListenAddress> servers;    // both this and sentinels empty: there is no fleet
    std::vector<ListenAddress> sentinels;  // that name the master
    std::string master;
    std::string user;
    std::string password_file;
    bool tls = false;
    std::string ca_file;  // empty: the system's store
    std::string prefix = "sternpost";
    std::string key_file;
    std::chrono::milliseconds timeout{50};
    bool operator==(const FleetConfig&) const = default;

    bool on() const { return !servers.empty() || !sentinels.empty(); }
};

// The operator's own domains; with more, each would be looked at less often than once a day.
inline constexpr std::size_t max_watched_domains = 100;

struct WatchConfig {
    std::vector<std::string> domains;  // lower-case, each once
    bool operator==(const WatchConfig&) const = default;
};

struct MapConfig {
    bool tlsrpt = false;
    bool enforce_testing = false;
    std::optional<DaneSwitch> dane;  // nullopt: as [answers]
    bool operator==(const MapConfig&) const = default;
};

struct OverrideConfig {
    std::string domain;  // lower-case; ".example.com": with its sub-domains
    OverrideAction action = OverrideAction::ignore;
    std::optional<std::chrono::sys_days> until;  // the last day on which it holds (UTC)
    std::vector<std::string> mx;                 // of a pin
    bool operator==(const OverrideConfig&) const = default;
};

struct Config {
    std::vector<ListenAddress> listen{ListenAddress{"127.0.0.1", 8461, ""}};
    std::string user;
    DnsConfig dns;
    HttpsConfig https;
    CacheConfig cache;
    AnswersConfig answers;
    LimitsConfig limits;
    LogConfig log;
    AdminConfig admin;
    FleetConfig fleet;
    WatchConfig watch;
    std::map<std::string, MapConfig> maps;
    std::vector<OverrideConfig> overrides;
    bool operator==(const Config&) const = default;
};

// `file_name` is for messages only.
Result<Config> read_config(std::string_view text, const std::string& file_name);
Result<Config> read_config_file(const std::string& path);

}  // namespace sternpost
