#include "resolv_conf.hpp"

#include <sstream>
#include <string>

namespace sternpost {

ResolvConf read_resolv_conf(std::string_view text) {
    ResolvConf conf;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string key;
        std::string value;
        words >> key;
        if (key == "nameserver" && words >> value) {
            boost::system::error_code error;
            const auto address = boost::asio::ip::make_address(value, error);
            if (!error) conf.servers.push_back(address);
        } else if (key == "options") {
            while (words >> value) conf.trust_ad = conf.trust_ad || value == "trust-ad";
        }
    }
    if (conf.servers.empty()) conf.servers.push_back(boost::asio::ip::address_v4::loopback());
    return conf;
}

}  // namespace sternpost
