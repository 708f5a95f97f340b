#include "sternpost/policy/mx_pattern.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "sternpost/policy/host_name.hpp"

namespace sternpost {
namespace {

using namespace std::string_view_literals;
using testing::HasSubstr;

MxPattern pattern(std::string_view text) {
    return MxPattern::from(text).value();
}

TEST(MxPattern, IsRead) {
    struct Row {
        std::string_view item, text, expected;
    };
    const Row rows[] = {
        {"#94", "mail.example.com", "mail.example.com"},
        {"#94", "*.example.com", "*.example.com"},
        {"#94", "*.com", "*.com"},
        {"#94", "MX1.Example.COM", "mx1.example.com"},
        {"#94", "localhost", "localhost"},
        {"#96", "mail.example.com.", "mail.example.com"},
        {"#96", "*.example.com.", "*.example.com"},
        {"#97", "xn--mx-lka.example", "xn--mx-lka.example"},
        {"#100", "mail_1.example.com", "mail_1.example.com"},
        {"#100", "_mx.example.com", "_mx.example.com"},
        {"4.9", "lalala", "lalala"},
    };
    for (const Row& row : rows) {
        const auto read = MxPattern::from(row.text);
        ASSERT_TRUE(read) << row.item << ' ' << row.text << ": " << read.error().detail;
        EXPECT_EQ(read->text(), row.expected) << row.item;
        EXPECT_EQ(read->wildcard(), row.expected.starts_with("*.")) << row.item;
        EXPECT_FALSE(read->address()) << row.item;
    }
}

TEST(MxPattern, IsRefusedWithAReason) {
    struct Row {
        std::string_view item, text, reason;
    };
    const Row rows[] = {
        {"#95", "", "is empty"},
        {"#95", "*", R"("*" may have "*" only in the place of its whole first label)"},
        {"#95", "*.", R"("*." may have "*" only)"},
        {"#95", "**.x.example", "only in the place of its whole first label"},
        {"#95", "*.*.example", "only in the place of its whole first label"},
        {"#95", "mail*.x.example", "only in the place of its whole first label"},
        {"#95", "a.*.example", "only in the place of its whole first label"},
        {"#95", ".x.example", "has an empty label"},
        {"#95", ".aa.b.cc.com", "has an empty label"},
        {"#95", "-a.example", "is not a host name"},
        {"#95", "a-.example", "is not a host name"},
        {"#95", "*.-a.example", "is not a host name"},
        {"#95", "a..example", "has an empty label"},
        {"#95", ".", "is not a host name"},
        {"#95", "*..", "has an empty label"},
        {"#96", "mail.example.com..", "has an empty label"},
        {"#97", "møx.example", R"("m\xc3\xb8x.example" must be written in ASCII (A-labels, xn--...))"},
        {"#99", "[192.0.2.1]", "is an address; only host names are allowed"},
        {"#99", "2001:db8::1", "is an address; only host names are allowed"},
        {"#99", "[IPv6:2001:db8::1]", "is an address; only host names are allowed"},
        {"#192", "a\x1b[31m.example", R"("a\x1b[31m.example" is not a host name)"},
        {"#101", "a.example, b.example", "must be one name: write a line for each host"},
        {"#101", "a.example b.example", "must be one name"},
        {"#101", "a.example,b.example", "must be one name"},
        {"#101", "a.example;", "must be one name"},
        {"#102", "mail.example.com:25", "without scheme, port or path"},
        {"#102", "smtp://mail.example.com", "without scheme, port or path"},
        {"#102", "mail.example.com/", "without scheme, port or path"},
        {"#102", "postmaster@example.com", "must be a bare host name"},
        {"4.6", "**.example", "only in the place of its whole first label"},
        {"4.6", "**.example-", "only in the place of its whole first label"},
        {"4.6", "test.example-", "is not a host name"},
        {"4.9", "abc.*.com", "only in the place of its whole first label"},
        {"4.9", "*.*.com", "only in the place of its whole first label"},
        {"4.9", "\xf0\x9f\x93\xa7.example", "must be written in ASCII"},
        {"#192", "a{b}.example", "is not a host name"},
        {"#192", "a=b.example", "is not a host name"},
        {"#90", "a\0.example"sv, R"("a\x00.example" is not a host name)"},
    };
    for (const Row& row : rows) {
        const auto read = MxPattern::from(row.text);
        ASSERT_FALSE(read) << row.item << ' ' << row.text;
        EXPECT_EQ(read.error().code, Errc::invalid) << row.item;
        EXPECT_THAT(read.error().detail, HasSubstr(std::string(row.reason))) << row.item;
    }
}

TEST(MxPattern, HasTheLengthOfAName) {
    EXPECT_TRUE(MxPattern::from(std::string(63, 'x') + ".example"));
    EXPECT_FALSE(MxPattern::from(std::string(64, 'x') + ".example"));
    const auto huge = MxPattern::from(std::string(65536, 'x'));
    ASSERT_FALSE(huge);
    EXPECT_THAT(huge.error().detail, HasSubstr("is longer than a host name can be"));
    EXPECT_LT(huge.error().detail.size(), 400U);
}

TEST(MxPattern, AddressIsKeptButNothingPassesByIt) {
    for (const auto text : {"212.114.86.56", "999.1.2.3", "0x7f.1", "*.2.1"}) {
        const MxPattern address = pattern(text);
        EXPECT_TRUE(address.address()) << "#98 " << text;
        EXPECT_FALSE(address.matches(text)) << "#98 " << text;
        EXPECT_FALSE(address.matches("0.2.1")) << "#98 " << text;
    }
}

TEST(MxPattern, Matches) {
    struct Row {
        std::string_view item, pattern, host;
        bool expected;
    };
    const Row rows[] = {
        {"#147", "mail.example.com", "Mail.Example.com", true},
        {"#147", "Mail.Example.com", "mail.example.com", true},
        {"#147", "mail.example.com", "mail.example.org", false},
        {"#147", "mail.example.com", "xmail.example.com", false},
        {"#148", "*.example.com", "mail.example.com", true},
        {"#148", "*.example.com", "MAIL.EXAMPLE.COM", true},
        {"#148", "*.example.com", "example.com", false},
        {"#148", "*.example.com", "foo.bar.example.com", false},
        {"#148", "*.example.com", ".example.com", false},
        {"#148", "*.example.com", "mailexample.com", false},
        {"#149", "*.mx.microsoft", "icewolf-li.h-v1.mx.microsoft", false},
        {"#150", "a.b", "a.b.", true},
        {"#150", "a.b.", "a.b", true},
        {"#150", "a.b", "a.b..", false},
        {"#150", "*.example.com", "mail.example.com.", true},
        {"#151", "*.example", "xn--mx-lka.example", true},
        {"#151", "xn--mx-lka.example", "XN--MX-LKA.example", true},
        {"#152", "*.p.example", "mx.d.example", false},
        {"#152", "mx.d.example", "mx.d.example", true},
        {"#103", "ASPMX.L.GOOGLE.COM", "aspmx.l.google.com", true},
        {"#136", "example.com", "example.com", true},
        {"#136", "*.example.com", "example.com", false},
        {"#137", "*.example.com", ".", false},
        {"#137", "*.example.com", "", false},
        {"4.6", "a.example", "a.example", true},
        {"4.6", "*.b.example", "sub.b.example", true},
        {"4.6", "*.b.example", "b.example", false},
        {"4.6", "*.b.example", "sub.sub.b.example", false},
        {"4.9", "lalala", "lalala", true},
        {"4.9", "*.com", "abc.com", true},
        {"4.9", "abc.com", "x.abc.com", false},
        {"4.9", "x.xn--aca-6ma.com", "x.xn--aca-6ma.com", true},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(pattern(row.pattern).matches(row.host), row.expected)
            << row.item << ' ' << row.pattern << " against " << row.host;
    }
    EXPECT_TRUE(pattern("xn--aca-6ma.com").matches(normalise_host_name("Ñaca.com").value())) << "4.9";
    EXPECT_FALSE(pattern("*.com").matches(std::string(65536, 'x'))) << "4.9";
}

TEST(MxPattern, OneOfSeveralIsEnough) {
    const std::vector patterns{pattern("mail.example.com"), pattern("*.example.net"), pattern("192.0.2.1")};
    EXPECT_TRUE(passes(patterns, "mail.example.com"));
    EXPECT_TRUE(passes(patterns, "a.example.net"));
    EXPECT_FALSE(passes(patterns, "a.example.com"));
    EXPECT_FALSE(passes(patterns, "192.0.2.1"));
    EXPECT_FALSE(passes({}, "mail.example.com"));
}

}  // namespace
}  // namespace sternpost
