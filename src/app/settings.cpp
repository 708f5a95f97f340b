#include "settings.hpp"

namespace asio = boost::asio;

namespace sternpost {

DnsOptions dns_options(const Config& config) {
    DnsOptions options;
    for (const ServerAddress& server : config.dns.servers)
        options.servers.emplace_back(asio::ip::make_address(server.host), server.port);
    options.trust_ad = config.dns.trust_ad;
    options.timeout = config.dns.timeout;
    return options;
}

HttpsOptions https_options(const Config& config) {
    HttpsOptions options;
    options.ca_file = config.https.ca_file;
    options.timeout = config.https.timeout;
    options.connect_timeout = config.https.connect_timeout;
    options.fetches = config.limits.fetches;
    options.allow_private_addresses = config.https.allow_private_addresses;
    options.require_text_plain = config.https.content_type == ContentType::require;
    return options;
}

ResolveOptions resolve_options(const Config& config) {
    ResolveOptions options;
    options.min_ttl = config.dns.min_ttl;
    options.max_ttl = config.dns.max_ttl;
    options.recheck = config.answers.recheck;
    options.deadline = config.answers.deadline;
    options.retry = config.https.retry;
    options.min_interval = config.https.min_interval;
    options.defer_on_dns_failure = config.answers.on_dns_failure == OnDnsFailure::defer;
    return options;
}

ServerOptions server_options(const Config& config) {
    ServerOptions options;
    options.connections = config.limits.connections;
    options.idle = config.limits.idle;
    return options;
}

std::string to_string(const ListenAddress& address) {
    if (address.host.empty()) return "unix:" + address.path;
    const bool v6 = address.host.find(':') != std::string::npos;
    return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace sternpost
