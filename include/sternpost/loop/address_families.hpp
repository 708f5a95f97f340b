// Which of a host's addresses are tried, if it has more than can be tried.
//
// Threads: any; pure.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <vector>

namespace sternpost {

// At most `most` of `addresses`, IPv6 and IPv4 in turn, each family in its own order: whoever cannot reach one of them
// still gets some of the other.
std::vector<boost::asio::ip::address> of_both_families(const std::vector<boost::asio::ip::address>& addresses,
                                                       std::size_t most);

}  // namespace sternpost
