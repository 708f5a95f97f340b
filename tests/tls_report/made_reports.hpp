// Reports as the tests need them.
#pragma once

#include <zlib.h>

#include <stdexcept>
#include <string>

#include "sternpost/tls_report/report_summary.hpp"

namespace sternpost::test {

// In the shape of large senders' reports: two policies, an IPv6 MX host, a kind of failure that is in no RFC.
inline const std::string whole_report = R"({
  "organization-name": "Company-X",
  "date-range": {"start-datetime": "2026-11-01T00:00:00Z", "end-datetime": "2026-11-01T23:59:59Z"},
  "contact-info": "sts-reporting@company-x.example",
  "report-id": "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
  "policies": [
    {"policy": {"policy-type": "sts",
                "policy-string": ["version: STSv1", "mode: testing", "mx: *.mail.company-y.example", "max_age: 86400"],
                "policy-domain": "company-y.example",
                "mx-host": ["*.mail.company-y.example"]},
     "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
     "failure-details": [
       {"result-type": "certificate-expired", "sending-mta-ip": "2001:db8:abcd:12::1",
        "receiving-mx-hostname": "mx1.mail.company-y.example", "failed-session-count": 100},
       {"result-type": "starttls-not-supported", "sending-mta-ip": "2001:db8:abcd:13::1",
        "receiving-mx-hostname": "mx2.mail.company-y.example", "receiving-ip": "2001:db8::56",
        "failed-session-count": 200, "additional-information": "https://reports.company-x.example/5065427c"},
       {"result-type": "Quantum-Flux", "failed-session-count": 3, "failure-reason-code": "X509_V_ERR_PROXY"}]},
    {"policy": {"policy-type": "tlsa", "policy-string": ["3 1 1 1F850A337E6DB9C609C522D136A475638CC43E1ED424F8EEC8513D747D1D085D"],
                "policy-domain": "company-y.example"},
     "summary": {"total-successful-session-count": 12, "total-failure-session-count": 0}}
  ]
})";

inline std::string gzipped(const std::string& text) {
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::runtime_error("deflateInit2");
    std::string packed(deflateBound(&stream, text.size()), '\0');
    std::string input = text;
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("deflate");
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

// One of a day, of one sender, under one policy of MTA-STS for example.com.
inline TlsReport report_of(Day day, const std::string& sender, std::uint64_t good, std::uint64_t failed = 0,
                           std::optional<Mode> mode = Mode::testing) {
    PolicyReport policy;
    policy.type = "sts";
    policy.domain = "example.com";
    policy.mode = mode;
    policy.mx = {"mx1.example.com"};
    policy.good = good;
    policy.failed = failed;
    TlsReport report;
    report.organization = sender;
    report.id = to_iso8601(day) + sender;
    report.start = day;
    report.end = day + std::chrono::hours(24) - std::chrono::seconds(1);
    report.policies.push_back(policy);
    return report;
}

}  // namespace sternpost::test
