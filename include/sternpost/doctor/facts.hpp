// What `sternpost doctor` knows about one Postfix, the host that it runs on and our daemon: gathered once, and then
// only looked at.
//
// Threads: any; plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/config/config.hpp"

namespace sternpost {

// The patch level of a snapshot ("3.12-20260716") is 0.
struct PostfixVersion {
    int major = 0;
    int minor = 0;
    int patch = 0;
    auto operator<=>(const PostfixVersion&) const = default;
};

// Every parameter that Postfix has, with the value in force: the default if main.cf does not set it, $names expanded.
using PostfixSettings = std::map<std::string, std::string, std::less<>>;

// A line of master.cf that runs smtp(8).
struct SmtpService {
    std::string name;
    bool chroot = false;
    int processes = 0;                           // at most; 0: no limit
    std::set<std::string, std::less<>> options;  // the parameters that it has an -o for
    PostfixSettings settings;                    // with these applied
};

struct PostfixFacts {
    std::string config_directory;
    bool usual = true;  // the instance that postconf finds by itself
    PostfixVersion version;
    PostfixSettings settings;
    std::set<std::string, std::less<>> set;  // what main.cf sets
    std::vector<SmtpService> smtp;
    std::optional<int> tlsproxy_processes;  // nullopt: master.cf has no tlsproxy(8)
};

// One socketmap of smtp_tls_policy_maps, asked as smtp(8) would ask it: from its directory, in its chroot, as its user.
struct SocketLook {
    enum class Outcome { answered, no_answer, not_reached };
    std::string endpoint;  // "inet:127.0.0.1:8461", "unix:sternpost/socketmap.sock"
    std::string map;
    bool chroot = false;
    std::set<std::string, std::less<>> services;  // those whose list has it
    Outcome outcome = Outcome::not_reached;
    std::string answer;      // the reply to a question that needs no lookup; printable
    int error = 0;           // errno if it was not reached
    bool as_postfix = true;  // false: we are not root, so as ourselves
    // Of a UNIX socket, seen from outside the chroot:
    std::string path;
    bool is_socket = false;
    std::vector<std::string> closed;  // directories, and the socket, that are closed to Postfix's user
};

// Another table of smtp_tls_policy_maps, tried as smtp(8) would open and ask it.
struct TableLook {
    std::string trouble;      // why it cannot be asked; empty: it can
    bool has_source = false;  // there is the file that postmap(1) would make it from
};

struct PemLook {
    bool readable = false;
    bool certificate = false;
    bool key = false;  // that needs no passphrase
};

struct HostFacts {
    std::vector<std::string> name_servers;  // of /etc/resolv.conf
    std::optional<std::vector<std::string>>
        chroot_name_servers;         // of its copy in the queue directory; nullopt: none
    std::optional<bool> validating;  // whether these validate; nullopt: not asked, or no answer
    std::map<std::string, int>
        certificates;                    // of each CAfile and CApath that is looked into; absent: unreadable
    std::map<std::string, PemLook> pem;  // of client certificates and keys; absent: not ours to judge
    std::string ca_bundle;               // where this system has its authorities; empty: not found
    std::set<std::string> sockets;       // those of TLSRPT that are there
    std::vector<std::string> tlspol;     // traces of postfix-tlspol
    int listen_backlog = 0;              // the kernel's net.core.somaxconn; 0: unknown
};

// Whatever a resolver says of the addresses of this name, it has answered.
inline constexpr std::string_view known_everywhere = "a.root-servers.net";

// A DNS server of the daemon, asked by itself, with the daemon's patience.
struct DnsServerLook {
    std::string address;
    std::uint16_t port = 53;
    std::string trouble;  // why it has not answered; printable; empty: it has
};

// The outcome of trying to ask the daemon's fleet as the daemon would.
struct FleetLook {
    std::string unusable;  // a file that it needs but cannot use, and why; printable, as below; empty: none
    std::string trouble;   // why it could not be asked; empty: it could
};

struct Facts {
    PostfixFacts postfix;
    // Whether the Postfix that `dane = "auto"` asks does DNSSEC; it may not be the instance looked at here.
    bool daemon_sees_dnssec = false;
    HostFacts host;
    std::vector<SocketLook> sockets;
    std::map<std::string, TableLook>
        tables;  // by what tables_beside_ours() calls them; absent: not tried, or no word
    Config daemon;
    std::vector<DnsServerLook> dns_servers;  // its own, or else those of /etc/resolv.conf
    std::optional<FleetLook> fleet;          // nullopt: the daemon has none
};

}  // namespace sternpost
