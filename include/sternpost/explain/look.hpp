// Looks at everything a domain publishes, and at its hosts, as senders see them: TXT record, policy host, policy, MX
// hosts, DANE, TLS reports.
//
// Ownership: borrows all of LookTools, which outlive the look.
// Threads:   one loop; a look suspends.
// Errors:    none escape: what cannot be found out is a verdict.
// Limits:    those of the resolver, the fetcher and the probe; max_dane_hosts MX hosts, probed one after the other, so that
//            there is never more than one connection to a mail server.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "sternpost/base/time.hpp"
#include "sternpost/dns/resolver.hpp"
#include "sternpost/explain/explanation.hpp"
#include "sternpost/https/curl_fetcher.hpp"
#include "sternpost/policy/next_hop.hpp"

namespace sternpost {

struct LookTools {
    Resolver& resolver;
    CurlFetcher& fetcher;
    const Clock& clock;
    const StarttlsProbe* probe = nullptr;  // null: no MX host is connected to
};

// `dane_wanted`: if false, DANE is reported as it is, with the remark that it does not count.
boost::asio::awaitable<Published> look_at(LookTools tools, NextHop next_hop, bool dane_wanted);

}  // namespace sternpost
