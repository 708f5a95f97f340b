// How, and whom, Postfix asks about DNS, which DANE rests on.
#include <algorithm>
#include <array>

#include "rule.hpp"
#include "sternpost/base/joined.hpp"

namespace sternpost {

namespace {

// What one set of DNS settings is used for.
struct Use {
    bool answers_dane = false;  // we may say `dane-only` there
    bool level_dane = false;    // or main.cf says so for everybody
    std::string consequence;
};

Use use_of(const Facts& facts, const Scope& scope) {
    Use use;
    const std::string level = level_of(*scope.settings);
    use.level_dane = level == "dane" || level == "dane-only";
    use.answers_dane = std::ranges::any_of(our_tables(facts, scope), [&](const OurTable& ours) {
        return answers_dane(facts, ours.socketmap.map);
    });
    if (use.answers_dane)
        use.consequence =
            "Postfix does no DANE then, and defers all mail to domains where sternpostd answers dane-only.";
    else if (level == "dane-only")
        use.consequence = "Postfix does no DANE then, and defers all mail.";
    else if (use.level_dane)
        use.consequence = "Postfix does no DANE then: the level dane means no more than may.";
    return use;
}

std::vector<Scope> scopes_of_dns(const Facts& facts, std::string_view name) {
    return scopes(facts, {name, "smtp_dns_support_level", "smtp_tls_security_level", "smtp_tls_policy_maps"});
}

void does_dnssec(const Facts& facts, Report& report) {
    constexpr std::string_view name = "smtp_dns_support_level";
    for (const Scope& scope : scopes_of_dns(facts, name)) {
        if (is(*scope.settings, name, "dnssec")) continue;
        const Use use = use_of(facts, scope);
        const std::string found =
            scope.value(name).empty() ? " is empty" : " = " + std::string(scope.value(name));
        std::vector<std::string> remedy{set(facts, scope, name, "dnssec")};
        if (use.answers_dane && facts.host.validating == false)
            remedy.assign({"# In sternpost.toml, in [answers]: dane = \"off\""});
        if (use.answers_dane || use.level_dane)
            report.add(Severity::broken, std::string(name) + found + scope.place(), use.consequence,
                       std::move(remedy));
        else
            report.add(Severity::information,
                       "DANE is not used: " + std::string(name) + found + scope.place(),
                       "With a validating resolver on this host, domains that have DANE are protected by it.",
                       std::move(remedy));
    }
}

bool dnssec_matters(const Scope& scope) {
    return is(*scope.settings, "smtp_dns_support_level", "dnssec");
}

void looks_hosts_up_by_dns(const Facts& facts, Report& report) {
    constexpr std::string_view name = "smtp_host_lookup";
    for (const Scope& scope : scopes_of_dns(facts, name)) {
        const auto words = split_list(scope.value(name));
        if (std::ranges::find(words, "dns") != words.end() || !dnssec_matters(scope)) continue;
        const Use use = use_of(facts, scope);
        report.add(use.consequence.empty() ? Severity::information : Severity::broken,
                   std::string(name) + " = " + std::string(scope.value(name)) + " has no dns" + scope.place(),
                   use.consequence.empty() ? "Postfix does no DANE then." : use.consequence,
                   {set(facts, scope, name, words.empty() ? "dns" : "dns, native")});
    }
}

void asks_absolute_names(const Facts& facts, Report& report) {
    constexpr std::string_view name = "smtp_dns_resolver_options";
    for (const Scope& scope : scopes_of_dns(facts, name)) {
        if (scope.value(name).empty()) continue;
        const bool spoils = std::ranges::any_of(split_list(scope.value(name)), [](const std::string& word) {
            return word == "res_defnames" || word == "res_dnsrch";
        });
        if (!spoils) continue;
        const Use use = dnssec_matters(scope) ? use_of(facts, scope) : Use();
        report.add(use.consequence.empty() ? Severity::advice : Severity::broken,
                   std::string(name) + " = " + std::string(scope.value(name)) + scope.place(),
                   use.consequence.empty()
                       ? "A search list can turn one domain into another, and DANE is off with it."
                       : use.consequence,
                   {unset(facts, scope, name)});
    }
}

void heeds_mx_failures(const Facts& facts, Report& report) {
    constexpr std::string_view name = "ignore_mx_lookup_error";
    for (const Scope& scope : scopes_of_dns(facts, name)) {
        if (!is_yes(*scope.settings, name)) continue;
        const Use use = dnssec_matters(scope) ? use_of(facts, scope) : Use();
        report.add(
            use.consequence.empty() ? Severity::advice : Severity::broken,
            std::string(name) + " = yes" + scope.place(),
            (use.consequence.empty() ? "" : use.consequence + " ") +
                "Who can make an MX lookup fail decides that mail goes to the domain's address record.",
            {unset(facts, scope, name)});
    }
}

void asks_the_dns(const Facts& facts, Report& report) {
    for (const Scope& scope : scopes(facts, {"disable_dns_lookups", "smtp_dns_support_level"})) {
        const bool disabled = is_yes(*scope.settings, "disable_dns_lookups");
        // With a relay host, that is as it should be.
        if ((!disabled && !is(*scope.settings, "smtp_dns_support_level", "disabled")) ||
            !value(facts.postfix.settings, "relayhost").empty())
            continue;
        const std::string_view name = disabled ? "disable_dns_lookups" : "smtp_dns_support_level";
        report.add(scope.broken_if_usual(),
                   std::string(name) + " = " + std::string(scope.value(name)) + scope.place(),
                   "Postfix looks up no MX record, so mail goes to other hosts than the policy names and is "
                   "deferred; "
                   "there is no DANE, and there are no TLS reports.",
                   {set(facts, scope, name, disabled ? "no" : "enabled")});
    }
}

void has_a_resolver_to_believe(const Facts& facts, Report& report) {
    if (!does_dnssec_anywhere(facts)) return;
    for (const std::string& server : facts.host.name_servers)
        if (!server.starts_with("127.") && server != "::1")
            report.add(Severity::advice,
                       "/etc/resolv.conf names a resolver that is not on this host: " + server,
                       "Postfix believes its word on DNSSEC, which anybody on the way can forge.",
                       {"apt-get install unbound",
                        "# Then have \"nameserver 127.0.0.1\" alone in /etc/resolv.conf."});
    if (!facts.host.validating)
        report.add(Severity::advice, "the resolver of /etc/resolv.conf has not said whether it validates",
                   "It did not answer a question for the root's name servers, or failed.",
                   {"dig +dnssec . NS"});
    if (facts.host.validating == false) {
        const auto all = scopes(facts, {"smtp_tls_security_level", "smtp_dns_support_level"});
        const bool dane = std::ranges::any_of(all, [](const Scope& scope) {
            return dnssec_matters(scope) && level_of(*scope.settings).starts_with("dane");
        });
        report.add(
            dane ? Severity::broken : Severity::advice, "the resolver of /etc/resolv.conf does not validate",
            "Postfix finds no answer authentic then, and does no DANE without saying so.",
            {"apt-get install unbound", "# Then have \"nameserver 127.0.0.1\" alone in /etc/resolv.conf."});
    }
}

void has_the_same_resolver_in_the_chroot(const Facts& facts, Report& report) {
    if (!has_chroot(facts)) return;
    const std::string copy =
        std::string(value(facts.postfix.settings, "queue_directory")) + "/etc/resolv.conf";
    const std::string remedy = "install -D -m 644 /etc/resolv.conf " + shell_word(copy);
    const auto& inside = facts.host.chroot_name_servers;
    // What the C library does without the file.
    if (!inside && facts.host.name_servers == std::vector<std::string>{"127.0.0.1"}) return;
    if (!inside)
        report.add(Severity::advice, copy + " is missing, and smtp(8) runs in that chroot",
                   "It asks 127.0.0.1 then. The service's start makes the copy on Debian.", {remedy});
    else if (*inside != facts.host.name_servers)
        report.add(Severity::advice, copy + " names other servers than /etc/resolv.conf",
                   "smtp(8) runs in that chroot, and goes on asking the former ones.", {remedy});
}

std::string question_to(const DnsServerLook& server) {
    return "dig " + (server.port == 53 ? "" : "-p " + std::to_string(server.port) + " ") +
           shell_word("@" + server.address) + " " + std::string(known_everywhere);
}

void answers_sternpostd(const Facts& facts, Report& report) {
    std::vector<std::string> troubles, remedy;
    for (const DnsServerLook& server : facts.dns_servers) {
        if (server.trouble.empty()) continue;
        troubles.push_back(server.trouble);
        remedy.push_back(question_to(server));
    }
    if (troubles.empty()) return;
    remedy.push_back(facts.daemon.dns.servers.empty()
                         ? "# Mend it, or name another one in /etc/resolv.conf."
                         : "# Mend it, or name another one in sternpost.toml, in [dns]: servers");
    if (troubles.size() < facts.dns_servers.size())
        report.add(Severity::advice, "not every DNS server of sternpostd answers: " + joined(troubles),
                   "What is asked there first is answered later, by another one.", std::move(remedy));
    else
        report.add(Severity::broken, "no DNS server of sternpostd answers: " + joined(troubles),
                   "It finds no new policy then, and fetches none again; what it remembers stays in force.",
                   std::move(remedy));
}

constexpr std::array rules{
    Rule{"dnssec-off", "DNSSEC is on", does_dnssec},
    Rule{"host-lookup", "hosts are looked up by DNS", looks_hosts_up_by_dns},
    Rule{"resolver-options", "no search list", asks_absolute_names},
    Rule{"mx-errors-ignored", "a failed MX lookup counts", heeds_mx_failures},
    Rule{"dns-disabled", "MX records are looked up", asks_the_dns},
    Rule{"resolver", "the resolver can be believed", has_a_resolver_to_believe, does_dnssec_anywhere},
    Rule{"resolver-in-chroot", "and is the same in the chroot", has_the_same_resolver_in_the_chroot,
         has_chroot},
    Rule{"dns-server-silent", "sternpostd's DNS servers answer", answers_sternpostd},
};

}  // namespace

std::span<const Rule> dns_rules() {
    return rules;
}

}  // namespace sternpost
