// What applies to destinations without an enforce policy, to which we say NOTFOUND.
#include <algorithm>
#include <array>

#include "rule.hpp"

namespace sternpost {

namespace {

constexpr std::string_view level = "smtp_tls_security_level";

std::vector<Scope> scopes_of_level(const Facts& facts) {
    return scopes(
        facts, {level, "smtp_use_tls", "smtp_enforce_tls", "smtp_tls_wrappermode", "smtp_dns_support_level"});
}

std::string better_level(const Scope& scope) {
    return is(*scope.settings, "smtp_dns_support_level", "dnssec") ? "dane" : "may";
}

void is_not_none(const Facts& facts, Report& report) {
    for (const Scope& scope : scopes_of_level(facts)) {
        if (level_of(*scope.settings) != "none") continue;
        const bool empty = scope.value(level).empty();
        const bool back_to_main_cf = scope.service != nullptr && level_of(facts.postfix.settings) != "none";
        report.add(
            Severity::advice,
            std::string(level) + (empty ? " is empty, which means none" : " = none") + scope.place(),
            "Mail to all domains without an enforce policy is sent in plain text, and no TLS reports "
            "are made.",
            {back_to_main_cf ? unset(facts, scope, level) : set(facts, scope, level, better_level(scope))});
    }
}

void is_not_lowered(const Facts& facts, Report& report) {
    const std::string common = level_of(facts.postfix.settings);
    if (common == "none" || common == "may") return;
    for (const Scope& scope : scopes_of_level(facts))
        if (scope.service != nullptr && level_of(*scope.settings) == "may")
            report.add(Severity::advice,
                       std::string(level) + " is may, and " + common + " in main.cf" + scope.place(),
                       "Without an enforce policy, what this service sends is less protected than the rest.",
                       {unset(facts, scope, level)});
}

void is_not_too_strict(const Facts& facts, Report& report) {
    constexpr std::array<std::string_view, 5> strict{"encrypt", "dane-only", "fingerprint", "verify",
                                                     "secure"};
    for (const Scope& scope : scopes_of_level(facts)) {
        const std::string found = level_of(*scope.settings);
        // A separate service is usually for a smart host, for which this is right.
        if (!scope.usual || !scope.value("relayhost").empty() ||
            std::ranges::find(strict, found) == strict.end())
            continue;
        report.add(found == "encrypt" ? Severity::advice : Severity::broken,
                   std::string(level) + " is " + found + " for every destination" + scope.place(),
                   found == "encrypt"
                       ? "Mail to the hosts of the Internet that do not offer TLS is deferred; sternpostd "
                         "asks for less nowhere."
                       : "Most hosts of the Internet cannot show what it wants, so mail to them is "
                         "deferred; sternpostd asks for less nowhere.",
                   {set(facts, scope, level, better_level(scope))});
    }
}

bool was_tlspol(const Facts& facts) {
    return !facts.host.tlspol.empty();
}

void covers_dane_as_before(const Facts& facts, Report& report) {
    if (!was_tlspol(facts)) return;
    for (const Scope& scope : scopes_of_level(facts)) {
        if (level_of(*scope.settings) != "may") continue;
        std::vector<std::string> remedy{set(facts, scope, level, "dane")};
        if (!is(*scope.settings, "smtp_dns_support_level", "dnssec"))
            remedy.push_back(set(facts, scope, "smtp_dns_support_level", "dnssec"));
        if (facts.host.validating == false)
            remedy.emplace_back("# First have a validating resolver on this host, such as Unbound.");
        report.add(
            Severity::advice,
            std::string(level) + " is may, and postfix-tlspol was here: " + facts.host.tlspol.front() +
                scope.place(),
            "postfix-tlspol answered dane for domains that have DANE and no MTA-STS policy. sternpostd "
            "leaves these to Postfix, whose level may does not look for DANE: they are less protected than "
            "before.",
            std::move(remedy));
    }
}

void is_strict_with_unsigned_mx(const Facts& facts, Report& report) {
    constexpr std::string_view name = "smtp_tls_dane_insecure_mx_policy";
    for (const Scope& scope :
         scopes(facts, {level, name, "smtp_dns_support_level", "smtp_tls_policy_maps"})) {
        if (!is(*scope.settings, name, "may") || !is(*scope.settings, "smtp_dns_support_level", "dnssec"))
            continue;
        const bool by_level = level_of(*scope.settings) == "dane";
        const bool by_table =
            to_tables(scope.value("smtp_tls_policy_maps")).size() > our_tables(facts, scope).size();
        report.add(by_level || by_table ? Severity::advice : Severity::information,
                   std::string(name) +
                       (facts.postfix.set.contains(name) ? " = may" : " is may, this version's default") +
                       scope.place(),
                   "Postfix leaves out TLSA records behind an unsigned MX record where a policy or the "
                   "level says dane (the default of 3.6.0 to 3.9.1 was a mistake).",
                   {set(facts, scope, name, "dane")});
    }
}

void wraps_tls_by_level(const Facts& facts, Report& report) {
    for (const Scope& scope : scopes(facts, {"smtp_tls_wrappermode", level, "smtp_tls_policy_maps"})) {
        if (!is_yes(*scope.settings, "smtp_tls_wrappermode") || our_tables(facts, scope).empty()) continue;
        const std::string found = level_of(*scope.settings);
        const bool skips = found == "none" || found == "may" || found == "dane";
        std::vector<std::string> remedy;
        if (skips) remedy.push_back(set(facts, scope, level, "encrypt"));
        if (scope.service != nullptr)
            remedy.push_back(set_own_tables(
                facts, scope, to_list(other_tables(to_tables(scope.value("smtp_tls_policy_maps"))))));
        if (scope.service == nullptr) {
            remedy.emplace_back(
                "# Better have it in master.cf, for the one service that the smart host needs.");
            if (!skips) remedy.push_back(unset(facts, scope, "smtp_tls_wrappermode"));
        }
        report.add(
            skips ? Severity::broken : Severity::advice,
            "smtp_tls_wrappermode = yes, for a service that asks sternpostd" + scope.place(),
            skips
                ? "Postfix skips every host whose level is less than encrypt, as it is without an enforce "
                  "policy: that mail is deferred."
                : "TLS from the first byte is for a smart host, and MX hosts do not speak it: ask sternpostd "
                  "from the other services only.",
            std::move(remedy));
    }
}

constexpr std::array rules{
    Rule{"level-none", "TLS is used where there is no policy", is_not_none},
    Rule{"level-lowered", "no service has less than main.cf says", is_not_lowered},
    Rule{"level-too-strict", "it is not demanded of everybody", is_not_too_strict},
    Rule{"level-after-tlspol", "DANE is as good as before sternpost", covers_dane_as_before, was_tlspol},
    Rule{"dane-insecure-mx", "TLSA records count behind an unsigned MX record", is_strict_with_unsigned_mx,
         does_dnssec_anywhere},
    Rule{"wrappermode", "no TLS from the first byte where sternpostd is asked", wraps_tls_by_level},
};

}  // namespace

std::span<const Rule> level_rules() {
    return rules;
}

}  // namespace sternpost
