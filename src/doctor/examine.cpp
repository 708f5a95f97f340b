#include "sternpost/doctor/examine.hpp"

#include <algorithm>

#include "rule.hpp"

namespace sternpost {

namespace {

struct RulesAbout {
    std::string_view name;
    std::span<const Rule> (*rules)();
};

// In the order in which a reader wants to hear about them.
constexpr RulesAbout subjects[] = {
    {"policy table", policy_table_rules},
    {"Postfix's version", version_rules},
    {"way to sternpostd", socket_rules},
    {"trust", trust_rules},
    {"level", level_rules},
    {"routing", routing_rules},
    {"DNS", dns_rules},
    {"TLS", tls_rules},
    {"reports and senders", report_rules},
    {"fleet", fleet_rules},
};

}  // namespace

Examination examine(const Facts& facts) {
    Examination examination;
    for (const RulesAbout& subject : subjects)
        for (const Rule& rule : subject.rules()) {
            const std::size_t before = examination.findings.size();
            Report report(rule.name, subject.name, examination.findings);
            rule.look(facts, report);
            if (examination.findings.size() == before && (rule.matters == nullptr || rule.matters(facts)))
                examination.passed.push_back({rule.name, subject.name, rule.good});
        }
    std::ranges::stable_sort(examination.findings, std::ranges::greater{}, &Finding::severity);
    return examination;
}

}  // namespace sternpost
