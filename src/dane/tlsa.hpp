// Whether a TLSA record can authenticate a mail server.
//
// Threads: any; pure.
#pragma once

#include "sternpost/dns/resolver.hpp"

namespace sternpost {

// Usage 2 or 3 (RFC 7672 section 3.1.3), known selector and matching type, and data that fits them: a digest of the
// right length, or a whole certificate or public key. The same as OpenSSL, and so Postfix, accepts.
bool usable(const TlsaRecord& record);

}  // namespace sternpost
