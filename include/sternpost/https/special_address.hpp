// Addresses where no policy host can be: whoever owns a recipient domain chooses the address of its policy
// host, and must not be able to make a mail server connect to the machines around it.
//
// Threads: any; pure.
// Source:  the IANA special-purpose address registries (RFC 6890) and multicast.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>

namespace sternpost {

// Loopback, private, link-local, shared, documentation, benchmarking, multicast, reserved, unspecified; an
// IPv6 address with an IPv4 one inside (mapped, NAT64, 6to4) is judged by that one.
bool is_special(const boost::asio::ip::address& address);

// The IPv4 address that an IPv6 one leads to, if it is one of these three kinds.
std::optional<boost::asio::ip::address_v4> ipv4_inside(const boost::asio::ip::address_v6& address);

}  // namespace sternpost
