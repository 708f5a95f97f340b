// From what was found out about one thing to its layer: how good it is, and why, in a sentence.
//
// Threads: any; pure.
#pragma once

#include <string>

#include "sternpost/base/result.hpp"
#include "sternpost/dane/dane_lookup.hpp"
#include "sternpost/dns/resolver.hpp"
#include "sternpost/explain/explanation.hpp"

namespace sternpost {

using Texts = Result<RecordSet<std::string>>;
using Addresses = Result<RecordSet<boost::asio::ip::address>>;

RecordLayer record_layer(const Texts& answer);

// `wanted`: a record says that there is a policy.
PolicyHostLayer policy_host_without_address(std::string host, const Addresses& v4, const Addresses& v6,
                                            bool wanted);
// What was seen on the way to the answer is in `host.fetch` already.
void judge_policy_host(PolicyHostLayer& host, const Result<std::string>& body, bool wanted, WallTime now);

PolicyLayer policy_layer(const std::string& body);

// What MX hosts are measured against.
struct Standard {
    const Policy* policy = nullptr;        // null: none
    DomainDane dane = DomainDane::absent;  // absent: or it does not count
    bool dane_alone = false;               // DANE is mandatory
};

// With pattern and DANE of each host.
MxLayer mx_layer(const DaneState& state, const Result<RecordSet<MxRecord>>& answer, const Standard& standard);
// Again, with what the hosts said to STARTTLS.
void judge_servers(MxLayer& mx, const Standard& standard);

DaneLayer dane_layer(const DaneState& state, bool wanted);

TlsReportLayer tls_report_layer(const Texts& answer);

}  // namespace sternpost
