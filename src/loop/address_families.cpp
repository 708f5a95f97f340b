#include "sternpost/loop/address_families.hpp"

#include <algorithm>

namespace asio = boost::asio;

namespace sternpost {

std::vector<asio::ip::address> of_both_families(const std::vector<asio::ip::address>& addresses,
                                                std::size_t most) {
    std::vector<asio::ip::address> v6;
    std::vector<asio::ip::address> v4;
    for (const auto& address : addresses) (address.is_v6() ? v6 : v4).push_back(address);
    std::vector<asio::ip::address> chosen;
    for (std::size_t i = 0; i < std::max(v6.size(), v4.size()) && chosen.size() < most; ++i) {
        if (i < v6.size()) chosen.push_back(v6[i]);
        if (i < v4.size() && chosen.size() < most) chosen.push_back(v4[i]);
    }
    return chosen;
}

}  // namespace sternpost
