// smtp_tls_policy_maps: whether our table is asked, by whom, and what else is asked before it.
#include <algorithm>
#include <array>

#include "rule.hpp"

namespace sternpost {

namespace {

constexpr std::string_view maps = "smtp_tls_policy_maps";
constexpr std::array<std::string_view, 6> indexed{"hash", "btree", "lmdb", "cdb", "dbm", "sdbm"};
// postfix-pcre and so on.
constexpr std::array<std::string_view, 8> packages{"cdb",   "ldap", "lmdb",  "mongodb",
                                                   "mysql", "pcre", "pgsql", "sqlite"};

bool answers_all(const Table& table) {
    return table.type == "static" || (table.type == "proxy" && to_table(table.rest).type == "static");
}

// After what an operator has for some destinations.
void add_ours(std::vector<std::string>& tables, const std::string& ours) {
    tables.insert(std::ranges::find_if(tables, answers_all, to_table), ours);
}

// The list with ours beside the tables that it is within now; empty if that changes what they do.
std::string without_nesting(const std::vector<Table>& tables, const std::vector<OurTable>& ours) {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < tables.size(); ++i) {
        const auto nested = std::ranges::find_if(
            ours, [&](const OurTable& each) { return each.index == i && each.socketmap.nested; });
        const auto left = nested == ours.end() ? tables[i].text : without_socketmaps(tables[i]);
        if (!left) return "";
        if (!left->empty()) result.push_back(*left);
        if (nested != ours.end()) add_ours(result, nested->socketmap.text);
    }
    return to_list(result);
}

// A service with a level of its own that demands TLS is for a smart host, which needs no policy.
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
        std::vector<std::string> tables = other_tables(to_tables(list));
        const bool back_to_main_cf = scope.service != nullptr && main_cf_has_it && tables.empty();
        add_ours(tables, table_to_ask(facts, wants_extended(facts.postfix.version)));
        report.add(severity_of_missing(scope), what + scope.place(),
                   "Postfix does not ask sternpostd, so no MTA-STS policy is applied to what is sent there.",
                   {back_to_main_cf ? unset(facts, scope, maps) : set_tables(facts, scope, to_list(tables))});
    }
}

void is_not_nested(const Facts& facts, Report& report) {
    for (const Scope& scope : scopes(facts, {maps}))
        for (const OurTable& ours : our_tables(facts, scope)) {
            if (!ours.socketmap.nested) continue;
            const std::string list = without_nesting(to_tables(scope.value(maps)), our_tables(facts, scope));
            report.add(Severity::broken,
                       "sternpostd is asked from within " + ours.table.type + ":" + scope.place(),
                       "unionmap: joins answers to what Postfix cannot read, and pipemap: asks us for the "
                       "answer of another table: mail is deferred, or policies are missed.",
                       {list.empty()
                            ? "# In smtp_tls_policy_maps, put " + ours.socketmap.text + " in the place of " +
                                  ours.table.text + "; what else that asks may need a place of its own."
                            : set_tables(facts, scope, list)});
        }
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
                           {set_tables(facts, scope, list)});
            }
}

// The list without other resolvers before ours.
std::string alone(const std::vector<Table>& tables, std::size_t ours) {
    std::vector<std::string> result = other_tables(std::span(tables).first(ours));
    for (std::size_t i = ours; i < tables.size(); ++i) result.push_back(tables[i].text);
    return to_list(result);
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
            const std::string type =
                tables[i].type == "proxy" ? to_table(tables[i].rest).type : tables[i].type;
            if (answers_all(tables[i]))
                report.add(
                    Severity::broken, before,
                    "It answers for every destination, so sternpostd is never asked, and no MTA-STS policy "
                    "is applied.",
                    {set_tables(facts, scope, ours_first(tables, i, ours.front().index))});
            else if (!socketmaps_of(tables[i]).empty())
                report.add(Severity::advice, before,
                           "Its answers come first: where this other resolver knows a policy or fails, "
                           "sternpostd is not asked.",
                           {without_socketmaps(tables[i])
                                ? set_tables(facts, scope, alone(tables, ours.front().index))
                                : "# In smtp_tls_policy_maps, take out " + tables[i].text +
                                      ", unless it is needed."});
            else if (type == "regexp" || type == "pcre")
                report.add(Severity::information, before,
                           "A pattern that fits every destination would hide sternpostd.",
                           {"postmap -q sternpost-doctor.example " + shell_word(tables[i].text)});
        }
    }
}

bool is_made_by_postmap(std::string_view type) {
    return std::ranges::find(indexed, type) != indexed.end();
}

std::string make_usable(const Facts& facts, const std::string& text, const TableLook& look) {
    const Table table = to_table(text);
    const std::string_view type =
        table.type.empty() ? value(facts.postfix.settings, "default_database_type") : table.type;
    const std::size_t unsupported = look.trouble.find("unsupported dictionary type");
    if (unsupported != std::string::npos) {
        const auto packaged = std::ranges::find_if(packages, [&](std::string_view package) {
            return look.trouble.find(": " + std::string(package), unsupported) != std::string::npos;
        });
        if (packaged != packages.end()) return "apt-get install postfix-" + std::string(*packaged);
    } else if (look.has_source && is_made_by_postmap(type)) {
        const std::string instance =
            facts.postfix.usual ? "" : "-c " + shell_word(facts.postfix.config_directory) + " ";
        return "postmap " + instance + shell_word(text);
    }
    return "# Mend " + text + ", or take it out of smtp_tls_policy_maps.";
}

void others_are_usable(const Facts& facts, Report& report) {
    for (const Scope& scope : scopes(facts, {maps}))
        for (const std::string& text : tables_beside_ours(facts, scope.value(maps), scope.chroot)) {
            const auto look = facts.tables.find(text);
            if (look == facts.tables.end() || look->second.trouble.empty()) continue;
            report.add(Severity::broken,
                       "Postfix cannot ask " + text + ": " + look->second.trouble + scope.place(),
                       "smtp_tls_policy_maps has it: mail is deferred wherever it would be asked, with "
                       "\"client TLS configuration problem\".",
                       {make_usable(facts, text, look->second)});
        }
}

bool has_others(const Facts& facts) {
    return !facts.tables.empty();
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
    Rule{"map-unusable", "the other tables can be asked", others_are_usable, has_others},
    Rule{"map-requiretls", "not asked about REQUIRETLS", requiretls_asks_others},
};

}  // namespace

std::span<const Rule> policy_table_rules() {
    return rules;
}

}  // namespace sternpost
