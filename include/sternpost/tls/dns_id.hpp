// Which names of a certificate count (RFC 8461 section 3.3): dNSName entries alone, whose wildcard is a whole label. OpenSSL
// by itself falls back to the common name.
//
// Threads: the session's.
#pragma once

#include <openssl/x509_vfy.h>

#include <string_view>

namespace sternpost {

// False: OpenSSL has no memory, and the session must not go on.
[[nodiscard]] bool demand_dns_id(X509_VERIFY_PARAM* rules, std::string_view host);

}  // namespace sternpost
