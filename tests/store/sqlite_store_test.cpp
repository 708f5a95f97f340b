#include "sternpost/store/sqlite_store.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/support/run.hpp"

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace sternpost {
namespace {

using testing::HasSubstr;

constexpr WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);

DomainRecord record_of(const std::string& domain, const std::string& mx = "mail.good.test") {
    CachedPolicy cached;
    cached.id = "20261201";
    cached.body = "version: STSv1\r\nmode: enforce\r\nmx: " + mx + "\r\nmax_age: 604800\r\nx: \xc3\xa9\r\n";
    cached.policy = *read_policy(cached.body);
    cached.fetched = now;
    DomainRecord record;
    record.domain = domain;
    record.policy = std::move(cached);
    record.last_used = now;
    record.refresh_at = now + std::chrono::hours(24);
    return record;
}

class SqliteStoreTest : public testing::Test {
protected:
    SqliteStoreTest()
        : folder_(fs::temp_directory_path() / ("sternpost-store-" + std::to_string(::getpid()))) {
        fs::remove_all(folder_);
        fs::create_directory(folder_);
        path = folder_ / "cache.db";
    }
    ~SqliteStoreTest() override {
        store.reset();
        fs::remove_all(folder_);
    }

    void open() { store.emplace(io.get_executor(), path, now); }
    Result<void> put(DomainRecord record) { return test::run(io, store->put(std::move(record))); }
    std::string why_not_open() {
        try {
            open();
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return "it opens";
    }
    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename());
        return names;
    }

    asio::io_context io{1};
    std::string path;
    std::optional<SqliteStore> store;

private:
    fs::path folder_;
};

TEST_F(SqliteStoreTest, GivesBackWhatWasPut) {
    open();
    EXPECT_FALSE(store->find("good.test")->has_value());
    auto record = record_of("good.test");
    FailedFetch failed;
    failed.id = "2";
    failed.count = 3;
    failed.next_try = now + std::chrono::seconds(300);
    failed.reason = "HTTP status 500 instead of 200";
    record.failed = failed;
    ASSERT_TRUE(put(record));
    const auto found = **store->find("good.test");
    EXPECT_EQ(found.domain, "good.test");
    EXPECT_EQ(found.policy->id, "20261201");
    EXPECT_EQ(found.policy->body, record.policy->body);
    EXPECT_EQ(found.policy->policy.mode, Mode::enforce);
    EXPECT_EQ(found.policy->policy.mx, record.policy->policy.mx);
    EXPECT_EQ(found.policy->policy.max_age, std::chrono::seconds(604800));
    EXPECT_EQ(found.policy->fetched, now);
    EXPECT_EQ(found.policy->expires(), now + std::chrono::seconds(604800));
    EXPECT_EQ(found.last_used, now);
    EXPECT_EQ(found.refresh_at, record.refresh_at);
    EXPECT_EQ(found.failed->id, "2");
    EXPECT_EQ(found.failed->count, 3);
    EXPECT_EQ(found.failed->next_try, failed.next_try);
    EXPECT_EQ(found.failed->reason, failed.reason);
}

TEST_F(SqliteStoreTest, KeepsEveryModeAndPattern) {
    open();
    for (const char* mode : {"none", "testing", "enforce"}) {
        auto record = record_of("good.test");
        record.policy->body = std::string("version: STSv1\nmode: ") + mode +
                              "\nmx: *.a.test\nmx: 192.0.2.1\nmx: b.test\nmax_age: 1";
        record.policy->policy = *read_policy(record.policy->body);
        ASSERT_TRUE(put(record));
        const auto found = **store->find("good.test");
        EXPECT_EQ(found.policy->policy.mode, record.policy->policy.mode);
        EXPECT_EQ(found.policy->policy.mx, record.policy->policy.mx);
    }
}

TEST_F(SqliteStoreTest, ANewRecordReplacesTheOldOneWholly) {
    open();
    auto record = record_of("good.test");
    record.failed = FailedFetch();
    record.failed->id = "2";
    ASSERT_TRUE(put(record));
    ASSERT_TRUE(put(record_of("good.test", "new.good.test")));
    const auto found = **store->find("good.test");
    EXPECT_FALSE(found.failed);
    EXPECT_EQ(found.policy->policy.mx.front().text(), "new.good.test");
}

TEST_F(SqliteStoreTest, KeepsFailuresOfADomainWithoutAPolicy) {
    open();
    DomainRecord record;
    record.domain = "bad.test";
    record.failed = FailedFetch();
    record.failed->id = "1";
    ASSERT_TRUE(put(record));
    const auto found = **store->find("bad.test");
    EXPECT_FALSE(found.policy);
    EXPECT_EQ(found.failed->id, "1");
}

TEST_F(SqliteStoreTest, SurvivesTheProcess) {  // #125
    open();
    ASSERT_TRUE(put(record_of("good.test")));
    store.reset();
    open();
    EXPECT_TRUE((*store->find("good.test"))->policy);
}

TEST_F(SqliteStoreTest, SurvivesKillAfterPutReturned) {
    const pid_t child = ::fork();
    if (child == 0) {
        open();
        if (put(record_of("good.test"))) ::raise(SIGKILL);
        ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "put() failed in the child";
    open();
    EXPECT_TRUE((*store->find("good.test"))->policy);
}

TEST_F(SqliteStoreTest, IsDurableByWriteAheadLogAndFullSync) {
    open();
    ASSERT_TRUE(put(record_of("good.test")));
    EXPECT_THAT(files(), testing::Contains("cache.db-wal"));
    SQLite::Database other(path, SQLite::OPEN_READONLY);
    EXPECT_EQ(other.execAndGet("PRAGMA journal_mode").getString(), "wal");
    EXPECT_EQ(other.execAndGet("PRAGMA user_version").getInt(), 2);
    EXPECT_EQ(
        other.execAndGet("SELECT mode || id || max_age FROM domain WHERE domain = 'good.test'").getString(),
        "enforce20261201604800");
}

TEST_F(SqliteStoreTest, PutsOfOneMomentShareACommit) {
    open();
    int done = 0;
    for (int i = 0; i < 500; ++i)
        asio::co_spawn(
            io, store->put(record_of("d" + std::to_string(i) + ".test")),
            [&done](const std::exception_ptr&, const Result<void>& result) { done += result.has_value(); });
    test::run_until(io, [&done] { return done == 500; });
    // Each commit of its own would be at least one frame of header and page: the log tells how many there
    // were.
    EXPECT_LT(fs::file_size(path + "-wal"), 1'000'000U);
    EXPECT_TRUE(store->find("d499.test")->has_value());
}

TEST_F(SqliteStoreTest, ABrokenFileIsMovedAsideAndNeverOverwritten) {
    const std::string garbage = "this was a database once" + std::string(5000, '!');
    std::ofstream(path) << garbage;
    open();
    EXPECT_TRUE(put(record_of("good.test")));
    std::ifstream aside(path + ".broken-2026-12-01T00:00:00Z");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(aside), {}), garbage);
}

TEST_F(SqliteStoreTest, ANewerSchemaStopsTheStartAndTouchesNothing) {
    open();
    ASSERT_TRUE(put(record_of("good.test")));
    store.reset();
    SQLite::Database(path, SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 7");
    EXPECT_THAT(why_not_open(), HasSubstr("written by a newer sternpostd (schema 7, this one knows 2)"));
    EXPECT_EQ(SQLite::Database(path).execAndGet("SELECT count(*) FROM domain").getInt(), 1);
}

TEST_F(SqliteStoreTest, AFolderThatIsMissingIsNamedWithTheRemedy) {
    path += "/nowhere/cache.db";
    EXPECT_THAT(why_not_open(),
                testing::AllOf(HasSubstr(path), HasSubstr("cannot be opened"), HasSubstr("folder")));
}

TEST_F(SqliteStoreTest, ADamagedRowIsDontKnow) {
    open();
    ASSERT_TRUE(put(record_of("good.test")));
    SQLite::Database(path, SQLite::OPEN_READWRITE).exec("UPDATE domain SET mx = 'not a pattern!'");
    const auto found = store->find("good.test");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::temporary);
}

TEST_F(SqliteStoreTest, AClosedStoreSaysSo) {
    open();
    store->close();
    EXPECT_EQ(store->find("good.test").error().code, Errc::stopped);
    EXPECT_EQ(put(record_of("good.test")).error().code, Errc::stopped);
}

TEST_F(SqliteStoreTest, CloseCommitsWhatWaits) {
    open();
    bool done = false;
    asio::co_spawn(
        io, store->put(record_of("good.test")),
        [&done](const std::exception_ptr&, const Result<void>& result) { done = result.has_value(); });
    io.poll_one();
    store->close();
    test::run_until(io, [&done] { return done; });
    store.reset();
    open();
    EXPECT_TRUE(store->find("good.test")->has_value());
}

TEST_F(SqliteStoreTest, MemoryIsADatabaseToo) {
    path = ":memory:";
    open();
    EXPECT_TRUE(put(record_of("good.test")));
    EXPECT_TRUE(store->find("good.test")->has_value());
    EXPECT_TRUE(files().empty());
}

}  // namespace
}  // namespace sternpost
