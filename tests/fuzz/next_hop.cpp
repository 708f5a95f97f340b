// A key of Postfix; and the same bytes as a host name and as an mx of a policy.
#include "sternpost/policy/next_hop.hpp"

#include <arpa/inet.h>

#include "sternpost/policy/host_name.hpp"
#include "sternpost/policy/mx_pattern.hpp"
#include "tests/fuzz/invariant.hpp"
#include "tests/fuzz/targets.hpp"

namespace sternpost::fuzz {

namespace {

constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyz0123456789.-_";

bool is_address(const std::string& text) {
    in6_addr unused;
    return ::inet_pton(AF_INET, text.c_str(), &unused) == 1 ||
           ::inet_pton(AF_INET6, text.c_str(), &unused) == 1;
}

void check_host_name(std::string_view input) {
    const auto name = normalise_host_name(input);
    if (!name) return;
    must(!name->empty() && name->size() <= max_name_length, "a name has its length");
    must(name->find_first_not_of(plain) == std::string::npos, "it has the letters of host names");
    must(!is_address(*name), "it is no address");
    must(normalise_host_name(*name) == name, "it is normalised to itself");
    must(normalise_host_name(*name + ".") == name, "so it is with a dot at its end");
}

void check_pattern(std::string_view input) {
    const auto pattern = MxPattern::from(input);
    if (!pattern) return must(is_printable(pattern.error().detail), "a fault is printable");
    const std::string& text = pattern->text();
    must(text.find_first_not_of(std::string(plain) + "*") == std::string::npos, "a pattern has its letters");
    const auto again = MxPattern::from(text);
    must(again && *again == *pattern, "it reads the same again");
    const std::string host = pattern->wildcard() ? "mx" + text.substr(1) : text;
    must(pattern->matches(host) != pattern->address(), "it matches its host, unless it is an address");
    must(!pattern->matches("a.b." + host), "and no host two labels below");
}

}  // namespace

void next_hop(std::string_view input) {
    check_host_name(input);
    check_pattern(input);
    const auto read = read_next_hop(input);
    if (!read) return;
    must(normalise_host_name(read->domain) == read->domain, "the policy domain is normalised to itself");
    must(read->domain.find('.') != std::string::npos, "it has two labels");
    must(("_mta-sts." + read->domain).size() <= max_name_length, "its record has a name");
    const std::string host = read->bracketed ? "[" + read->domain + "]" : read->domain;
    const std::string port = read->port == unknown_port ? "some-service" : std::to_string(read->port);
    must(read_next_hop(host + ":" + port) == read, "it reads the same again");
}

}  // namespace sternpost::fuzz
