#include "sternpost/migration/memory.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <vector>

#include "tests/support/temp_dir.hpp"

namespace fs = std::filesystem;
namespace json = boost::json;

namespace sternpost {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const WallTime now{std::chrono::seconds(1'796'000'000)};

json::value as_json(const std::string& line) {
    return json::parse(json::string_view(line.data(), line.size()));
}

// postfix-tlspol

std::string of_tlspol(const std::string& line) {
    const auto read = import_line_of_tlspol(line);
    return !read ? "error: " + read.error().detail : *read ? **read : "nothing";
}

TEST(TlspolMemory, BothFormsOfADumpAreRead) {
    const json::value expected = as_json(
        R"({"domain": "example.com", "id": "importedWithoutItsId", "mode": "enforce",
            "mx": ["mx1.example.com", "*.example.net"], "max_age": 86400})");
    const std::string policy = "secure match=mx1.example.com:.example.net servername=hostname";
    EXPECT_EQ(as_json(of_tlspol("example.com                       17  " + policy)), expected);
    EXPECT_EQ(as_json(of_tlspol("example.com                  " + policy)), expected);
    EXPECT_EQ(as_json(of_tlspol("example.com                  " + policy + "\r")), expected);
}

TEST(TlspolMemory, DaneIsNotImported) {
    for (const std::string line : {"example.com   3  dane-only", "example.com dane", "", "   "})
        EXPECT_EQ(of_tlspol(line), "nothing") << line;
}

TEST(TlspolMemory, OtherLinesAreRefused) {
    EXPECT_THAT(of_tlspol("example.com 3 secure"), HasSubstr("without match="));
    EXPECT_THAT(of_tlspol("example.com 3"), HasSubstr("no line of postfix-tlspol -dump"));
    EXPECT_THAT(of_tlspol("ERROR: cannot connect"), HasSubstr("no line of postfix-tlspol -dump"));
    EXPECT_THAT(of_tlspol(std::string("\x1b]0;x\x07 encrypt")), HasSubstr(R"(\x1b]0;x\x07)"));
}

// postfix-mta-sts-resolver

class MtaStsResolverMemory : public testing::Test {
protected:
    std::string path() const { return (directory_ / "cache #1?.db").string(); }

    SQLite::Database database() const {
        SQLite::Database made(path(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        made.exec(
            "pragma journal_mode = wal;"
            "create table if not exists sts_policy_cache (domain text, ts integer, pol_id text, pol_body "
            "text)");
        return made;
    }

    static void put(SQLite::Database& to, const std::string& domain, std::int64_t ts,
                    const std::string& body) {
        SQLite::Statement insert(to, "insert into sts_policy_cache values (?, ?, 'id1', ?)");
        insert.bind(1, domain);
        insert.bind(2, ts);
        insert.bind(3, body);
        insert.exec();
    }

    std::vector<std::string> read() {
        std::vector<std::string> lines;
        const auto done = read_mta_sts_resolver_cache(
            path(), now, [&](const std::string& where, const Result<std::string>& line) {
                lines.push_back(line ? *line : where + ": " + line.error().detail);
                return Result<void>();
            });
        if (!done) lines.push_back(done.error().detail);
        return lines;
    }

    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(directory_.path()))
            names.push_back(entry.path().filename());
        return names;
    }

    const test::TempDir directory_;
    const std::string body_ =
        R"({"version": "STSv1", "mode": "enforce", "max_age": 86400, "mx": ["mx1.example.com"]})";
};

TEST_F(MtaStsResolverMemory, EntriesAreRead) {
    {
        auto made = database();
        put(made, "example.com", 1'795'999'000, body_);
        put(made, "future.example", 1'797'000'000, body_);
        put(made, "odd.example", -5, R"({"mode": "none", "max_age": 1})");
    }
    const auto lines = read();
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(as_json(lines[0]), as_json(R"({"domain": "example.com", "id": "id1", "mode": "enforce",
        "mx": ["mx1.example.com"], "max_age": 86400, "fetched": ")" +
                                         to_iso8601(WallTime(std::chrono::seconds(1'795'999'000))) + "\"}"));
    EXPECT_EQ(as_json(lines[1]), as_json(R"({"domain": "future.example", "id": "id1", "mode": "enforce",
        "mx": ["mx1.example.com"], "max_age": 86400})"));
    EXPECT_EQ(as_json(lines[2]),
              as_json(R"({"domain": "odd.example", "id": "id1", "mode": "none", "max_age": 1})"));
}

TEST_F(MtaStsResolverMemory, NothingIsWrittenBesideIt) {
    {
        auto made = database();
        put(made, "example.com", 1, body_);
    }
    const auto before = files();
    EXPECT_THAT(before, ElementsAre("cache #1?.db"));
    EXPECT_EQ(read().size(), 1U);
    EXPECT_EQ(files(), before);
}

TEST_F(MtaStsResolverMemory, AResolverThatRunsIsReadWithItsLog) {
    auto running = database();
    put(running, "example.com", 1, body_);
    EXPECT_THAT(files(), UnorderedElementsAre("cache #1?.db", "cache #1?.db-wal", "cache #1?.db-shm"));
    EXPECT_THAT(read(), ElementsAre(HasSubstr("example.com")));
    put(running, "example.net", 1, body_);
    EXPECT_EQ(read().size(), 2U);
}

TEST_F(MtaStsResolverMemory, AFaultOfOneEntryIsToldOfItAlone) {
    auto made = database();
    put(made, "broken.example", 1, "{");
    put(made, "list.example", 1, "[1]");
    put(made, "deep.example", 1, R"({"mx": [[[[[[]]]]]]})");
    put(made, std::string("\x1b[2J.example"), 1, "{");
    put(made, "long.example", 1, std::string(max_foreign_entry_bytes + 1, ' '));
    put(made, "good.example", 1, body_);
    EXPECT_THAT(read(), ElementsAre(HasSubstr("row 1 (broken.example): its policy is no JSON"),
                                    HasSubstr("row 2 (list.example): its policy is no JSON object"),
                                    HasSubstr("row 3 (deep.example): its policy is no JSON"),
                                    HasSubstr(R"(row 4 (\x1b[2J.example): its policy is no JSON)"),
                                    HasSubstr("row 5: it cannot be read"), HasSubstr("good.example")));
}

TEST_F(MtaStsResolverMemory, AReadingThatIsBrokenOffEnds) {
    auto made = database();
    put(made, "one.example", 1, body_);
    put(made, "two.example", 1, body_);
    int taken = 0;
    const auto done =
        read_mta_sts_resolver_cache(path(), now, [&](const std::string&, const Result<std::string>&) {
            ++taken;
            return Result<void>(failure(Errc::temporary, "the daemon has gone"));
        });
    EXPECT_EQ(taken, 1);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().detail, "the daemon has gone");
}

// SQLite may come back to the same row of such a file for ever.
TEST_F(MtaStsResolverMemory, ADamagedTableIsReadAsFarAsItsRowsAreInOrder) {
    constexpr std::streamoff cell_pointers = 4096 + 8;  // of the table's only page
    {
        auto made = database();
        put(made, "one.example", 1, body_);
        put(made, "two.example", 1, body_);
    }
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    std::string pointers(4, '\0');
    file.seekg(cell_pointers).read(pointers.data(), 4);
    file.seekp(cell_pointers) << pointers.substr(2) << pointers.substr(0, 2);
    file.close();
    EXPECT_THAT(read().back(), HasSubstr("it is damaged behind row 2"));
}

TEST_F(MtaStsResolverMemory, OtherFilesAreRefused) {
    EXPECT_THAT(read(), ElementsAre(HasSubstr("there is no such file")));
    std::ofstream(path()) << "this is no database, whatever its name says, and longer than a header is";
    EXPECT_THAT(read(), ElementsAre(HasSubstr("it must be the SQLite file of postfix-mta-sts-resolver")));
    fs::remove(path());
    {
        SQLite::Database other(path(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        other.exec("create table passwords (a); create view sts_policy_cache as select a from passwords");
    }
    EXPECT_THAT(read(), ElementsAre(HasSubstr("it has no table sts_policy_cache")));
    fs::remove(path());
    {
        SQLite::Database other(path(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        other.exec("create table sts_policy_cache (host text primary key) without rowid");
    }
    EXPECT_THAT(read(), ElementsAre(HasSubstr("no such column")));
    fs::remove(path());
    fs::create_directories(path());
    EXPECT_THAT(read(), ElementsAre(HasSubstr("it is no file")));
}

}  // namespace
}  // namespace sternpost
