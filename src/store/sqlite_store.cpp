#include "sternpost/store/sqlite_store.hpp"

#include <SQLiteCpp/Transaction.h>
#include <sqlite3.h>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "cache_file.hpp"
#include "row.hpp"
#include "sternpost/log/log.hpp"

namespace asio = boost::asio;

namespace sternpost {

namespace {

using Handler = asio::any_completion_handler<void(Result<void>)>;

// Ends a statement, whatever becomes of it: a SELECT that is not ended keeps the log from being written into the
// database, and a failed statement would report its failure once more when it is used again.
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
    enum class Access { read, write };

public:
    Inside(asio::any_io_executor executor, const std::string& path, const Clock& clock)
        : executor_(std::move(executor)), file_(path, clock), cache_(file_.open_at_start()) {}

    Result<std::optional<DomainRecord>> find(const std::string& domain) {
        std::optional<DomainRecord> found;
        const auto done = on_disk(Access::read, [&](OpenCache& cache) {
            const Finished finished(cache.select);
            cache.select.bind(1, domain);
            found = cache.select.executeStep() ? std::optional(read_row(cache.select, domain)) : std::nullopt;
        });
        if (!done) return tl::unexpected(done.error());
        return found;
    }

    void put(Handler handler, DomainRecord record) {
        if (closed_) return finish(std::move(handler), failure(Errc::stopped, "the cache is closed"));
        if (waiting_.size() >= max_waiting_puts)
            return finish(std::move(handler),
                          failure(Errc::overloaded, "too many writes wait for the cache's disk"));
        waiting_.push_back(std::make_unique<Waiting>(Waiting{std::move(record), std::move(handler)}));
        if (waiting_.size() == 1) asio::post(executor_, [this] { commit(); });
    }

    Result<std::vector<std::string>> due_for_refresh(WallTime now, WallTime used_since, std::size_t most) {
        std::vector<std::string> due;
        const auto done = on_disk(Access::read, [&](OpenCache& cache) {
            due.clear();
            for (SQLite::Statement* statement : {&cache.due, &cache.from_the_future}) {
                const Finished finished(*statement);
                statement->bind(1, to_sql(now));
                statement->bind(2, to_sql(used_since));
                statement->bind(3, static_cast<std::int64_t>(most - due.size()));
                while (statement->executeStep()) due.push_back(read_domain(*statement));
            }
        });
        if (!done) return tl::unexpected(done.error());
        return due;
    }

    Result<std::size_t> prune(const PruneLimits& limits, std::size_t most) {
        std::size_t removed = 0;
        const auto done = on_disk(Access::write, [&](OpenCache& cache) {
            const Finished finished(cache.prune);
            cache.prune.bind(1, to_sql(limits.now));
            cache.prune.bind(2, to_sql(limits.failed_since));
            cache.prune.bind(3, to_sql(limits.dane_since));
            cache.prune.bind(4, static_cast<std::int64_t>(most));
            removed = static_cast<std::size_t>(cache.prune.exec());
        });
        if (!done) return tl::unexpected(done.error());
        return removed;
    }

    Result<bool> remove(const std::string& domain) {
        commit();
        bool removed = false;
        const auto done = on_disk(Access::write, [&](OpenCache& cache) {
            const Finished finished(cache.remove);
            cache.remove.bind(1, domain);
            removed = cache.remove.exec() > 0;
        });
        if (!done) return tl::unexpected(done.error());
        return removed;
    }

    Result<std::vector<DomainRecord>> list(const std::string& after, std::size_t most) {
        return rows(&OpenCache::list, [&](SQLite::Statement& list) {
            list.bind(1, after);
            list.bind(2, static_cast<std::int64_t>(most));
        });
    }

    Result<std::vector<DomainRecord>> ending(Among which, WallTime now, std::size_t most) {
        const auto statement = which == Among::failing ? &OpenCache::failing : &OpenCache::ending;
        return rows(statement, [&](SQLite::Statement& ending) {
            ending.bind(1, to_sql(now));
            ending.bind(2, static_cast<std::int64_t>(most));
        });
    }

    Result<PolicyCounts> count(const std::string& after, std::size_t most, WallTime now) {
        PolicyCounts counts;
        const auto done = on_disk(Access::read, [&](OpenCache& cache) {
            const Finished finished(cache.count);
            cache.count.bind(1, after);
            cache.count.bind(2, static_cast<std::int64_t>(most));
            cache.count.bind(3, to_sql(now));
            cache.count.executeStep();
            counts = read_counts(cache.count);
        });
        if (!done) return tl::unexpected(done.error());
        return counts;
    }

    const StoreFigures& figures() const { return figures_; }
    unsigned losses() const { return losses_; }

    void close() {
        commit();
        cache_.reset();
        closed_ = true;
    }

private:
    struct Waiting {
        DomainRecord record;
        Handler handler;
    };

    // Everything that one of sql::rows gives, with what `bind` binds.
    template <class Bind>
    Result<std::vector<DomainRecord>> rows(SQLite::Statement OpenCache::*statement, const Bind& bind) {
        std::vector<DomainRecord> read;
        const auto done = on_disk(Access::read, [&](OpenCache& cache) {
            read.clear();
            SQLite::Statement& row = cache.*statement;
            const Finished finished(row);
            bind(row);
            while (row.executeStep()) read.push_back(read_row(row, read_domain(row)));
        });
        if (!done) return tl::unexpected(done.error());
        return read;
    }

    // try_on_disk(), counted.
    template <class Work>
    Result<void> on_disk(Access access, const Work& work) {
        const bool reads = access == Access::read;
        Result<void> done = try_on_disk(reads ? "read" : "written", work);
        if (!done && done.error().code == Errc::stopped) return done;
        (reads ? figures_.read_trouble : figures_.write_trouble) = done ? "" : done.error().detail;
        if (!done) ++(reads ? figures_.failed_reads : figures_.failed_writes);
        if (done && !reads) ++figures_.commits;
        return done;
    }

    // Does `work` on the open file; if that turns out to be broken, on an empty one in its place.
    template <class Work>
    Result<void> try_on_disk(const char* done, const Work& work) try {
        if (closed_) return failure(Errc::stopped, "the cache is closed");
        try {
            work(open_cache());
        } catch (const SQLite::Exception& error) {
            if (!says_broken(error) || file_.in_memory_only() || broken_ >= max_losses) throw;
            begin_anew(error.what());
            work(open_cache());
        }
        return {};
    } catch (const std::exception& error) {
        return failure(Errc::temporary, std::string("the cache cannot be ") + done + ": " + error.what());
    }

    // If none could be opened in place of a previous one, it is tried again each time.
    OpenCache& open_cache() {
        if (cache_ && !cache_->in_place()) {
            say(LogLevel::error, Topic::cache, "{} was removed or replaced; going on with what is there now",
                cache_->path);
            former_ = cache_->files;
            cache_.reset();
            ++losses_;
        }
        if (former_) file_.part_with(*former_);
        former_.reset();
        if (!cache_) cache_ = file_.open();
        return *cache_;
    }

    void begin_anew(const char* why) {
        // What is moved aside must be as it was found.
        if (cache_)
            sqlite3_db_config(cache_->database.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
        cache_.reset();
        file_.move_aside(why);
        ++broken_;
        ++losses_;
    }

    // Once per turn, the loop puts everything since the last turn into one transaction.
    void commit() {
        const auto puts = std::exchange(waiting_, {});
        if (puts.empty()) return;
        const Result<void> result = on_disk(Access::write, [&](OpenCache& cache) {
            SQLite::Transaction transaction(cache.database);
            for (const auto& put : puts) {
                const Finished finished(cache.upsert);
                bind_row(cache.upsert, put->record);
                cache.upsert.exec();
            }
            transaction.commit();
        });
        for (const auto& put : puts) finish(std::move(put->handler), result);
    }

    void finish(Handler handler, Result<void> result) {
        asio::post(executor_, [handler = std::move(handler), result = std::move(result)]() mutable {
            std::move(handler)(std::move(result));
        });
    }

    asio::any_io_executor executor_;
    CacheFile file_;
    std::unique_ptr<OpenCache> cache_;
    std::optional<CacheFiles> former_;  // what was open, and has to be parted with
    std::vector<std::unique_ptr<Waiting>> waiting_;
    StoreFigures figures_;
    unsigned losses_ = 0;
    unsigned broken_ = 0;
    bool closed_ = false;
};

SqliteStore::SqliteStore(asio::any_io_executor executor, const std::string& path, const Clock& clock)
    : inside_(std::make_unique<Inside>(std::move(executor), path, clock)) {}

SqliteStore::~SqliteStore() = default;

Result<std::optional<DomainRecord>> SqliteStore::find(const std::string& domain) {
    return inside_->find(domain);
}

asio::awaitable<Result<void>> SqliteStore::put(DomainRecord record) {
    return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<void>)>(
        // NOLINTNEXTLINE(performance-unnecessary-value-param): moved from, which is not seen behind `auto`
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

Result<bool> SqliteStore::remove(const std::string& domain) {
    return inside_->remove(domain);
}

Result<std::vector<DomainRecord>> SqliteStore::list(const std::string& after, std::size_t most) {
    return inside_->list(after, most);
}

Result<PolicyCounts> SqliteStore::count(const std::string& after, std::size_t most, WallTime now) {
    return inside_->count(after, most, now);
}

Result<std::vector<DomainRecord>> SqliteStore::ending(Among which, WallTime now, std::size_t most) {
    return inside_->ending(which, now, most);
}

StoreFigures SqliteStore::figures() const {
    return inside_->figures();
}

unsigned SqliteStore::losses() const {
    return inside_->losses();
}

void SqliteStore::close() {
    inside_->close();
}

}  // namespace sternpost
