#include "rule.hpp"

#include <algorithm>
#include <filesystem>

#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/policy/map_name.hpp"

namespace sternpost {

namespace {

// Whole commands with long lists of tables fit.
constexpr std::size_t max_line = 4000;
constexpr std::string_view maps = "smtp_tls_policy_maps";

Scope main_cf(const Facts& facts) {
    Scope scope;
    scope.settings = &facts.postfix.settings;
    return scope;
}

// The service differs in something else.
bool is_from_main_cf(const Facts& facts, const Scope& scope, std::string_view name) {
    return !scope.service->options.contains(name) && scope.value(name) == value(facts.postfix.settings, name);
}

void take(Scope& scope, const SmtpService& service, std::string_view usual) {
    scope.services.push_back(&service);
    scope.usual = scope.usual || service.name == usual;
    scope.chroot = scope.chroot || service.chroot;
}

bool is_any_address(const std::string& host) {
    return host == "0.0.0.0" || host == "::";
}

bool is_loopback(std::string_view host) {
    return host == "localhost" || host.starts_with("127.") || host == "::1";
}

std::string bracketed(const std::string& host) {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

bool listens_at(const Facts& facts, const Socketmap& socketmap, bool chroot) {
    const std::string path = path_of(facts, socketmap.endpoint, chroot);
    return std::ranges::any_of(facts.daemon.listen, [&](const ListenAddress& address) {
        if (address.host.empty())
            return !path.empty() && std::filesystem::path(address.path).lexically_normal() == path;
        const std::string port = ":" + std::to_string(address.port);
        const std::string_view endpoint = socketmap.endpoint;
        if (!endpoint.starts_with("inet:") || !endpoint.ends_with(port)) return false;
        std::string_view host = endpoint.substr(5, endpoint.size() - 5 - port.size());
        if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
        return host == address.host || is_any_address(address.host) ||
               (host == "localhost" && is_loopback(address.host));
    });
}

// Nobody outside of it sees the same socket.
bool is_found_in_the_chroot(const Table& table) {
    return std::ranges::any_of(socketmaps_of(table), [](const Socketmap& socketmap) {
        return socketmap.endpoint.starts_with("unix:/");
    });
}

}  // namespace

void Report::add(Severity severity, const std::string& what, const std::string& why,
                 std::vector<std::string> remedy) {
    for (std::string& command : remedy) command = printable(command, max_line);
    findings_.push_back(
        {rule_, subject_, severity, printable(what, max_line), printable(why, max_line), std::move(remedy)});
}

std::string_view value(const PostfixSettings& settings, std::string_view name) {
    const auto found = settings.find(name);
    return found == settings.end() ? std::string_view() : std::string_view(found->second);
}

bool is(const PostfixSettings& settings, std::string_view name, std::string_view word) {
    return equal_ignoring_case(value(settings, name), word);
}

bool is_yes(const PostfixSettings& settings, std::string_view name) {
    return is(settings, name, "yes");
}

bool asks_sternpostd(const Facts& facts) {
    return !facts.sockets.empty();
}

bool has_chroot(const Facts& facts) {
    return std::ranges::any_of(facts.postfix.smtp, &SmtpService::chroot);
}

bool is_yes_anywhere(const Facts& facts, std::string_view name) {
    return is_yes(facts.postfix.settings, name) ||
           std::ranges::any_of(facts.postfix.smtp,
                               [&](const SmtpService& service) { return is_yes(service.settings, name); });
}

bool does_dnssec_anywhere(const Facts& facts) {
    const auto all = scopes(facts, {"smtp_dns_support_level"});
    return std::ranges::any_of(
        all, [](const Scope& scope) { return is(*scope.settings, "smtp_dns_support_level", "dnssec"); });
}

std::string level_of(const PostfixSettings& settings) {
    std::string level = lower_case(value(settings, "smtp_tls_security_level"));
    if (!level.empty()) return level;
    if (is_yes(settings, "smtp_enforce_tls"))
        return is(settings, "smtp_tls_enforce_peername", "no") ? "encrypt" : "verify";
    return is_yes(settings, "smtp_use_tls") ? "may" : "none";
}

std::string Scope::place() const {
    return service == nullptr ? "" : " (service " + service->name + " in master.cf)";
}

std::string_view service_of(std::string_view transport) {
    return transport.substr(0, transport.find(':'));
}

std::string_view next_hop_of(std::string_view transport) {
    const std::size_t colon = transport.find(':');
    return colon == std::string_view::npos ? std::string_view() : transport.substr(colon + 1);
}

std::vector<Scope> scopes(const Facts& facts, std::initializer_list<std::string_view> parameters) {
    const PostfixSettings& common = facts.postfix.settings;
    const std::string_view usual = service_of(value(common, "default_transport"));
    std::vector<Scope> all{main_cf(facts)};
    for (const SmtpService& service : facts.postfix.smtp) {
        const bool as_main = std::ranges::all_of(parameters, [&](std::string_view name) {
            return value(service.settings, name) == value(common, name);
        });
        if (!as_main) {
            Scope own;
            own.settings = &service.settings;
            own.service = &service;
            all.push_back(own);
        }
        take(as_main ? all.front() : all.back(), service, usual);
    }
    // Settings of main.cf that no service uses do not matter.
    if (all.front().services.empty() && all.size() > 1) all.erase(all.begin());
    return all;
}

std::string path_of(const Facts& facts, std::string_view endpoint, bool chroot) {
    if (!endpoint.starts_with("unix:")) return "";
    const std::filesystem::path queue(value(facts.postfix.settings, "queue_directory"));
    const std::filesystem::path path(endpoint.substr(5));
    if (path.is_absolute() && !chroot) return path.lexically_normal();
    return (queue / path.relative_path()).lexically_normal();
}

std::vector<OurTable> our_tables(const Facts& facts, std::string_view list, bool chroot) {
    std::vector<OurTable> ours;
    const auto tables = to_tables(list);
    for (std::size_t i = 0; i < tables.size(); ++i)
        for (const Socketmap& socketmap : socketmaps_of(tables[i])) {
            const bool name_of_ours = socketmap.map == "sts" || socketmap.map == "sts-tlsrpt" ||
                                      facts.daemon.maps.contains(socketmap.map);
            if (name_of_ours || listens_at(facts, socketmap, chroot))
                ours.push_back({i, tables[i], socketmap});
        }
    return ours;
}

std::vector<OurTable> our_tables(const Facts& facts, const Scope& scope) {
    return our_tables(facts, scope.value(maps), scope.chroot);
}

std::vector<std::string> other_tables(std::span<const Table> tables) {
    std::vector<std::string> others;
    for (const Table& table : tables)
        if (std::string left = without_socketmaps(table).value_or(table.text); !left.empty())
            others.push_back(std::move(left));
    return others;
}

std::vector<std::string> tables_beside_ours(const Facts& facts, std::string_view list, bool chroot) {
    const auto ours = our_tables(facts, list, chroot);
    const auto tables = to_tables(list);
    std::vector<std::string> others;
    for (std::size_t i = 0; i < tables.size(); ++i) {
        const bool is_ours = std::ranges::find(ours, i, &OurTable::index) != ours.end();
        Table left = is_ours ? to_table(without_socketmaps(tables[i]).value_or("")) : tables[i];
        if (left.type == "proxy") left = to_table(left.rest);
        if (!left.text.empty() && !(chroot && is_found_in_the_chroot(left))) others.push_back(left.text);
    }
    return others;
}

bool is_extended(const Facts& facts, std::string_view map) {
    const auto own = facts.daemon.maps.find(std::string(map));
    if (own != facts.daemon.maps.end()) return own->second.tlsrpt;
    return is_extended_grammar_map(map);
}

bool answers_dane(const Facts& facts, std::string_view map) {
    DaneSwitch dane = facts.daemon.answers.dane;
    const auto own = facts.daemon.maps.find(std::string(map));
    if (own != facts.daemon.maps.end()) dane = own->second.dane.value_or(dane);
    return dane == DaneSwitch::on || (dane == DaneSwitch::automatic && facts.daemon_sees_dnssec);
}

bool wants_extended(const PostfixVersion& version) {
    return version >= PostfixVersion{3, 10, 6};
}

std::string table_to_ask(const Facts& facts, bool extended) {
    const std::string map = extended ? ":sts-tlsrpt" : ":sts";
    if (facts.daemon.listen.empty()) return "socketmap:inet:127.0.0.1:8461" + map;
    const ListenAddress& first = facts.daemon.listen.front();
    if (first.host.empty()) {
        const std::string queue = std::string(value(facts.postfix.settings, "queue_directory")) + "/";
        const std::string path = first.path.starts_with(queue) ? first.path.substr(queue.size()) : first.path;
        return "socketmap:unix:" + path + map;
    }
    std::string host = bracketed(first.host);
    if (is_any_address(first.host)) host = first.host == "::" ? "[::1]" : "127.0.0.1";
    return "socketmap:inet:" + host + ":" + std::to_string(first.port) + map;
}

std::string shell_word(std::string_view word) {
    std::string text = "'";
    for (const char c : word) {
        if (c == '\'')
            text += "'\\''";
        else
            text += c;
    }
    return text + "'";
}

std::string postconf(const Facts& facts, std::string_view arguments) {
    std::string command = "postconf ";
    if (!facts.postfix.usual) command += "-c " + shell_word(facts.postfix.config_directory) + " ";
    return command.append(arguments);
}

std::string set(const Facts& facts, const Scope& scope, std::string_view name, std::string_view new_value) {
    const std::string parameter(name);
    if (scope.service == nullptr)
        return postconf(facts, "-e " + shell_word(parameter + " = " + std::string(new_value)));
    const std::string place = scope.service->name + "/unix/" + parameter;
    if (new_value.find(' ') == std::string_view::npos)
        return postconf(facts, "-P " + shell_word(place + "=" + std::string(new_value)));
    // postconf takes no blanks there, so such a value is better taken from main.cf.
    if (scope.service->options.contains(name)) return postconf(facts, "-PX " + shell_word(place));
    if (is_from_main_cf(facts, scope, name)) return set(facts, main_cf(facts), name, new_value);
    return "# In master.cf, at the service " + scope.service->name + ", take out the -o that " + parameter +
           " depends on.";
}

std::string set_tables(const Facts& facts, const Scope& scope, const std::string& list) {
    const bool from_main_cf = scope.service != nullptr && is_from_main_cf(facts, scope, maps);
    return set_own_tables(facts, from_main_cf ? main_cf(facts) : scope, list);
}

std::string set_own_tables(const Facts& facts, const Scope& scope, const std::string& list) {
    if (scope.service == nullptr) return set(facts, scope, maps, list);
    // postconf takes no blanks there.
    const std::string compact = to_list(split_list(list), ",");
    if (compact.find_first_of(" \t") == std::string::npos) return set(facts, scope, maps, compact);
    return "# In master.cf, at the service " + scope.service->name + ": -o { " + std::string(maps) + " = " +
           compact + " }";
}

std::vector<std::string> in_other_grammar(const Facts& facts, const Scope& scope, bool extended) {
    std::string list(scope.value(maps));
    std::vector<std::string> remedy;
    for (const auto& [index, table, socketmap] : our_tables(facts, scope)) {
        if (is_extended(facts, socketmap.map) == extended) continue;
        if (facts.daemon.maps.contains(socketmap.map))
            remedy.push_back("# In sternpost.toml, in [maps." + socketmap.map +
                             "]: tlsrpt = " + (extended ? "true" : "false"));
        else
            list = replaced(list, socketmap.text,
                            "socketmap:" + socketmap.endpoint + (extended ? ":sts-tlsrpt" : ":sts"));
    }
    if (list != scope.value(maps)) remedy.push_back(set_tables(facts, scope, list));
    return remedy;
}

std::string unset(const Facts& facts, const Scope& scope, std::string_view name) {
    if (scope.service == nullptr) return postconf(facts, "-X " + shell_word(name));
    if (scope.service->options.contains(name))
        return postconf(facts, "-PX " + shell_word(scope.service->name + "/unix/" + std::string(name)));
    if (is_from_main_cf(facts, scope, name)) return unset(facts, main_cf(facts), name);
    return set(facts, scope, name, value(facts.postfix.settings, name));
}

}  // namespace sternpost
