// What a rule is, and what rules have in common: where a setting is in force, and how it is changed.
//
// Threads: any; pure.
#pragma once

#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/doctor/examine.hpp"
#include "tables.hpp"

namespace sternpost {

// Records what one rule finds.
class Report {
public:
    Report(std::string_view rule, std::string_view subject, std::vector<Finding>& findings)
        : rule_(rule), subject_(subject), findings_(findings) {}
    // `why` is a sentence; `what` has no full stop, since a place may be added after it.
    void add(Severity severity, const std::string& what, const std::string& why,
             std::vector<std::string> remedy);

private:
    std::string_view rule_;
    std::string_view subject_;
    std::vector<Finding>& findings_;
};

struct Rule {
    std::string_view name;
    std::string_view good;  // what is true when it finds nothing
    void (*look)(const Facts& facts, Report& report);
    // Whether, when nothing is found, there is anything to call good; nullptr: always.
    bool (*matters)(const Facts& facts) = nullptr;
};

bool asks_sternpostd(const Facts& facts);
bool has_chroot(const Facts& facts);
// Each with the parameter of its key behind it; the last has both, and takes the place of the others.
inline constexpr std::array<std::string_view, 7> client_certificate_parameters{
    "smtp_tls_cert_file",  "smtp_tls_key_file",  "smtp_tls_eccert_file", "smtp_tls_eckey_file",
    "smtp_tls_dcert_file", "smtp_tls_dkey_file", "smtp_tls_chain_files"};
// In main.cf or for a service.
bool is_yes_anywhere(const Facts& facts, std::string_view name);
bool does_dnssec_anywhere(const Facts& facts);

// By subject, each in a file of its own.
std::span<const Rule> policy_table_rules();
std::span<const Rule> version_rules();
std::span<const Rule> level_rules();
std::span<const Rule> routing_rules();
std::span<const Rule> dns_rules();
std::span<const Rule> trust_rules();
std::span<const Rule> tls_rules();
std::span<const Rule> socket_rules();
std::span<const Rule> report_rules();
std::span<const Rule> fleet_rules();

std::string_view value(const PostfixSettings& settings,
                       std::string_view name);  // empty: not set, or unknown to this Postfix
bool is(const PostfixSettings& settings, std::string_view name, std::string_view word);  // in any case
bool is_yes(const PostfixSettings& settings, std::string_view name);
// smtp_tls_security_level in lower case, or what the older parameters for it come to.
std::string level_of(const PostfixSettings& settings);

// Where settings are in force: main.cf for the services without others, or one service that has its own.
struct Scope {
    const PostfixSettings* settings = nullptr;
    const SmtpService* service = nullptr;      // nullptr: main.cf
    std::vector<const SmtpService*> services;  // those that have these settings
    bool usual = false;                        // default_transport's is among them
    bool chroot = false;                       // a chrooted one is among them

    std::string_view value(std::string_view name) const { return sternpost::value(*settings, name); }
    // "" for main.cf, else " (service NAME in master.cf)".
    std::string place() const;
    // What affects Internet mail is broken; elsewhere an operator may have meant it.
    Severity broken_if_usual() const { return usual ? Severity::broken : Severity::advice; }
};
// A scope for each set of values that these parameters have.
std::vector<Scope> scopes(const Facts& facts, std::initializer_list<std::string_view> parameters);

// The service of a transport such as "smtp:[relay.example.com]:587", and its next-hop.
std::string_view service_of(std::string_view transport);
std::string_view next_hop_of(std::string_view transport);

// Our daemon's tables in a list of tables.
struct OurTable {
    std::size_t index = 0;  // in the list
    Table table;
    Socketmap socketmap;
};
std::vector<OurTable> our_tables(const Facts& facts, std::string_view list, bool chroot);
std::vector<OurTable> our_tables(const Facts& facts, const Scope& scope);
// Those of a list that are not a resolver's. A pipemap: that asks one stays: it needs all its tables.
std::vector<std::string> other_tables(std::span<const Table> tables);
// What of a list is no table of ours, as it can be tried from outside of smtp(8): without proxy:.
std::vector<std::string> tables_beside_ours(const Facts& facts, std::string_view list, bool chroot);
// Whether the answers of that map have the grammar of Postfix 3.10.
bool is_extended(const Facts& facts, std::string_view map);
// Whether that map may be answered `dane-only`.
bool answers_dane(const Facts& facts, std::string_view map);
// The path outside the chroot of a "unix:" endpoint; empty for others.
std::string path_of(const Facts& facts, std::string_view endpoint, bool chroot);
// How Postfix should ask us.
std::string table_to_ask(const Facts& facts, bool extended);
bool wants_extended(const PostfixVersion& version);

// Commands.
std::string shell_word(std::string_view word);
std::string set(const Facts& facts, const Scope& scope, std::string_view name, std::string_view new_value);
// The same for smtp_tls_policy_maps, whose other tables an operator wants to keep: set where the list in force comes
// from, or for this service alone.
std::string set_tables(const Facts& facts, const Scope& scope, const std::string& list);
std::string set_own_tables(const Facts& facts, const Scope& scope, const std::string& list);
// To have each of our maps asked for in the other grammar.
std::vector<std::string> in_other_grammar(const Facts& facts, const Scope& scope, bool extended);
// Back to the default, or to what main.cf says.
std::string unset(const Facts& facts, const Scope& scope, std::string_view name);
std::string postconf(const Facts& facts, std::string_view arguments);

}  // namespace sternpost
