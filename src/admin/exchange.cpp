#include "exchange.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"

namespace sternpost {

namespace {

bool plain(char c) {
    return c > ' ' && c <= '~' && c != '%' && c != '"' && c != '\\' && c != '#';
}

// What comes before `mark`; `rest` becomes what comes after it.
std::string_view cut(std::string_view& rest, char mark) {
    const std::size_t at = rest.find(mark);
    const std::string_view head = rest.substr(0, at);
    rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
    return head;
}

}  // namespace

Result<void> read_target(std::string_view target, Request& request) {
    // RFC 9112 section 3.2.2
    constexpr std::string_view scheme = "http://";
    const bool absolute = starts_with_ignoring_case(target, scheme);
    if (!std::ranges::all_of(target, plain) || !(absolute || target.starts_with('/')))
        return failure(Errc::invalid, "the target is no path of plain characters");
    if (absolute) {
        target.remove_prefix(scheme.size());
        const std::size_t host = std::min(target.find_first_of("/?"), target.size());
        request.host = target.substr(0, host);
        target.remove_prefix(host);
        if (request.host.empty() || request.host.find('@') != std::string::npos)
            return failure(Errc::invalid, "the target names no host");
    }
    if (target.starts_with('/')) target.remove_prefix(1);
    std::string_view query = target;
    std::string_view path = cut(query, '?');
    while (!path.empty()) request.path.emplace_back(cut(path, '/'));
    while (!query.empty()) {
        std::string_view value = cut(query, '&');
        const std::string_view name = cut(value, '=');
        request.query.emplace_back(name, value);
    }
    return {};
}

bool names_loopback(std::string_view host) {
    if (host.starts_with('[')) {
        host = host.substr(1, host.find(']') - 1);
    } else {
        host = host.substr(0, host.find(':'));
    }
    if (equal_ignoring_case(host, "localhost")) return true;
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(host, error);
    return !error && address.is_loopback();
}

Response refusal(unsigned status, const std::string& why) {
    boost::json::object said;
    said["error"] = printable(why, 2000);
    Response response;
    response.status = status;
    response.type = json_text;
    response.body = boost::json::serialize(said) + "\n";
    return response;
}

}  // namespace sternpost
