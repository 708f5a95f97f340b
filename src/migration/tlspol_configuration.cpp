#include <array>
#include <utility>

#include "translations.hpp"

namespace sternpost {

namespace {

constexpr std::string_view usual_address = "127.0.0.1:8642";
constexpr std::string_view unix_socket = "unix:";

// "127.0.0.1:53" in two; without a port, the whole is the host.
std::pair<std::string, std::string> split(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos) return {address, ""};
    std::string host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return {host, address.substr(colon + 1)};
}

bool on_this_host(const std::string& address) {
    const std::string host = split(address).first;
    return host.starts_with("127.") || host == "::1" || host == "localhost";
}

void listen(Draft& draft, const YamlValue* set) {
    YamlValue usual;
    usual.kind = YamlValue::Kind::scalar;
    usual.text = usual_address;
    const YamlValue& address = set != nullptr && !set->text.empty() ? *set : usual;
    const Setting setting{"server.address", address};
    if (address.text.starts_with(unix_socket)) return listen_at(draft, {address.text}, setting);
    const auto [host, port] = split(address.text);
    listen_at(draft, addresses_of(host, port), setting);
}

void metrics(Draft& draft, const Setting& setting) {
    if (setting.value.text.empty()) return;
    if (setting.value.text.starts_with(unix_socket))
        return draft.leave_out(setting, "figures are at the admin socket, too: socket in [admin]");
    draft.set("admin", "metrics", toml_text(setting.value.text), setting);
}

void log_level(Draft& draft, const Setting& setting) {
    draft.set("log", "level", toml_text(setting.value.text == "warn" ? "warning" : setting.value.text),
              setting);
}

void log_format(Draft& draft, const Setting& setting) {
    draft.set("log", "format", toml_text(setting.value.text), setting);
}

void tlsrpt(Draft& draft, const Setting& setting) {
    if (setting.value.boolean() == false) return;
    draft.leave_out(setting, "the map name decides it");
    draft.warn("In main.cf, write QUERYwithTLSRPT in the place of QUERY: the map name decides about TLSRPT.");
}

void resolver(Draft& draft, const Setting& setting) {
    if (setting.value.text.empty()) return;
    draft.set("dns", "servers", "[" + toml_text(setting.value.text) + "]", setting);
    if (on_this_host(setting.value.text)) return;
    draft.warn("The resolver " + setting.value.shown() +
               " is on another host, and postfix-tlspol believes its word on DNSSEC. Where the way to it "
               "is as safe as loopback, set trust-ad = true in [dns]; else there is no DANE by it.");
}

void warn_of_dane(Draft& draft, const MainCf& main_cf) {
    if (main_cf.does_dane()) return;
    const std::string now = main_cf.security_level.empty() ? "" : " (now: " + main_cf.security_level + ")";
    draft.warn(
        "postfix-tlspol also answers for domains that have DANE but no MTA-STS; sternpostd leaves these to "
        "main.cf, or they are no longer protected: postconf -e 'smtp_dns_support_level = dnssec' "
        "'smtp_tls_security_level = dane'" +
        now + ".");
}

}  // namespace

void translate_tlspol(const YamlValue& file, const MainCf& main_cf, Draft& draft) {
    const std::array<Translation, 9> translations{{
        {"server.address", "", nothing()},
        {"server.metrics-address", "", metrics},
        {"server.socket-permissions", "0666",
         no_equal("whoever reaches a UNIX socket may ask; its folder says who")},
        {"server.log-level", "info", log_level},
        {"server.log-format", "text", log_format},
        {"server.prefetch", "true", no_equal("policies in use are fetched anew each day by themselves")},
        {"server.tlsrpt", "false", tlsrpt},
        {"server.cache-file", "", nothing()},
        {"dns.address", "", resolver},
    }};
    const YamlValue* server = file.find("server");
    listen(draft, server ? server->find("address") : nullptr);
    warn_of_dane(draft, main_cf);
    for (const auto& [key, value] : file.members) {
        const bool known = key == "server" || key == "dns";
        if (!known) draft.leave_out({key, value}, not_known_there);
        for (const auto& [name, member] : value.members)
            if (known) translate(draft, {key + "." + name, member}, translations);
    }
    draft.remark(
        "\"postfix-tlspol -dump | sternpost import --from postfix-tlspol -\", while it runs, takes over "
        "what it remembers.");
}

}  // namespace sternpost
