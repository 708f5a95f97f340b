#include "resolv_conf.hpp"

#include <boost/asio/ip/address.hpp>
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
            boost::asio::ip::make_address(value, error);
            if (!error) conf.servers.push_back({value});
        } else if (key == "options") {
            while (words >> value) conf.trust_ad = conf.trust_ad || value == "trust-ad";
        }
    }
    if (conf.servers.empty()) conf.servers.push_back({"127.0.0.1"});
    return conf;
}

}  // namespace sternpost
