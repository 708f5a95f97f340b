// A certificate as a server presented it, as far as it interests people and reports.
//
// Threads: any; pure.
// Limits:  the first max_names_shown names of a certificate are kept.
// Source:  RFC 5280; names are its dNSName entries, the only ones that count (RFC 8461 section 3.3).
#pragma once

#include <openssl/x509.h>

#include <cstddef>
#include <string>
#include <vector>

#include "sternpost/base/time.hpp"

namespace sternpost {

inline constexpr std::size_t max_names_shown = 100;

// All texts are the remote's; printable() stands between them and a terminal.
struct Certificate {
    std::string subject;  // its common name, or all of the subject if it has none
    std::string issuer;
    std::vector<std::string> names;
    WallTime not_before{};
    WallTime not_after{};
};

Certificate read_certificate(const X509& certificate);
// The server's own first. Null is an empty chain.
std::vector<Certificate> read_chain(const STACK_OF(X509) * chain);

}  // namespace sternpost
