#include "schema.hpp"

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Transaction.h>
#include <sqlite3.h>

#include <array>
#include <stdexcept>
#include <string>

namespace sternpost {

namespace {

// Element N brings version N to N + 1.
constexpr std::array migrations{
    R"(CREATE TABLE domain (
           domain      TEXT PRIMARY KEY,
           id          TEXT,             -- the policy; all NULL while only failures are known
           mode        TEXT CHECK (mode IN ('none', 'testing', 'enforce')),
           mx          TEXT,             -- one pattern a line
           max_age     INTEGER,          -- seconds
           body        BLOB,
           fetched     INTEGER,          -- seconds since 1970 UTC, as all times here
           expires     INTEGER,
           last_used   INTEGER NOT NULL,
           failed_id   TEXT,             -- the fetches that failed since; NULL: none did
           failures    INTEGER,
           next_try    INTEGER,
           failed_why  TEXT,
           dane_seen   INTEGER           -- when DANE was last in force
       ) WITHOUT ROWID;
       CREATE INDEX domain_by_expiry ON domain (expires);)",
    // When a policy is fetched again unasked, and the indexes for the two housekeeping queries.
    R"(ALTER TABLE domain ADD COLUMN refresh_at INTEGER;
       UPDATE domain SET refresh_at = fetched + max(300, min(86400, max_age / 2)) WHERE mode IS NOT NULL;
       DROP INDEX domain_by_expiry;
       CREATE INDEX domain_by_refresh ON domain (refresh_at, last_used)
           WHERE refresh_at - last_used <= 2592000;  -- leaves out what nobody asks for any more: 30 days
       CREATE INDEX domain_by_fetch ON domain (fetched) WHERE fetched IS NOT NULL;
       CREATE INDEX domain_by_end ON domain (expires, next_try, dane_seen);)",
    // For the list of policies that cannot be refreshed: few rows, which would otherwise be searched for among all.
    R"(CREATE INDEX domain_failing ON domain (expires) WHERE failures IS NOT NULL AND mode <> 'none';)",
    // The relay of the fleet that fetched the policy; NULL: this one.
    "ALTER TABLE domain ADD COLUMN learnt_by TEXT;",
};
static_assert(migrations.size() == schema_version);

}  // namespace

void prepare_schema(SQLite::Database& database) {
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = FULL");
    const int found = database.execAndGet("PRAGMA user_version").getInt();
    if (found < 0) throw SQLite::Exception("its schema version is none", SQLITE_CORRUPT);
    if (found > schema_version)
        throw std::runtime_error("it was written by a newer sternpostd (schema " + std::to_string(found) +
                                 ", this one knows " + std::to_string(schema_version) +
                                 "): install that version again, or move the file away");
    if (found == schema_version) return;
    SQLite::Transaction transaction(database);
    for (int version = found; version < schema_version; ++version)
        database.exec(migrations[static_cast<std::size_t>(version)]);
    database.exec("PRAGMA user_version = " + std::to_string(schema_version));
    transaction.commit();
}

}  // namespace sternpost
