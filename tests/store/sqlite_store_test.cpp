#include "sternpost/store/sqlite_store.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>

#include "store/statements.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_dir.hpp"

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace sternpost {
namespace {

using testing::ElementsAre;
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

std::string bytes_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

class SqliteStoreTest : public testing::Test {
protected:
    SqliteStoreTest() { path = folder_ / "cache.db"; }
    ~SqliteStoreTest() override { store.reset(); }

    void open() { store.emplace(io.get_executor(), path, clock); }
    Result<void> put(DomainRecord record) { return test::run(io, store->put(std::move(record))); }
    std::string why_not_open() {
        try {
            open();
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return "it opens";
    }
    // d0.test and so on, in one commit.
    void put_many(int count) {
        int done = 0;
        for (int i = 0; i < count; ++i)
            asio::co_spawn(io, store->put(record_of("d" + std::to_string(i) + ".test")),
                           [&done](const std::exception_ptr&, const Result<void>& result) {
                               done += result.has_value();
                           });
        test::run_until(io, [&] { return done == count; });
    }
    std::string aside() const { return path + ".broken-2026-12-01T00:00:00Z"; }
    void sql(const std::string& text) { SQLite::Database(path, SQLite::OPEN_READWRITE).exec(text); }
    // Keeps the first page, which has the schema.
    std::string spoil_all_pages() {
        std::string bytes = bytes_of(path);
        std::fill(bytes.begin() + page_size, bytes.end(), '\xff');
        std::fstream(path, std::ios::in | std::ios::out).write(bytes.data(), static_cast<long>(bytes.size()));
        return bytes;
    }
    // Runs `body` in a child process without any privileges, to which the folder belongs; what it returns.
    template <class Body>
    std::string unprivileged(Body body) {
        if (::geteuid() != 0) return body();
        EXPECT_EQ(::chown(folder_.path().c_str(), nobody, nobody), 0);
        for (const auto& entry : fs::directory_iterator(folder_.path()))
            EXPECT_EQ(::chown(entry.path().c_str(), nobody, nobody), 0);
        std::array<int, 2> pipe{};
        EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            std::string said = "setresuid";
            if (::setresgid(nobody, nobody, nobody) == 0 && ::setresuid(nobody, nobody, nobody) == 0)
                said = body();
            ::_exit(::write(pipe[1], said.data(), said.size()) < 0 ? 1 : 0);
        }
        ::close(pipe[1]);
        std::string said(4096, '\0');
        const auto length = ::read(pipe[0], said.data(), said.size());
        ::close(pipe[0]);
        EXPECT_EQ(::waitpid(child, nullptr, 0), child);
        said.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
        return said;
    }
    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder_.path()))
            names.push_back(entry.path().filename());
        return names;
    }

    static constexpr long page_size = 4096;
    static constexpr uid_t nobody = 65534;
    asio::io_context io{1};
    std::string path;
    test::FakeClock clock;
    std::optional<SqliteStore> store;

    const test::TempDir folder_;
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

TEST_F(SqliteStoreTest, KeepsWhoHasLearntAPolicy) {
    open();
    auto record = record_of("good.test");
    ASSERT_TRUE(put(record));
    EXPECT_EQ((*store->find("good.test"))->policy->learnt_by, "");
    record.policy->learnt_by = "mx2.example.org";
    ASSERT_TRUE(put(record));
    EXPECT_EQ((*store->find("good.test"))->policy->learnt_by, "mx2.example.org");
    EXPECT_EQ(store->list("", 1)->front().policy->learnt_by, "mx2.example.org");
}

TEST_F(SqliteStoreTest, WhoKnowsOfNoPolicyLeavesTheOneThatIsThere) {
    open();
    auto record = record_of("good.test");
    record.policy->learnt_by = "mx2.example.org";
    ASSERT_TRUE(put(record));
    DomainRecord unknowing;
    unknowing.domain = "good.test";
    unknowing.last_used = now + std::chrono::hours(1);
    unknowing.failed = FailedFetch();
    unknowing.failed->id = "2";
    unknowing.dane_seen = now;
    ASSERT_TRUE(put(unknowing));
    auto found = **store->find("good.test");
    ASSERT_TRUE(found.policy);
    EXPECT_EQ(found.policy->id, record.policy->id);
    EXPECT_EQ(found.policy->policy.mode, Mode::enforce);
    EXPECT_EQ(found.policy->policy.mx, record.policy->policy.mx);
    EXPECT_EQ(found.policy->policy.max_age, record.policy->policy.max_age);
    EXPECT_EQ(found.policy->body, record.policy->body);
    EXPECT_EQ(found.policy->fetched, now);
    EXPECT_EQ(found.policy->learnt_by, "mx2.example.org");
    EXPECT_EQ(found.refresh_at, record.refresh_at);
    EXPECT_EQ(found.last_used, unknowing.last_used);
    EXPECT_EQ(found.failed->id, "2");
    EXPECT_EQ(found.dane_seen, now);
    EXPECT_EQ(store->ending(Among::all, now, 9)->size(), 1U);
    // Nothing of a former policy stays beside a new one.
    record.policy->learnt_by = "";
    record.refresh_at.reset();
    ASSERT_TRUE(put(record));
    found = **store->find("good.test");
    EXPECT_EQ(found.policy->learnt_by, "");
    EXPECT_FALSE(found.refresh_at);
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
    EXPECT_EQ(other.execAndGet("PRAGMA user_version").getInt(), 4);
    EXPECT_EQ(
        other.execAndGet("SELECT mode || id || max_age FROM domain WHERE domain = 'good.test'").getString(),
        "enforce20261201604800");
}

TEST_F(SqliteStoreTest, PutsOfOneMomentShareACommit) {
    open();
    put_many(500);
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
    EXPECT_EQ(bytes_of(aside()), garbage);
    EXPECT_EQ(store->losses(), 0U);  // nothing was known before
}

TEST_F(SqliteStoreTest, ANewerSchemaStopsTheStartAndTouchesNothing) {
    open();
    ASSERT_TRUE(put(record_of("good.test")));
    store.reset();
    SQLite::Database(path, SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 7");
    EXPECT_THAT(why_not_open(), HasSubstr("written by a newer sternpostd (schema 7, this one knows 4)"));
    EXPECT_EQ(SQLite::Database(path).execAndGet("SELECT count(*) FROM domain").getInt(), 1);
}

TEST_F(SqliteStoreTest, AFolderThatIsMissingIsNamedWithTheRemedy) {
    path += "/nowhere/cache.db";
    EXPECT_THAT(why_not_open(),
                testing::AllOf(HasSubstr(path), HasSubstr("cannot be opened"), HasSubstr("folder")));
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

// ---- what is done without being asked for

TEST_F(SqliteStoreTest, WhatIsDueForRefreshComesLongestDueFirst) {
    open();
    for (const int minute : {3, 1, 2}) {
        auto record = record_of("due" + std::to_string(minute) + ".test");
        record.refresh_at = now + std::chrono::minutes(minute);
        ASSERT_TRUE(put(record));
    }
    ASSERT_TRUE(put(record_of("tomorrow.test")));
    auto never = record_of("never.test");
    never.refresh_at.reset();
    ASSERT_TRUE(put(never));
    const WallTime at = now + std::chrono::minutes(2);
    EXPECT_THAT(*store->due_for_refresh(at, now, 9), ElementsAre("due1.test", "due2.test"));
    EXPECT_THAT(*store->due_for_refresh(at, now, 1), ElementsAre("due1.test"));
    EXPECT_THAT(*store->due_for_refresh(at, now + std::chrono::seconds(1), 9), ElementsAre());
}

TEST_F(SqliteStoreTest, WhatIsUsedAgainAfterALongTimeIsDueAgain) {
    open();
    auto record = record_of("good.test");
    record.last_used = now - std::chrono::hours(24 * 60);
    record.refresh_at = now;
    ASSERT_TRUE(put(record));
    const auto used_since = now - std::chrono::hours(24 * 30);
    EXPECT_THAT(*store->due_for_refresh(now, used_since, 9), ElementsAre());
    record.last_used = used_since;
    ASSERT_TRUE(put(record));
    EXPECT_THAT(*store->due_for_refresh(now, used_since, 9), ElementsAre("good.test"));
}

TEST_F(SqliteStoreTest, APolicyFromTheFutureIsDueForRefresh) {
    open();
    ASSERT_TRUE(put(record_of("future.test")));
    const WallTime before = now - std::chrono::hours(24 * 365);
    EXPECT_THAT(*store->due_for_refresh(before, before, 9), ElementsAre("future.test"));
    EXPECT_THAT(*store->due_for_refresh(now, before, 9), ElementsAre());
}

TEST_F(SqliteStoreTest, APolicyFromTheFutureWaitsForItsNextTry) {
    open();
    const WallTime before = now - std::chrono::hours(24 * 365);
    auto record = record_of("future.test");
    record.refresh_at = before + std::chrono::minutes(5);
    ASSERT_TRUE(put(record));
    EXPECT_THAT(*store->due_for_refresh(before, before, 9), ElementsAre());
    EXPECT_THAT(*store->due_for_refresh(*record.refresh_at, before, 9), ElementsAre("future.test"));
}

struct Removal {
    const char* what;
    bool removed;
    std::optional<int> expires, next_try, dane_seen;  // seconds from now
};

TEST_F(SqliteStoreTest, OnlyWhatSaysNothingAnyMoreIsRemoved) {
    open();
    const Removal removals[] = {
        {"nothing at all", true, {}, {}, {}},
        {"expired", true, 0, {}, {}},
        {"expires", false, 1, {}, {}},
        {"expires, but failed and had DANE long ago", false, 1, -9999, -9999},
        {"failed long ago", true, {}, -61, {}},
        {"failed", false, {}, -60, {}},
        {"expired and failed", false, -5, -60, {}},
        {"had DANE long ago", true, {}, {}, -601},
        {"had DANE", false, {}, {}, -600},
        {"expired and had DANE", false, -5, {}, -600},
        {"failed long ago and had DANE", false, {}, -61, -600},
        {"all of it long ago", true, -5, -61, -601},
    };
    std::size_t expected = 0;
    for (const Removal& removal : removals) {
        DomainRecord record;
        record.domain = removal.what;
        if (removal.expires) {
            record = record_of(removal.what);
            record.policy->fetched =
                now + std::chrono::seconds(*removal.expires) - record.policy->policy.max_age;
        }
        if (removal.next_try) {
            record.failed.emplace();
            record.failed->next_try = now + std::chrono::seconds(*removal.next_try);
        }
        if (removal.dane_seen) record.dane_seen = now + std::chrono::seconds(*removal.dane_seen);
        ASSERT_TRUE(put(record));
        expected += removal.removed;
    }
    PruneLimits limits;
    limits.now = now;
    limits.failed_since = now - std::chrono::seconds(60);
    limits.dane_since = now - std::chrono::seconds(600);
    EXPECT_EQ(*store->prune(limits, 2), 2U);
    EXPECT_EQ(*store->prune(limits, 100), expected - 2);
    EXPECT_EQ(*store->prune(limits, 100), 0U);
    for (const Removal& removal : removals)
        EXPECT_EQ(store->find(removal.what)->has_value(), !removal.removed) << removal.what;
}

TEST_F(SqliteStoreTest, TimesFarAwayDoNoHarm) {
    open();
    const WallTime far = WallTime(std::chrono::seconds(31'556'952'000'000'000));  // the year 1,000,000,000
    for (const WallTime time : {far, -far.time_since_epoch() + WallTime(), WallTime()}) {
        auto record = record_of("far.test");
        record.policy->fetched = record.last_used = time;
        record.refresh_at = record.dane_seen = time;
        ASSERT_TRUE(put(record));
        EXPECT_EQ((*store->find("far.test"))->policy->fetched, time);
        EXPECT_EQ((*store->find("far.test"))->refresh_at, time);
        EXPECT_THAT(*store->due_for_refresh(far, -far.time_since_epoch() + WallTime(), 9),
                    ElementsAre("far.test"));
        PruneLimits limits;
        limits.now = limits.failed_since = limits.dane_since = time;
        EXPECT_EQ(*store->prune(limits, 9), 0U);
    }
    EXPECT_EQ(store->losses(), 0U);
}

TEST_F(SqliteStoreTest, HousekeepingGoesByIndexesAlone) {
    open();
    SQLite::Database other(path, SQLite::OPEN_READONLY);
    for (const char* text : {sql::select, sql::due, sql::from_the_future, sql::prune, sql::list, sql::ending,
                             sql::failing, sql::remove}) {
        SQLite::Statement plan(other, std::string("EXPLAIN QUERY PLAN ") + text);
        while (plan.executeStep()) {
            const std::string step = plan.getColumn(3).getString();
            EXPECT_THAT(step, testing::Not(testing::AnyOf(HasSubstr("SCAN"), HasSubstr("TEMP B-TREE"))))
                << text;
        }
    }
}

// ---- what an operator sees and does

TEST_F(SqliteStoreTest, AreListedByNameAndInPages) {
    open();
    for (const char* name : {"c.test", "a.test", "b.test"}) ASSERT_TRUE(put(record_of(name)));
    const auto names = [this](const std::string& after, std::size_t most) {
        const auto listed = store->list(after, most);
        std::vector<std::string> all;
        if (listed)
            for (const DomainRecord& record : *listed) all.push_back(record.domain);
        return all;
    };
    EXPECT_THAT(names("", 2), ElementsAre("a.test", "b.test"));
    EXPECT_THAT(names("b.test", 2), ElementsAre("c.test"));
    EXPECT_THAT(names("c.test", 2), ElementsAre());
    EXPECT_EQ(store->list("b.test", 1)->front().policy->body, record_of("c.test").policy->body);
}

TEST_F(SqliteStoreTest, CountsByModeAndByTrouble) {
    open();
    ASSERT_TRUE(put(record_of("good.test")));
    DomainRecord failing = record_of("failing.test");
    failing.failed = FailedFetch{"2", 1, now + std::chrono::hours(1), "why"};
    ASSERT_TRUE(put(failing));
    DomainRecord ending = failing;
    ending.domain = "ending.test";
    ending.policy->fetched = now - std::chrono::seconds(604800 - 60);
    ASSERT_TRUE(put(ending));
    DomainRecord expired = record_of("expired.test");
    expired.policy->fetched = now - std::chrono::seconds(604800);
    ASSERT_TRUE(put(expired));
    DomainRecord none = record_of("none.test");
    none.policy->policy.mode = Mode::none;
    ASSERT_TRUE(put(none));
    DomainRecord without;
    without.domain = "without.test";
    without.failed = failing.failed;
    ASSERT_TRUE(put(without));

    const auto all = store->count("", 100, now);
    ASSERT_TRUE(all);
    EXPECT_THAT(all->unexpired, ElementsAre(1, 0, 3));
    EXPECT_EQ(all->expired, 1U);
    EXPECT_EQ(all->failing, 2U);
    EXPECT_EQ(all->ending, 1U);
    EXPECT_EQ(all->domains, 6U);
    EXPECT_EQ(all->last, "without.test");
    const auto part = store->count("failing.test", 2, now);
    EXPECT_EQ(part->domains, 2U);
    EXPECT_EQ(part->last, "none.test");
    EXPECT_EQ(store->count("without.test", 2, now)->domains, 0U);
}

TEST_F(SqliteStoreTest, ListsTheNextToEndFirst) {
    open();
    const auto put_one = [&](const std::string& name, std::chrono::seconds left, bool failing, Mode mode) {
        DomainRecord record = record_of(name);
        record.policy->policy.mode = mode;
        record.policy->fetched = now - record.policy->policy.max_age + left;
        if (failing) record.failed = FailedFetch{"2", 1, now, "why"};
        ASSERT_TRUE(put(record));
    };
    using namespace std::chrono_literals;
    put_one("late.test", 3h, false, Mode::enforce);
    put_one("soon.test", 1h, false, Mode::testing);
    put_one("failing.test", 2h, true, Mode::enforce);
    put_one("failing-later.test", 4h, true, Mode::testing);
    put_one("none.test", 30min, true, Mode::none);
    put_one("expired.test", 0h, true, Mode::enforce);
    const auto names = [&](Among which, std::size_t most) {
        std::vector<std::string> all;
        const auto listed = store->ending(which, now, most);
        if (listed)
            for (const DomainRecord& record : *listed) all.push_back(record.domain);
        return all;
    };
    EXPECT_THAT(names(Among::all, 10),
                ElementsAre("soon.test", "failing.test", "late.test", "failing-later.test"));
    EXPECT_THAT(names(Among::all, 2), ElementsAre("soon.test", "failing.test"));
    EXPECT_THAT(names(Among::failing, 10), ElementsAre("failing.test", "failing-later.test"));
    EXPECT_EQ(store->ending(Among::failing, now, 1)->front().failed->reason, "why");
}

TEST_F(SqliteStoreTest, WhatIsRemovedIsGoneAlsoWhenItWasJustPut) {
    open();
    ASSERT_TRUE(put(record_of("old.test")));
    EXPECT_EQ(*store->remove("old.test"), true);
    EXPECT_EQ(*store->remove("old.test"), false);
    EXPECT_FALSE(store->find("old.test")->has_value());
    bool done = false;
    asio::co_spawn(
        io, store->put(record_of("new.test")),
        [&done](const std::exception_ptr&, const Result<void>& result) { done = result.has_value(); });
    io.restart();
    io.run_one();  // the put waits for its commit
    EXPECT_EQ(*store->remove("new.test"), true);
    test::run_until(io, [&] { return done; });
    EXPECT_FALSE(store->find("new.test")->has_value());
}

TEST_F(SqliteStoreTest, FiguresTellOfTheDisk) {
    open();
    ASSERT_TRUE(put(record_of("good.test")));
    EXPECT_EQ(store->figures().commits, 1U);
    EXPECT_EQ(store->figures().write_trouble, "");
    sql("DROP TABLE domain");
    EXPECT_FALSE(put(record_of("good.test")));
    EXPECT_FALSE(store->find("good.test"));
    const StoreFigures figures = store->figures();
    EXPECT_EQ(figures.failed_writes, 1U);
    EXPECT_EQ(figures.failed_reads, 1U);
    EXPECT_THAT(figures.write_trouble, HasSubstr("cannot be written"));
    EXPECT_THAT(figures.read_trouble, HasSubstr("cannot be read"));
}

// ---- older files

// As the first schema was; a released one is never changed.
constexpr const char* first_schema = R"(
    PRAGMA journal_mode = WAL;
    CREATE TABLE domain (domain TEXT PRIMARY KEY, id TEXT, mode TEXT CHECK (mode IN ('none', 'testing', 'enforce')),
        mx TEXT, max_age INTEGER, body BLOB, fetched INTEGER, expires INTEGER, last_used INTEGER NOT NULL,
        failed_id TEXT, failures INTEGER, next_try INTEGER, failed_why TEXT, dane_seen INTEGER) WITHOUT ROWID;
    CREATE INDEX domain_by_expiry ON domain (expires);
    PRAGMA user_version = 1;
    INSERT INTO domain (domain, id, mode, mx, max_age, body, fetched, expires, last_used) VALUES
        ('week.test', '1', 'enforce', 'a.test' || char(10), 604800, 'x', 1000000, 1604800, 1000000),
        ('hour.test', '1', 'enforce', 'a.test' || char(10), 3600, 'x', 1000000, 1003600, 1000000),
        ('minute.test', '1', 'none', '', 60, 'x', 1000000, 1000060, 1000000);
    INSERT INTO domain (domain, last_used, failed_id, failures, next_try, failed_why) VALUES
        ('failed.test', 1000000, '1', 2, 1000300, 'why');)";

TEST_F(SqliteStoreTest, AFileOfTheFirstSchemaIsBroughtForward) {
    SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec(first_schema);
    open();
    const auto refresh_at = [this](const char* domain) {
        return (*store->find(domain))->refresh_at->time_since_epoch().count() - 1'000'000;
    };
    EXPECT_EQ(refresh_at("week.test"), 86'400);
    EXPECT_EQ(refresh_at("hour.test"), 1'800);
    EXPECT_EQ(refresh_at("minute.test"), 300);
    EXPECT_FALSE((*store->find("failed.test"))->refresh_at);
    EXPECT_EQ((*store->find("failed.test"))->failed->count, 2);
    store.reset();
    open();
    EXPECT_EQ(refresh_at("week.test"), 86'400);
}

// ---- two daemons

TEST_F(SqliteStoreTest, ASecondDaemonIsRefusedWithTheFirstOnesProcess) {
    open();
    EXPECT_EQ(unprivileged([this] {
                  try {
                      SqliteStore second(io.get_executor(), path, clock);
                  } catch (const std::runtime_error& error) {
                      return std::string(error.what());
                  }
                  return std::string("it opens");
              }),
              "the cache " + path + " is held by another sternpostd (process " + std::to_string(::getpid()) +
                  "): end that one, or set another [cache] path");
    store.reset();
    open();  // the first one has ended
}

TEST_F(SqliteStoreTest, ALockFileWithoutItsDaemonIsNothing) {
    std::ofstream(path + ".lock") << "1\n";
    open();
    EXPECT_TRUE(put(record_of("good.test")));
    EXPECT_EQ(bytes_of(path + ".lock"), std::to_string(::getpid()) + "\n");
}

TEST_F(SqliteStoreTest, ALinkToTheFileIsTheSameFile) {
    open();
    const std::string link = path + ".link";
    fs::create_symlink(path, link);
    EXPECT_THROW(SqliteStore(io.get_executor(), link, clock), std::runtime_error);
}

TEST_F(SqliteStoreTest, OthersMayReadMeanwhile) {
    open();
    ASSERT_TRUE(put(record_of("one.test")));
    SQLite::Database reader(path, SQLite::OPEN_READONLY);
    SQLite::Transaction reading(reader);
    EXPECT_EQ(reader.execAndGet("SELECT count(*) FROM domain").getInt(), 1);
    EXPECT_TRUE(put(record_of("two.test")));
}

TEST_F(SqliteStoreTest, AWriterThatDoesNotEndIsTemporary) {
    open();
    SQLite::Database writer(path, SQLite::OPEN_READWRITE);
    {
        SQLite::Transaction writing(writer, SQLite::TransactionBehavior::IMMEDIATE);
        EXPECT_EQ(put(record_of("good.test")).error().code, Errc::temporary);
    }
    EXPECT_TRUE(put(record_of("good.test")));
}

TEST_F(SqliteStoreTest, AWriterThatKeepsTheFileToItselfStopsTheStart) {
    open();
    store.reset();
    SQLite::Database writer(path, SQLite::OPEN_READWRITE);
    writer.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE");
    EXPECT_THAT(why_not_open(), HasSubstr("another process writes to it and does not end"));
}

// ---- broken files

TEST_F(SqliteStoreTest, BrokenPagesAreFoundWhenTheyAreMet) {
    const std::pair<const char*, std::function<bool()>> operations[] = {
        {"find", [this] { return !store->find("d7.test").value(); }},
        {"put", [this] { return put(record_of("d7.test")).has_value(); }},
        {"due",
         [this] { return store->due_for_refresh(now + std::chrono::hours(24), now, 9).value().empty(); }},
        {"prune",
         [this] {
             PruneLimits limits;
             limits.now = now + std::chrono::hours(24 * 365);
             return store->prune(limits, 9).value() == 0;
         }},
    };
    for (const auto& [name, operation] : operations) {
        open();
        put_many(40);
        store.reset();
        open();
        const std::string spoilt = spoil_all_pages();
        EXPECT_TRUE(operation()) << name;
        EXPECT_EQ(store->losses(), 1U) << name;
        EXPECT_EQ(bytes_of(aside()), spoilt) << name;
        EXPECT_TRUE(put(record_of("new.test"))) << name;
        store.reset();
        open();
        EXPECT_TRUE(store->find("new.test")->has_value()) << name;
        EXPECT_EQ(store->find("d7.test")->has_value(), name == std::string("put"));
        store.reset();
        for (const std::string& file : files()) fs::remove(folder_ / file);
    }
}

TEST_F(SqliteStoreTest, APutIntoABrokenFileIsPutIntoTheNewOneWholly) {
    open();
    put_many(40);
    store.reset();
    open();
    spoil_all_pages();
    put_many(20);
    store.reset();
    EXPECT_EQ(SQLite::Database(path).execAndGet("SELECT count(*) FROM domain").getInt(), 20);
}

TEST_F(SqliteStoreTest, ADamagedRowIsABrokenFile) {
    for (const char* damage :
         {"mx = 'not a pattern!'", "mx = ''", "mx = 'a.test'", "max_age = 9223372036854775807",
          "max_age = -1", "fetched = 9223372036854775807", "fetched = 'x'", "fetched = NULL",
          "last_used = 1.5", "refresh_at = 'x'", "failed_id = '1', failures = 4294967296, next_try = 1",
          "failed_id = '1', failures = 1"}) {
        open();
        ASSERT_TRUE(put(record_of("good.test")));
        sql(std::string("UPDATE domain SET ") + damage);
        EXPECT_FALSE(store->find("good.test").value().has_value()) << damage;
        EXPECT_EQ(store->losses(), 1U) << damage;
        store.reset();
        for (const std::string& file : files()) fs::remove(folder_ / file);
    }
}

TEST_F(SqliteStoreTest, ADomainThatIsNoneIsABrokenFile) {
    open();
    ASSERT_TRUE(put(record_of("good.test")));
    sql("UPDATE domain SET domain = 'good\x01test'");
    EXPECT_THAT(*store->due_for_refresh(now + std::chrono::hours(24), now, 9), ElementsAre());
    EXPECT_EQ(store->losses(), 1U);
}

TEST_F(SqliteStoreTest, ADiskThatBreaksEachNewFileIsNotFilledWithThem) {
    open();
    const auto broken_once_more = [this] {
        EXPECT_TRUE(put(record_of("good.test")));
        sql("UPDATE domain SET mx = '!'");
        return store->find("good.test");
    };
    for (unsigned i = 0; i < max_losses; ++i) EXPECT_TRUE(broken_once_more());
    EXPECT_EQ(broken_once_more().error().code, Errc::temporary);
    EXPECT_EQ(store->losses(), max_losses);
    EXPECT_EQ(std::ranges::count_if(files(), [](const std::string& name) { return name.ends_with("Z-10"); }),
              1);
}

TEST_F(SqliteStoreTest, BrokenFilesAtStart) {
    open();
    put_many(40);
    store.reset();
    const std::string whole = bytes_of(path);
    const std::pair<const char*, std::string> damages[] = {
        {"cut in the middle of a page", whole.substr(0, page_size + 100)},
        {"cut between pages", whole.substr(0, 2 * page_size)},
        {"cut in the header", whole.substr(0, 50)},
        {"another schema version", whole.substr(0, 60) + std::string(4, '\xff') + whole.substr(64)},
        {"no schema", whole.substr(0, 100) + std::string(page_size - 100, '\0') + whole.substr(page_size)},
    };
    for (const auto& [name, bytes] : damages) {
        std::ofstream(path) << bytes;
        open();
        EXPECT_FALSE(store->find("d7.test").value().has_value()) << name;
        EXPECT_TRUE(put(record_of("new.test"))) << name;
        EXPECT_EQ(bytes_of(aside()), bytes) << name;
        store.reset();
        for (const std::string& file : files()) fs::remove(folder_ / file);
    }
}

TEST_F(SqliteStoreTest, AnEmptyFileIsANewOne) {
    std::ofstream(path).close();
    open();
    EXPECT_TRUE(put(record_of("good.test")));
    EXPECT_FALSE(fs::exists(aside()));
}

TEST_F(SqliteStoreTest, ALogThatIsGarbageIsIgnored) {
    open();
    ASSERT_TRUE(put(record_of("good.test")));
    store.reset();
    std::ofstream(path + "-wal") << std::string(10'000, '!');
    open();
    EXPECT_TRUE(store->find("good.test")->has_value());
}

TEST_F(SqliteStoreTest, ALogOfAnotherFileDoesNotStopTheStart) {
    open();
    put_many(200);
    const std::string log = bytes_of(path + "-wal");
    store.reset();
    fs::remove(path);
    open();
    ASSERT_TRUE(put(record_of("good.test")));
    store.reset();
    std::ofstream(path + "-wal") << log;
    open();
    for (const char* domain : {"good.test", "d7.test", "d199.test"}) EXPECT_TRUE(store->find(domain));
    EXPECT_TRUE(put(record_of("new.test")));
    EXPECT_TRUE(store->find("new.test")->has_value());
}

// ---- what somebody does to the files

TEST_F(SqliteStoreTest, AFileThatIsRemovedIsBegunAnew) {
    open();
    ASSERT_TRUE(put(record_of("old.test")));
    for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(path + suffix);
    EXPECT_TRUE(put(record_of("new.test")));
    EXPECT_EQ(store->losses(), 1U);
    store.reset();
    open();
    EXPECT_FALSE(store->find("old.test")->has_value());
    EXPECT_TRUE(store->find("new.test")->has_value());
}

TEST_F(SqliteStoreTest, AFolderThatIsAwayForAWhileIsTemporary) {
    const fs::path folder = folder_ / "folder";
    fs::create_directory(folder);
    path = folder / "cache.db";
    open();
    ASSERT_TRUE(put(record_of("old.test")));
    fs::rename(folder, folder_ / "away");
    EXPECT_EQ(put(record_of("new.test")).error().code, Errc::temporary);
    EXPECT_EQ(store->find("old.test").error().code, Errc::temporary);
    fs::rename(folder_ / "away", folder);
    EXPECT_TRUE(put(record_of("new.test")));
    EXPECT_TRUE(store->find("old.test")->has_value());
}

TEST_F(SqliteStoreTest, AFileThatIsReplacedIsTakenAsItIs) {
    open();
    ASSERT_TRUE(put(record_of("saved.test")));
    store.reset();
    fs::copy(path, path + ".saved");
    open();
    ASSERT_TRUE(put(record_of("later.test")));
    for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(path + suffix);
    fs::rename(path + ".saved", path);
    EXPECT_TRUE(store->find("saved.test")->has_value());
    EXPECT_FALSE(store->find("later.test")->has_value());
}

// `mv backup cache.db`, and nothing else: what is still in the log of the former file is not of this one.
TEST_F(SqliteStoreTest, AFileThatIsReplacedDoesNotMeetTheLogOfTheFormerOne) {
    open();
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(put(record_of("saved" + std::to_string(i) + ".test")));
    store.reset();
    fs::copy(path, path + ".saved");
    fs::remove(path);
    open();
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(put(record_of("later" + std::to_string(i) + ".test")));
    fs::rename(path + ".saved", path);
    for (int i = 0; i < 300; ++i) {
        const auto found = store->find("saved" + std::to_string(i) + ".test");
        ASSERT_TRUE(found) << found.error().detail;
        EXPECT_TRUE(found->has_value()) << i;
    }
    EXPECT_FALSE(store->find("later1.test")->has_value());
    EXPECT_THAT(files(), testing::Contains("cache.db.replaced-2026-12-01T00:00:00Z-wal"));
    ASSERT_TRUE(put(record_of("new.test")));
    store.reset();
    open();
    EXPECT_TRUE(store->find("saved7.test")->has_value());
    EXPECT_TRUE(store->find("new.test")->has_value());
}

// The log of the former file cannot be moved away at first, and must not be met afterwards either.
TEST_F(SqliteStoreTest, AFileThatIsReplacedWaitsForTheLogToBeMoved) {
    const auto saved_is_found = [this] {
        open();
        static_cast<void>(put(record_of("saved.test")));
        store.reset();
        fs::copy(path, path + ".saved");
        open();
        static_cast<void>(put(record_of("later.test")));
        fs::rename(path + ".saved", path);
        fs::permissions(folder_.path(), fs::perms::owner_read | fs::perms::owner_exec);
        const bool found_at_first = store->find("saved.test").has_value();
        fs::permissions(folder_.path(), fs::perms::owner_all);
        const auto saved = store->find("saved.test");
        const auto later = store->find("later.test");
        return std::to_string(found_at_first) + (saved && *saved ? " saved" : "") +
               (later && *later ? " later" : "") + " losses " + std::to_string(store->losses());
    };
    EXPECT_EQ(unprivileged(saved_is_found), "0 saved losses 1");
}

// A copy of database and log, as they lay on another machine.
TEST_F(SqliteStoreTest, AFileThatIsReplacedKeepsItsOwnLog) {
    const std::string other = path + ".other";
    const pid_t child = ::fork();
    if (child == 0) {
        path = other;
        open();
        if (put(record_of("in-its-log.test"))) ::raise(SIGKILL);
        ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "put() failed in the child";
    open();
    ASSERT_TRUE(put(record_of("later.test")));
    fs::rename(other + "-wal", path + "-wal");
    fs::rename(other, path);
    EXPECT_TRUE(store->find("in-its-log.test")->has_value());
}

// Files that are replaced are no broken ones.
TEST_F(SqliteStoreTest, ABrokenFileIsMovedAsideAfterManyThatWereReplaced) {
    open();
    for (unsigned i = 0; i < max_losses; ++i) {
        ASSERT_TRUE(put(record_of("some.test")));
        fs::remove(path);
        EXPECT_FALSE(store->find("some.test")->has_value()) << i;
    }
    ASSERT_TRUE(put(record_of("some.test")));
    sql("UPDATE domain SET mx = '!'");
    EXPECT_TRUE(store->find("some.test"));
    EXPECT_TRUE(fs::exists(aside()));
}

TEST_F(SqliteStoreTest, ALogThatIsRemovedLosesNothing) {
    const pid_t child = ::fork();
    if (child == 0) {
        open();
        if (!put(record_of("one.test"))) ::_exit(1);
        fs::remove(path + "-wal");
        if (put(record_of("two.test"))) ::raise(SIGKILL);
        ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "put() failed in the child";
    open();
    EXPECT_TRUE(store->find("one.test")->has_value());
    EXPECT_TRUE(store->find("two.test")->has_value());
}

// ---- no rights, no room

TEST_F(SqliteStoreTest, AFolderInItsPlaceStopsTheStart) {
    fs::create_directory(path);
    EXPECT_THAT(why_not_open(), testing::AllOf(HasSubstr(path), HasSubstr("it is no file")));
}

TEST_F(SqliteStoreTest, AFileThatMayOnlyBeReadStopsTheStart) {
    open();
    store.reset();
    fs::permissions(path, fs::perms::owner_read);
    EXPECT_THAT(
        unprivileged([this] { return why_not_open(); }),
        testing::AllOf(HasSubstr(path), HasSubstr("not written"), HasSubstr("user that sternpostd runs as")));
}

TEST_F(SqliteStoreTest, AFileThatMayNotBeReadStopsTheStart) {
    open();
    store.reset();
    fs::permissions(path, fs::perms::none);
    EXPECT_THAT(unprivileged([this] { return why_not_open(); }),
                testing::AllOf(HasSubstr(path), HasSubstr("user that sternpostd runs as")));
}

TEST_F(SqliteStoreTest, AFolderThatMayOnlyBeReadStopsTheStart) {
    fs::permissions(folder_.path(), fs::perms::owner_read | fs::perms::owner_exec);
    EXPECT_THAT(unprivileged([this] { return why_not_open(); }),
                testing::AllOf(HasSubstr(path), HasSubstr("user that sternpostd runs as")));
    fs::permissions(folder_.path(), fs::perms::owner_all);
}

TEST_F(SqliteStoreTest, AFailedWriteIsTemporaryAndTheNextOneIsNone) {
    open();
    ASSERT_TRUE(put(record_of("old.test")));
    rlimit former{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &former), 0);
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit none = former;
    none.rlim_cur = 0;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
    const auto refused = put(record_of("good.test"));
    const auto found = store->find("old.test");
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &former), 0);
    EXPECT_EQ(refused.error().code, Errc::temporary);
    EXPECT_THAT(refused.error().detail, HasSubstr("I/O error"));
    EXPECT_TRUE(found->has_value());
    EXPECT_TRUE(put(record_of("good.test")));
    EXPECT_EQ(store->losses(), 0U);
}

}  // namespace
}  // namespace sternpost
