#include "sternpost/policy/policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "sternpost/base/printable.hpp"
#include "tests/policy/mutations.hpp"

namespace sternpost {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using testing::HasSubstr;
using testing::IsEmpty;

using Names = std::vector<std::string>;

// "version: STSv1, mode: enforce, …" with these lines in addition.
std::string enforcing(std::string_view lines) {
    return "version: STSv1\nmode: enforce\nmax_age: 86400\n" + std::string(lines);
}

std::string with_mx(std::string_view value) {
    return enforcing("mx: " + std::string(value) + '\n');
}

std::string with_max_age(std::string_view value) {
    return "version: STSv1\nmode: none\nmax_age: " + std::string(value) + '\n';
}

Names names_of(const Policy& policy) {
    Names out;
    for (const MxPattern& pattern : policy.mx) out.push_back(pattern.text());
    return out;
}

TEST(Policy, IsReadWithoutRemark) {
    struct Row {
        std::string_view item;
        std::string body;
        Mode mode;
        std::chrono::seconds max_age;
        Names mx;
    };
    const Row rows[] = {
        {"#71",
         "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmx: "
         "backupmx.example.com\r\nmax_age: 604800\r\n",
         Mode::enforce,
         604800s,
         {"mail.example.com", "*.example.net", "backupmx.example.com"}},
        {"#72", "version: STSv1\r\nmode: none\nmax_age: 1", Mode::none, 1s, {}},
        {"#72",
         "version: STSv1\nmode: testing\nmx: a.example\nmax_age: 1\n",
         Mode::testing,
         1s,
         {"a.example"}},
        {"#73", "version: STSv1\r\nmode: none\r\nmax_age: 604800", Mode::none, 604800s, {}},
        {"#74",
         "version: STSv1 \nmode: testing \nmx: a.example\t \nmax_age: 1 ",
         Mode::testing,
         1s,
         {"a.example"}},
        {"#74", "version: STSv1 \r\nmode: none\t\r\nmax_age: 1 \r\n", Mode::none, 1s, {}},
        {"#75",
         "version:STSv1\nmode:    testing\nmx:\tALT1.example\nmax_age: \t 1\n",
         Mode::testing,
         1s,
         {"alt1.example"}},
        {"#79",
         "max_age: 86400\nmx: a.example\nmode: enforce\nversion: STSv1",
         Mode::enforce,
         86400s,
         {"a.example"}},
        {"#81", "version: STSv1\nmode: none\nmax_age: 86400\n", Mode::none, 86400s, {}},
        {"#82",
         "version: STSv1\nmode: none\nmx: a.example\nmx: b.example\nmax_age: 600\n",
         Mode::none,
         600s,
         {"a.example", "b.example"}},
        {"#84", enforcing("mx: a.example\nmode: none\n"), Mode::enforce, 86400s, {"a.example"}},
        {"#84", enforcing("mx: a.example\nmode: junk\n"), Mode::enforce, 86400s, {"a.example"}},
        {"#84", enforcing("mx: a.example\nmode:\n"), Mode::enforce, 86400s, {"a.example"}},
        {"#84", enforcing("mx: a.example\nmax_age: 99\n"), Mode::enforce, 86400s, {"a.example"}},
        {"#84", enforcing("mx: a.example\nmax_age: junk\n"), Mode::enforce, 86400s, {"a.example"}},
        {"#84", enforcing("mx: a.example\nversion: STSv2\n"), Mode::enforce, 86400s, {"a.example"}},
        {"#86",
         enforcing("mx: a.example\nx-contact: mailto:a@b.example\n"),
         Mode::enforce,
         86400s,
         {"a.example"}},
        {"#86",
         enforcing("mx: a.example\ncomment: café ☃ \xf0\x9f\x93\xa7\n"),
         Mode::enforce,
         86400s,
         {"a.example"}},
        {"#86",
         enforcing("mx: a.example\ncomment: with  inner spaces \t\n"),
         Mode::enforce,
         86400s,
         {"a.example"}},
        {"#86", enforcing("mx: a.example\ncomment: ::\n"), Mode::enforce, 86400s, {"a.example"}},
        {"#86",
         enforcing("mx: a.example\npolicy: { x } ; match=any\n"),
         Mode::enforce,
         86400s,
         {"a.example"}},
        {"#87", enforcing("mx: a.example\n9a.b-c_d: x\n"), Mode::enforce, 86400s, {"a.example"}},
        {"#87",
         enforcing("mx: a.example\n" + std::string(32, 'x') + ": x\n"),
         Mode::enforce,
         86400s,
         {"a.example"}},
        {"#94",
         enforcing("mx: mail.example.com\nmx: *.com\nmx: localhost\n"),
         Mode::enforce,
         86400s,
         {"mail.example.com", "*.com", "localhost"}},
        {"#97", with_mx("xn--mx-lka.example"), Mode::enforce, 86400s, {"xn--mx-lka.example"}},
        {"#103",
         enforcing("mx: B.example\nmx: a.example\nmx: b.example\nmx: A.EXAMPLE\n"),
         Mode::enforce,
         86400s,
         {"b.example", "a.example"}},
        {"#105", with_max_age("0"), Mode::none, 0s, {}},
        {"#105", with_max_age("31557600"), Mode::none, 31557600s, {}},
        {"#107", with_max_age("0000086400"), Mode::none, 86400s, {}},
        {"#108", with_max_age("60"), Mode::none, 60s, {}},
        {"#108", with_max_age("300"), Mode::none, 300s, {}},
        {"4.1",
         "version: STSv1\nmode: enforce\nmx: *.audit.alexsci.com\nmax_age: 604800",
         Mode::enforce,
         604800s,
         {"*.audit.alexsci.com"}},
        {"4.6",
         "version: STSv1\nmode: enforce\t\nmx: *.example.com \nmax_age: 0 \n",
         Mode::enforce,
         0s,
         {"*.example.com"}},
        {"4.6",
         "version:STSv1\r\nmode:\tenforce\r\nmx:  \t\t *.example.com\nmax_age: 1\nmore:ext e  ns ion",
         Mode::enforce,
         1s,
         {"*.example.com"}},
        {"4.6", "version:STSv1\nmode:none\nmax_age:1", Mode::none, 1s, {}},
        {"4.9", "version:STSv1\nmode:none\nmax_age:100000\n", Mode::none, 100000s, {}},
    };
    for (const Row& row : rows) {
        const auto policy = read_policy(row.body);
        ASSERT_TRUE(policy) << row.item << ' ' << printable(row.body) << ": " << policy.error().detail;
        EXPECT_EQ(policy->mode, row.mode) << row.item;
        EXPECT_EQ(policy->max_age, row.max_age) << row.item;
        EXPECT_EQ(names_of(*policy), row.mx) << row.item;
        EXPECT_THAT(policy->remarks, IsEmpty()) << row.item << ' ' << printable(row.body);
    }
}

TEST(Policy, KindnessIsRemarkedOn) {
    struct Row {
        std::string_view item;
        std::string body;
        Names mx;
        Names remarks;
    };
    const std::string blank = "blank lines are not part of the format";
    const Row rows[] = {
        {"#88", with_mx("a.example") + "\n", {"a.example"}, {"line 5: " + blank}},
        {"#88", with_mx("a.example") + "\r\n\r\n", {"a.example"}, {"line 5: " + blank}},
        {"#88", with_mx("a.example") + " \t", {"a.example"}, {"line 5: " + blank}},
        {"#88", "\n\r\n \n" + with_mx("a.example"), {"a.example"}, {"line 1: " + blank}},
        {"#96",
         with_mx("mail.example.com."),
         {"mail.example.com"},
         {R"(line 4: the dot at the end of mx "mail.example.com." is left out)"}},
        {"#100",
         with_mx("mail_1.example.com"),
         {"mail_1.example.com"},
         {R"(line 4: mx "mail_1.example.com" has an underscore, which host names do not have)"}},
        {"#98",
         enforcing("mx: 212.114.86.56\nmx: mail.pue.de\n"),
         {"212.114.86.56", "mail.pue.de"},
         {R"(line 4: mx "212.114.86.56" is an address: no MX host passes by it)"}},
        {"#98",
         with_mx("212.114.86.56"),
         {"212.114.86.56"},
         {R"(line 4: mx "212.114.86.56" is an address: no MX host passes by it)",
          "every mx is an address: no MX host passes by this policy"}},
        {"#106", with_max_age("31557601"), {}, {"line 3: max_age 31557601 is cut to one year"}},
        {"#106", with_max_age("4294967296"), {}, {"line 3: max_age 4294967296 is cut to one year"}},
        {"#106", with_max_age("9999999999"), {}, {"line 3: max_age 9999999999 is cut to one year"}},
        {"#88",
         enforcing("mx: a_b.example.\nmx: c_d.example.\nmx: 1.2.3.4\nmx: 1.2.3.5\n\n\n"),
         {"a_b.example", "c_d.example", "1.2.3.4", "1.2.3.5"},
         {R"(line 4: the dot at the end of mx "a_b.example." is left out)",
          R"(line 4: mx "a_b.example." has an underscore, which host names do not have)",
          R"(line 6: mx "1.2.3.4" is an address: no MX host passes by it)", "line 8: " + blank}},
    };
    for (const Row& row : rows) {
        const auto policy = read_policy(row.body);
        ASSERT_TRUE(policy) << row.item << ' ' << printable(row.body) << ": " << policy.error().detail;
        EXPECT_EQ(names_of(*policy), row.mx) << row.item;
        EXPECT_EQ(policy->remarks, row.remarks) << row.item;
        EXPECT_LE(policy->max_age, max_max_age) << row.item;
    }
    EXPECT_EQ(read_policy(with_max_age("9999999999"))->max_age, max_max_age) << "#106";
}

TEST(Policy, IsRefusedWithAReason) {
    struct Row {
        std::string_view item;
        std::string body;
        std::string_view reason;
    };
    const std::string good = with_mx("a.example");
    const Row rows[] = {
        {"#70", "", "the policy is empty"},
        {"#70", " \r\n\t\n", "the policy is empty"},
        {"#61", "\x1f\x8b\x08rest", "the policy is compressed (gzip), which nobody asked for"},
        {"#76", "version : STSv1\n", R"(line 1: white space before the ":" of "version")"},
        {"#76", "  version: STSv1\n", R"(line 1: white space before the name "version")"},
        {"#76", "version: STSv1\n\tmode: enforce\n", R"(line 2: white space before the name "mode")"},
        {"#77", "Version: STSv1\nmode: none\nmax_age: 1\n",
         R"(there is no "version:" line ("Version" is not the same: names are lower case))"},
        {"#77", "Version: STSv1\nMODE: none\nmax_age: 1\n",
         R"(there is no "version:" line ("Version" is not the same: names are lower case))"},
        {"#77", "version: STSv1\nMODE: none\nmax_age: 1\n",
         R"(there is no "mode:" line ("MODE" is not the same)"},
        {"#77", "version: STSv1\nmode: enforce\nMX: a.example\nmax_age: 1\n",
         R"(there is no "mx:" line ("MX" is)"},
        {"#78", "version: STSv1\nmode: Enforce\n",
         R"(line 2: mode must be enforce, testing or none, not "Enforce")"},
        {"#78", "version: stsv1\n", R"(line 1: version must be STSv1, not "stsv1")"},
        {"#80", "mode: none\nmax_age: 1\n", R"(there is no "version:" line)"},
        {"#80", "version: STSv1\nmax_age: 1\n", R"(there is no "mode:" line)"},
        {"#80", "version: STSv1\nmode: none\n", R"(there is no "max_age:" line)"},
        {"#81", enforcing(""), R"(there is no "mx:" line, and mode enforce needs one)"},
        {"#81", enforcing("nmx: a.example\n"), R"(there is no "mx:" line, and mode enforce needs one)"},
        {"#81", "version: STSv1\nmode: testing\nmax_age: 1\n",
         R"(there is no "mx:" line, and mode testing needs)"},
        {"#83", "version: STSv1\nmx: a.example\nmode: enforced\n",
         R"(line 3: mode must be enforce, testing or none, not "enforced")"},
        {"#83", "mode: test\n", R"(not "test")"},
        {"#83", "mode: report\n", R"(not "report")"},
        {"#83", "mode: doubt\n", R"(not "doubt")"},
        {"#83", "mode:\n", R"(line 1: mode must be enforce, testing or none, not "")"},
        {"#83", "mode: none testing\n", R"(not "none testing")"},
        {"#84", enforcing("mx: a.example\nmode: \0\n"s),
         R"(line 5: the control character \x00 is not allowed)"},
        {"#85", "version: STSv1\nmode: junk\nmode: enforce\n", R"(line 2: mode must be)"},
        {"#85", "version: STSv2\nversion: STSv1\n", R"(line 1: version must be STSv1, not "STSv2")"},
        {"#85", "max_age: junk\nmax_age: 1\n", "line 1: max_age must be"},
        {"#87", good + "_bad: x\n", R"(line 5: "_bad" is not a name)"},
        {"#87", good + std::string(33, 'x') + ": x\n", "is longer than 32 characters"},
        {"#87", good + "ext:\n", "line 5: ext has no value"},
        {"#87", good + "ext: \t \n", "line 5: ext has no value"},
        {"#87", good + "ext: a\tb\n", "line 5: a tab inside the value of ext"},
        {"#87", good + "a b: x\n", R"(line 5: "a b" is not a name)"},
        {"#87", good + "é: x\n", R"(line 5: "\xc3\xa9" is not a name)"},
        {"#89", "\xef\xbb\xbfversion: STSv1\n", "the policy starts with a byte order mark (BOM)"},
        {"#89", "\xff\xfev\0e\0"s, "the policy is UTF-16, not UTF-8"},
        {"#89", "\xfe\xff\0v\0e"s, "the policy is UTF-16"},
        {"#90", "version: STSv1\nmode: enforce\0\n"s, R"(line 2: the control character \x00 is not allowed)"},
        {"#90", "version: STSv1\rmode: none\rmax_age: 1\r",
         "line 1: a carriage return may stand only before a line feed"},
        {"#90", "version: STSv1\r\r\n", "line 1: a carriage return may stand only before a line feed"},
        {"#90", "version: STSv1\nmode: none\nmax_age: 1\r",
         "line 3: a carriage return may stand only before"},
        {"#90", "version: STSv1\x7f\n", R"(line 1: the control character \x7f is not allowed)"},
        {"#90", "version: STSv1\n\x0c\nmode: none\n", R"(line 2: the control character \x0c is not allowed)"},
        {"#91", good + "x: \xff\n", "line 5: the text is not UTF-8"},
        {"#91", good + "x: \xc0\xaf\n", "line 5: the text is not UTF-8"},
        {"#91", good + "x: \xe0\x9f\xbf\n", "line 5: the text is not UTF-8"},
        {"#91", good + "x: \xed\xa0\x80\n", "line 5: the text is not UTF-8"},
        {"#91", good + "x: \xf0\x8f\xbf\xbf\n", "line 5: the text is not UTF-8"},
        {"#91", good + "x: \xf4\x90\x80\x80\n", "line 5: the text is not UTF-8"},
        {"#91", good + "x: \xe2\x98\n", "line 5: the text is not UTF-8"},
        {"#91", good + "x: \xe2\x98", "line 5: the text is not UTF-8"},
        {"#91", good + "x: \xe2\x98x\n", "line 5: the text is not UTF-8"},
        {"#91", good + "x: \x80\n", "line 5: the text is not UTF-8"},
        {"#91", "mx: caf\xe9.example\n", "line 1: the text is not UTF-8"},
        {"#92", "# note\nversion: STSv1\n", R"(line 1: "# note" has no ":")"},
        {"#92", "# note: this\nversion: STSv1\n", "line 1: a policy has no comments"},
        {"#92", "---\nlayout: none\n---\nversion: STSv1\n",
         R"(line 1: "---" has no ":"; a line is "name: value")"},
        {"#93", "<!DOCTYPE html>\n<html>", "this is a web page (HTML or XML), not a policy"},
        {"#93", "\n\n  <html>", "this is a web page (HTML or XML), not a policy"},
        {"#93", R"({"version":"STSv1","mode":"none","max_age":1})", "this is JSON, not a policy"},
        {"#95", with_mx("*"), R"(line 4: mx "*" may have "*" only in the place of its whole first label)"},
        {"#95", with_mx(""), "line 4: mx is empty"},
        {"#95", with_mx("*.*.example"), "line 4: mx \"*.*.example\" may have"},
        {"#95", "version: STSv1\nmode: none\nmx: *\nmax_age: 1\n", "line 3: mx \"*\" may have"},
        {"#95", enforcing("mx: a.example\nmx: .x.example\n"),
         R"(line 5: mx ".x.example" has an empty label)"},
        {"#97", with_mx("møx.example"), R"(line 4: mx "m\xc3\xb8x.example" must be written in ASCII)"},
        {"#99", with_mx("[192.0.2.1]"), R"(line 4: mx "[192.0.2.1]" is an address)"},
        {"#99", with_mx("2001:db8::1"), R"(line 4: mx "2001:db8::1" is an address)"},
        {"#101", with_mx("a.example, b.example"), "line 4: mx \"a.example, b.example\" must be one name"},
        {"#101", with_mx("a.example b.example"), "must be one name"},
        {"#102", with_mx("mail.example.com:25"), "without scheme, port or path"},
        {"#102", with_mx("smtp://mail.example.com"), "without scheme, port or path"},
        {"#107", with_max_age("-1"),
         R"(line 3: max_age must be a number of seconds, 1 to 10 digits and nothing)"},
        {"#107", with_max_age("+86400"), R"(not "+86400")"},
        {"#107", with_max_age("1e6"), R"(not "1e6")"},
        {"#107", with_max_age("86400s"), R"(not "86400s")"},
        {"#107", with_max_age("86400.0"), R"(not "86400.0")"},
        {"#107", with_max_age("0x15180"), R"(not "0x15180")"},
        {"#107", with_max_age("xxx"), R"(not "xxx")"},
        {"#107", with_max_age(""), R"(not "")"},
        {"#107", with_max_age("01234567890"), R"(not "01234567890")"},
        {"#107", with_max_age("86 400"), R"(not "86 400")"},
        {"#188", "mode: \x1b[2J\n", R"(line 1: the control character \x1b is not allowed)"},
        {"4.6", "version: STSv0\n", "not \"STSv0\""},
        {"4.6", "version: STSv10\n", "not \"STSv10\""},
        {"4.6", "version: STSv2\n", "not \"STSv2\""},
        {"4.6", "mode:bad\n", R"(not "bad")"},
        {"4.6", "max_age:a\n", R"(not "a")"},
        {"4.6", "mx:**.example\n", "line 1: mx \"**.example\" may have"},
        {"4.6", "mx:**.example-\n", "line 1: mx \"**.example-\" may have"},
        {"4.6", "mx:test.example-\n", "line 1: mx \"test.example-\" is not a host name"},
        {"4.7", "garbage", R"(line 1: "garbage" has no ":")"},
        {"4.9", "version: STSv1\nmode none\n", R"(line 2: "mode none" has no ":")"},
        {"4.9", ": 8600\n", R"(line 1: there is no name before the ":")"},
        {"4.9", "max_age:\n", R"(line 1: max_age must be)"},
        {"4.9", with_mx("\xf0\x9f\x93\xa7.example"), "must be written in ASCII"},
    };
    for (const Row& row : rows) {
        const auto policy = read_policy(row.body);
        ASSERT_FALSE(policy) << row.item << ' ' << printable(row.body);
        EXPECT_EQ(policy.error().code, Errc::invalid) << row.item;
        EXPECT_THAT(policy.error().detail, HasSubstr(std::string(row.reason)))
            << row.item << ' ' << printable(row.body);
    }
}

TEST(Policy, HasABoundedSize) {
    std::string body = with_mx("a.example") + "x: ";
    body.append(max_policy_bytes - body.size(), 'x');
    EXPECT_TRUE(read_policy(body)) << "#57";
    body += 'x';
    const auto too_long = read_policy(body);
    ASSERT_FALSE(too_long) << "#57";
    EXPECT_EQ(too_long.error().detail, "the policy is longer than 64 KiB");
    EXPECT_FALSE(read_policy(body + "x")) << "4.6";
}

TEST(Policy, QuotesLittleOfALongLine) {
    const std::string junk(60'000, 'x');
    for (const auto& body :
         {junk, junk + ": x", "mode: " + junk, with_mx(junk), with_mx(junk + '.' + junk)}) {
        const auto policy = read_policy(body);
        ASSERT_FALSE(policy);
        EXPECT_LT(policy.error().detail.size(), 500U);
    }
}

TEST(Policy, MayHaveThousandsOfMxLines) {
    std::string body = enforcing("");
    std::size_t count = 0;
    while (body.size() + 30 < max_policy_bytes) body += "mx: " + std::to_string(count++) + "_.example.\n";
    ASSERT_GE(count, 3000U) << "#104";
    const auto policy = read_policy(body + "mx: 0_.example\n");
    ASSERT_TRUE(policy) << policy.error().detail;
    EXPECT_EQ(policy->mx.size(), count);
    EXPECT_EQ(policy->remarks.size(), 2U) << "one a kind";
}

TEST(Policy, ModesHaveTheirNames) {
    EXPECT_EQ(to_string(Mode::none), "none");
    EXPECT_EQ(to_string(Mode::testing), "testing");
    EXPECT_EQ(to_string(Mode::enforce), "enforce");
}

void expect_sound(const Policy& policy, std::string_view body) {
    ASSERT_GE(policy.max_age, 0s) << printable(body);
    ASSERT_LE(policy.max_age, max_max_age) << printable(body);
    ASSERT_TRUE(policy.mode == Mode::none || !policy.mx.empty()) << printable(body);
    ASSERT_LE(policy.remarks.size(), 6U);
    for (const MxPattern& pattern : policy.mx) {
        ASSERT_FALSE(pattern.text().empty());
        ASSERT_EQ(pattern.text().find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.*_-"),
                  std::string::npos)
            << printable(pattern.text());
        ASSERT_EQ(MxPattern::from(pattern.text())->text(), pattern.text());
    }
}

TEST(Policy, OfHostileTextIsSoundOrRefused) {
    const std::string_view seeds[] = {
        "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n",
        "version:STSv1\nmode:none\nmax_age:1",
        "version: STSv1 \nmode: testing\t\nmx: 192.0.2.1\nmx: a_b.example.\nmax_age: 9999999999\nx: ü y\n\n",
    };
    Mutations mutations;
    int read_ones = 0;
    for (int i = 0; i < 40'000; ++i) {
        const std::string body = i % 8 == 0 ? mutations.bytes(200) : mutations.damaged(seeds);
        const auto policy = read_policy(body);
        if (policy) {
            ++read_ones;
            ASSERT_NO_FATAL_FAILURE(expect_sound(*policy, body));
        } else {
            ASSERT_TRUE(
                std::ranges::all_of(policy.error().detail, [](char c) { return c >= 0x20 && c < 0x7f; }));
        }
    }
    EXPECT_GT(read_ones, 1000);
}

}  // namespace
}  // namespace sternpost
