// Which grammar of answers this Postfix can read, and what it makes of it.
#include <algorithm>
#include <array>

#include "rule.hpp"

namespace sternpost {

namespace {

constexpr std::string_view maps = "smtp_tls_policy_maps";

std::string text_of(const PostfixVersion& version) {
    return std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
           std::to_string(version.patch);
}

bool is_between(const PostfixVersion& version, const PostfixVersion& first, const PostfixVersion& last) {
    return first <= version && version <= last;
}

bool asks_extended(const Facts& facts, const Scope& scope) {
    return std::ranges::any_of(our_tables(facts, scope),
                               [&](const OurTable& ours) { return is_extended(facts, ours.socketmap.map); });
}

void is_not_too_old(const Facts& facts, Report& report) {
    if (facts.postfix.version >= PostfixVersion{3, 4, 0}) return;
    report.add(
        Severity::broken, "Postfix " + text_of(facts.postfix.version) + " is older than 3.4",
        "It does not know servername=, which each answer has: mail to domains with a policy is deferred.",
        {"# Install Postfix 3.4 or newer."});
}

void can_read_the_grammar(const Facts& facts, Report& report) {
    if (facts.postfix.version >= PostfixVersion{3, 10, 0}) return;
    for (const Scope& scope : scopes(facts, {maps}))
        if (asks_extended(facts, scope))
            report.add(Severity::broken,
                       "the table's name asks Postfix " + text_of(facts.postfix.version) +
                           " to read answers that only 3.10 and newer can" + scope.place(),
                       "All mail to domains with an MTA-STS policy is deferred (\"invalid attribute name\").",
                       in_other_grammar(facts, scope, false));
}

void uses_the_extended_grammar(const Facts& facts, Report& report) {
    if (!wants_extended(facts.postfix.version)) return;
    for (const Scope& scope : scopes(facts, {maps})) {
        if (our_tables(facts, scope).empty() || asks_extended(facts, scope)) continue;
        report.add(
            Severity::advice, "the table's name asks for the answers of older Postfix" + scope.place(),
            "With sts-tlsrpt this Postfix also checks the names of MX hosts against the policy, and its TLS "
            "reports name the policy.",
            in_other_grammar(facts, scope, true));
    }
}

void checks_mx_names(const Facts& facts, Report& report) {
    if (!is_between(facts.postfix.version, {3, 10, 0}, {3, 10, 5})) return;
    for (const Scope& scope : scopes(facts, {maps, "smtp_tlsrpt_enable"})) {
        if (!asks_extended(facts, scope)) continue;
        const std::string upgrade =
            "# Install Postfix 3.10.6 or newer, such as that of your release's updates.";
        if (facts.postfix.version < PostfixVersion{3, 10, 5})
            report.add(
                Severity::advice,
                "Postfix " + text_of(facts.postfix.version) + " does not check the names of MX hosts" +
                    scope.place(),
                "A forged MX record that leads to a host with a certificate for a listed name is followed; "
                "3.10.5 and newer do not.",
                {upgrade});
        if (is_yes(*scope.settings, "smtp_tlsrpt_enable"))
            report.add(Severity::advice,
                       "Postfix " + text_of(facts.postfix.version) + " may crash while it makes TLS reports" +
                           scope.place(),
                       "smtp(8) reads through a null pointer where a policy is not whole; 3.10.6 mends it.",
                       {upgrade});
    }
}

void enforces_mx_patterns(const Facts& facts, Report& report) {
    constexpr std::string_view name = "smtp_tls_enforce_sts_mx_patterns";
    for (const Scope& scope : scopes(facts, {maps, name}))
        if (is(*scope.settings, name, "no") && asks_extended(facts, scope))
            report.add(Severity::advice, std::string(name) + " = no" + scope.place(),
                       "The names of MX hosts are not checked against the policy: a forged MX record that "
                       "leads to a host with a certificate for a listed name is followed.",
                       {set(facts, scope, name, "yes")});
}

constexpr std::array rules{
    Rule{"postfix-too-old", "Postfix is new enough", is_not_too_old},
    Rule{"grammar-too-new", "Postfix can read the answers", can_read_the_grammar, asks_sternpostd},
    Rule{"grammar-base", "the answers are the best that it can read", uses_the_extended_grammar,
         asks_sternpostd},
    Rule{"postfix-3.10-early", "no early 3.10", checks_mx_names, asks_sternpostd},
    Rule{"mx-patterns-off", "names of MX hosts are checked where Postfix can", enforces_mx_patterns,
         asks_sternpostd},
};

}  // namespace

std::span<const Rule> version_rules() {
    return rules;
}

}  // namespace sternpost
