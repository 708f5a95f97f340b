// smtp_tls_policy_maps: whether our table is asked, and by whom and what else is asked before.
#include <algorithm>
#include <array>

#include "rule.hpp"

namespace sternpost {

namespace {

constexpr std::string_view maps = "smtp_tls_policy_maps";

// The tables of `list` without those of other resolvers, and ours behind them.
std::string with_ours(const Facts& facts, std::string_view list) {
    std::string result;
    for (const Table& table : to_tables(list))
        if (socketmaps_of(table).empty()) result += table.text + ", ";
    return result + table_to_ask(facts, wants_extended(facts.postfix.version));
}

// A service with a level of its own that is more than may is for a smart host, which needs no policy.
Severity severity_of_missing(const Scope& scope) {
    if (scope.service == nullptr || scope.usual) return Severity::broken;
    const std::string level = level_of(*scope.settings);
    return level == "none" || level == "may" || level == "dane" ? Severity::advice : Severity::information;
}

bool in_main_cf(const Facts& facts) {
    return !our_tables(facts, value(facts.postfix.settings, maps), false).empty();
}

void is_asked(const Facts& facts, Report& report) {
    const bool main_cf_has_it = in_main_cf(facts);
    for (const Scope& scope : scopes(facts, {maps, "smtp_tls_security_level", "smtp_tls_wrappermode"})) {
        const bool need_not = scope.service != nullptr && is_yes(*scope.settings, "smtp_tls_wrappermode");
        if (need_not || !our_tables(facts, scope).empty()) continue;
        const std::string list(scope.value(maps));
        const std::string what = list.empty() ? "smtp_tls_policy_maps is empty"
                                              : "smtp_tls_policy_maps has no table of sternpostd: " + list;
        const bool back_to_main_cf = scope.service != nullptr && main_cf_has_it;
        report.add(
            severity_of_missing(scope), what + scope.place(),
            "Postfix does not ask sternpostd, so no MTA-STS policy is applied to what is sent there.",
            {back_to_main_cf ? unset(facts, scope, maps) : set(facts, scope, maps, with_ours(facts, list))});
    }
}

void is_not_nested(const Facts& facts, Report& report) {
    for (const Scope& scope : scopes(facts, {maps}))
        for (const OurTable& ours : our_tables(facts, scope))
            if (ours.socketmap.nested)
                report.add(Severity::broken,
                           "sternpostd is asked from within " + ours.table.type + ":" + scope.place(),
                           "unionmap: joins answers to what Postfix cannot read, and pipemap: asks us for "
                           "the answer "
                           "of another table: mail is deferred, or policies are missed.",
                           {set(facts, scope, maps, with_ours(facts, ""))});
}

void is_not_proxied(const Facts& facts, Report& report) {
    for (const Scope& scope : scopes(facts, {maps}))
        for (const OurTable& ours : our_tables(facts, scope))
            if (ours.socketmap.proxied && !ours.socketmap.nested) {
                std::string list(scope.value(maps));
                for (std::size_t at; (at = list.find("proxy:socketmap:")) != std::string::npos;)
                    list.erase(at, 6);
                report.add(Severity::advice,
                           "sternpostd is asked through proxymap(8): " + ours.table.text + scope.place(),
                           "proxymap asks one question at a time, so one slow policy host holds up all of "
                           "its tables.",
                           {set(facts, scope, maps, list)});
            }
}

// The list with ours before the table that hides it.
std::string ours_first(const std::vector<Table>& tables, std::size_t hiding, std::size_t ours) {
    std::string list;
    for (std::size_t i = 0; i < tables.size(); ++i) {
        if (i == ours) continue;
        if (i == hiding) list += tables[ours].text + ", ";
        list += tables[i].text + ", ";
    }
    return list.substr(0, list.size() - 2);
}

void is_not_hidden(const Facts& facts, Report& report) {
    for (const Scope& scope : scopes(facts, {maps})) {
        const auto ours = our_tables(facts, scope);
        if (ours.empty()) continue;
        const auto tables = to_tables(scope.value(maps));
        for (std::size_t i = 0; i < ours.front().index; ++i) {
            const std::string before = tables[i].text + " is asked before sternpostd" + scope.place();
            const std::string move = set(facts, scope, maps, ours_first(tables, i, ours.front().index));
            const std::string_view type =
                tables[i].type == "proxy" ? to_table(tables[i].rest).type : std::string_view(tables[i].type);
            if (type == "static")
                report.add(
                    Severity::broken, before,
                    "It answers for every destination, so sternpostd is never asked, and no MTA-STS policy "
                    "is applied.",
                    {move});
            else if (!socketmaps_of(tables[i]).empty())
                report.add(Severity::advice, before,
                           "Its answers come first: where this other resolver knows a policy or fails, "
                           "sternpostd is "
                           "not asked.",
                           {set(facts, scope, maps, with_ours(facts, scope.value(maps)))});
            else if (type == "regexp" || type == "pcre")
                report.add(Severity::information, before,
                           "A pattern that fits every destination would hide sternpostd.",
                           {"postmap -q sternpost-doctor.example " + shell_word(tables[i].text)});
        }
    }
}

void requiretls_asks_others(const Facts& facts, Report& report) {
    for (const Scope& scope : scopes(facts, {"smtp_requiretls_policy"}))
        if (!our_tables(facts, scope.value("smtp_requiretls_policy"), scope.chroot).empty())
            report.add(Severity::broken, "smtp_requiretls_policy asks sternpostd" + scope.place(),
                       "It wants actions for REQUIRETLS, and sternpostd answers with TLS policies.",
                       {unset(facts, scope, "smtp_requiretls_policy")});
}

constexpr std::array rules{
    Rule{"map-missing", "sternpostd is asked by every smtp service", is_asked},
    Rule{"map-nested", "not from within another table", is_not_nested, asks_sternpostd},
    Rule{"map-proxied", "not through proxymap", is_not_proxied, asks_sternpostd},
    Rule{"map-hidden", "no table before it answers for all", is_not_hidden, asks_sternpostd},
    Rule{"map-requiretls", "not asked about REQUIRETLS", requiretls_asks_others},
};

}  // namespace

std::span<const Rule> policy_table_rules() {
    return rules;
}

}  // namespace sternpost
