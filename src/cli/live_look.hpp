// What a command that ends after one look needs to look at the world with the daemon's configuration.
//
// Ownership: the command's; it lives as long as the loop runs.
// Threads:   one loop.
// Errors:    the constructor throws std::runtime_error for what cannot be read or started.
#pragma once

#include <boost/asio/io_context.hpp>

#include "sternpost/config/config.hpp"
#include "sternpost/dns/cares_resolver.hpp"
#include "sternpost/explain/look.hpp"
#include "sternpost/https/curl_fetcher.hpp"
#include "sternpost/postfix/postfix_dnssec.hpp"
#include "sternpost/starttls/starttls_probe.hpp"
#include "sternpost/tls/trust_store.hpp"

namespace sternpost {

// Asks postconf, if the configuration depends on it.
PostfixDnssec::Answer dnssec_of_postfix(const Config& config);

struct LiveLook {
    LiveLook(boost::asio::io_context& io, const Config& config, PostfixDnssec::Answer postfix);

    LookTools tools(bool probing);
    // Lets the loop end.
    void stop();

    SystemClock clock;
    CaresResolver resolver;
    CurlFetcher fetcher;
    TrustStore anchors;
    StarttlsProbe probe;
};

}  // namespace sternpost
