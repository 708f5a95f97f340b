#include "sternpost/store/sqlite_store.hpp"

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <stdexcept>
#include <utility>
#include <vector>

#include "schema.hpp"

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace sternpost {

namespace {

using Handler = asio::any_completion_handler<void(Result<void>)>;
constexpr const char* in_memory = ":memory:";
constexpr std::chrono::milliseconds busy_timeout{500};

constexpr const char* select_sql = R"(
    SELECT id, mode, mx, max_age, body, fetched, last_used, failed_id, failures, next_try, failed_why, dane_seen,
           refresh_at
    FROM domain WHERE domain = ?)";
constexpr const char* upsert_sql = R"(
    INSERT OR REPLACE INTO domain (domain, id, mode, mx, max_age, body, fetched, expires, last_used, failed_id,
                                   failures, next_try, failed_why, dane_seen, refresh_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))";
// Each of these goes by one index alone: an OR over two columns would read and sort all that is due.
constexpr const char* due_sql = R"(
    SELECT domain FROM domain WHERE refresh_at <= ?1 AND last_used >= ?2 ORDER BY refresh_at LIMIT ?3)";
constexpr const char* from_the_future_sql = R"(
    SELECT domain FROM domain WHERE fetched > ?1 AND (refresh_at IS NULL OR refresh_at > ?1) AND last_used >= ?2 ORDER BY fetched LIMIT ?3)";
constexpr const char* prune_sql = R"(
    DELETE FROM domain WHERE domain IN (
        SELECT domain FROM domain WHERE expires <= ?1 AND (next_try IS NULL OR next_try < ?2)
                                    AND (dane_seen IS NULL OR dane_seen < ?3)
        UNION ALL
        SELECT domain FROM domain WHERE expires IS NULL AND next_try < ?2
                                    AND (dane_seen IS NULL OR dane_seen < ?3)
        UNION ALL
        SELECT domain FROM domain WHERE expires IS NULL AND next_try IS NULL
                                    AND (dane_seen IS NULL OR dane_seen < ?3)
        LIMIT ?4))";

std::int64_t to_sql(WallTime time) {
    return time.time_since_epoch().count();
}

WallTime from_sql(const SQLite::Column& column) {
    return WallTime(std::chrono::seconds(column.getInt64()));
}

std::string join(const std::vector<MxPattern>& patterns) {
    std::string lines;
    for (const MxPattern& pattern : patterns) lines += pattern.text() + "\n";
    return lines;
}

std::optional<std::vector<MxPattern>> split(const std::string& lines) {
    std::vector<MxPattern> patterns;
    for (std::size_t at = 0; at < lines.size();) {
        const std::size_t end = lines.find('\n', at);
        auto pattern = MxPattern::from(lines.substr(at, end - at));
        if (!pattern) return {};
        patterns.push_back(std::move(*pattern));
        at = end == std::string::npos ? end : end + 1;
    }
    return patterns;
}

std::optional<Mode> mode_from(const std::string& text) {
    for (const Mode mode : {Mode::none, Mode::testing, Mode::enforce})
        if (text == to_string(mode)) return mode;
    return {};
}

// nullopt: the row does not say what this program writes.
std::optional<CachedPolicy> policy_from(SQLite::Statement& row) {
    CachedPolicy cached;
    const auto mode = mode_from(row.getColumn(1).getString());
    auto mx = split(row.getColumn(2).getString());
    if (!mode || !mx) return {};
    cached.id = row.getColumn(0).getString();
    cached.policy.mode = *mode;
    cached.policy.mx = std::move(*mx);
    cached.policy.max_age = std::chrono::seconds(row.getColumn(3).getInt64());
    cached.body = row.getColumn(4).getString();
    cached.fetched = from_sql(row.getColumn(5));
    return cached;
}

void bind_policy(SQLite::Statement& upsert, const DomainRecord& record) {
    const auto& cached = record.policy;
    if (!cached) return;
    upsert.bind(2, cached->id);
    upsert.bind(3, std::string(to_string(cached->policy.mode)));
    upsert.bind(4, join(cached->policy.mx));
    upsert.bind(5, static_cast<std::int64_t>(cached->policy.max_age.count()));
    upsert.bind(6, cached->body.data(), static_cast<int>(cached->body.size()));
    upsert.bind(7, to_sql(cached->fetched));
    upsert.bind(8, to_sql(cached->expires()));
    if (record.refresh_at) upsert.bind(15, to_sql(*record.refresh_at));
}

void bind_failure(SQLite::Statement& upsert, const std::optional<FailedFetch>& failed) {
    if (!failed) return;
    upsert.bind(10, failed->id);
    upsert.bind(11, failed->count);
    upsert.bind(12, to_sql(failed->next_try));
    upsert.bind(13, failed->reason);
}

bool broken(const SQLite::Exception& error) {
    return error.getErrorCode() == SQLITE_NOTADB || error.getErrorCode() == SQLITE_CORRUPT;
}

// An open file with its schema ready. Others may read it meanwhile; a writer among them is waited for.
std::unique_ptr<SQLite::Database> open(const std::string& path) {
    auto database = std::make_unique<SQLite::Database>(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE,
                                                       static_cast<int>(busy_timeout.count()));
    prepare_schema(*database);
    return database;
}

void move_aside(const std::string& path, WallTime now, const char* why) {
    const std::string aside = path + ".broken-" + to_iso8601(now);
    fs::rename(path, aside);
    for (const char* suffix : {"-wal", "-shm"})
        if (fs::exists(path + suffix)) fs::rename(path + suffix, aside + suffix);
    spdlog::error("cache: {} is broken ({}) and was moved to {}; starting with an empty cache", path, why,
                  aside);
}

std::string remedy(const SQLite::Exception& error) {
    switch (error.getErrorCode()) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return "another process writes to it and does not end";
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_READONLY:
            return "give its folder and the file to the user that sternpostd runs as";
        case SQLITE_FULL:
            return "make room on the disk";
        default:
            return "see [cache] path";
    }
}

std::unique_ptr<SQLite::Database> open_or_begin_anew(const std::string& path, WallTime now) {
    try {
        try {
            return open(path);
        } catch (const SQLite::Exception& error) {
            if (!broken(error) || path == in_memory) throw;
            move_aside(path, now, error.what());
            return open(path);
        }
    } catch (const SQLite::Exception& error) {
        throw std::runtime_error("the cache " + path + " cannot be opened: " + error.what() + "; " +
                                 remedy(error));
    } catch (const std::exception& error) {
        throw std::runtime_error("the cache " + path + " cannot be opened: " + error.what());
    }
}

// A SELECT that is not ended holds the log back from being written into the database.
class Finished {
public:
    explicit Finished(SQLite::Statement& statement) : statement_(statement) {}
    ~Finished() { statement_.tryReset(); }
    Finished(const Finished&) = delete;
    Finished& operator=(const Finished&) = delete;

private:
    SQLite::Statement& statement_;
};

}  // namespace

class SqliteStore::Inside {
public:
    Inside(asio::any_io_executor executor, const std::string& path, WallTime now)
        : executor_(std::move(executor)),
          database_(open_or_begin_anew(path, now)),
          select_(*database_, select_sql),
          upsert_(*database_, upsert_sql),
          due_(*database_, due_sql),
          from_the_future_(*database_, from_the_future_sql),
          prune_(*database_, prune_sql) {}

    Result<std::optional<DomainRecord>> find(const std::string& domain) try {
        if (closed_) return failure(Errc::stopped, "the cache is closed");
        const Finished finished(select_);
        select_.bind(1, domain);
        if (!select_.executeStep()) return std::optional<DomainRecord>();
        DomainRecord record;
        record.domain = domain;
        if (!select_.getColumn(1).isNull()) {
            record.policy = policy_from(select_);
            if (!record.policy)
                return failure(Errc::temporary, "the cache's row of " + domain + " is damaged");
        }
        record.last_used = from_sql(select_.getColumn(6));
        if (!select_.getColumn(7).isNull()) {
            record.failed.emplace();
            record.failed->id = select_.getColumn(7).getString();
            record.failed->count = select_.getColumn(8).getInt();
            record.failed->next_try = from_sql(select_.getColumn(9));
            record.failed->reason = select_.getColumn(10).getString();
        }
        if (!select_.getColumn(11).isNull()) record.dane_seen = from_sql(select_.getColumn(11));
        if (!select_.getColumn(12).isNull()) record.refresh_at = from_sql(select_.getColumn(12));
        return std::optional<DomainRecord>(std::move(record));
    } catch (const SQLite::Exception& error) {
        return failure(Errc::temporary, std::string("the cache cannot be read: ") + error.what());
    }

    void put(Handler handler, DomainRecord record) {
        if (closed_) return finish(std::move(handler), failure(Errc::stopped, "the cache is closed"));
        if (waiting_.size() >= max_waiting_puts)
            return finish(std::move(handler),
                          failure(Errc::overloaded, "too many writes wait for the cache's disk"));
        waiting_.push_back(std::make_unique<Waiting>(Waiting{std::move(record), std::move(handler)}));
        if (waiting_.size() == 1) asio::post(executor_, [this] { commit(); });
    }

    Result<std::vector<std::string>> due_for_refresh(WallTime now, WallTime used_since,
                                                     std::size_t most) try {
        if (closed_) return failure(Errc::stopped, "the cache is closed");
        std::vector<std::string> due;
        for (SQLite::Statement* statement : {&due_, &from_the_future_}) {
            const Finished finished(*statement);
            statement->bind(1, to_sql(now));
            statement->bind(2, to_sql(used_since));
            statement->bind(3, static_cast<std::int64_t>(most - due.size()));
            while (statement->executeStep()) due.push_back(statement->getColumn(0).getString());
        }
        return due;
    } catch (const SQLite::Exception& error) {
        return failure(Errc::temporary, std::string("the cache cannot be read: ") + error.what());
    }

    Result<std::size_t> prune(const PruneLimits& limits, std::size_t most) try {
        if (closed_) return failure(Errc::stopped, "the cache is closed");
        const Finished finished(prune_);
        prune_.bind(1, to_sql(limits.now));
        prune_.bind(2, to_sql(limits.failed_since));
        prune_.bind(3, to_sql(limits.dane_since));
        prune_.bind(4, static_cast<std::int64_t>(most));
        return static_cast<std::size_t>(prune_.exec());
    } catch (const SQLite::Exception& error) {
        return failure(Errc::temporary, std::string("the cache cannot be written: ") + error.what());
    }

    void close() {
        commit();
        closed_ = true;
    }

private:
    struct Waiting {
        DomainRecord record;
        Handler handler;
    };

    // The loop brings everything that was put since the last turn into one transaction.
    void commit() {
        auto puts = std::exchange(waiting_, {});
        if (puts.empty()) return;
        Result<void> result;
        try {
            SQLite::Transaction transaction(*database_);
            for (const auto& put : puts) upsert(put->record);
            transaction.commit();
        } catch (const SQLite::Exception& error) {
            result = failure(Errc::temporary, std::string("the cache cannot be written: ") + error.what());
        }
        for (const auto& put : puts) finish(std::move(put->handler), result);
    }

    void upsert(const DomainRecord& record) {
        upsert_.reset();
        upsert_.clearBindings();
        upsert_.bind(1, record.domain);
        bind_policy(upsert_, record);
        upsert_.bind(9, to_sql(record.last_used));
        bind_failure(upsert_, record.failed);
        if (record.dane_seen) upsert_.bind(14, to_sql(*record.dane_seen));
        upsert_.exec();
    }

    void finish(Handler handler, Result<void> result) {
        asio::post(executor_, [handler = std::move(handler), result = std::move(result)]() mutable {
            std::move(handler)(std::move(result));
        });
    }

    asio::any_io_executor executor_;
    std::unique_ptr<SQLite::Database> database_;
    SQLite::Statement select_;
    SQLite::Statement upsert_;
    SQLite::Statement due_;
    SQLite::Statement from_the_future_;
    SQLite::Statement prune_;
    std::vector<std::unique_ptr<Waiting>> waiting_;
    bool closed_ = false;
};

SqliteStore::SqliteStore(asio::any_io_executor executor, const std::string& path, WallTime now)
    : inside_(std::make_unique<Inside>(std::move(executor), path, now)) {}

SqliteStore::~SqliteStore() = default;

Result<std::optional<DomainRecord>> SqliteStore::find(const std::string& domain) {
    return inside_->find(domain);
}

asio::awaitable<Result<void>> SqliteStore::put(DomainRecord record) {
    return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<void>)>(
        [this](auto handler, DomainRecord value) { inside_->put(std::move(handler), std::move(value)); },
        asio::use_awaitable, std::move(record));
}

Result<std::vector<std::string>> SqliteStore::due_for_refresh(WallTime now, WallTime used_since,
                                                              std::size_t most) {
    return inside_->due_for_refresh(now, used_since, most);
}

Result<std::size_t> SqliteStore::prune(const PruneLimits& limits, std::size_t most) {
    return inside_->prune(limits, most);
}

void SqliteStore::close() {
    inside_->close();
}

}  // namespace sternpost
