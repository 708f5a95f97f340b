// From the configuration to the options of each room: the rooms do not know the file.
//
// Threads: any; pure.
#pragma once

#include "sternpost/config/config.hpp"
#include "sternpost/dns/cares_resolver.hpp"
#include "sternpost/fleet/redis_fleet.hpp"
#include "sternpost/https/curl_fetcher.hpp"
#include "sternpost/postfix/postfix_dnssec.hpp"
#include "sternpost/resolve/domain_answers.hpp"
#include "sternpost/resolve/rules.hpp"

namespace sternpost {

// Whether `dane` is left to Postfix somewhere.
bool goes_by_postfix(const Config& config);
// `postfix`: what it says, if that decides.
Rules rules(const Config& config, PostfixDnssec::Answer postfix);
DnsOptions dns_options(const Config& config, PostfixDnssec::Answer postfix);
HttpsOptions https_options(const Config& config);
ResolveOptions resolve_options(const Config& config);
FleetOptions fleet_options(const Config& config);

}  // namespace sternpost
