// TLS reports (RFC 8460), and what else senders and recipients can ask of a delivery.
#include <algorithm>
#include <array>

#include "rule.hpp"

namespace sternpost {

namespace {

constexpr std::string_view enable = "smtp_tlsrpt_enable";
constexpr std::string_view socket_name = "smtp_tlsrpt_socket_name";
constexpr std::string_view good_socket = "run/tlsrpt/tlsrpt.sock";

std::vector<Scope> scopes_of_reports(const Facts& facts) {
    return scopes(facts, {enable, socket_name, "smtp_tls_policy_maps"});
}

bool makes_reports(const Facts& facts) {
    return is_yes_anywhere(facts, enable);
}

void reports_reach_a_collector(const Facts& facts, Report& report) {
    for (const Scope& scope : scopes_of_reports(facts)) {
        if (!is_yes(*scope.settings, enable)) continue;
        const std::string name(scope.value(socket_name));
        const std::string path = path_of(facts, "unix:" + name, scope.chroot);
        const std::string remedy = set(facts, scope, socket_name, good_socket);
        const std::string what = std::string(socket_name) + " = " + name;
        if (name.empty())
            report.add(
                Severity::advice,
                std::string(enable) + " = yes, and " + std::string(socket_name) + " is empty" + scope.place(),
                "Nobody is told of TLS handshakes, so no report is made.", {remedy});
        else if (name.starts_with("private/") || name.starts_with("public/"))
            report.add(Severity::advice, what + scope.place(),
                       "private/ and public/ belong to Postfix's own services.", {remedy});
        else if (name.starts_with('/') && scope.chroot && !facts.host.sockets.contains(path))
            report.add(
                Severity::advice, what + " is not to be found in the chroot" + scope.place(),
                "A path that begins with / is looked for below the queue directory there: reports are lost.",
                {remedy});
        else if (!facts.host.sockets.contains(path))
            report.add(Severity::advice,
                       "nobody listens at " + path + " (" + std::string(socket_name) + ")" + scope.place(),
                       "Without the collector no report is made.",
                       {"# Start tlsrpt-collectd with the socket " + path});
    }
}

void reports_name_the_policy(const Facts& facts, Report& report) {
    for (const Scope& scope : scopes_of_reports(facts)) {
        if (!is_yes(*scope.settings, enable)) continue;
        for (const OurTable& ours : our_tables(facts, scope)) {
            if (is_extended(facts, ours.socketmap.map)) continue;
            report.add(Severity::advice,
                       "TLS reports are on, and the table " + ours.table.text +
                           " has answers without the policy" + scope.place(),
                       "Reports say no-policy-found for domains that have one.",
                       in_other_grammar(facts, scope, true));
        }
    }
}

void reports_need_tls(const Facts& facts, Report& report) {
    for (const Scope& scope :
         scopes(facts, {enable, "smtp_tls_security_level", "smtp_use_tls", "smtp_enforce_tls"}))
        if (is_yes(*scope.settings, enable) && scope.value("smtp_tls_security_level").empty())
            report.add(Severity::advice,
                       "TLS reports are on, and smtp_tls_security_level is empty" + scope.place(),
                       "Postfix reports nothing then, not even of domains with a policy.",
                       {set(facts, scope, "smtp_tls_security_level", "may")});
}

void senders_may_opt_out(const Facts& facts, Report& report) {
    if (is_yes(facts.postfix.settings, "tls_required_enable"))
        report.add(
            Severity::information, "tls_required_enable = yes",
            "A message with the header \"TLS-Required: no\" (RFC 8689) is sent without its domain's policy; "
            "that is the sender's right.",
            {"# Where senders are not to decide that: " + postconf(facts, "-e 'tls_required_enable = no'")});
}

void knows_u_labels(const Facts& facts, Report& report) {
    for (const Scope& scope : scopes(facts, {"smtputf8_enable"}))
        if (is(*scope.settings, "smtputf8_enable", "no"))
            report.add(Severity::information, "smtputf8_enable = no" + scope.place(),
                       "Domains in other scripts are known by their xn-- names only.", {});
}

constexpr std::array rules{
    Rule{"tlsrpt-socket", "TLS reports have a collector", reports_reach_a_collector, makes_reports},
    Rule{"tlsrpt-map", "and name the policy", reports_name_the_policy, makes_reports},
    Rule{"tlsrpt-level", "and are made at all", reports_need_tls, makes_reports},
    Rule{"tls-required", "senders cannot opt out", senders_may_opt_out},
    Rule{"smtputf8", "domains in all scripts", knows_u_labels},
};

}  // namespace

std::span<const Rule> report_rules() {
    return rules;
}

}  // namespace sternpost
