#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doctor/host.hpp"
#include "doctor/postconf_output.hpp"
#include "doctor/tables.hpp"

namespace sternpost {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(TablesTest, AreSplitOutsideOfBraces) {
    const std::pair<std::string, std::vector<std::string>> rows[] = {
        {"", {}},
        {" , ,", {}},
        {"a b,c\t,\n d", {"a", "b", "c", "d"}},
        {"inline:{ {a = b}, {c = d, e} }, socketmap:x", {"inline:{ {a = b}, {c = d, e} }", "socketmap:x"}},
        {"unionmap:{a,b},c", {"unionmap:{a,b}", "c"}},
        {"{ a b } c", {"{ a b }", "c"}},
        {"a } b", {"a", "}", "b"}},
        {"a { b , c", {"a", "{ b , c"}},
    };
    for (const auto& [list, words] : rows) EXPECT_EQ(split_list(list), words) << list;
}

TEST(TablesTest, HaveATypeAndARest) {
    const Table table = to_table("socketmap:unix:a/b:sts");
    EXPECT_EQ(table.type, "socketmap");
    EXPECT_EQ(table.rest, "unix:a/b:sts");
    EXPECT_EQ(to_table("{ static:may }").type, "static");
    EXPECT_EQ(to_table("/etc/postfix/x").type, "");
}

std::vector<std::string> found_in(std::string_view list) {
    std::vector<std::string> found;
    for (const Table& table : to_tables(list))
        for (const Socketmap& each : socketmaps_of(table))
            found.push_back(each.endpoint + " " + each.map + (each.proxied ? " proxied" : "") +
                            (each.nested ? " nested" : ""));
    return found;
}

TEST(TablesTest, ShowTheSocketmapsThatTheyAsk) {
    EXPECT_THAT(found_in("hash:/x"), IsEmpty());
    EXPECT_THAT(found_in("socketmap:inet:127.0.0.1:8461:sts"), ElementsAre("inet:127.0.0.1:8461 sts"));
    EXPECT_THAT(found_in("socketmap:inet:[::1]:8461:sts"), ElementsAre("inet:[::1]:8461 sts"));
    EXPECT_THAT(found_in("socketmap:local:a/b:sts"), ElementsAre("unix:a/b sts"));
    EXPECT_THAT(found_in("proxy:socketmap:unix:a:b"), ElementsAre("unix:a b proxied"));
    EXPECT_THAT(found_in("debug:proxy:socketmap:unix:a:b"), ElementsAre("unix:a b proxied"));
    EXPECT_THAT(found_in("pipemap:{hash:/x, socketmap:unix:a:b}"), ElementsAre("unix:a b nested"));
    EXPECT_THAT(found_in("unionmap:{ {socketmap:unix:a:b}, proxy:socketmap:unix:c:d }, socketmap:unix:e:f"),
                ElementsAre("unix:a b nested", "unix:c d proxied nested", "unix:e f"));
    EXPECT_THAT(found_in("socketmap:nonsense"), IsEmpty());
    EXPECT_THAT(found_in("inline:{ {socketmap:unix:a:b = may} }"), IsEmpty());
}

TEST(TablesTest, AreLeftWithoutSocketmaps) {
    const std::pair<std::string, std::optional<std::string>> rows[] = {
        {"hash:/x", "hash:/x"},
        {"socketmap:unix:a:b", ""},
        {"proxy:socketmap:unix:a:b", ""},
        {"unionmap:{hash:/x, hash:/y}", "unionmap:{hash:/x, hash:/y}"},
        {"unionmap:{hash:/x,socketmap:unix:a:b}", "hash:/x"},
        {"proxy:unionmap:{hash:/x,socketmap:unix:a:b}", "proxy:hash:/x"},
        {"unionmap:{hash:/x,socketmap:unix:a:b, hash:/y}", "unionmap:{hash:/x, hash:/y}"},
        {"unionmap:{ {inline:{ {a = b} }}, unionmap:{socketmap:unix:a:b hash:/y} }",
         "unionmap:{inline:{ {a = b} }, hash:/y}"},
        {"pipemap:{proxy:socketmap:unix:a:b}", ""},
        {"pipemap:{hash:/x, socketmap:unix:a:b}", std::nullopt},
        {"unionmap:{hash:/x, proxy:pipemap:{hash:/x, socketmap:unix:a:b}}", std::nullopt},
    };
    for (const auto& [table, left] : rows) EXPECT_EQ(without_socketmaps(to_table(table)), left) << table;
}

TEST(TablesTest, AreReplacedAsAWhole) {
    const std::string text = "socketmap:unix:a:sts";
    EXPECT_EQ(
        replaced("hash:/x, " + text + "-tlsrpt, unionmap:{" + text + "," + text + "} " + text, text, "new"),
        "hash:/x, " + text + "-tlsrpt, unionmap:{new,new} new");
    EXPECT_EQ(replaced("proxy:" + text, text, text + "-tlsrpt"), "proxy:" + text + "-tlsrpt");
    EXPECT_EQ(replaced("hash:/x", text, "new"), "hash:/x");
}

TEST(TablesTest, InlineOnesShowTheirEntries) {
    EXPECT_THAT(inline_entries(to_table("inline:{ {a.test = secure match=x, y}, b=may , { c = } }")),
                ElementsAre(Pair("a.test", "secure match=x, y"), Pair("b", "may"), Pair("c", "")));
    EXPECT_THAT(inline_entries(to_table("hash:{ {a = b} }")), IsEmpty());
}

TEST(PostconfOutputTest, SettingsAreOneALine) {
    const PostfixSettings settings =
        read_settings("a = b = c\nempty =\nno sign\nmaps = inline:{ {x = y} }, z\n");
    EXPECT_THAT(settings,
                ElementsAre(Pair("a", "b = c"), Pair("empty", ""), Pair("maps", "inline:{ {x = y} }, z")));
}

TEST(PostconfOutputTest, Versions) {
    using V = PostfixVersion;
    const std::pair<std::string, std::optional<V>> rows[] = {
        {"3.7.11", V{3, 7, 11}},     {"3.12-20260716", V{3, 12, 0}},
        {"3.10.0-RC1", V{3, 10, 0}}, {"3.9", V{3, 9, 0}},
        {"", std::nullopt},          {"postfix", std::nullopt},
        {"3", std::nullopt},         {"3.", std::nullopt},
    };
    for (const auto& [text, version] : rows) EXPECT_EQ(read_version(text), version) << text;
    EXPECT_LT((V{3, 9, 9}), (V{3, 10, 0}));
}

TEST(PostconfOutputTest, ServicesOfMasterCf) {
    const auto lines = read_master(
        "smtp       unix  -       -       y       -       -       smtp\n"
        "relay      unix  -       -       -       -       20      smtp -o a=b -o {c = d e}\n"
        "10.0.0.1:25 inet n       -       y       -       -       smtpd\nshort unix\n");
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[1].name, "relay");
    EXPECT_EQ(lines[1].chroot, "-");
    EXPECT_EQ(lines[1].processes, "20");
    EXPECT_EQ(lines[1].command, "smtp");
    EXPECT_TRUE(is_chrooted(lines[0], "3.6"));
    EXPECT_FALSE(is_chrooted(lines[1], "3.6"));
    EXPECT_FALSE(is_chrooted(lines[1], "1"));
    EXPECT_TRUE(is_chrooted(lines[1], "0"));
    EXPECT_TRUE(is_chrooted(lines[1], ""));
}

TEST(PostconfOutputTest, OptionsOfMasterCf) {
    const auto options =
        read_master_options("relay/unix/syslog_name = postfix/$service_name\na/b/unix/x =\nnonsense = 1\n");
    ASSERT_EQ(options.size(), 2U);
    EXPECT_EQ(options[0].name, "relay");
    EXPECT_EQ(options[0].parameter, "syslog_name");
    EXPECT_EQ(options[0].value, "postfix/$service_name");
    EXPECT_EQ(options[1].name, "a/b");
    EXPECT_EQ(options[1].type, "unix");
    EXPECT_EQ(options[1].value, "");
}

TEST(NameServersTest, AreThoseOfTheFile) {
    EXPECT_THAT(read_name_servers("# x\nnameserver 127.0.0.53\noptions edns0\n nameserver ::1\nnameserver\n"),
                ElementsAre("127.0.0.53", "::1"));
    EXPECT_THAT(read_name_servers(""), ElementsAre("127.0.0.1"));
}

}  // namespace
}  // namespace sternpost
