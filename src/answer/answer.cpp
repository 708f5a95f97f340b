#include "sternpost/answer/answer.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/base/trimmed.hpp"
#include "sternpost/policy/host_name.hpp"

namespace sternpost {

namespace {

using namespace std::string_view_literals;

// If even one line of a policy and its patterns are too long for a reply, no more of that line is sent.
constexpr std::size_t max_line_failing_closed = 1000;
constexpr std::array keywords{"hostname"sv, "nexthop"sv, "dot-nexthop"sv};  // tls_client.c, in match=

// A name, or `.name` for what is below it, that can neither end match= early nor mean anything else to Postfix.
bool may_be_sent(std::string_view name) {
    if (std::ranges::find(keywords, name) != keywords.end()) return false;
    return valid_host_name(name.substr(name.starts_with('.') ? 1 : 0));
}

bool may_be_sent_as_pattern(std::string_view pattern) {
    const std::string_view host = pattern.substr(pattern.starts_with("*.") ? 2 : 0);
    return !host.starts_with('.') && may_be_sent(host);
}

std::string as_policies_write_it(std::string_view mx_host) {
    return lower_case(mx_host.ends_with('.') ? mx_host.substr(0, mx_host.size() - 1) : mx_host);
}

using NameSet = std::set<std::string, std::less<>>;

class NameList {
public:
    void add(std::string name) {
        if (may_be_sent(name) && seen_.insert(name).second) names_.push_back(std::move(name));
    }
    std::vector<std::string> take() { return std::move(names_); }

private:
    NameSet seen_;
    std::vector<std::string> names_;
};

// ".example.com" of "mx.example.com", and of "*.example.com"; empty if there is no first label, or no other.
std::string_view below_first_label(std::string_view name) {
    const auto dot = name.find('.');
    return dot == 0 || dot == name.npos ? std::string_view() : name.substr(dot);
}

// Sets instead of MxPattern::matches() for each host: the remote can make both lists long.
class PassingNames {
public:
    void add(const MxPattern& pattern) {
        if (pattern.address()) return;
        if (pattern.wildcard()) {
            suffixes_.emplace(below_first_label(pattern.text()));
        } else {
            names_.insert(pattern.text());
        }
    }
    bool contain(std::string_view host) const {
        return names_.contains(host) || suffixes_.contains(below_first_label(host));
    }

private:
    NameSet names_;
    NameSet suffixes_;
};

class HostNames {
public:
    explicit HostNames(std::span<const std::string> hosts) {
        for (const std::string& host : hosts) {
            std::string name = as_policies_write_it(host);
            suffixes_.emplace(below_first_label(name));
            names_.insert(std::move(name));
        }
    }
    bool any_passes(std::string_view pattern) const {
        return pattern.starts_with("*.") ? suffixes_.contains(pattern.substr(1)) : names_.contains(pattern);
    }

private:
    NameSet names_;
    NameSet suffixes_;
};

std::string joined(std::span<const std::string> names) {
    std::string list;
    for (const std::string& name : names) {
        if (!may_be_sent(name)) continue;
        if (!list.empty()) list += ':';
        list += name;
    }
    return list.empty() ? std::string(no_host_passes) : list;
}

std::string secure_to(std::string_view list) {
    return std::string("OK secure match=").append(list).append(" servername=hostname");
}

std::string policy_of(const std::string& domain) {
    return " policy_type=sts policy_domain=" + domain;
}

// Inside { } Postfix takes every byte for text except a brace (mystrtokq.c, extpar.c).
char as_text_in_braces(char c) {
    if (c == '\t') return ' ';
    return c < ' ' || c > '~' || c == '{' || c == '}' ? '?' : c;
}

std::vector<std::string> policy_lines(std::string_view body) {
    std::vector<std::string> lines;
    while (!body.empty()) {
        std::string_view line = body.substr(0, body.find('\n'));
        body.remove_prefix(std::min(body.size(), line.size() + 1));
        if (line.ends_with('\r')) line.remove_suffix(1);
        std::string text(trimmed(line));
        std::ranges::transform(text, text.begin(), as_text_in_braces);
        if (!text.empty()) lines.push_back(std::move(text));
    }
    return lines;
}

std::string attributes_of(std::span<const std::string> lines, std::span<const std::string> patterns) {
    std::string text;
    const auto add_pattern = [&](std::string_view pattern) {
        text.append(" mx_host_pattern=").append(pattern);
    };
    for (const std::string& line : lines) text.append(" { policy_string = ").append(line).append(" }");
    for (const std::string& pattern : patterns) add_pattern(pattern);
    if (patterns.empty()) add_pattern(no_host_passes);
    return text;
}

std::string reason_reply(std::string_view word, std::string_view reason) {
    return std::string(word) + ' ' + printable(reason, max_reason_bytes);
}

}  // namespace

std::vector<std::string> names_to_match_among(const Policy& policy,
                                              const std::vector<std::string>& mx_hosts) {
    PassingNames passing;
    for (const MxPattern& pattern : policy.mx) passing.add(pattern);
    NameList names;
    for (const std::string& mx_host : mx_hosts) {
        std::string host = as_policies_write_it(mx_host);
        if (passing.contain(host)) names.add(std::move(host));
    }
    return names.take();
}

std::vector<std::string> names_to_match(const Policy& policy,
                                        const std::optional<std::vector<std::string>>& mx_hosts) {
    NameList names;
    for (const MxPattern& pattern : policy.mx)
        if (!pattern.wildcard() && !pattern.address()) names.add(pattern.text());
    if (mx_hosts) {
        for (std::string& host : names_to_match_among(policy, *mx_hosts)) names.add(std::move(host));
    } else {
        for (const MxPattern& pattern : policy.mx)
            if (pattern.wildcard() && !pattern.address()) names.add(pattern.text().substr(1));
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
    std::string reply = secure_to(joined(names));
    return reply.size() <= max_reply_bytes ? reply : secure_to(no_host_passes);
}

std::string secure_reply(std::span<const std::string> names, const PolicyAttributes& attributes) {
    std::vector<std::string> lines = policy_lines(attributes.body);
    if (lines.empty() || !valid_host_name(attributes.domain)) return secure_to(no_host_passes);
    const std::string plain = secure_to(joined(names)) + policy_of(attributes.domain);
    std::vector<std::string> patterns = attributes.mx_patterns;
    std::erase_if(patterns, [](const std::string& pattern) { return !may_be_sent_as_pattern(pattern); });

    std::string reply = plain + attributes_of(lines, patterns);
    if (reply.size() <= max_reply_bytes) return reply;
    lines.resize(1);
    reply = plain + attributes_of(lines, patterns);
    if (reply.size() <= max_reply_bytes) return reply;
    if (attributes.mx_hosts) {
        const HostNames hosts(*attributes.mx_hosts);
        std::erase_if(patterns, [&](const std::string& pattern) { return !hosts.any_passes(pattern); });
        reply = plain + attributes_of(lines, patterns);
        if (reply.size() <= max_reply_bytes) return reply;
    }
    lines.front().resize(std::min(lines.front().size(), max_line_failing_closed));
    return secure_to(no_host_passes) + policy_of(attributes.domain) + attributes_of(lines, {});
}

std::string dane_only_reply() {
    return "OK dane-only";
}

bool fails_closed(std::string_view reply) {
    static const std::string closed = secure_to(no_host_passes);
    return reply.starts_with(closed);
}

}  // namespace sternpost
