// What is fuzzed. Each target takes bytes as a stranger may send them, and checks what must hold whatever they are.
//
// libFuzzer calls one of them (libfuzzer.cpp); fuzz_seeds_test runs all of them over the seeds.
#pragma once

#include <array>
#include <string_view>

namespace sternpost::fuzz {

using Run = void(std::string_view input);

Run netstring, session, next_hop, sts_record, tls_report_record, policy, media_type, dns_answer, tlsa,
    configuration, admin_http, import_line, fleet_entry, other_configuration, other_memory, postconf, tls_report,
    report_mail, printable_text;

struct Target {
    std::string_view name;
    Run* run;
};

inline constexpr std::array targets{
    Target{"netstring", netstring},
    Target{"session", session},
    Target{"next_hop", next_hop},
    Target{"sts_record", sts_record},
    Target{"tls_report_record", tls_report_record},
    Target{"policy", policy},
    Target{"media_type", media_type},
    Target{"dns_answer", dns_answer},
    Target{"tlsa", tlsa},
    Target{"configuration", configuration},
    Target{"admin_http", admin_http},
    Target{"import_line", import_line},
    Target{"fleet_entry", fleet_entry},
    Target{"other_configuration", other_configuration},
    Target{"other_memory", other_memory},
    Target{"postconf", postconf},
    Target{"tls_report", tls_report},
    Target{"report_mail", report_mail},
    Target{"printable_text", printable_text},
};

}  // namespace sternpost::fuzz
