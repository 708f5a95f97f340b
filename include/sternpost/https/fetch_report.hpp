// What one fetch of a policy file saw on its way, even if it failed: for people.
//
// Threads: a value.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "sternpost/tls/certificate.hpp"

namespace sternpost {

// Texts are the remote's; printable() stands between them and a terminal.
struct FetchReport {
    // Of the connection; empty: there was none, or libcurl does not say to which of several.
    std::string address;
    std::string tls_version;         // "TLSv1.3"; empty: no session
    std::vector<Certificate> chain;  // as the server sent it, its own certificate first
    std::string chain_fault;         // what OpenSSL objects to in it, in words; empty: nothing
    long status = 0;                 // of HTTP; 0: no answer
    std::vector<std::string> content_types;
    std::string location;  // of a redirect
    std::chrono::milliseconds took{};
};

}  // namespace sternpost
