// The whole story of one next-hop, layer by layer, as a value: what was found, how good that is, and what it means.
//
// Threads: a value.
// Texts:   those not said to be printable may contain text from remote servers.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/base/time.hpp"
#include "sternpost/dane/dane_lookup.hpp"
#include "sternpost/https/fetch_report.hpp"
#include "sternpost/policy/policy_review.hpp"
#include "sternpost/policy/record.hpp"
#include "sternpost/resolve/rules.hpp"
#include "sternpost/starttls/starttls_probe.hpp"

namespace sternpost {

enum class Verdict {
    good,
    note,     // neither good nor bad
    warning,  // mail goes out, but not as somebody wanted
    bad,      // it keeps the policy from being used, or mail from being delivered
    unknown,  // it could not be found out
};
std::string_view to_string(Verdict verdict);

// ACME clients renew a month ahead: a certificate with so little time left is not being renewed.
inline constexpr std::chrono::hours certificate_near_its_end{14 * 24};

struct Layer {
    Verdict verdict = Verdict::unknown;
    std::string summary;  // one sentence
};

// The TXT records at `_mta-sts.D`.
struct RecordLayer : Layer {
    std::vector<SeenRecord> records;
    std::string id;  // of the one that counts
};

// `mta-sts.D`, and what it answered.
struct PolicyHostLayer : Layer {
    std::string host;
    std::vector<std::string> addresses;
    FetchReport fetch;
};

struct PolicyLayer : Layer {
    std::string body;                    // as received
    std::optional<PolicyReview> review;  // nullopt: there is no text
};

struct MxHostSeen {
    std::string name;
    std::optional<std::uint16_t> preference;  // nullopt: it is not from an MX record
    std::string passes_by;                    // the pattern that it matches; empty: none
    MxHost dane;
    std::optional<StarttlsReport> starttls;  // nullopt: not looked at
    // Whether mail would be delivered to it under an enforce policy, or DANE; nullopt: not known without looking.
    std::optional<bool> lets_mail_through;
};

struct MxLayer : Layer {
    std::vector<MxHostSeen> hosts;  // best preference first
    std::optional<bool> is_signed;  // the MX RRset; nullopt: there is none to look at, or it is not known
    bool by_policy = false;         // a policy names the hosts that may be used
};

struct DaneLayer : Layer {
    DomainDane state = DomainDane::undecided;
};

// `_smtp._tls.D`.
struct TlsReportLayer : Layer {
    std::vector<std::string> records;
    std::vector<std::string> rua;
};

// What the other relays of the fleet know.
struct FleetLayer : Layer {
    std::string id;  // of the policy; empty, like all below: they know none
    std::string mode;
    std::string relay;  // the one that learnt it
    std::optional<WallTime> fetched;
    std::optional<WallTime> expires;
};

// What sternpostd would say if it knew no more than what was found just now.
struct MapAnswer {
    std::string map;
    std::string reply;    // as Postfix gets it
    std::string postfix;  // which versions of Postfix ask this map
    std::string effect;   // what it does then
};

enum class Outcome {
    protects,   // mail goes out protected
    no_policy,  // there is none to be enforced
    broken,     // there is one, and it cannot be used or met
    unknown,    // it could not be found out
};
std::string_view to_string(Outcome outcome);

// What a domain tells the world about how mail is to reach it, and what its hosts show.
struct Published {
    std::string domain;  // the policy domain; empty: the key can have none
    RecordLayer record;
    PolicyHostLayer policy_host;
    PolicyLayer policy;
    MxLayer mx;
    DaneLayer dane;
    TlsReportLayer tls_reports;
};

struct Explanation : Published {
    std::string key;
    std::string decided;                     // by an override, in words; empty: there is none
    std::optional<Override::Action> action;  // of that override
    std::optional<FleetLayer> fleet;         // nullopt: this relay is alone
    std::vector<MapAnswer> answers;
    Outcome outcome = Outcome::unknown;
    std::string conclusion;           // one sentence
    std::vector<std::string> advice;  // what its owner, or whoever mails to it, can do
};

}  // namespace sternpost
