// What a domain publishes, made up for a test: example.com, in order, with a policy of mode enforce.
#pragma once

#include <string>
#include <vector>

#include "explain/layers.hpp"
#include "sternpost/explain/explanation.hpp"

namespace sternpost::test {

using namespace std::chrono_literals;

inline constexpr WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);

inline Texts texts(std::vector<std::string> records) {
    RecordSet<std::string> set;
    set.records = std::move(records);
    return set;
}

inline void give_hosts(Published& seen, const std::vector<std::string>& names) {
    DaneState state;
    state.hosts_known = true;
    state.verdict = DomainDane::absent;
    for (const std::string& name : names) {
        MxHost host;
        host.name = name;
        host.dane = HostDane::none;
        state.hosts.push_back(host);
    }
    Standard standard;
    if (seen.policy.review && seen.policy.review->policy) standard.policy = &*seen.policy.review->policy;
    seen.mx = mx_layer(state, RecordSet<MxRecord>(), standard);
}

inline Certificate certificate_until(WallTime end) {
    Certificate certificate;
    certificate.not_after = end;
    return certificate;
}

inline Published published(const std::string& mode = "enforce", const std::string& max_age = "604800") {
    Published seen;
    seen.domain = "example.com";
    seen.record = record_layer(texts({"v=STSv1; id=1"}));
    seen.policy = policy_layer("version: STSv1\r\nmode: " + mode +
                               "\r\nmx: *.example.com\r\nmax_age: " + max_age + "\r\n");
    seen.policy_host.host = "mta-sts.example.com";
    seen.policy_host.addresses = {"192.0.2.1"};
    seen.policy_host.verdict = Verdict::good;
    seen.policy_host.fetch.chain = {certificate_until(now + 60 * 24h)};
    seen.tls_reports = tls_report_layer(texts({"v=TLSRPTv1; rua=mailto:tls@example.com"}));
    give_hosts(seen, {"a.example.com", "b.example.com"});
    return seen;
}

// Neither record nor policy host.
inline Published unpublished() {
    Published seen;
    seen.domain = "example.com";
    seen.record = record_layer(texts({}));
    seen.policy_host.verdict = Verdict::note;
    seen.tls_reports = tls_report_layer(texts({}));
    give_hosts(seen, {"a.example.com", "b.example.com"});
    return seen;
}

}  // namespace sternpost::test
