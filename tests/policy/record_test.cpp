#include "sternpost/policy/record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sternpost/base/printable.hpp"
#include "tests/policy/mutations.hpp"

namespace sternpost {
namespace {

using namespace std::string_view_literals;
using testing::HasSubstr;

using Texts = std::vector<std::string>;

TEST(StsRecord, HasAnId) {
    struct Row {
        std::string_view item;
        Texts texts;
        std::string_view id;
    };
    const Row rows[] = {
        {"#2", {"v=STSv1; id=20160831085700Z;"}, "20160831085700Z"},
        {"#3", {"v=STSv1; id=20240215"}, "20240215"},
        {"#4", {"v=STSv1;id=1780411575"}, "1780411575"},
        {"#5", {"v=STSv1; \t id=a  \t;"}, "a"},
        {"#5", {"v=STSv1; id=a; "}, "a"},
        {"#5", {"v=STSv1;\tid=a ;\tb=c ;"}, "a"},
        {"#6", {"v=STSv1 ;id=a"}, "a"},
        {"#8", {"v=STSv12;id=1", "v=STSv1;id=2"}, "2"},
        {"#12", {"v=spf1 -all", "google-site-verification=x", "v=STSv1; id=1"}, "1"},
        {"#7", {"v=STSv1", "v=STSv1; id=1"}, "1"},
        {"#9", {"V=STSv1; id=1", "v=stsv1; id=2", "v=STSv1; id=3"}, "3"},
        {"#15", {std::string("v=ST") + "Sv1; id=" + "2016"}, "2016"},
        {"#15", {std::string("v=STSv1;") + "id=1"}, "1"},
        {"#17", {"v=STSv1; foo=bar; id=a; more=x:y<z>"}, "a"},
        {"#17", {"v=STSv1; id=a; ID=b"}, "a"},
        {"#19", {"v=STSv1; id=a; a.b-c_d=1"}, "a"},
        {"#19", {"v=STSv1; id=a; 9=1"}, "a"},
        {"#19", {"v=STSv1; id=a; a1234567890123456789012345678901=1"}, "a"},
        {"#20", {"v=STSv1; id=a; id=b"}, "a"},
        {"#20", {"v=STSv1; id=a; id=b-c"}, "a"},
        {"#20", {"v=STSv1; v=STSv1; id=a"}, "a"},
        {"#21", {"v=STSv1; id=12345678901234567890123456789012"}, "12345678901234567890123456789012"},
        {"#22", {"v=STSv1; id=18139500144460329770"}, "18139500144460329770"},
        {"#22", {"v=STSv1; id=20260223T1500"}, "20260223T1500"},
        {"#22", {"v=STSv1; id=A1"}, "A1"},
        {"#22", {"v=STSv1; id=a1"}, "a1"},
        {"#22", {"v=STSv1; id=007"}, "007"},
        {"4.1", {"v=STSv1; id=20240906T1730;"}, "20240906T1730"},
        {"4.6", {"v=STSv1; id=a"}, "a"},
        {"4.6", {"v=STSv1; id=a; more=a; ext=2"}, "a"},
        {"4.6", {"bogus", "v=STSv1; id=a"}, "a"},
        {"4.8", {"v=STSv1 \t; \tid=policy1 \t;"}, "policy1"},
        {"4.9", {"v=STSv1  ;    id=foo"}, "foo"},
    };
    for (const Row& row : rows) {
        const auto read = read_sts_record(row.texts);
        ASSERT_TRUE(read) << row.item << ' ' << row.texts.back() << ": " << read.error().detail;
        ASSERT_TRUE(*read) << row.item << ' ' << row.texts.back();
        EXPECT_EQ((*read)->id, row.id) << row.item;
    }
}

TEST(StsRecord, IsAbsent) {
    const std::pair<std::string_view, Texts> rows[] = {
        {"#29", {}},
        {"#12", {"v=spf1 -all", "google-site-verification=x"}},
        {"#37", {"v=spf1 include:_spf.example ~all"}},
        {"#7", {"v=STSv1"}},
        {"#7", {"v=STSv1 "}},
        {"#8", {"v=STSv12;id=1"}},
        {"#9", {"V=STSv1; id=a"}},
        {"#9", {"v=stsv1; id=a"}},
        {"#9", {"v=STSV1; id=a"}},
        {"#11", {"id=20180907T090909; v=STSv1;"}},
        {"#11", {" v=STSv1; id=a"}},
        {"#11", {"\tv=STSv1; id=a"}},
        {"#11", {"\"v=STSv1; id=a\""}},
        {"#25", {"v=STSv1, id=a"}},
        {"#25", {"v = STSv1; id=a"}},
        {"#26", {std::string("v=STSv1\0; id=a"sv)}},
        {"#26", {"v=STSv1\n; id=a"}},
        {"4.6", {"v=STSv0; id=a"}},
        {"4.6", {"v=STSv10; id=a"}},
        {"4.6", {"v=STSv2; id=a"}},
        {"4.6", {"bogus", "more"}},
        {"4.6", {""}},
        {"4.7", {"azazaza;asdasdasdasd"}},
    };
    for (const auto& [item, texts] : rows) {
        const auto read = read_sts_record(texts);
        ASSERT_TRUE(read) << item << ": " << read.error().detail;
        EXPECT_FALSE(*read) << item << " was read as " << (*read)->id;
    }
}

TEST(StsRecord, IsRefusedWithAReason) {
    struct Row {
        std::string_view item;
        Texts texts;
        std::string_view reason;
    };
    const Row rows[] = {
        {"#6", {"v=STSv1 ;id=a", "v=STSv1; id=b"}, "there are 2 MTA-STS records at _mta-sts, and only one"},
        {"#13", {"v=STSv1; id=1", "v=STSv1; id=2"}, "there are 2 MTA-STS records"},
        {"#13", {"v=STSv1; id=1", "v=STSv1; id=1"}, "there are 2 MTA-STS records"},
        {"#14", {"v=STSv1; id=1", "v=STSv1; bogus"}, "there are 2 MTA-STS records"},
        {"#16", {"v=STSv1; ", "v=STSv1;id=1", "v=STSv1;"}, "there are 3 MTA-STS records"},
        {"#7", {"v=STSv1;"}, "cannot be used: it has nothing but a version"},
        {"#7", {"v=STSv1; \t"}, "it has nothing but a version"},
        {"#10", {"v=STSv1; ID=a"}, "it has no id (the name must be lower case)"},
        {"#18", {"v=STSv1; id=a; test=="}, R"(the field "test==" breaks the grammar)"},
        {"#18",
         {"v=STSv1; id=a; n=has space"},
         R"(white space is allowed only next to a ";", not after "n=has")"},
        {"#18", {"v=STSv1; id=a; more="}, R"(the field "more=" breaks the grammar)"},
        {"#19", {"v=STSv1; id=a; a12345678901234567890123456789012=1"}, "breaks the grammar"},
        {"#19", {"v=STSv1; id=a; _x=1"}, R"("_x=1" breaks the grammar)"},
        {"#19", {"v=STSv1; id=a; 1%=a"}, R"("1%=a" breaks the grammar)"},
        {"#19", {"v=STSv1; id=a; =1"}, R"("=1" breaks the grammar)"},
        {"#20", {"v=STSv1; id=a-b; id=c"}, R"(its id must be 1 to 32 letters and digits, not "a-b")"},
        {"#20", {"v=STSv1; id=a; id="}, R"("id=" breaks the grammar)"},
        {"#21", {"v=STSv1; id=123456789012345678901234567890123"}, "1 to 32 letters and digits, not \"1234"},
        {"#21", {"v=STSv1; id="}, "1 to 32 letters and digits, not \"\""},
        {"#21", {"v=STSv1; id=test-123"}, "1 to 32 letters and digits, not \"test-123\""},
        {"#21", {"v=STSv1; id=2024_01"}, "1 to 32 letters and digits"},
        {"#21", {"v=STSv1; id=2024.01"}, "1 to 32 letters and digits"},
        {"#21", {"v=STSv1; id=###"}, "1 to 32 letters and digits"},
        {"#23", {"v=STSv1; id=a;;"}, "it has an empty field"},
        {"#23", {"v=STSv1;; id=a"}, "it has an empty field"},
        {"#23", {"v=STSv1; ; id=a"}, "it has an empty field"},
        {"#24", {"v=STSv1; id=a "}, R"(white space is allowed only next to a ";", not after "id=a")"},
        {"#24", {"v=STSv1; id=a\t"}, "white space is allowed only"},
        {"#25", {"v=STSv1; id = a"}, "white space is allowed only"},
        {"#25", {"v=STSv1; id= a"}, R"(not after "id=")"},
        {"#26", {"v=STSv1; id=a; note=café"}, R"("note=caf\xc3\xa9" breaks the grammar)"},
        {"#26", {std::string("v=STSv1; id=a\0"sv)}, R"(not "a\x00")"},
        {"#26", {"v=STSv1; id=a; b=\x7f"}, "breaks the grammar"},
        {"#26", {"v=STSv1; id=a\n"}, R"(not "a\x0a")"},
        {"#188", {"v=STSv1; id=a; x=\x1b[2J"}, R"(\x1b[2J)"},
        {"4.6", {"v=STSv1; ext=1"}, "it has no id"},
        {"4.6", {"v=STSv1; bogus"}, R"(the field "bogus" has no "=")"},
        {"4.7", {"v=STSv1; id=a;;;"}, "it has an empty field"},
        {"4.8", {"v=STSv1; bad-value"}, "has no \"=\""},
        {"4.9", {"v=STSv1; id=foo include=foo.com"}, "white space is allowed only"},
        {"4.9", {"v=STSv1; id=;"}, "1 to 32 letters and digits"},
        {"4.9", {"v=STSv1; id=###;"}, "1 to 32 letters and digits"},
    };
    for (const Row& row : rows) {
        const auto read = read_sts_record(row.texts);
        ASSERT_FALSE(read) << row.item << ' ' << printable(row.texts.front());
        EXPECT_EQ(read.error().code, Errc::invalid) << row.item;
        EXPECT_THAT(read.error().detail, HasSubstr(std::string(row.reason))) << row.item;
    }
}

TEST(StsRecord, OfHostileTextKeepsItsBounds) {
    const std::string_view seeds[] = {"v=STSv1; id=20160831085700Z;", "v=STSv1;id=a; more=x:y<z>",
                                      "v=STSv1 \t; \tid=policy1 \t;", "v=spf1 -all"};
    Mutations mutations;
    int read_ones = 0;
    for (int i = 0; i < 40'000; ++i) {
        const Texts texts{mutations.damaged(seeds), i % 4 == 0 ? mutations.bytes(80) : "v=STSv"};
        const auto read = read_sts_record(texts);
        if (!read) {
            ASSERT_TRUE(
                std::ranges::all_of(read.error().detail, [](char c) { return c >= 0x20 && c < 0x7f; }));
            continue;
        }
        if (!*read) continue;
        ++read_ones;
        const std::string& id = (*read)->id;
        ASSERT_TRUE(!id.empty() && id.size() <= max_id_length) << printable(texts[0]);
        ASSERT_TRUE(std::ranges::all_of(id, [](unsigned char c) { return c < 0x80 && std::isalnum(c); }))
            << id;
    }
    EXPECT_GT(read_ones, 1000);
}

TEST(StsRecord, ReviewTellsWhyEachTextCountsOrNot) {
    const std::vector<std::string> texts{"v=STSv1; id=1;", "v=spf1 -all",    "v=STSv12; id=1",
                                         "V=STSv1; id=1",  " v=STSv1; id=1", "v=STSv1"};
    const auto seen = review_sts_records(texts);
    ASSERT_EQ(seen.size(), texts.size());
    const char* reasons[] = {"",         "no MTA-STS record", "another one",
                             "capitals", "come first",        "nothing but a version"};
    for (std::size_t i = 0; i < seen.size(); ++i) {
        EXPECT_EQ(seen[i].counts, i == 0) << texts[i];
        EXPECT_EQ(seen[i].text, texts[i]);
        EXPECT_THAT(seen[i].why, testing::HasSubstr(reasons[i])) << texts[i];
    }
}

TEST(StsRecord, ReviewAgreesWithWhatSendersRead) {
    const std::vector<std::vector<std::string>> rows{
        {}, {"v=STSv1; id=1"}, {"v=STSv1; id=1", "v=STSv1; id=2"}, {"v=STSv1; id=_"}, {"x", "v=STSv1;id=a;"}};
    for (const auto& texts : rows) {
        const auto read = read_sts_record(texts);
        const auto seen = review_sts_records(texts);
        EXPECT_EQ(std::ranges::any_of(seen, &SeenRecord::counts), read && *read);
    }
}

}  // namespace
}  // namespace sternpost
