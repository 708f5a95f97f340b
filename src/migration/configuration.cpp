#include "sternpost/migration/configuration.hpp"

#include <algorithm>
#include <vector>

#include "sternpost/base/printable.hpp"
#include "translations.hpp"

namespace sternpost {

std::function<void(Draft&, const Setting&)> no_equal(std::string_view why) {
    return [why](Draft& draft, const Setting& setting) { draft.leave_out(setting, why); };
}

std::function<void(Draft&, const Setting&)> nothing() {
    return [](Draft&, const Setting&) {};
}

void translate(Draft& draft, const Setting& setting, std::span<const Translation> translations) {
    const auto found = std::ranges::find(translations, setting.name, &Translation::name);
    if (found == translations.end()) return draft.leave_out(setting, not_known_there);
    const bool scalar = setting.value.kind == YamlValue::Kind::scalar;
    if (scalar && setting.value.text == found->usual) return;
    found->act(draft, setting);
}

std::string toml_name(const std::string& name) {
    const bool bare =
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
            std::string::npos &&
        !name.empty();
    return bare ? name : toml_text(name);
}

std::vector<std::string> addresses_of(const std::string& host, const std::string& port) {
    if (host.empty()) return {"0.0.0.0:" + port, "[::]:" + port};
    if (host == "localhost") return {"127.0.0.1:" + port};
    return {(host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port};
}

void listen_at(Draft& draft, const std::vector<std::string>& addresses, const Setting& because_of) {
    constexpr std::string_view unix_socket = "unix:";
    std::string list, streams;
    for (const std::string& address : addresses) {
        list += (list.empty() ? "" : ", ") + toml_text(address);
        streams += (streams.empty() ? "" : " and ") + std::string("ListenStream=") +
                   printable(address.substr(address.starts_with(unix_socket) ? unix_socket.size() : 0));
    }
    if (!draft.set("", "listen", "[" + list + "]", because_of)) return;
    draft.warn(
        "Where systemd holds the sockets, as with the packages, \"listen\" is not read: \"systemctl edit "
        "sternpostd.socket\" with " +
        streams + " below [Socket], or let main.cf ask 127.0.0.1:8461.");
}

std::string_view usual_configuration(OtherResolver from) {
    return from == OtherResolver::tlspol ? "/etc/postfix-tlspol/config.yaml" : "/etc/mta-sts-daemon.yml";
}

Result<Migrated> migrate(OtherResolver from, std::string_view yaml, const std::string& file,
                         const MainCf& main_cf) {
    const auto read = read_yaml(yaml, file);
    if (!read) return tl::unexpected(read.error());
    if (read->kind != YamlValue::Kind::map && read->kind != YamlValue::Kind::null)
        return failure(Errc::invalid, printable(file) + ": it has no settings, such as \"key: value\"");
    Draft draft((file == "-" ? "what standard input says" : printable(file)) + " of " +
                std::string(other_resolver_names.at(static_cast<std::size_t>(from))));
    if (from == OtherResolver::tlspol)
        translate_tlspol(*read, main_cf, draft);
    else
        translate_mta_sts_resolver(*read, draft);
    return draft.finish();
}

}  // namespace sternpost
