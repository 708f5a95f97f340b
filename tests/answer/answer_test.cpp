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

TEST(Answer, ThousandsOfNamesAreMatched) {
    Names patterns;
    Names hosts;
    for (int i = 0; i < 5000; ++i) {
        patterns.push_back("*." + std::to_string(i) + ".ex");
        hosts.push_back("h." + std::to_string(i + 2500) + ".ex");
    }
    EXPECT_THAT(names_to_match(enforcing(patterns), hosts), SizeIs(2500)) << "#104";
}

TEST(Answer, OtherReplies) {
    EXPECT_EQ(not_found_reply(), "NOTFOUND ");
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
        const auto policy = read_policy(mutations.damaged(bodies));
        if (!policy) continue;
        ++answered;
        MxHosts mx_hosts = Names{mutations.bytes(30), mutations.damaged(hosts), mutations.damaged(hosts)};
        if (i % 4 == 0) mx_hosts.reset();
        ASSERT_NO_FATAL_FAILURE(expect_sound(*policy, mx_hosts));
        ASSERT_NO_FATAL_FAILURE(expect_sound(*policy, Names{}));
        const std::string reply = temporary_reply(mutations.bytes(300));
        ASSERT_TRUE(std::ranges::all_of(reply, [](char c) { return c >= 0x20 && c < 0x7f; })) << reply;
    }
    EXPECT_GT(answered, 1000);
}

}  // namespace
}  // namespace sternpost
