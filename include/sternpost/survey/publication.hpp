// What a domain is to publish: policy file, TXT records, and what its owner does next.
//
// Threads: any; pure. All texts are printable as they are.
// Source:  RFC 8461 sections 3.1, 3.2 and 8; RFC 8460 section 3; RFC 1035 section 5.1 for the lines of a zone file.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/base/result.hpp"
#include "sternpost/survey/survey.hpp"

namespace sternpost {

// What is not given is taken from what is published, or follows from the stage.
struct Wish {
    std::optional<Mode> mode;  // as it is published; testing if nothing is
    std::optional<std::chrono::seconds> max_age;
    std::vector<std::string> mx;   // patterns; none: the MX hosts by name
    std::vector<std::string> rua;  // "mailto:tls@example.com", or the address alone, or "https:…"
    // What was known until now, in case what is published cannot be read.
    std::optional<Edition> before;
};

struct Publication {
    std::string domain;
    Policy policy;
    std::string file;              // of the policy, with CRLF; read_policy() turns it back into `policy`
    std::string id;                // a new one, or the published one if it already announces this policy
    std::vector<std::string> rua;  // none: there is no such record
    bool changes = true;           // false: this very policy is already published
};

// Errors of plan(), all of them at once, and what to do.
struct Refusal {
    Errc code = Errc::invalid;  // Errc::temporary: what it rests on could not be found out
    std::vector<Remark> reasons;
};

using Plan = tl::expected<Publication, Refusal>;

// If `seen` has what the mail servers say, a server that would get no mail is a reason to refuse.
Plan plan(const Published& seen, const Survey& survey, const Wish& wish, WallTime now);

// What to do, in order, and how long to wait. `before`: the policy that was published until now, if that is known.
std::vector<std::string> next_steps(const Survey& survey, const Publication& to_publish,
                                    const std::optional<Policy>& before);

// "version: STSv1\r\n…"
std::string policy_file(const Policy& policy);
// "v=STSv1; id=20261201T080000;"
std::string record_text(std::string_view id);
// "v=TLSRPTv1; rua=mailto:tls@example.com"
std::string tls_report_text(const std::vector<std::string>& rua);
// One line per record, absolute names, strings of no more than 255 bytes.
std::vector<std::string> zone_lines(const Publication& to_publish);

}  // namespace sternpost
