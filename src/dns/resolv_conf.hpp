// resolv.conf(5) as far as it says whom to ask.
//
// Threads: any; pure.
#pragma once

#include <string_view>
#include <vector>

#include "sternpost/dns/name_server.hpp"

namespace sternpost {

struct ResolvConf {
    std::vector<NameServer> servers;  // never empty: 127.0.0.1 when none is named, as in the C library
    bool trust_ad = false;            // `options trust-ad`
};

// Lines that cannot be read are skipped, as in the C library.
ResolvConf read_resolv_conf(std::string_view text);

}  // namespace sternpost
