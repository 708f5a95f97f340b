// Which addresses of a host are tried, where it has more of them than are.
//
// Threads: any; pure.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <vector>

namespace sternpost {

// At most `most` of `addresses`, IPv6 and IPv4 in turn, each in its order: who cannot reach one family is left some of the
// other.
std::vector<boost::asio::ip::address> of_both_families(const std::vector<boost::asio::ip::address>& addresses,
                                                       std::size_t most);

}  // namespace sternpost
