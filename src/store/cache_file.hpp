// The cache's file: held against other daemons, opened, and moved aside when it is broken.
//
// PATH.lock is locked by flock(2) and contains the holder's process id; it stays when the holder has gone, and then
// means nothing. The database itself has no lock of ours: SQLite's are POSIX locks, which the process loses when it
// closes any descriptor of the file.
//
// Ownership: SqliteStore owns the only one.
// Threads:   those of the store.
// Errors:    SQLite::Exception from open(), or std::runtime_error if a newer sternpostd wrote the file; std::runtime_error
//            with the remedy from the constructor, std::system_error from move_aside() and part_with().
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>

#include <memory>
#include <string>

#include "statements.hpp"
#include "sternpost/base/file_state.hpp"
#include "sternpost/base/time.hpp"

namespace sternpost {

inline constexpr const char* in_memory = ":memory:";

struct CacheFiles {
    FileState database;
    FileState log;
};

// Of the database's log. In a file, other processes may read the database, too.
enum class Index { in_file, in_process };

// An open file whose schema is ready.
struct OpenCache {
    explicit OpenCache(const std::string& path, Index index = Index::in_file);
    // False if somebody has removed or replaced what is open: nothing that is written would then be found again.
    bool in_place() const;

    const std::string path;
    SQLite::Database database;
    SQLite::Statement select{database, sql::select};
    SQLite::Statement upsert{database, sql::upsert};
    SQLite::Statement due{database, sql::due};
    SQLite::Statement from_the_future{database, sql::from_the_future};
    SQLite::Statement prune{database, sql::prune};
    SQLite::Statement list{database, sql::list};
    SQLite::Statement count{database, sql::count};
    SQLite::Statement ending{database, sql::ending};
    SQLite::Statement failing{database, sql::failing};
    SQLite::Statement remove{database, sql::remove};
    const CacheFiles files{state_of(path), state_of(path + "-wal")};
};

// Whether the file is damaged, rather than out of reach.
bool says_broken(const SQLite::Exception& error);

class CacheFile {
public:
    CacheFile(const std::string& path, const Clock& clock);
    ~CacheFile();
    CacheFile(const CacheFile&) = delete;
    CacheFile& operator=(const CacheFile&) = delete;

    // At start: an empty file takes the place of a broken one. Throws std::runtime_error with the remedy.
    std::unique_ptr<OpenCache> open_at_start();
    std::unique_ptr<OpenCache> open() { return std::make_unique<OpenCache>(path_); }
    // `former` was open, and is to be no more. Where another file has taken its place, its log must not be
    // read into that one, and goes to PATH.replaced-DATE-wal; a log that came with the file stays. Throws as move_aside().
    void part_with(const CacheFiles& former);
    // To PATH.broken-DATE, with its -wal and -shm; nothing may have it open. `why` goes to the log.
    void move_aside(const char* why);
    bool in_memory_only() const { return path_ == in_memory; }

private:
    void lock();
    std::unique_ptr<OpenCache> open_without_index(const SQLite::Exception& why);
    std::string free_name(const char* why) const;

    std::string path_;
    const Clock& clock_;
    int lock_ = -1;
};

}  // namespace sternpost
