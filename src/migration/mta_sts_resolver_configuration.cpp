#include <array>

#include "sternpost/policy/map_name.hpp"
#include "translations.hpp"

namespace sternpost {

namespace {

constexpr std::string_view usual_host = "127.0.0.1";
constexpr std::string_view usual_port = "8461";

bool sets(const YamlValue& zone, std::string_view key) {
    const YamlValue* value = zone.find(key);
    return value != nullptr && value->boolean() == true;
}

bool plain(const YamlValue& zone) {
    return !sets(zone, "strict_testing") && !sets(zone, "tlsrpt");
}

void listen(Draft& draft, const YamlValue& file) {
    if (const YamlValue* path = file.find("path"); path && path->kind == YamlValue::Kind::scalar)
        return listen_at(draft, {"unix:" + path->text}, {"path", *path});
    const YamlValue* host = file.find("host");
    const YamlValue* port = file.find("port");
    const std::string at(host ? std::string_view(host->text) : usual_host);
    const std::string number(port ? std::string_view(port->text) : usual_port);
    if (at == usual_host && number == usual_port) return;
    listen_at(draft, addresses_of(at, number), {host ? "host" : "port", host ? *host : *port});
}

void grace(Draft& draft, const Setting& setting) {
    const std::string seconds = toml_seconds(setting.value.text);
    if (seconds.empty()) return draft.leave_out(setting, "that is no number of seconds");
    draft.set("answers", "recheck", seconds, setting);
}

void cache(Draft& draft, const Setting& setting) {
    const YamlValue* type = setting.value.find("type");
    const YamlValue* options = setting.value.find("options");
    const YamlValue* file = options ? options->find("filename") : nullptr;
    if (type == nullptr || type->text == "internal") return;
    if (type->text == "sqlite" && file != nullptr)
        return draft.remark("\"sternpost import --from postfix-mta-sts-resolver " + file->shown() +
                            "\" takes over what it remembers.");
    const bool shared = type->text.starts_with("redis");
    draft.leave_out(
        {"cache.type", *type},
        shared ? "each host has its policies on disk; [fleet] shares them by such a server, with servers, or "
                 "sentinels and master, and a key-file"
               : "policies are on disk, and each host has its own");
    draft.warn("What it remembers in " + type->shown() +
               " cannot be taken over: give a list of the domains to \"sternpost cache warm\".");
}

// A zone that sets nothing is just another name for the usual answers.
void add_map(Draft& draft, const std::string& name, const Setting& zone) {
    const std::string section = "maps." + toml_name(name);
    draft.set(section, "enforce-testing", sets(zone.value, "strict_testing") ? "true" : "false", zone);
    if (sets(zone.value, "tlsrpt")) draft.set(section, "tlsrpt", "true", zone);
}

void tell_what_has_no_equal(Draft& draft, const Setting& zone) {
    const std::string of = zone.name + ".";
    const std::array<Translation, 4> translations{{
        {of + "strict_testing", "", nothing()},
        {of + "tlsrpt", "", nothing()},
        {of + "timeout", "4",
         no_equal("mail waits for a first policy for \"deadline\" in [answers], and the fetch goes on")},
        {of + "require_sni", "true", no_equal("servername=hostname is in every answer")},
    }};
    for (const auto& [key, value] : zone.value.members) translate(draft, {of + key, value}, translations);
}

void default_zone(Draft& draft, const Setting& setting) {
    tell_what_has_no_equal(draft, setting);
    if (plain(setting.value)) return;
    add_map(draft, "default-zone", setting);
    draft.warn(
        "default_zone answers as no name of sternpostd does: in main.cf, write default-zone in the place "
        "of each map name that is none of the zones.");
}

void zones(Draft& draft, const Setting& setting) {
    for (const auto& [name, value] : setting.value.members) {
        const Setting zone{"zones." + name, value};
        tell_what_has_no_equal(draft, zone);
        const bool alike = is_base_grammar_map(name);
        if (alike && plain(value)) continue;
        if (!alike && !is_extended_grammar_map(name)) {
            add_map(draft, name, zone);
            continue;
        }
        add_map(draft, "zone-" + name, zone);
        draft.warn("\"" + name + "\" is a name that sternpostd keeps for itself: in main.cf, write zone-" +
                   name + " in its place.");
    }
}

}  // namespace

void translate_mta_sts_resolver(const YamlValue& file, Draft& draft) {
    const std::array<Translation, 11> translations{{
        {"host", "", nothing()},
        {"port", "", nothing()},
        {"path", "", nothing()},
        {"mode", "", no_equal("whoever reaches a UNIX socket may ask; its folder says who")},
        {"reuse_port", "true", no_equal("systemd holds the sockets over a restart")},
        {"shutdown_timeout", "20", no_equal("answers under way go out, and it ends within 5 s")},
        {"cache_grace", "60", grace},
        {"cache", "", cache},
        {"proactive_policy_fetching", "",
         no_equal("policies in use are fetched anew each day by themselves")},
        {"default_zone", "", default_zone},
        {"zones", "", zones},
    }};
    listen(draft, file);
    for (const auto& [key, value] : file.members) translate(draft, {key, value}, translations);
    draft.remark(
        "default_zone answers whatever map name is none of the zones; sternpostd knows sts, postfix and "
        "QUERY, and those "
        "of [maps.NAME]. Should main.cf ask for another one, add it, with tlsrpt = false below it.");
}

}  // namespace sternpost
