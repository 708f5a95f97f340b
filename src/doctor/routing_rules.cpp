// Where mail goes: the policy asked for is that of the next-hop.
#include <algorithm>
#include <array>

#include "rule.hpp"

namespace sternpost {

namespace {

constexpr std::string_view why_not_here =
    "The next-hop is that host, so the policies of recipients' domains are not applied here: run sternpostd "
    "on the host that looks up MX records.";

void reaches_mx_hosts(const Facts& facts, Report& report) {
    const PostfixSettings& settings = facts.postfix.settings;
    const std::string remedy = "# On the relay host: install sternpostd, and set smtp_tls_policy_maps there.";
    const std::string relayhost(value(settings, "relayhost"));
    if (!relayhost.empty())
        report.add(Severity::advice, "relayhost = " + relayhost, std::string(why_not_here), {remedy});
    const std::string transport(value(settings, "default_transport"));
    if (!next_hop_of(transport).empty())
        report.add(Severity::advice, "default_transport = " + transport, std::string(why_not_here), {remedy});
    for (const char* name :
         {"transport_maps", "sender_dependent_relayhost_maps", "sender_dependent_default_transport_maps"})
        for (const Table& table : to_tables(value(settings, name))) {
            const bool for_all =
                table.type == "static" || std::ranges::any_of(inline_entries(table), [](const auto& entry) {
                    return entry.first == "*" && !next_hop_of(entry.second).empty();
                });
            if (for_all)
                report.add(Severity::advice, std::string(name) + " sends everything to " + table.text,
                           std::string(why_not_here), {remedy});
        }
}

bool has_entry(const Scope& scope, const std::string& key) {
    return std::ranges::any_of(to_tables(scope.value("smtp_tls_policy_maps")), [&](const Table& table) {
        return std::ranges::any_of(inline_entries(table),
                                   [&](const auto& entry) { return entry.first == key; });
    });
}

void guards_the_fallback(const Facts& facts, Report& report) {
    constexpr std::string_view maps = "smtp_tls_policy_maps";
    for (const Scope& scope : scopes(facts, {"smtp_fallback_relay", maps})) {
        if (our_tables(facts, scope).empty()) continue;
        for (const std::string& relay : split_list(scope.value("smtp_fallback_relay"))) {
            if (has_entry(scope, relay)) continue;
            report.add(
                Severity::advice, "smtp_fallback_relay = " + relay + scope.place(),
                "Mail that its domain's policy has held back goes there, under the policy of the relay's own "
                "name: demand a certificate of it.",
                {set_tables(
                    facts, scope,
                    "inline:{ {" + relay + " = secure match=nexthop} }, " + std::string(scope.value(maps)))});
        }
    }
}

constexpr std::array rules{
    Rule{"relay-host", "mail is sent to MX hosts from here", reaches_mx_hosts},
    Rule{"fallback-relay", "no way round a policy by a fallback relay", guards_the_fallback},
};

}  // namespace

std::span<const Rule> routing_rules() {
    return rules;
}

}  // namespace sternpost
