// Whom Postfix trusts, and what it compares: an enforce policy is worth no more than that.
#include <algorithm>
#include <array>
#include <initializer_list>

#include "rule.hpp"

namespace sternpost {

namespace {

constexpr std::string_view ca_file = "smtp_tls_CAfile";
constexpr std::string_view ca_path = "smtp_tls_CApath";

std::vector<Scope> scopes_of_trust(const Facts& facts) {
    return scopes(facts, {ca_file, ca_path});
}

std::string trust_the_system(const Facts& facts, const Scope& scope) {
    if (facts.host.ca_bundle.empty()) return "apt-get install ca-certificates";
    return set(facts, scope, ca_file, facts.host.ca_bundle);
}

// How many certificates there are, or nullopt if the file or directory cannot be read.
std::optional<int> certificates_in(const Facts& facts, std::string_view path) {
    const auto found = facts.host.certificates.find(std::string(path));
    return found == facts.host.certificates.end() ? std::nullopt : std::optional(found->second);
}

void trusts_somebody(const Facts& facts, Report& report) {
    for (const Scope& scope : scopes_of_trust(facts))
        if (scope.value(ca_file).empty() && scope.value(ca_path).empty())
            report.add(
                Severity::broken, "smtp_tls_CAfile and smtp_tls_CApath are both empty" + scope.place(),
                "Postfix trusts no certificate, so all mail to domains with an enforce policy is deferred; "
                "tls_append_default_CA does not help where both are empty.",
                {trust_the_system(facts, scope)});
}

void has_a_ca_file(const Facts& facts, Report& report) {
    for (const Scope& scope : scopes_of_trust(facts)) {
        const std::string file(scope.value(ca_file));
        if (file.empty() || certificates_in(facts, file).value_or(0) > 0) continue;
        const std::string what = certificates_in(facts, file) ? " has no certificate: " : " cannot be read: ";
        report.add(Severity::broken, std::string(ca_file) + what + file + scope.place(),
                   "Postfix does no TLS then, and mail to domains with an enforce policy is deferred.",
                   {trust_the_system(facts, scope)});
    }
}

constexpr std::string_view chain_files = client_certificate_parameters.back();
constexpr std::size_t client_pairs = client_certificate_parameters.size() / 2;

std::vector<Scope> scopes_of_client_certificates(const Facts& facts) {
    return scopes(facts, {"smtp_tls_cert_file", "smtp_tls_key_file", "smtp_tls_eccert_file",
                          "smtp_tls_eckey_file", "smtp_tls_dcert_file", "smtp_tls_dkey_file", chain_files});
}

// Why Postfix cannot use it; empty: it can, as far as is known.
std::string fault_of_pem(const Facts& facts, const std::string& file, bool certificate, bool key) {
    const auto look = facts.host.pem.find(file);
    if (file.empty() || look == facts.host.pem.end()) return "";
    if (!look->second.readable) return " cannot be read: " + file;
    if (certificate && !look->second.certificate) return " has no certificate: " + file;
    if (key && !look->second.key) return " has no private key that needs no passphrase: " + file;
    return "";
}

void report_client_certificate(const Facts& facts, const Scope& scope, std::string_view name,
                               const std::string& fault, Report& report) {
    if (fault.empty()) return;
    report.add(
        Severity::broken, std::string(name) + fault + scope.place(),
        "Postfix does no TLS at all then (\"our TLS engine is unavailable\"): mail to domains with an "
        "enforce policy is deferred, and other mail goes in clear.",
        {"# Put the file right, or do without a certificate of your own, which servers hardly ever ask for:",
         unset(facts, scope, name)});
}

void has_its_client_certificates(const Facts& facts, Report& report) {
    for (const Scope& scope : scopes_of_client_certificates(facts)) {
        const auto chain = split_list(scope.value(chain_files));
        for (const std::string& file : chain)
            report_client_certificate(facts, scope, chain_files,
                                      fault_of_pem(facts, file, false, file == chain.front()), report);
        for (std::size_t pair = 0; chain.empty() && pair < client_pairs; ++pair) {
            const std::string_view certificate = client_certificate_parameters[2 * pair];
            const std::string_view key = client_certificate_parameters[2 * pair + 1];
            const std::string file(scope.value(certificate));
            if (file.empty()) continue;
            const std::string fault = fault_of_pem(facts, file, true, false);
            report_client_certificate(facts, scope, certificate, fault, report);
            const std::string key_file(scope.value(key));
            if (fault.empty() || key_file != file)
                report_client_certificate(facts, scope, key, fault_of_pem(facts, key_file, false, true),
                                          report);
        }
    }
}

bool has_client_certificates(const Facts& facts) {
    return !facts.host.pem.empty();
}

void has_a_ca_path(const Facts& facts, Report& report) {
    for (const Scope& scope : scopes_of_trust(facts)) {
        const std::string path(scope.value(ca_path));
        if (path.empty() || !scope.value(ca_file).empty()) continue;
        const std::string queue(value(facts.postfix.settings, "queue_directory"));
        const std::string inside = scope.chroot && !path.starts_with(queue + "/") ? queue + path : path;
        const bool found = certificates_in(facts, inside).value_or(0) > 0;
        if (found && !scope.chroot) continue;
        if (found)
            report.add(Severity::advice,
                       std::string(ca_path) + " = " + path +
                           " is read in the chroot, and there is no "
                           "smtp_tls_CAfile" +
                           scope.place(),
                       "The copy of the authorities in the chroot is as old as Postfix's start. "
                       "smtp_tls_CAfile is read "
                       "before the chroot.",
                       {trust_the_system(facts, scope)});
        else
            report.add(
                Severity::broken,
                std::string(ca_path) + " = " + path + " has no certificates" +
                    (scope.chroot ? ", as " + inside + ", where a chrooted smtp(8) looks" : "") +
                    scope.place(),
                "Postfix trusts no certificate, so all mail to domains with an enforce policy is deferred.",
                {trust_the_system(facts, scope)});
    }
}

void trusts_the_web(const Facts& facts, Report& report) {
    constexpr std::string_view name = "smtp_tls_trust_anchor_file";
    for (const Scope& scope : scopes(facts, {name}))
        if (!scope.value(name).empty())
            report.add(
                Severity::broken, std::string(name) + " = " + std::string(scope.value(name)) + scope.place(),
                "It takes the place of the public authorities for all destinations, so that certificates by "
                "which policies are kept are not trusted and mail is deferred.",
                {unset(facts, scope, name),
                 "# If one destination needs it: tafile= in its own entry of smtp_tls_policy_maps."});
}

void compares_no_mx_name(const Facts& facts, Report& report) {
    constexpr std::string_view name = "smtp_tls_secure_cert_match";
    for (const Scope& scope : scopes(facts, {name})) {
        std::string words(scope.value(name));
        std::ranges::replace(words, ':', ',');
        const auto all = split_list(words);
        if (std::ranges::find(all, "hostname") != all.end())
            report.add(
                Severity::advice, std::string(name) + " = " + std::string(scope.value(name)) + scope.place(),
                "hostname is the MX host's name as DNS has it, so who forges the MX record passes wherever "
                "secure has no match= of its own. (What sternpostd answers has one.)",
                {unset(facts, scope, name)});
    }
}

void keeps_the_server_name(const Facts& facts, Report& report) {
    constexpr std::string_view name = "smtp_cname_overrides_servername";
    for (const Scope& scope : scopes(facts, {name}))
        if (is_yes(*scope.settings, name))
            report.add(Severity::advice, std::string(name) + " = yes" + scope.place(),
                       "Where an MX host is an alias, Postfix asks for and checks the certificate of the "
                       "name that it leads to, which is not the one in the policy: that mail is deferred.",
                       {set(facts, scope, name, "no")});
}

bool any_scope_has(const Facts& facts, std::initializer_list<std::string_view> names) {
    return std::ranges::any_of(scopes_of_trust(facts), [&](const Scope& scope) {
        return std::ranges::any_of(names, [&](std::string_view name) { return !scope.value(name).empty(); });
    });
}

bool has_ca_file(const Facts& facts) {
    return any_scope_has(facts, {ca_file});
}

bool has_any_ca(const Facts& facts) {
    return any_scope_has(facts, {ca_file, ca_path});
}

constexpr std::array rules{
    Rule{"ca-missing", "an authority is trusted", trusts_somebody},
    Rule{"ca-file", "smtp_tls_CAfile can be read", has_a_ca_file, has_ca_file},
    Rule{"client-certificate", "the client certificates can be read", has_its_client_certificates,
         has_client_certificates},
    Rule{"ca-path", "authorities are found where smtp(8) looks", has_a_ca_path, has_any_ca},
    Rule{"trust-anchor", "the public ones count", trusts_the_web},
    Rule{"cert-match", "names from DNS are not compared", compares_no_mx_name},
    Rule{"cname-servername", "nor those of aliases", keeps_the_server_name},
};

}  // namespace

std::span<const Rule> trust_rules() {
    return rules;
}

}  // namespace sternpost
