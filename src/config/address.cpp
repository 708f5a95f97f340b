#include "address.hpp"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "field.hpp"
#include "sternpost/base/ascii.hpp"

namespace sternpost {
namespace {

struct Endpoint {
    std::string host;
    std::optional<std::uint16_t> port;
};

tl::unexpected<Error> wrong(std::string_view text, const std::string& why_and_remedy) {
    return failure(Errc::invalid, in_quotes(text) + ' ' + why_and_remedy);
}

std::optional<std::string> shortest_ip(int family, const std::string& text) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    std::array<char, INET6_ADDRSTRLEN> out{};
    if (inet_pton(family, text.c_str(), bytes.data()) != 1) return std::nullopt;
    return inet_ntop(family, bytes.data(), out.data(), out.size());
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

tl::unexpected<Error> no_ip(std::string_view text, std::string_view host) {
    const bool letters = std::ranges::any_of(host, [](char c) { return c >= 'g' && c <= 'z'; });
    if (letters && host.find(':') == std::string_view::npos)
        return wrong(text,
                     "is a host name, and names are not looked up here; write the IP address, such as "
                     "127.0.0.1 or [::1] for localhost");
    return wrong(text,
                 "has no valid IP address in it; write an IPv4 address, or an IPv6 address in brackets");
}

Result<Endpoint> with_port(std::string_view text, std::string host, std::string_view port) {
    const auto number = parse_port(port);
    if (!number) return wrong(text, "has no valid port after the colon; write a number from 1 to 65535");
    return Endpoint{std::move(host), number};
}

bool is_ipv4_mapped(const std::string& host) {
    return host.starts_with("::ffff:") && host.find('.') != std::string::npos;
}

std::string bracketed(const std::string& host) {
    return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

Result<Endpoint> parse_bracketed(std::string_view text) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return wrong(text, "lacks the closing bracket; write [IPv6]:PORT");
    auto host = shortest_ip(AF_INET6, std::string(text.substr(1, close - 1)));
    if (!host) return wrong(text, "has no IPv6 address in its brackets; write it as in [::1]:PORT");
    const std::string_view rest = text.substr(close + 1);
    if (rest.empty()) return Endpoint{std::move(*host), std::nullopt};
    if (rest.front() != ':') return wrong(text, "goes on after the bracket; write [IPv6]:PORT");
    return with_port(text, std::move(*host), rest.substr(1));
}

// Within ::/96, of which machines only have :: and ::1: the last group was meant as a port.
bool has_swallowed_a_port(const std::string& text) {
    in6_addr address{};
    if (inet_pton(AF_INET6, text.c_str(), &address) != 1) return false;
    return IN6_IS_ADDR_V4COMPAT(&address) && !IN6_IS_ADDR_LOOPBACK(&address) &&
           !IN6_IS_ADDR_UNSPECIFIED(&address);
}

Result<Endpoint> parse_bare(std::string_view text, std::string host) {
    if (!has_swallowed_a_port(std::string(text))) return Endpoint{std::move(host), std::nullopt};
    const std::size_t colon = text.rfind(':');
    const auto before = shortest_ip(AF_INET6, std::string(text.substr(0, colon)));
    const auto port = parse_port(text.substr(colon + 1));
    const std::string meant =
        before && port ? bracketed(*before) + ':' + std::to_string(*port) : "[::1]:PORT";
    return wrong(text,
                 "has its port within the address; an IPv6 address with a port stands in brackets: write " +
                     in_quotes(meant));
}

Result<Endpoint> parse_any(std::string_view text) {
    if (text.starts_with('[')) return parse_bracketed(text);
    if (auto bare = shortest_ip(AF_INET6, std::string(text))) return parse_bare(text, std::move(*bare));
    const std::size_t colon = text.rfind(':');
    const std::string_view name = text.substr(0, colon);
    auto host = shortest_ip(AF_INET, std::string(name));
    if (!host) return no_ip(text, name);
    if (colon == std::string_view::npos) return Endpoint{std::move(*host), std::nullopt};
    return with_port(text, std::move(*host), text.substr(colon + 1));
}

Result<Endpoint> parse_endpoint(std::string_view text) {
    auto endpoint = parse_any(text);
    if (!endpoint || !is_ipv4_mapped(endpoint->host)) return endpoint;
    const std::string plain = endpoint->host.substr(endpoint->host.rfind(':') + 1);
    return wrong(text, "is an IPv4 address in the form of IPv6; write " +
                           in_quotes(plain + (endpoint->port ? ':' + std::to_string(*endpoint->port) : "")));
}

// "%eth0" of "[fe80::1%eth0]:53" and "fe80::1%eth0"; else empty.
std::string interface_in(std::string_view text) {
    const auto begin = text.find('%');
    if (begin == text.npos) return {};
    const std::string_view named = text.substr(begin, text.find(']', begin) - begin);
    const auto allowed = [](char c) { return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-'; };
    const bool fits = named.size() > 1 && named.size() <= IF_NAMESIZE;
    return fits && std::ranges::all_of(named.substr(1), allowed) ? std::string(named) : std::string();
}

std::string without(const std::string& part, std::string_view text) {
    std::string left(text);
    return part.empty() ? left : left.erase(left.find(part), part.size());
}

std::string with_interface(const Endpoint& endpoint, const std::string& interface) {
    const std::string host = endpoint.host + interface;
    return endpoint.port ? bracketed(host) + ':' + std::to_string(*endpoint.port) : host;
}

bool is_link_local(const std::string& host) {
    in6_addr address{};
    return inet_pton(AF_INET6, host.c_str(), &address) == 1 && IN6_IS_ADDR_LINKLOCAL(&address);
}

Result<ListenAddress> parse_tcp(std::string_view text, std::string_view usual_port) {
    auto endpoint = parse_endpoint(text);
    if (!endpoint) return tl::unexpected(std::move(endpoint.error()));
    if (!endpoint->port)
        return wrong(text, "has no port; write " +
                               in_quotes(bracketed(endpoint->host) + ':' + std::string(usual_port)));
    return ListenAddress{std::move(endpoint->host), *endpoint->port, ""};
}

Result<ListenAddress> parse_unix(std::string_view text) {
    const std::string_view path = text.substr(std::string_view("unix:").size());
    if (!path.starts_with('/') || path.ends_with('/') || path.ends_with("/."))
        return wrong(text, "has no absolute path of a socket; write unix:/DIRECTORY/NAME");
    if (path.size() > max_socket_path)
        return wrong(text,
                     "is too long; write a path of at most " + std::to_string(max_socket_path) + " bytes");
    return ListenAddress{"", 0, plain_path(path)};
}

constexpr std::uint16_t redis_port = 6379;
constexpr std::uint16_t sentinel_port = 26379;

Result<ListenAddress> parse_engine(std::string_view text, std::uint16_t usual_port) {
    if (text.empty()) return wrong(text, R"(is no address; write "127.0.0.1:6379" or "unix:/PATH")");
    if (text.starts_with("unix:")) return parse_unix(text);
    if (text.starts_with('/'))
        return wrong(text, "is a path; write " + in_quotes("unix:" + std::string(text)));
    auto endpoint = parse_endpoint(text);
    if (!endpoint) return tl::unexpected(std::move(endpoint.error()));
    return ListenAddress{std::move(endpoint->host), endpoint->port.value_or(usual_port), ""};
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
    if (text.empty()) return wrong(text, R"(is no address; write "127.0.0.1:8461" or "unix:/PATH")");
    if (text.starts_with("unix:")) return parse_unix(text);
    if (text.starts_with('/'))
        return wrong(text, "is a path; write " + in_quotes("unix:" + std::string(text)));
    if (text.starts_with("inet:"))
        return wrong(text, "begins with inet:, which only Postfix needs; write " + in_quotes(text.substr(5)));
    return parse_tcp(text, "8461");
}

Result<ServerAddress> parse_server_address(std::string_view text) {
    if (text.empty()) return wrong(text, R"(is no address; write "127.0.0.1" or "127.0.0.1:5353")");
    const std::string interface = interface_in(text);
    auto endpoint = parse_endpoint(without(interface, text));
    if (!endpoint) return tl::unexpected(std::move(endpoint.error()));
    const bool link_local = is_link_local(endpoint->host);
    if (!interface.empty() && !link_local)
        return wrong(text,
                     "names an interface, which only a link-local address (fe80::/10) has; write it without");
    if (interface.empty() && link_local)
        return wrong(text, "is link-local and names no interface; write " +
                               in_quotes(with_interface(*endpoint, "%eth0")) + ", with that of yours");
    return ServerAddress{endpoint->host + interface, endpoint->port.value_or(ServerAddress{}.port)};
}

Result<ListenAddress> parse_fleet_server(std::string_view text) {
    return parse_engine(text, redis_port);
}

Result<ListenAddress> parse_sentinel(std::string_view text) {
    return parse_engine(text, sentinel_port);
}

Result<std::optional<ListenAddress>> parse_metrics_address(std::string_view text) {
    if (text.empty()) return std::optional<ListenAddress>();
    if (text.starts_with("unix:") || text.starts_with('/'))
        return wrong(text, R"(is a path, and metrics are served over TCP only; write "127.0.0.1:9461")");
    auto address = parse_tcp(text, "9461");
    if (!address) return tl::unexpected(std::move(address.error()));
    return std::optional<ListenAddress>(std::move(*address));
}

std::string plain_path(std::string_view path) {
    std::string plain;
    for (std::size_t begin = 0; begin < path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const std::string_view name = path.substr(begin, end - begin);
        if (!name.empty() && name != ".") plain.append("/").append(name);
        begin = end + 1;
    }
    return path.starts_with('/') ? plain : std::string(path);
}

std::string to_string(const ListenAddress& address) {
    if (address.host.empty()) return "unix:" + address.path;
    return bracketed(address.host) + ':' + std::to_string(address.port);
}

bool overlap(const ListenAddress& one, const ListenAddress& other) {
    if (one == other) return true;
    if (one.host.empty() || other.host.empty() || one.port != other.port) return false;
    const auto is_ipv6 = [](const ListenAddress& address) {
        return address.host.find(':') != std::string::npos;
    };
    const auto is_any = [](const ListenAddress& address) {
        return address.host == "0.0.0.0" || address.host == "::";
    };
    return is_ipv6(one) == is_ipv6(other) && (is_any(one) || is_any(other));
}

}  // namespace sternpost
