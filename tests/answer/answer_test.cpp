#include "sternpost/answer/answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "sternpost/base/printable.hpp"
#include "tests/policy/mutations.hpp"

namespace sternpost {
namespace {

using namespace std::string_literals;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

using Names = std::vector<std::string>;
using MxHosts = std::optional<Names>;

Policy enforcing(const Names& mx) {
    Policy policy{.mode = Mode::enforce, .max_age = std::chrono::seconds(86400), .mx = {}, .remarks = {}};
    for (const std::string& text : mx) policy.mx.push_back(MxPattern::from(text).value());
    return policy;
}

TEST(Answer, NamesWhatMayPass) {
    struct Row {
        std::string_view item;
        Names policy;
        MxHosts mx_hosts;
        Names expected;
    };
    const Row rows[] = {
        {"#154",
         {"mail.example.com", "backup.example.com"},
         Names{"mail.example.com"},
         {"mail.example.com", "backup.example.com"}},
        {"#153",
         {"*.example.net"},
         Names{"a.example.net", "b.example.net"},
         {"a.example.net", "b.example.net"}},
        {"#148",
         {"*.example.com"},
         Names{"mail.example.com", "example.com", "foo.bar.example.com"},
         {"mail.example.com"}},
        {"#148", {"*.example.com"}, Names{".example.com", "*.example.com", "-.example.com"}, {}},
        {"#149", {"*.mx.microsoft"}, Names{"icewolf-li.h-v1.mx.microsoft"}, {}},
        {"#150", {"a.b.", "*.c.d."}, Names{"a.b.", "e.c.d."}, {"a.b", "e.c.d"}},
        {"#147",
         {"Mail.Example.com", "*.EXAMPLE.net"},
         Names{"MAIL.example.com", "A.Example.NET"},
         {"mail.example.com", "a.example.net"}},
        {"#151",
         {"*.example"},
         Names{"xn--mx-lka.example", "XN--B.example"},
         {"xn--mx-lka.example", "xn--b.example"}},
        {"#152", {"*.p.example"}, Names{"mx.d.example"}, {}},
        {"#142", {"mx2.example"}, Names{"mx1.example", "mx2.example"}, {"mx2.example"}},
        {"#143", {"old.example"}, Names{"new.example"}, {"old.example"}},
        {"#136", {"example.com"}, Names{"example.com"}, {"example.com"}},
        {"#136", {"*.example.com"}, Names{"example.com"}, {}},
        {"#137", {"*.example.com"}, Names{"."}, {}},
        {"#137", {"*.example.com"}, Names{""}, {}},
        {"#137", {"*.example.com"}, Names{}, {}},
        {"#98", {"212.114.86.56", "mail.pue.de"}, Names{"mail.pue.de", "212.114.86.56"}, {"mail.pue.de"}},
        {"#98", {"212.114.86.56"}, Names{"212.114.86.56"}, {}},
        {"#98", {"212.114.86.56"}, std::nullopt, {}},
        {"#98", {"*.2.3.4"}, Names{"1.2.3.4"}, {}},
        {"#98", {"*.2.3.4"}, std::nullopt, {}},
        {"#103", {"a.example", "A.example"}, Names{"a.example"}, {"a.example"}},
        {"#103",
         {"a.example", "*.example"},
         Names{"b.example", "A.EXAMPLE.", "b.example."},
         {"a.example", "b.example"}},
        {"#103",
         {"*.z.example", "b.example", "*.y.example", "a.example"},
         Names{"2.y.example", "1.z.example", "3.x.example"},
         {"b.example", "a.example", "2.y.example", "1.z.example"}},
        {"#155",
         {"*.example.net", "mail.example.com", "*.example.org"},
         std::nullopt,
         {"mail.example.com", ".example.net", ".example.org"}},
        {"#155", {"*.example.net", "*.Example.NET."}, std::nullopt, {".example.net"}},
        {"#156", {"hostname", "nexthop", "dot-nexthop", "a.example"}, Names{}, {"a.example"}},
        {"#156", {"HOSTNAME"}, std::nullopt, {}},
        {"#156", {"localhost"}, Names{"localhost"}, {"localhost"}},
        {"#156",
         {"hostname.example", "dot-nexthop.example"},
         Names{},
         {"hostname.example", "dot-nexthop.example"}},
        {"#192",
         {"*.example"},
         Names{"a:b.example", "a b.example", "a,b.example", "{a}.example", "a=b.example", "ü.example",
               "a\0b.example"s, "a\\.b.example", "a\nb.example", "a/b.example", "a_b.example"},
         {"a_b.example"}},
        {"#192",
         {"*.example"},
         Names{std::string(64, 'a') + ".example", std::string(70'000, 'a') + ".example"},
         {}},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(names_to_match(enforcing(row.policy), row.mx_hosts), row.expected)
            << row.item << ' ' << row.policy.front();
    }
}

TEST(Answer, NamesWhatMayPassAmongSomeHosts) {
    struct Row {
        std::string_view item;
        Names policy;
        Names mx_hosts;
        Names expected;
    };
    const Row rows[] = {
        {"#154", {"mail.example.com", "backup.example.com"}, {"mail.example.com"}, {"mail.example.com"}},
        {"#142", {"mx2.example"}, {"mx1.example", "mx2.example"}, {"mx2.example"}},
        {"#143", {"old.example"}, {"new.example"}, {}},
        {"#137", {"*.example.com"}, {}, {}},
        {"#148",
         {"*.example.com"},
         {"mail.example.com", "example.com", "foo.bar.example.com", "", ".", ".example.com"},
         {"mail.example.com"}},
        {"#150", {"a.b.", "*.c.d."}, {"A.B.", "e.c.D."}, {"a.b", "e.c.d"}},
        {"#103",
         {"a.example", "*.example"},
         {"b.example", "A.EXAMPLE.", "b.example.", "a.example"},
         {"b.example", "a.example"}},
        {"#98", {"192.0.2.1", "*.2.3.4"}, {"192.0.2.1", "1.2.3.4"}, {}},
        {"#156", {"hostname", "nexthop", "localhost"}, {"hostname", "NEXTHOP.", "localhost"}, {"localhost"}},
        {"#192", {"*.example"}, {"a:b.example", "a b.example", "}.example", "a_b.example"}, {"a_b.example"}},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(names_to_match_among(enforcing(row.policy), row.mx_hosts), row.expected)
            << row.item << ' ' << row.policy.front();
    }
}

TEST(Answer, SecureReply) {
    struct Row {
        std::string_view item;
        Names names;
        std::string_view expected;
    };
    const Row rows[] = {
        {"#157", {"mail.example.com"}, "OK secure match=mail.example.com servername=hostname"},
        {"#155",
         {"mail.example.com", ".example.net"},
         "OK secure match=mail.example.com:.example.net servername=hostname"},
        {"4.7", {"mail.loc"}, "OK secure match=mail.loc servername=hostname"},
        {"#156", {}, "OK secure match=no-mx-host-passes-the-policy.invalid servername=hostname"},
        {"#156", {""}, "OK secure match=no-mx-host-passes-the-policy.invalid servername=hostname"},
        {"#156", {"hostname"}, "OK secure match=no-mx-host-passes-the-policy.invalid servername=hostname"},
        {"#156", {"nexthop", "a.example", "dot-nexthop"}, "OK secure match=a.example servername=hostname"},
        {"#156",
         {"a:b.example", "x} tafile=/y", "A.example", "*.example", ".", "b.example"},
         "OK secure match=b.example servername=hostname"},
        {"#98",
         {"192.0.2.1", ".2.1"},
         "OK secure match=no-mx-host-passes-the-policy.invalid servername=hostname"},
    };
    for (const Row& row : rows) EXPECT_EQ(secure_reply(row.names), row.expected) << row.item;
}

TEST(Answer, SecureReplyBeyondTheLimitFailsClosed) {
    Names names(2560, std::string(30, 'a') + ".example");
    const std::size_t left = max_reply_bytes - secure_reply(names).size() - 1;
    ASSERT_GT(left, 62U);
    ASSERT_LT(left, 62U + 63U);
    names.push_back(std::string(left - 62, 'b') + '.' + std::string(61, 'b'));
    EXPECT_THAT(secure_reply(names), SizeIs(max_reply_bytes)) << "#104";
    names.back() += 'a';
    EXPECT_TRUE(secure_reply(names) == secure_reply({})) << "#104";
}

PolicyAttributes attributes(std::string body, Names patterns) {
    return {
        .domain = "example.com", .body = std::move(body), .mx_patterns = std::move(patterns), .mx_hosts = {}};
}

const std::string closed =
    "OK secure match=no-mx-host-passes-the-policy.invalid servername=hostname policy_type=sts "
    "policy_domain=example.com";

TEST(ExtendedReply, HasThePolicysLinesAndPatternsInTheirOrder) {
    const Names names{"mail.example.com", "a.example.net"};
    const std::string body =
        "version: STSv1\r\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmax_age: 604800\n";
    EXPECT_EQ(
        secure_reply(names, attributes(body, {"mail.example.com", "*.example.net"})),
        "OK secure match=mail.example.com:a.example.net servername=hostname policy_type=sts "
        "policy_domain=example.com { policy_string = version: STSv1 } { policy_string = mode: enforce } "
        "{ policy_string = mx: mail.example.com } { policy_string = mx: *.example.net } "
        "{ policy_string = max_age: 604800 } mx_host_pattern=mail.example.com mx_host_pattern=*.example.net")
        << "#198";
}

TEST(ExtendedReply, TextOfThePolicyStaysInItsBraces) {
    const std::pair<std::string, std::string_view> rows[] = {
        {"a: b", " { policy_string = a: b }"},
        {"a: b\r", " { policy_string = a: b }"},
        {"\n\r\n \t \n\t a: b \t\r\n\n", " { policy_string = a: b }"},
        {"a:\tb", " { policy_string = a: b }"},
        {"a\rb", " { policy_string = a?b }"},
        {"a: }", " { policy_string = a: ? }"},
        {"x: } tafile=/y {", " { policy_string = x: ? tafile=/y ? }"},
        {"{}}{", " { policy_string = ???? }"},
        {"{ policy_failure = validation-failure }",
         " { policy_string = ? policy_failure = validation-failure ? }"},
        {"a=b, c = d", " { policy_string = a=b, c = d }"},
        {"=", " { policy_string = = }"},
        {"a\0\x01\x7f\x80\xff"s, " { policy_string = a????? }"},
        {"r\xc3\xa4tsel: 1", " { policy_string = r??tsel: 1 }"},
        {"\x0b", " { policy_string = ? }"},
        {R"(\}"')", R"( { policy_string = \?"' })"},
    };
    for (const auto& [body, expected] : rows) {
        EXPECT_EQ(secure_reply({}, attributes(body, {"a.b"})),
                  closed + std::string(expected) + " mx_host_pattern=a.b")
            << "#198 " << printable(body);
    }
}

TEST(ExtendedReply, OnlyPatternsAreSentAsPatterns) {
    const std::string head = closed + " { policy_string = a: b }";
    const std::pair<Names, std::string_view> rows[] = {
        {{"a.b", "*.c_d.e"}, " mx_host_pattern=a.b mx_host_pattern=*.c_d.e"},
        {{"localhost"}, " mx_host_pattern=localhost"},
        {{"hostname", "*.hostname", "nexthop", "dot-nexthop", "a.b"}, " mx_host_pattern=a.b"},
        {{"192.0.2.1", "*.2.1", "a.b"}, " mx_host_pattern=a.b"},
        {{"a,b", "a b", "a=b", "a:b", "{", "}", "A.b", "\xc3\xa4.b", "a.b\n", "a..b", "", "a.b"},
         " mx_host_pattern=a.b"},
        {{".a.b", "*", "*.", "*..a", "*.*.a", "a.*.b", "*a.b", "a.b"}, " mx_host_pattern=a.b"},
        {{"*"}, " mx_host_pattern=no-mx-host-passes-the-policy.invalid"},
        {{}, " mx_host_pattern=no-mx-host-passes-the-policy.invalid"},
    };
    for (const auto& [patterns, expected] : rows) {
        EXPECT_EQ(secure_reply({}, attributes("a: b", patterns)), head + std::string(expected)) << "#192";
    }
}

TEST(ExtendedReply, WithoutADomainOrTextNothingPasses) {
    const Names names{"a.b"};
    const std::string nothing_passes = secure_reply({});
    PolicyAttributes some = attributes("a: b", {"a.b"});
    for (const std::string domain : {"", "A.b", "a b", "a.b.", "192.0.2.1", "a.b} {", "[a.b]"}) {
        some.domain = domain;
        EXPECT_EQ(secure_reply(names, some), nothing_passes) << domain;
    }
    for (const std::string body : {"", " ", "\r\n\n \t"})
        EXPECT_EQ(secure_reply(names, attributes(body, names)), nothing_passes);
}

// The names of a policy of `count` hosts.
Names numbered_hosts(int count, const std::string& below) {
    Names hosts;
    for (int i = 0; i < count; ++i) hosts.push_back(std::to_string(i) + below);
    return hosts;
}

TEST(ExtendedReply, FillsTheLimitToTheByte) {
    const Names names{"a.b"};
    const std::string line(97, 'x');
    std::string body;
    PolicyAttributes all = attributes("y", {"a.b"});
    const std::size_t rest = secure_reply(names, all).size() - 1;
    const std::size_t each = sizeof(" { policy_string =  }") - 1 + line.size();
    const std::size_t lines = (max_reply_bytes - rest) / each;
    for (std::size_t i = 1; i < lines; ++i) body += line + '\n';
    const std::size_t left = max_reply_bytes - rest - (lines - 1) * each;
    all.body = std::string(left, 'y') + '\n' + body;
    EXPECT_THAT(secure_reply(names, all), SizeIs(max_reply_bytes));
    all.body = 'y' + all.body;
    const std::string reply = secure_reply(names, all);
    EXPECT_THAT(reply, SizeIs(rest + left + 1)) << "all lines but the first are left out";
    EXPECT_THAT(reply, testing::StartsWith("OK secure match=a.b "));
    all.body = std::string(max_reply_bytes - rest, 'y');
    EXPECT_THAT(secure_reply(names, all), SizeIs(max_reply_bytes));
    all.body += 'y';
    EXPECT_EQ(secure_reply(names, all), closed + " { policy_string = " + std::string(1000, 'y') +
                                            " } mx_host_pattern=no-mx-host-passes-the-policy.invalid");
}

TEST(ExtendedReply, ThousandsOfShortLinesAreCutToTheFirst) {
    std::string body;
    while (body.size() < max_policy_bytes) body += "a\n";
    EXPECT_EQ(secure_reply({}, attributes(body, {"a.b"})),
              closed + " { policy_string = a } mx_host_pattern=a.b")
        << "#104";
}

TEST(ExtendedReply, ThousandsOfPatternsAreCutToThoseInUse) {
    PolicyAttributes many = attributes("a: b\nc: d", numbered_hosts(10'000, ".b"));
    many.mx_patterns.push_back("*.c");
    many.mx_patterns.push_back("*.d");
    const Names names{"7.b", "x.c"};
    many.mx_hosts = {"7.B.", "x.c", "y.x.d", "z"};
    EXPECT_EQ(secure_reply(names, many),
              "OK secure match=7.b:x.c servername=hostname policy_type=sts policy_domain=example.com "
              "{ policy_string = a: b } mx_host_pattern=7.b mx_host_pattern=*.c")
        << "#104";
    const std::string nothing_passes =
        closed + " { policy_string = a: b } mx_host_pattern=no-mx-host-passes-the-policy.invalid";
    many.mx_hosts = numbered_hosts(10'000, ".b");
    EXPECT_EQ(secure_reply(names, many), nothing_passes) << "all of them are in use";
    many.mx_hosts.reset();
    EXPECT_EQ(secure_reply(names, many), nothing_passes) << "it is not known which of them are in use";
    many.mx_patterns = {"7.b"};
    EXPECT_EQ(secure_reply(numbered_hosts(20'000, ".b"), many), nothing_passes) << "too many names";
}

Names texts_of(const std::vector<MxPattern>& patterns) {
    Names texts;
    for (const MxPattern& pattern : patterns) texts.push_back(pattern.text());
    return texts;
}

TEST(ExtendedReply, OfAShortPolicyAlwaysFits) {
    std::string body = "version: STSv1\nmode: enforce\nmax_age: 1\n";
    for (int i = 100; body.size() + 8 <= max_body_that_fits; i = i == 999 ? 100 : i + 1)
        body += "mx: a" + std::to_string(i).substr(1) + "\n";
    const auto policy = read_policy(body);
    ASSERT_TRUE(policy);
    const std::string reply =
        secure_reply(names_to_match(*policy, std::nullopt), attributes(body, texts_of(policy->mx)));
    EXPECT_FALSE(fails_closed(reply));
    EXPECT_GT(reply.size(), 60'000U);
}

TEST(Answer, FailsClosedByWhatStandsInMatchAlone) {
    EXPECT_TRUE(fails_closed(secure_reply({})));
    EXPECT_FALSE(fails_closed(dane_only_reply()));
    const Names both{"mail.example.com", std::string(no_host_passes)};
    EXPECT_FALSE(fails_closed(secure_reply(both)));
    EXPECT_FALSE(
        fails_closed(secure_reply(both, attributes("x: " + secure_reply({}) + " a", {"mail.example.com"}))));
}

TEST(Answer, ThousandsOfNamesAreMatched) {
    Names patterns;
    Names hosts;
    for (int i = 0; i < 5000; ++i) {
        patterns.push_back("*." + std::to_string(i) + ".ex");
        hosts.push_back("h." + std::to_string(i + 2500) + ".ex");
    }
    EXPECT_THAT(names_to_match(enforcing(patterns), hosts), SizeIs(2500)) << "#104";
    EXPECT_THAT(names_to_match_among(enforcing(patterns), hosts), SizeIs(2500)) << "#104";
}

TEST(Answer, OtherReplies) {
    EXPECT_EQ(not_found_reply(), "NOTFOUND ");
    EXPECT_EQ(dane_only_reply(), "OK dane-only");
    EXPECT_EQ(temporary_reply("dane: no answer"), "TEMP dane: no answer");
    EXPECT_EQ(permanent_reply("unknown map x"), "PERM unknown map x");
    EXPECT_EQ(permanent_reply("unknown map \xff\n\0"s), R"(PERM unknown map \xff\x0a\x00)") << "#188";
}

TEST(Answer, ReasonsAreBounded) {
    const std::string word = "TEMP ";
    EXPECT_EQ(temporary_reply(std::string(max_reason_bytes, 'x')), word + std::string(max_reason_bytes, 'x'));
    const std::pair<std::string, std::string> rows[] = {{"plain", std::string(max_reason_bytes + 1, 'x')},
                                                        {"escaped", std::string(max_reason_bytes, '\n')},
                                                        {"huge", std::string(100'000, '\xff')}};
    for (const auto& [name, reason] : rows) {
        const std::string reply = temporary_reply(reason);
        EXPECT_LE(reply.size(), word.size() + max_reason_bytes) << name;
        EXPECT_TRUE(reply.ends_with("...")) << name;
    }
    for (std::size_t plain = 0; plain < 10; ++plain) {
        const std::string reply =
            temporary_reply(std::string(plain, 'x') + std::string(max_reason_bytes, '\n'));
        EXPECT_LE(reply.size(), word.size() + max_reason_bytes) << plain;
    }
}

// As Postfix 3.10 splits a policy (mystrtokq.c, extpar.c): at blanks and commas outside of braces, and braces
// away. nullopt where it finds them unbalanced.
std::optional<Names> split_as_postfix(std::string_view policy) {
    constexpr std::string_view separators = ", \t\r\n";
    Names words;
    for (;;) {
        policy.remove_prefix(std::min(policy.size(), policy.find_first_not_of(separators)));
        if (policy.empty()) return words;
        int depth = 0;
        std::size_t end = 0;
        for (; end < policy.size() && (depth > 0 || separators.find(policy[end]) == separators.npos); ++end) {
            if (policy[end] == '{') ++depth;
            if (policy[end] == '}' && --depth < 0) return std::nullopt;
        }
        if (depth > 0) return std::nullopt;
        const std::string_view word = policy.substr(0, end);
        policy.remove_prefix(end);
        if (word.starts_with('{') != word.ends_with('}')) return std::nullopt;
        words.emplace_back(word.starts_with('{') ? word.substr(2, word.size() - 4) : word);
    }
}

// Of the extended grammar Postfix sees the attributes that were meant, each in its place.
void expect_sound_attributes(const std::string& reply, const std::string& body) {
    ASSERT_LE(reply.size(), max_reply_bytes);
    const auto words = split_as_postfix(reply);
    ASSERT_TRUE(words) << reply;
    ASSERT_GE(words->size(), 8U) << reply;
    const std::string_view starts[] = {
        "OK", "secure", "match=", "servername=hostname", "policy_type=sts", "policy_domain=example.com"};
    for (std::size_t i = 0; i < std::size(starts); ++i)
        ASSERT_TRUE((*words)[i].starts_with(starts[i])) << reply;
    auto word = words->begin() + std::size(starts);
    const auto lines = std::ranges::count(body, '\n') + 1;
    for (; word->starts_with("policy_string = "); ++word)
        ASSERT_LE(word - words->begin(), lines + 6) << reply;
    ASSERT_GT(word - words->begin(), 6) << reply;
    for (; word != words->end(); ++word) ASSERT_THAT(*word, testing::StartsWith("mx_host_pattern="));
    ASSERT_THAT(words->back(), testing::StartsWith("mx_host_pattern="));
}

// Whatever the remote side writes, Postfix gets one word of names for match=, and each of them passes the
// policy.
void expect_sound(const Policy& policy, const MxHosts& mx_hosts) {
    const Names names = names_to_match(policy, mx_hosts);
    for (const std::string& name : names) {
        ASSERT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-"), std::string::npos);
        ASSERT_TRUE(name != "hostname" && name != "nexthop" && name != "dot-nexthop");
        ASSERT_TRUE(passes(policy.mx, name.starts_with('.') ? "x" + name : name)) << name;
    }
    const std::string reply = secure_reply(names);
    ASSERT_LE(reply.size(), max_reply_bytes);
    ASSERT_THAT(reply,
                Each(testing::Truly([](char c) { return c >= 0x20 && c < 0x7f && c != '{' && c != '}'; })));
    ASSERT_EQ(std::ranges::count(reply, ' '), 3) << reply;
    ASSERT_EQ(std::ranges::count(reply, '='), 2) << reply;
    ASSERT_THAT(reply, Not(HasSubstr("match= ")));
    ASSERT_THAT(reply, Not(HasSubstr("::")));
}

TEST(Answer, ToHostilePoliciesIsSound) {
    const std::string_view bodies[] = {
        "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmax_age: 604800\n",
        "version: STSv1\nmode: enforce\nmx: *.x\nmx: 192.0.2.1\nmx: hostname\nmax_age: 1\ny: z\n"};
    const std::string_view hosts[] = {"mail.example.com", "a.example.net.", "B.x",
                                      "nexthop",          "192.0.2.1",      "."};
    Mutations mutations;
    int answered = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::string body = mutations.damaged(bodies);
        if (body.find_first_not_of(" \t\r\n") != body.npos) {
            const Names patterns{mutations.damaged(hosts), mutations.bytes(30)};
            const std::string reply = secure_reply({}, attributes(body, patterns));
            ASSERT_NO_FATAL_FAILURE(expect_sound_attributes(reply, body));
        }
        const auto policy = read_policy(body);
        if (!policy) continue;
        ++answered;
        MxHosts mx_hosts = Names{mutations.bytes(30), mutations.damaged(hosts), mutations.damaged(hosts)};
        if (i % 4 == 0) mx_hosts.reset();
        ASSERT_NO_FATAL_FAILURE(expect_sound(*policy, mx_hosts));
        ASSERT_NO_FATAL_FAILURE(expect_sound(*policy, Names{}));
        const std::string extended =
            secure_reply(names_to_match(*policy, mx_hosts), attributes(body, texts_of(policy->mx)));
        ASSERT_NO_FATAL_FAILURE(expect_sound_attributes(extended, body));
        const std::string reply = temporary_reply(mutations.bytes(300));
        ASSERT_TRUE(std::ranges::all_of(reply, [](char c) { return c >= 0x20 && c < 0x7f; })) << reply;
    }
    EXPECT_GT(answered, 1000);
}

}  // namespace
}  // namespace sternpost
