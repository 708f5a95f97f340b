// Parameters of TLS itself, and what is left over from older Postfix.
#include <algorithm>
#include <array>

#include "rule.hpp"
#include "sternpost/base/ascii.hpp"

namespace sternpost {

namespace {

// The oldest first.
constexpr std::array<std::string_view, 6> protocols{"SSLv2",   "SSLv3",   "TLSv1",
                                                    "TLSv1.1", "TLSv1.2", "TLSv1.3"};
constexpr std::size_t tls_1_2 = 4;
constexpr std::array<std::string_view, 5> grades{"high", "medium", "low", "export", "null"};
using Allowed = std::array<bool, protocols.size()>;

std::size_t number_of(std::string_view protocol) {
    const auto found = std::ranges::find_if(
        protocols, [&](std::string_view known) { return equal_ignoring_case(known, protocol); });
    return static_cast<std::size_t>(found - protocols.begin());
}

std::vector<std::string> protocol_words(std::string_view text) {
    std::string list(text);
    std::ranges::replace(list, ':', ',');
    return split_list(list);
}

std::size_t sign_of(std::string_view word) {
    return word.starts_with(">=") || word.starts_with("<=") ? 2 : word.starts_with("!") ? 1 : 0;
}

bool is_hexadecimal(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789abcdefABCDEFxX") == std::string_view::npos;
}

// Bounds came with 3.6, and may be numbers.
bool understands(const PostfixVersion& version, std::string_view word) {
    const std::size_t sign = sign_of(word);
    const std::string_view protocol = word.substr(sign);
    if (sign == 2 && version < PostfixVersion{3, 6, 0}) return false;
    return number_of(protocol) < protocols.size() || (sign == 2 && is_hexadecimal(protocol));
}

// "!SSLv2, !SSLv3", ">=TLSv1.2, <=TLSv1.3" or "TLSv1.2": what postconf(5) says of smtp_tls_mandatory_protocols.
Allowed allowed_by(std::string_view text) {
    Allowed named{}, excluded{};
    std::size_t floor = 0;
    std::size_t ceiling = protocols.size() - 1;
    for (const std::string& word : protocol_words(text)) {
        const std::size_t sign = sign_of(word);
        const std::size_t number = number_of(std::string_view(word).substr(sign));
        if (number == protocols.size()) continue;
        if (sign == 0) named[number] = true;
        if (sign == 1) excluded[number] = true;
        if (sign == 2) (word.front() == '>' ? floor : ceiling) = number;
    }
    const bool any_named = std::ranges::find(named, true) != named.end();
    Allowed allowed{};
    for (std::size_t i = floor; i <= ceiling && i < allowed.size(); ++i)
        allowed[i] = !excluded[i] && (named[i] || !any_named);
    return allowed;
}

// Before 3.6 Postfix takes ">=" for a mistake, and aborts each session.
std::string_view modern_protocols(const PostfixVersion& version) {
    return version < PostfixVersion{3, 6, 0} ? "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1" : ">=TLSv1.2";
}

void speaks_modern_tls(const Facts& facts, Report& report) {
    constexpr std::string_view name = "smtp_tls_mandatory_protocols";
    for (const Scope& scope : scopes(facts, {name})) {
        const Allowed allowed = allowed_by(scope.value(name));
        const std::string what = std::string(name) + " = " + std::string(scope.value(name)) + scope.place();
        const std::vector<std::string> remedy{
            set(facts, scope, name, std::string(modern_protocols(facts.postfix.version)))};
        const auto modern = allowed.begin() + tls_1_2;
        const auto words = protocol_words(scope.value(name));
        const auto unknown = std::ranges::find_if_not(
            words, [&](const std::string& word) { return understands(facts.postfix.version, word); });
        if (unknown != words.end())
            report.add(Severity::broken, what,
                       "This Postfix does not understand " + *unknown +
                           ", and defers all mail that must be encrypted.",
                       remedy);
        else if (std::find(modern, allowed.end(), true) == allowed.end())
            report.add(Severity::broken, what,
                       "It leaves out TLS 1.2 and newer, without which hardly any host can be reached: mail "
                       "to domains with an enforce policy is deferred.",
                       remedy);
        else if (std::find(allowed.begin(), modern, true) != modern)
            report.add(
                facts.postfix.set.contains(name) || scope.service != nullptr ? Severity::advice
                                                                             : Severity::information,
                what,
                "RFC 8461 wants TLS 1.2 or newer; older versions are allowed where the TLS library has them.",
                remedy);
    }
}

void ciphers_are_good(const Facts& facts, Report& report) {
    constexpr std::string_view grade = "smtp_tls_mandatory_ciphers";
    constexpr std::string_view exclude = "smtp_tls_mandatory_exclude_ciphers";
    for (const Scope& scope : scopes(facts, {grade, exclude, "smtp_tls_exclude_ciphers"})) {
        const std::string found = lower_case(scope.value(grade));
        if (found == "null")
            report.add(Severity::broken, std::string(grade) + " = null" + scope.place(),
                       "Mail for domains with an enforce policy is not encrypted, or is deferred.",
                       {unset(facts, scope, grade)});
        else if (!found.empty() && std::ranges::find(grades, found) == grades.end())
            report.add(Severity::broken, std::string(grade) + " = " + found + scope.place(),
                       "Postfix knows no such grade, and defers all mail that must be encrypted.",
                       {unset(facts, scope, grade)});
        else if (found == "export" || found == "low")
            report.add(Severity::advice, std::string(grade) + " = " + found + scope.place(),
                       "It lets ciphers pass that can be broken.", {unset(facts, scope, grade)});
        for (const std::string_view name : {exclude, std::string_view("smtp_tls_exclude_ciphers")}) {
            std::string list(scope.value(name));
            std::ranges::replace(list, ':', ',');
            for (const std::string& word : split_list(list)) {
                const std::string cipher = lower_case(word);
                if (cipher != "all" && cipher != "high" && cipher != "aes" && cipher != "aesgcm" &&
                    cipher != "ecdhe" && cipher != "kecdhe")
                    continue;
                report.add(
                    cipher == "all" ? Severity::broken : Severity::advice,
                    std::string(name) + " has " + word + scope.place(),
                    "It leaves out what today's servers speak, so mail that must be encrypted is deferred.",
                    {unset(facts, scope, name)});
                break;
            }
        }
    }
}

void has_nothing_obsolete(const Facts& facts, Report& report) {
    constexpr std::array<std::string_view, 4> obsolete{"smtp_tls_per_site", "smtp_use_tls",
                                                       "smtp_enforce_tls", "smtp_tls_enforce_peername"};
    const bool by_level = !value(facts.postfix.settings, "smtp_tls_security_level").empty();
    for (const std::string_view name : obsolete) {
        const std::string found(value(facts.postfix.settings, name));
        if (!facts.postfix.set.contains(name)) continue;
        Scope main_cf;
        main_cf.settings = &facts.postfix.settings;
        std::vector<std::string> remedy{unset(facts, main_cf, name)};
        if (!by_level && name != "smtp_tls_per_site")
            remedy.insert(remedy.begin(),
                          set(facts, main_cf, "smtp_tls_security_level", level_of(*main_cf.settings)));
        report.add(
            Severity::advice, std::string(name) + " = " + found,
            by_level || name == "smtp_tls_per_site"
                ? "It is obsolete, and ignored beside smtp_tls_security_level and smtp_tls_policy_maps."
                : "It is obsolete; smtp_tls_security_level says it today.",
            std::move(remedy));
    }
}

void logs_connections(const Facts& facts, Report& report) {
    constexpr std::string_view name = "smtp_tls_loglevel";
    for (const Scope& scope : scopes(facts, {name})) {
        const std::string_view found = scope.value(name);
        if (found != "0" && !found.empty() && !is(*scope.settings, name, "none")) continue;
        report.add(Severity::information, std::string(name) + " = " + std::string(found) + scope.place(),
                   "The log does not say whether a connection was verified; 1 is one line for each.",
                   {set(facts, scope, name, "1")});
    }
}

bool reuses_connections(const Facts& facts) {
    return is_yes_anywhere(facts, "smtp_tls_connection_reuse");
}

void has_a_tlsproxy(const Facts& facts, Report& report) {
    for (const Scope& scope : scopes(facts, {"smtp_tls_connection_reuse"})) {
        if (!is_yes(*scope.settings, "smtp_tls_connection_reuse")) continue;
        const auto& processes = facts.postfix.tlsproxy_processes;
        if (!processes)
            report.add(Severity::broken,
                       "smtp_tls_connection_reuse = yes, and master.cf has no tlsproxy" + scope.place(),
                       "Postfix cannot deliver over TLS then.",
                       {postconf(facts, "-M 'tlsproxy/unix=tlsproxy unix - - y - 0 tlsproxy'")});
        else if (*processes != 0)
            report.add(
                Severity::advice,
                "smtp_tls_connection_reuse = yes, and tlsproxy may run in " + std::to_string(*processes) +
                    " processes" + scope.place(),
                "One process without a limit (0) is what it is made for: connections are not found again "
                "otherwise, and deliveries can fail.",
                {postconf(facts, "-F 'tlsproxy/unix/process_limit = 0'")});
    }
}

void resumes_no_failed_policy(const Facts& facts, Report& report) {
    if (facts.postfix.version < PostfixVersion{3, 10, 0}) return;
    for (const Scope& scope : scopes(facts, {"smtp_tls_session_cache_database", "smtp_tls_policy_maps"})) {
        if (scope.value("smtp_tls_session_cache_database").empty()) continue;
        for (const Table& table : to_tables(scope.value("smtp_tls_policy_maps")))
            for (const auto& [key, entry] : inline_entries(table))
                if (entry.find("policy_failure") != std::string::npos)
                    report.add(
                        Severity::broken,
                        "the entry for " + key + " in smtp_tls_policy_maps has policy_failure" +
                            scope.place(),
                        "With smtp_tls_session_cache_database smtp(8) panics when it resumes a session. "
                        "(sternpostd never sends policy_failure.)",
                        {unset(facts, scope, "smtp_tls_session_cache_database")});
    }
}

constexpr std::array rules{
    Rule{"mandatory-protocols", "TLS 1.2 or newer", speaks_modern_tls},
    Rule{"ciphers", "good ciphers", ciphers_are_good},
    Rule{"obsolete", "no obsolete parameters", has_nothing_obsolete},
    Rule{"loglevel", "the log tells what was verified", logs_connections},
    Rule{"tlsproxy", "connections that are used again have a tlsproxy", has_a_tlsproxy, reuses_connections},
    Rule{"session-cache", "no policy that makes smtp(8) panic", resumes_no_failed_policy},
};

}  // namespace

std::span<const Rule> tls_rules() {
    return rules;
}

}  // namespace sternpost
