// The way from smtp(8) to sternpostd, as it was found by trying it.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "rule.hpp"

namespace sternpost {

namespace {

// sun_path of unix(7); Postfix ends with a fatal error.
constexpr std::size_t max_unix_path = 107;
constexpr std::string_view deferred = "Postfix defers all mail while it cannot ask.";
constexpr std::string_view start = "systemctl restart sternpostd";
constexpr std::string_view status = "systemctl status sternpostd";
constexpr std::string_view maps = "smtp_tls_policy_maps";

bool is_unix(const SocketLook& look) {
    return look.endpoint.starts_with("unix:");
}

std::string where(const SocketLook& look) {
    return look.endpoint + (look.chroot && is_unix(look) ? ", in the chroot " + look.path : "");
}

std::vector<Scope> scopes_of(const Facts& facts, const SocketLook& look) {
    std::vector<Scope> all = scopes(facts, {maps});
    std::erase_if(all, [&](const Scope& scope) {
        return std::ranges::none_of(scope.services, [&](const SmtpService* service) {
            return look.services.contains(service->name);
        });
    });
    return all;
}

// "" if main.cf has it, or each service that has it by itself.
std::string place(const Facts& facts, const SocketLook& look) {
    std::string places;
    for (const Scope& scope : scopes_of(facts, look)) {
        if (scope.service == nullptr) return "";
        places += scope.place();
    }
    return places;
}

// To have that asked instead of what was looked at, wherever it is.
std::vector<std::string> ask_instead(const Facts& facts, const SocketLook& look, const std::string& endpoint,
                                     const std::string& map) {
    std::vector<std::string> remedy;
    for (const Scope& scope : scopes_of(facts, look)) {
        std::string list(scope.value(maps));
        for (const Table& table : to_tables(list))
            for (const Socketmap& each : socketmaps_of(table))
                if (each.endpoint == look.endpoint && each.map == look.map)
                    list = replaced(list, each.text, "socketmap:" + endpoint + ":" + map);
        if (list != scope.value(maps)) remedy.push_back(set_tables(facts, scope, list));
    }
    return remedy;
}

// An absolute path that a chrooted smtp(8) looks for below the queue directory.
bool is_outside(const SocketLook& look) {
    return look.chroot && look.endpoint.starts_with("unix:/");
}

std::string listen_where_postfix_looks(const SocketLook& look) {
    return "# In sternpost.toml: listen = [\"unix:" + look.path + "\"]; then: " + std::string(start) +
           "; if systemd has the sockets, in sternpostd.socket instead: ListenStream=" + look.path;
}

std::vector<std::string> way_to_the_socket(const Facts& facts, const SocketLook& look) {
    const std::string queue = std::string(value(facts.postfix.settings, "queue_directory")) + "/";
    const std::string asked = look.endpoint.substr(5);
    if (is_outside(look) && asked.starts_with(queue))
        return ask_instead(facts, look, "unix:" + asked.substr(queue.size()), look.map);
    const bool listens_there = std::ranges::any_of(
        facts.daemon.listen, [&](const ListenAddress& address) { return address.path == look.path; });
    if (listens_there) return {std::string(start)};
    return {listen_where_postfix_looks(look)};
}

void finds_the_socket(const Facts& facts, Report& report) {
    for (const SocketLook& look : facts.sockets) {
        if (!is_unix(look) || look.is_socket || look.endpoint.size() - 5 > max_unix_path) continue;
        report.add(Severity::broken,
                   (is_outside(look) ? "a chrooted smtp(8) finds no socket at " + look.endpoint +
                                           ": for it that is " + look.path
                                     : "there is no socket at " + look.path) +
                       place(facts, look),
                   std::string(deferred) +
                       (is_outside(look) ? " In a chroot, paths are relative to the queue directory." : ""),
                   way_to_the_socket(facts, look));
    }
}

void may_use_the_socket(const Facts& facts, Report& report) {
    for (const SocketLook& look : facts.sockets) {
        if (!is_unix(look) || !look.is_socket || look.closed.empty()) continue;
        std::vector<std::string> remedy;
        for (const std::string& place : look.closed)
            remedy.push_back((place == look.path ? "chmod 0666 " : "chmod o+x ") + shell_word(place));
        const std::string& first = look.closed.front();
        report.add(Severity::broken,
                   "Postfix's user " + std::string(value(facts.postfix.settings, "mail_owner")) +
                       " may not " + (first == look.path ? "write to " : "pass ") + first,
                   std::string(deferred), std::move(remedy));
    }
}

void has_a_short_path(const Facts& facts, Report& report) {
    for (const SocketLook& look : facts.sockets) {
        if (!is_unix(look) || look.endpoint.size() - 5 <= max_unix_path) continue;
        std::vector<std::string> remedy = ask_instead(facts, look, "unix:sternpost/socketmap.sock", look.map);
        remedy.insert(remedy.begin(), "# In sternpost.toml: listen = [\"unix:" +
                                          std::string(value(facts.postfix.settings, "queue_directory")) +
                                          "/sternpost/socketmap.sock\"]");
        report.add(Severity::broken,
                   "the path of " + look.endpoint + " is longer than 107 bytes" + place(facts, look),
                   "smtp(8) ends with a fatal error, and mail stays in the queue.", std::move(remedy));
    }
}

void names_an_address(const Facts& facts, Report& report) {
    for (const SocketLook& look : facts.sockets) {
        if (!look.endpoint.starts_with("inet:")) continue;
        const std::size_t colon = look.endpoint.rfind(':');
        const std::string host = look.endpoint.substr(5, colon - 5);
        const bool literal =
            host.starts_with('[') || host.find_first_not_of("0123456789.") == std::string::npos;
        if (literal) continue;
        std::vector<std::string> remedy{"# Put the address of " + host + " into smtp_tls_policy_maps."};
        if (host == "localhost")
            remedy = ask_instead(facts, look, "inet:127.0.0.1" + look.endpoint.substr(colon), look.map);
        report.add(Severity::advice,
                   look.endpoint + " has a name where an address would do" + place(facts, look),
                   "It is looked up at each connection, in the chroot if there is one; when that fails, mail "
                   "is deferred.",
                   std::move(remedy));
    }
}

// Reasons that the rules above have given.
bool is_told(const SocketLook& look) {
    return is_unix(look) &&
           (!look.is_socket || !look.closed.empty() || look.endpoint.size() - 5 > max_unix_path);
}

std::string places_of(const Config& daemon) {
    std::string list;
    for (const ListenAddress& address : daemon.listen)
        list += (list.empty() ? "" : ", ") + to_string(address);
    return list;
}

void is_answered(const Facts& facts, Report& report) {
    for (const SocketLook& look : facts.sockets) {
        if (is_told(look)) continue;
        if (look.outcome == SocketLook::Outcome::not_reached) {
            const bool refused = look.error == ECONNREFUSED || look.error == ENOENT;
            report.add(
                Severity::broken,
                "sternpostd is not reached at " + where(look) + ": " + std::strerror(look.error) +
                    place(facts, look),
                std::string(deferred),
                {std::string(refused ? start : status), "# It is to listen at " + places_of(facts.daemon)});
        } else if (look.outcome == SocketLook::Outcome::no_answer) {
            report.add(Severity::broken, "nobody answers at " + where(look) + place(facts, look),
                       "What listens there does not speak socketmap, or hangs: mail is deferred.",
                       {std::string(status)});
        }
    }
}

void knows_the_map(const Facts& facts, Report& report) {
    for (const SocketLook& look : facts.sockets) {
        if (look.outcome != SocketLook::Outcome::answered || look.answer.starts_with("NOTFOUND")) continue;
        const bool unknown = look.answer.starts_with("PERM");
        std::vector<std::string> remedy;
        if (unknown && facts.daemon.maps.contains(look.map))
            remedy = {"# sternpost.toml has it in [maps] already.", "systemctl reload sternpostd"};
        else if (unknown)
            remedy = ask_instead(facts, look, look.endpoint,
                                 wants_extended(facts.postfix.version) ? "sts-tlsrpt" : "sts");
        if (remedy.empty()) remedy.emplace_back(status);
        report.add(Severity::broken,
                   "the answer at " + where(look) + " is: " + look.answer + place(facts, look),
                   unknown ? "sternpostd does not know the map " + look.map + ", and mail is deferred."
                           : "A key that is no domain should get NOTFOUND; is that sternpostd?",
                   std::move(remedy));
    }
}

bool asks_by_path(const Facts& facts) {
    return std::ranges::any_of(facts.sockets, is_unix);
}

void has_room_for_all(const Facts& facts, Report& report) {
    long all = 0;
    for (const SmtpService& service : facts.postfix.smtp) {
        if (our_tables(facts, value(service.settings, "smtp_tls_policy_maps"), service.chroot).empty())
            continue;
        all += service.processes == 0 ? std::numeric_limits<int>::max() : service.processes;
    }
    const std::string asking = all >= std::numeric_limits<int>::max() ? "any number of" : std::to_string(all);
    if (all > static_cast<long>(facts.daemon.limits.connections))
        report.add(Severity::advice,
                   asking + " smtp processes may ask at once, and sternpostd takes " +
                       std::to_string(facts.daemon.limits.connections) + " connections",
                   "Each keeps a connection; those that find no room wait, and mail with them.",
                   {all >= std::numeric_limits<int>::max()
                        ? "# Give smtp a limit in master.cf, in the column maxproc."
                        : "# In sternpost.toml, in [limits]: connections = " + std::to_string(all)});
    if (asks_by_path(facts) && facts.host.listen_backlog > 0 && all > facts.host.listen_backlog)
        report.add(Severity::advice,
                   asking + " smtp processes may ask at once, and net.core.somaxconn is " +
                       std::to_string(facts.host.listen_backlog),
                   "Postfix does not wait for a UNIX socket whose queue is full: it defers the mail.",
                   {"echo 'net.core.somaxconn = 4096' >/etc/sysctl.d/sternpost.conf && sysctl --system",
                    std::string(start)});
}

bool asks_by_address(const Facts& facts) {
    return !std::ranges::all_of(facts.sockets, is_unix);
}

// Whoever is not root tries them as themselves, which says nothing about Postfix.
bool tries_sockets(const Facts& facts) {
    return std::ranges::any_of(facts.sockets, [](const SocketLook& look) {
        return is_unix(look) && look.is_socket && look.as_postfix;
    });
}

bool is_answered_everywhere(const Facts& facts) {
    return asks_sternpostd(facts) && std::ranges::all_of(facts.sockets, [](const SocketLook& look) {
               return look.outcome == SocketLook::Outcome::answered;
           });
}

constexpr std::array rules{
    Rule{"socket-missing", "the socket is where smtp(8) looks", finds_the_socket, asks_by_path},
    Rule{"socket-closed", "Postfix's user may use it", may_use_the_socket, tries_sockets},
    Rule{"socket-path", "its path is short enough", has_a_short_path, asks_by_path},
    Rule{"inet-name", "addresses are literal", names_an_address, asks_by_address},
    Rule{"daemon-silent", "sternpostd answers", is_answered, is_answered_everywhere},
    Rule{"map-unknown", "and knows the map", knows_the_map, is_answered_everywhere},
    Rule{"too-many-clients", "there is room for all smtp processes", has_room_for_all, asks_sternpostd},
};

}  // namespace

std::span<const Rule> socket_rules() {
    return rules;
}

}  // namespace sternpost
