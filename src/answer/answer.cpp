#include "sternpost/answer/answer.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "sternpost/base/printable.hpp"
#include "sternpost/policy/ascii.hpp"
#include "sternpost/policy/host_name.hpp"

namespace sternpost {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view before_names = "OK secure match=";
constexpr std::string_view after_names = " servername=hostname";
constexpr std::array keywords{"hostname"sv, "nexthop"sv, "dot-nexthop"sv};  // tls_client.c, in match=

// A name, or `.name` for what is below it, that cannot end match= early nor mean anything else to Postfix.
bool may_be_sent(std::string_view name) {
    if (std::ranges::find(keywords, name) != keywords.end()) return false;
    return valid_host_name(name.substr(name.starts_with('.') ? 1 : 0));
}

std::string as_policies_write_it(std::string_view mx_host) {
    std::string host(mx_host.ends_with('.') ? mx_host.substr(0, mx_host.size() - 1) : mx_host);
    std::ranges::transform(host, host.begin(), to_lower);
    return host;
}

class NameList {
public:
    void add(std::string name) {
        if (may_be_sent(name) && seen_.insert(name).second) names_.push_back(std::move(name));
    }
    std::vector<std::string> take() { return std::move(names_); }

private:
    std::set<std::string, std::less<>> seen_;
    std::vector<std::string> names_;
};

std::string reason_reply(std::string_view word, std::string_view reason) {
    constexpr std::size_t cut_mark = sizeof("\\xff...") - 1;  // by how much printable() may pass its limit
    std::string text = printable(reason, max_reason_bytes);
    if (text.size() > max_reason_bytes) text = printable(reason, max_reason_bytes - cut_mark);
    return std::string(word) + ' ' + text;
}

}  // namespace

// A set of suffixes instead of passes() for each host: both lists are the remote's to make long.
std::vector<std::string> names_to_match(const Policy& policy,
                                        const std::optional<std::vector<std::string>>& mx_hosts) {
    NameList names;
    std::vector<std::string> suffixes;  // ".example.com" of "*.example.com"
    for (const MxPattern& pattern : policy.mx) {
        if (pattern.address()) continue;
        if (pattern.wildcard()) {
            suffixes.push_back(pattern.text().substr(1));
        } else {
            names.add(pattern.text());
        }
    }
    if (!mx_hosts) {
        for (std::string& suffix : suffixes) names.add(std::move(suffix));
        return names.take();
    }
    const std::set<std::string, std::less<>> passing(suffixes.begin(), suffixes.end());
    for (const std::string& mx_host : *mx_hosts) {
        std::string host = as_policies_write_it(mx_host);
        const auto dot = host.find('.');
        if (dot == 0 || dot == host.npos) continue;
        if (passing.contains(std::string_view(host).substr(dot))) names.add(std::move(host));
    }
    return names.take();
}

std::string not_found_reply() {
    return "NOTFOUND ";
}

std::string temporary_reply(std::string_view reason) {
    return reason_reply("TEMP", reason);
}

std::string permanent_reply(std::string_view reason) {
    return reason_reply("PERM", reason);
}

std::string secure_reply(std::span<const std::string> names) {
    std::string joined;
    for (const std::string& name : names) {
        if (!may_be_sent(name)) continue;
        if (!joined.empty()) joined += ':';
        joined += name;
    }
    const std::size_t room = max_reply_bytes - before_names.size() - after_names.size();
    if (joined.empty() || joined.size() > room) joined = no_host_passes;
    return std::string(before_names) + joined + std::string(after_names);
}

}  // namespace sternpost
