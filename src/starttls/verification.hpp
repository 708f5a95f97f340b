// What is to be said about the certificates of a finished handshake.
//
// Threads: any; pure except for the anchors, which are only read.
#pragma once

#include <openssl/ssl.h>

#include "sternpost/starttls/starttls_probe.hpp"

namespace sternpost {

// Before the handshake: the records that the server's certificate is to match. Empty, or why they cannot be used.
std::string prepare_dane(SSL_CTX* context, SSL* session, const MxTarget& target);

// After it. The chain counts for `target.host` alone, by DNS-ID; DANE is judged if prepare_dane() was called.
void judge(SSL* session, const MxTarget& target, const TrustStore& trust, StarttlsReport& report);

}  // namespace sternpost
