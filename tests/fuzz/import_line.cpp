// A line of an import: what is taken reads the same when it is exported.
#include "admin/import_line.hpp"

#include "admin/domain_json.hpp"
#include "sternpost/json/ascii_json.hpp"
#include "sternpost/policy/next_hop.hpp"
#include "tests/fuzz/invariant.hpp"
#include "tests/fuzz/targets.hpp"

namespace sternpost::fuzz {

void import_line(std::string_view input) {
    constexpr WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);
    const auto line = read_import_line(input, now);
    if (!line) return must(is_printable(line.error().detail), "a fault is printable");

    const DomainRecord& record = line->record;
    const auto next_hop = read_next_hop(record.domain);
    must(next_hop && next_hop->domain == record.domain, "the domain is one of mail, and normalised");
    must(record.policy.has_value() && !record.failed && !record.refresh_at,
         "a line brings a policy, and no more");
    must(record.policy->fetched <= now && record.last_used <= now, "nothing of it lies in the future");

    const std::string exported = ascii_json(to_json(record, PolicyText::given));
    must(is_printable(exported), "an export is printable");
    const auto again = read_import_line(exported, now);
    must(again.has_value(), "it can be imported");
    must(again->origin == Origin::own_export, "it is known as an export");
    must(again->record.domain == record.domain && again->record.last_used == record.last_used &&
             again->record.dane_seen == record.dane_seen,
         "it says the same of the domain");
    must(again->record.policy->id == record.policy->id && again->record.policy->body == record.policy->body &&
             again->record.policy->fetched == record.policy->fetched &&
             again->record.policy->policy.mx == record.policy->policy.mx,
         "it says the same of the policy");
}

}  // namespace sternpost::fuzz
