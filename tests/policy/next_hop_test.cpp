#include "sternpost/policy/next_hop.hpp"

#include <gtest/gtest.h>

#include "sternpost/base/printable.hpp"
#include "sternpost/policy/host_name.hpp"
#include "tests/policy/mutations.hpp"

namespace sternpost {
namespace {

using namespace std::string_view_literals;

// 244 bytes: with "_mta-sts." before it the longest name that DNS has.
const std::string longest_domain = std::string(60, 'a') + '.' + std::string(60, 'b') + '.' +
                                   std::string(60, 'c') + '.' + std::string(61, 'd');

TEST(NextHop, IsRead) {
    struct Row {
        std::string_view item, key;
        NextHop expected;
    };
    const Row rows[] = {
        {"#135", "good.loc", {"good.loc", false, 25}},
        {"#135", "good.loc.", {"good.loc", false, 25}},
        {"#135", "GOOD.LOC", {"good.loc", false, 25}},
        {"#135", "Good.LOC.", {"good.loc", false, 25}},
        {"#135", "good.loc:25", {"good.loc", false, 25}},
        {"#135", "good.loc.:25", {"good.loc", false, 25}},
        {"#135", "[good.loc]", {"good.loc", true, 25}},
        {"#135", "[good.loc.]", {"good.loc", true, 25}},
        {"#135", "[good.loc]:123", {"good.loc", true, 123}},
        {"#135", "[Good.Loc]:123", {"good.loc", true, 123}},
        {"4.7", "good.loc:123", {"good.loc", false, 123}},
        {"4.7", "[no-record.loc]", {"no-record.loc", true, 25}},
        {"#132", "relay.example.net", {"relay.example.net", false, 25}},
        {"#132", "[relay.example.net]:587", {"relay.example.net", true, 587}},
        {"#146", "[h.example]:587", {"h.example", true, 587}},
        {"#135", "[h.example]:smtp", {"h.example", true, 25}},
        {"#135", "[h.example]:submission", {"h.example", true, 587}},
        {"#135", "[h.example]:submissions", {"h.example", true, 465}},
        {"#135", "h.example:smtps", {"h.example", false, 465}},
        {"#135", "[h.example]:mail", {"h.example", true, 25}},
        {"#135", "h.example:ssmtp", {"h.example", false, 465}},
        {"#135", "[h.example]:urd", {"h.example", true, 465}},
        {"#135", "[h.example]:lmtp", {"h.example", true, 24}},
        {"#135", "good.loc:imap", {"good.loc", false, unknown_port}},
        {"#135", "[good.loc]:SMTP", {"good.loc", true, unknown_port}},
        {"#135", "good.loc:our-relay.2_b+", {"good.loc", false, unknown_port}},
        {"#135", "h.example:", {"h.example", false, 25}},
        {"#135", "[h.example]:", {"h.example", true, 25}},
        {"#135", "h.example:0025", {"h.example", false, 25}},
        {"#135", "h.example:65535", {"h.example", false, 65535}},
        {"#130", "mail.example.com", {"mail.example.com", false, 25}},
        {"#35", "bücher.example", {"xn--bcher-kva.example", false, 25}},
        {"#35", "[BÜCHER.example]:25", {"xn--bcher-kva.example", true, 25}},
        {"#35", "xn--bcher-kva.example", {"xn--bcher-kva.example", false, 25}},
        {"#36", longest_domain, {longest_domain, false, 25}},
        {"#134", "mail_1.example.com", {"mail_1.example.com", false, 25}},
    };
    for (const Row& row : rows) {
        const auto read = read_next_hop(row.key);
        ASSERT_TRUE(read) << row.item << ' ' << row.key;
        EXPECT_EQ(read->domain, row.expected.domain) << row.item << ' ' << row.key;
        EXPECT_EQ(read->bracketed, row.expected.bracketed) << row.item << ' ' << row.key;
        EXPECT_EQ(read->port, row.expected.port) << row.item << ' ' << row.key;
    }
}

TEST(NextHop, HasNoPolicy) {
    const std::pair<std::string_view, std::string> rows[] = {
        {"#131", ".example.com"},
        {"#131", ".com"},
        {"#131", "."},
        {"4.7", ".good.loc"},
        {"4.7", ".no-record.loc"},
        {"4.7", "[1.2.3.4]"},
        {"4.7", "[a:bb:ccc::dddd]:123"},
        {"#133", "[192.0.2.1]"},
        {"#133", "[192.0.2.1]:25"},
        {"#133", "192.0.2.1"},
        {"#133", "192.0.2.1:25"},
        {"#133", "1.2.3.4."},
        {"#133", "[IPv6:2001:db8::1]"},
        {"#133", "[IPv6:2001:db8::1]:25"},
        {"#133", "[ipv6:2001:db8::1]"},
        {"#133", "[2001:db8::1]:25"},
        {"#133", "2001:db8::1"},
        {"#133", "::1"},
        {"#133", "::ffff:192.0.2.1"},
        {"#133", "IPv6:2001:db8::1"},
        {"#133", "0x7f.1"},
        {"#133", "127.1"},
        {"#133", "[0x7f.0.0.1]:25"},
        {"#133", "example.123"},
        {"#134", ""},
        {"#134", "unix:/x"},
        {"#134", "inet:host.example:24"},
        {"#134", "/run/lmtp"},
        {"#134", "/run/lmtp.sock"},
        {"#134", "localhost"},
        {"#134", "localhost."},
        {"#134", "[localhost]"},
        {"#134", "localhost:25"},
        {"#134", "com"},
        {"#134", "[]"},
        {"#134", "[]:25"},
        {"#134", ":25"},
        {"#134", "["},
        {"#134", "]"},
        {"#134", "[good.loc"},
        {"#134", "good.loc]"},
        {"#134", "[good.loc]25"},
        {"#134", "[good.loc]."},
        {"#134", "[[good.loc]]"},
        {"#134", "[good.loc:25]"},
        {"#134", "good.loc:25:25"},
        {"#134", "good.loc:0"},
        {"#134", "good.loc:00"},
        {"#134", "good.loc:65536"},
        {"#134", "good.loc:99999999999999999999"},
        {"#134", "good.loc:+25"},
        {"#134", "good.loc:-25"},
        {"#134", "good.loc: 25"},
        {"#134", "good.loc:25 "},
        {"#134", "good.loc:-imap"},
        {"#134", "good.loc:2imap"},
        {"#134", "good.loc:im ap"},
        {"#134", "good.loc:im/ap"},
        {"#134", "a b.example"},
        {"#134", " good.loc"},
        {"#134", "good.loc "},
        {"#134", "a,b.example"},
        {"#134", "user@good.loc"},
        {"#134", "*.good.loc"},
        {"#134", "\xff\xfe.example"},
        {"#134", "\xc3.example"},
        {"#134", "good..loc"},
        {"#134", "good.loc.."},
        {"#134", std::string("good.loc\0"sv)},
        {"#134", std::string("\0"sv)},
        {"#134", std::string(10'000, 'a')},
        {"#134", std::string(10'000, '.')},
        {"#134", std::string(10'000, '[')},
        {"#134", std::string(10'000, ':')},
        {"#134", std::string(10'000, '\xff')},
        {"#134", "[" + std::string(10'000, 'a') + "]:25"},
        {"#134", "good.loc:" + std::string(10'000, '9')},
        {"#36", longest_domain + "e"},
        {"#36", "[" + longest_domain + "e]:25"},
        {"#36", std::string(64, 'a') + ".example"},
    };
    for (const auto& [item, key] : rows) {
        EXPECT_EQ(read_next_hop(key), std::nullopt) << item << ' ' << printable(key);
    }
}

TEST(NextHop, OfHostileKeysIsAPolicyDomain) {
    const std::string_view seeds[] = {"good.loc",
                                      "[good.loc]:123",
                                      "Bücher.example:25",
                                      "192.0.2.1",
                                      "[IPv6:2001:db8::1]:25",
                                      "xn--bcher-kva.example.",
                                      "mail_1.example.com:smtp"};
    Mutations mutations;
    int read_ones = 0;
    for (int i = 0; i < 40'000; ++i) {
        const std::string key = i % 4 == 0 ? mutations.bytes(40) : mutations.damaged(seeds);
        const auto read = read_next_hop(key);
        if (!read) continue;
        ++read_ones;
        ASSERT_TRUE(valid_host_name(read->domain)) << printable(key);
        ASSERT_EQ(read->domain.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-"),
                  std::string::npos);
        ASSERT_NE(read->domain.find('.'), std::string::npos) << printable(key);
        ASSERT_LE(read->domain.size() + "_mta-sts."sv.size(), max_name_length);
        ASSERT_EQ(read_next_hop(read->domain)->domain, read->domain);
    }
    EXPECT_GT(read_ones, 1000);
}

TEST(MailDomain, IsADomainAsPeopleNameIt) {
    EXPECT_EQ(read_mail_domain("Good.LOC."), "good.loc");
    EXPECT_EQ(read_mail_domain("good.loc:25"), "good.loc");
    for (const char* none :
         {"", "loc", ".good.loc", "[good.loc]", "good.loc:587", "user@good.loc", "192.0.2.1"})
        EXPECT_EQ(read_mail_domain(none), std::nullopt) << none;
}

}  // namespace
}  // namespace sternpost
