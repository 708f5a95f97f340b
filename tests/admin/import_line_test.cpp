#include "admin/import_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/domain_json.hpp"
#include "sternpost/json/ascii_json.hpp"

namespace sternpost {
namespace {

using testing::HasSubstr;

constexpr WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);

// In fields that RFC 8461 does not know a policy may have any UTF-8.
DomainRecord record() {
    CachedPolicy cached;
    cached.id = "20261201";
    cached.body =
        "version: STSv1\r\nmode: enforce\r\nmx: *.good.test\r\nmax_age: 604800\r\nx: "
        "\xc3\xa9\xe2\x82\xac\"\\\r\n";
    cached.policy = read_policy(cached.body).value();
    cached.fetched = now - std::chrono::hours(24);
    DomainRecord made;
    made.domain = "good.test";
    made.policy = cached;
    made.last_used = now - std::chrono::hours(1);
    made.dane_seen = now - std::chrono::hours(2);
    made.refresh_at = now;
    made.failed = FailedFetch{"2", 3, now, "HTTP status 500 \x1b[31m"};
    return made;
}

std::string exported() {
    return ascii_json(to_json(record(), PolicyText::given));
}

std::string error_of(const std::string& line) {
    const auto read = read_import_line(line, now);
    return read ? "it was read" : read.error().detail;
}

// The export with another value for one of its fields.
std::string with(const std::string& field, const boost::json::value& value) {
    boost::json::object line = to_json(record(), PolicyText::given);
    line[field] = value;
    return ascii_json(line);
}

TEST(ImportLine, WhatWasExportedComesBackByteForByte) {
    const auto read = read_import_line(exported(), now);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->origin, Origin::own_export);
    EXPECT_EQ(read->record.domain, "good.test");
    EXPECT_EQ(read->record.policy->id, "20261201");
    EXPECT_EQ(read->record.policy->body, record().policy->body);
    EXPECT_EQ(read->record.policy->policy.mx, record().policy->policy.mx);
    EXPECT_EQ(read->record.policy->fetched, record().policy->fetched);
    EXPECT_EQ(read->record.last_used, record().last_used);
    EXPECT_EQ(read->record.refresh_at, record().refresh_at);
    EXPECT_EQ(read->record.dane_seen, record().dane_seen);
    EXPECT_FALSE(read->record.failed);
}

TEST(ImportLine, WhatWasTakenOverAndNotFetchedIsFromElsewhereForOthersToo) {
    DomainRecord taken_over = record();
    taken_over.policy->learnt_by = by_import;
    const auto read = read_import_line(ascii_json(to_json(taken_over, PolicyText::given)), now);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->origin, Origin::elsewhere);
    EXPECT_EQ(read->record.policy->learnt_by, "");
}

TEST(ImportLine, AnExportIsPrintableAscii) {
    for (const char byte : exported()) EXPECT_TRUE(byte >= ' ' && byte < '\x7f');
}

TEST(AsciiJson, WhatIsNoUtf8IsReplaced) {
    EXPECT_EQ(ascii_json("\xc3\xa9\xf0\x9f\x98\x80\x7f"), R"("\u00e9\ud83d\ude00\u007f")");
    EXPECT_EQ(ascii_json("\xff\xc3"), R"("\ufffd\ufffd")");
    EXPECT_EQ(ascii_json("\x80 \xe2\x82"), R"("\ufffd \ufffd\ufffd")");
}

TEST(ImportLine, WhatComesFromElsewhereNeedsNoTextAndNoTime) {
    const auto read = read_import_line(
        R"({"domain": "Good.Test", "id": "1", "mode": "enforce", "mx": ["a.good.test"], "max_age": 86400})",
        now);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->origin, Origin::elsewhere);
    EXPECT_EQ(read->record.domain, "good.test");
    EXPECT_EQ(read->record.policy->policy.mode, Mode::enforce);
    EXPECT_EQ(read->record.policy->fetched, now);
    EXPECT_EQ(read->record.last_used, now);
    EXPECT_THAT(read->record.policy->body, HasSubstr("mx: a.good.test\n"));
}

TEST(ImportLine, EachFieldIsChecked) {
    struct Mistake {
        const char* field;
        boost::json::value value;
        const char* told;
    };
    const std::string long_id(33, 'a');
    const std::vector<Mistake> mistakes{
        {"domain", 7, "\"domain\": it must be a text"},
        {"domain", "", "\"domain\": it is no domain of mail"},
        {"domain", "[good.test]", "it is no domain of mail"},
        {"domain", "good.test:587", "it is no domain of mail"},
        {"domain", "../../etc", "it is no domain of mail"},
        {"id", "", "\"id\": it must have 1 to 32"},
        {"id", "a b", "\"id\": it must have 1 to 32"},
        {"id", long_id.c_str(), "\"id\": it must have 1 to 32"},
        {"body", "version: STSv1\n", "the policy is not valid"},
        {"mode", "testing", "\"mode\": the text of the policy says another"},
        {"mx", "a.test", "\"mx\": it must be a list"},
        {"mx", boost::json::array{"b.good.test"}, "\"mx\": the text of the policy says another"},
        {"max_age", 5, "\"max_age\": the text of the policy says another"},
        {"fetched", "2026-12-02T00:00:00Z", "\"fetched\": it lies in the future"},
        {"fetched", "yesterday", "it is no time such as"},
        {"fetched", "2026-02-30T00:00:00Z", "there is no such time"},
        {"fetched", "2026-11-30T24:00:00Z", "there is no such time"},
        {"fetched", 1764547200, "\"fetched\": it must be a text"},
        {"expires", "2027-12-02T00:00:00Z", "\"expires\": it is not fetched + max_age"},
        {"last_used", "2026-12-02T00:00:00Z", "\"last_used\": it lies in the future"},
        {"dane_seen", "2026-12-02T00:00:00Z", "\"dane_seen\": it lies in the future"},
        {"sternpost_export", 2, "this version knows form 1 only"},
        {"sternpost_export", "1", "it must be a whole number"},
        {"policy\x1b", "x", "\"policy\\x1b\": there is no such field"},
    };
    for (const Mistake& mistake : mistakes)
        EXPECT_THAT(error_of(with(mistake.field, mistake.value)), HasSubstr(mistake.told)) << mistake.field;
}

TEST(ImportLine, WhatIsMissingIsNamed) {
    for (const char* field : {"domain", "id", "fetched"}) {
        boost::json::object line = to_json(record(), PolicyText::given);
        line.erase(field);
        EXPECT_EQ(error_of(ascii_json(line)), "\"" + std::string(field) + "\": it is missing");
    }
    EXPECT_EQ(error_of(R"({"domain": "a.test", "id": "1"})"), "\"mode\": it is missing");
    EXPECT_THAT(
        error_of(R"({"domain": "a.test", "id": "1", "mode": "enforce\nmx: evil.test", "max_age": 5})"),
        HasSubstr("line break"));
}

TEST(ImportLine, WhatIsNoObjectIsRefused) {
    EXPECT_THAT(error_of("{"), HasSubstr("no JSON"));
    EXPECT_THAT(error_of("[]"), HasSubstr("no JSON object"));
    EXPECT_THAT(error_of(std::string(100'000, '[')), HasSubstr("no JSON"));
    EXPECT_THAT(error_of("{} {}"), HasSubstr("no JSON"));
}

}  // namespace
}  // namespace sternpost
