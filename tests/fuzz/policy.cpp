// A policy file; and what Postfix is told of it.
#include "sternpost/policy/policy.hpp"

#include "sternpost/answer/answer.hpp"
#include "sternpost/policy/host_name.hpp"
#include "sternpost/policy/policy_review.hpp"
#include "tests/fuzz/invariant.hpp"
#include "tests/fuzz/targets.hpp"

namespace sternpost::fuzz {

namespace {

std::string written(const Policy& policy) {
    std::string text = "version: STSv1\nmode: " + std::string(to_string(policy.mode)) + "\n";
    for (const MxPattern& mx : policy.mx) text += "mx: " + mx.text() + "\n";
    return text + "max_age: " + std::to_string(policy.max_age.count()) + "\n";
}

bool same(const Policy& left, const Policy& right) {
    return left.mode == right.mode && left.max_age == right.max_age && left.mx == right.mx;
}

void check_review(std::string_view body, const Result<Policy>& read) {
    const PolicyReview review = review_policy(body);
    must(review.policy.has_value() == read.has_value(), "the review says what the reader says");
    must(!read || same(*review.policy, *read), "and of the same policy");
    bool fault = !review.faults.empty();
    for (const PolicyLine& line : review.lines) {
        must(is_printable(line.text) && is_printable(line.why), "what is told of a line is printable");
        fault = fault || line.verdict == PolicyLine::Verdict::wrong;
    }
    must(fault != read.has_value(), "a policy that cannot be used has a fault");
    for (const auto* texts : {&review.faults, &review.advice})
        must(std::ranges::all_of(*texts, is_printable), "faults and advice are printable");
}

// As dict_sockmap.c and smtp_tls_policy.c take a reply apart.
void check_reply(const std::string& reply) {
    must(reply.size() <= max_reply_bytes, "a reply is within Postfix's limit");
    must(is_printable(reply), "it is printable");
    must(reply.starts_with("OK secure match="), "it begins as Postfix expects");
    must(reply.find(" servername=hostname") != reply.npos, "it has a server name");
    int depth = 0;
    for (const char c : reply) {
        depth += c == '{' ? 1 : c == '}' ? -1 : 0;
        must(depth == 0 || depth == 1, "its braces are its own");
    }
    must(depth == 0, "each brace is closed");
    std::string_view names = std::string_view(reply).substr(std::string_view("OK secure match=").size());
    names = names.substr(0, names.find(' '));
    for (const std::string& name : parts_of(names, ":")) {
        must(valid_host_name(name.starts_with('.') ? name.substr(1) : name), "match= has names");
        must(name != "hostname" && name != "nexthop" && name != "dot-nexthop",
             "none of them is a word of Postfix's");
    }
}

void check_replies(const Policy& policy, std::string_view body) {
    std::vector<std::string> hosts{"mx.good.test", "MX2.Good.Test.", "hostname", "192.0.2.1", "evil} test"};
    PolicyAttributes attributes{"good.test", std::string(body), {}, {}};
    for (const MxPattern& mx : policy.mx) {
        attributes.mx_patterns.push_back(mx.text());
        if (hosts.size() < 32) hosts.push_back(mx.wildcard() ? "mx" + mx.text().substr(1) : mx.text());
    }
    for (const auto& known : {std::optional(hosts), std::optional<std::vector<std::string>>()}) {
        attributes.mx_hosts = known;
        const auto names = names_to_match(policy, known);
        check_reply(secure_reply(names));
        const std::string extended = secure_reply(names, attributes);
        check_reply(extended);
        must(extended.find("policy_string = ") != extended.npos, "it quotes the policy");
        must(extended.find("mx_host_pattern=") != extended.npos, "it has a pattern");
        for (const std::string& name : names)
            if (known && !name.starts_with('.'))
                must(passes(policy.mx, name), "who may pass passes the policy");
    }
    check_reply(secure_reply(names_to_match_among(policy, hosts)));
}

}  // namespace

void policy(std::string_view input) {
    const auto read = read_policy(input);
    check_review(input, read);
    if (!read) return must(is_printable(read.error().detail), "a fault is printable");
    must(std::ranges::all_of(read->remarks, is_printable), "remarks are printable");
    must(read->max_age >= std::chrono::seconds(0) && read->max_age <= max_max_age,
         "max_age is in its bounds");
    must(read->mode == Mode::none || !read->mx.empty(), "there is an mx, or no mode that needs one");
    const auto again = read_policy(written(*read));
    must(again && same(*again, *read), "it reads the same again");
    check_replies(*read, input);
}

}  // namespace sternpost::fuzz
