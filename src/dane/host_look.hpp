// One MX host's part of the question: addresses, aliases, TLSA RRsets (RFC 7672 section 2.2).
//
// Threads: the resolve loop; suspends.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "sternpost/dane/dane_lookup.hpp"

namespace sternpost {

struct HostLook {
    HostDane dane = HostDane::undecided;
    std::string why;
    std::string tlsa_base;  // where the signed TLSA RRset that counts was found
    bool stopped = false;   // the resolver has stopped
    std::chrono::seconds ttl = std::chrono::seconds::max();
};

boost::asio::awaitable<HostLook> look_at_host(Resolver& resolver, std::string host, std::uint16_t port);

}  // namespace sternpost
