// What a finished transfer comes to (RFC 8461 section 3.3), the media type apart.
//
// Threads: any; pure.
#pragma once

#include <curl/curl.h>
#include <openssl/x509_vfy.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "sternpost/base/result.hpp"

namespace sternpost {

inline constexpr long http_ok = 200;

// What was seen of it.
struct TransferOutcome {
    CURLcode code = CURLE_OK;
    std::string host;
    std::string reason;                // libcurl's words for `code`
    long verified = X509_V_OK;         // what OpenSSL found in the certificate
    int socket_error = 0;              // why there was no socket for an address
    std::string passed_limit;          // in words; empty: none
    long status = 0;                   // 0: there was no HTTP answer
    std::string location;              // empty: none
    std::vector<std::string> lengths;  // the values of its Content-Length fields
    std::vector<std::string> codings;  // and of Content-Encoding
    bool has_proven_end = true;        // the answer was whole, as far as its end says
    std::chrono::milliseconds took{};
    std::chrono::milliseconds timeout{};
    std::chrono::milliseconds connect_timeout{};
};

// Why there is no policy, as PolicyFetcher tells it; nullopt: the whole answer has come.
std::optional<Error> fault_of(const TransferOutcome& outcome);

}  // namespace sternpost
