#include "cache_file.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "schema.hpp"
#include "sternpost/log/log.hpp"

namespace fs = std::filesystem;

namespace sternpost {

namespace {

constexpr std::chrono::milliseconds busy_timeout{500};
constexpr mode_t lock_mode = 0640;
constexpr const char* give_it = "give its folder and the file to the user that sternpostd runs as";

// The file itself: -wal, -shm and .lock are beside it, not beside a link to it.
std::string real_path(const std::string& path) {
    if (path == in_memory) return path;
    std::error_code ignored;
    const fs::path real = fs::weakly_canonical(path, ignored);
    return real.empty() ? path : real.string();
}

std::string remedy(int error) {
    switch (error) {
        case EACCES:
        case EPERM:
            return give_it;
        case ENOENT:
        case ENOTDIR:
            return "make its folder, and give it to the user that sternpostd runs as";
        case EROFS:
            return "mount its disk writable";
        case ENOSPC:
        case EDQUOT:
            return "make room on the disk";
        default:
            return "see [cache] path";
    }
}

std::string remedy(const SQLite::Exception& error) {
    switch (error.getErrorCode()) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return "another process writes to it and does not end";
        case SQLITE_READONLY:
            return std::string(give_it) + ", and mount its disk writable";
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
            return give_it;
        case SQLITE_FULL:
            return "make room on the disk";
        case SQLITE_IOERR:
            return "make room on its disk, or if there is some, see what the kernel's log says of it";
        default:
            return "see [cache] path";
    }
}

std::runtime_error cannot_be_opened(const std::string& path, const std::string& why) {
    return std::runtime_error("the cache " + path + " cannot be opened: " + why);
}

SQLite::Database open_database(const std::string& path, Index index) {
    SQLite::Database database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE,
                              static_cast<int>(busy_timeout.count()));
    // SQLite silently opens what it may not write for reading.
    if (sqlite3_db_readonly(database.getHandle(), "main") == 1)
        throw SQLite::Exception("it may be read, but not written", SQLITE_READONLY);
    if (index == Index::in_process) database.exec("PRAGMA locking_mode = EXCLUSIVE");
    prepare_schema(database);
    return database;
}

bool same_file(const FileState& one, const FileState& other) {
    return one.device == other.device && one.inode == other.inode;
}

// "" when the file does not say.
std::string holder(int lock) {
    std::array<char, 16> text{};
    const ssize_t length = ::pread(lock, text.data(), text.size() - 1, 0);
    pid_t pid = 0;
    if (length > 0) std::from_chars(text.data(), text.data() + length, pid);
    return pid > 0 ? " (process " + std::to_string(pid) + ")" : "";
}

}  // namespace

OpenCache::OpenCache(const std::string& name, Index index)
    : path(name), database(open_database(name, index)) {}

bool OpenCache::in_place() const {
    return same_file(state_of(path), files.database) && same_file(state_of(path + "-wal"), files.log);
}

bool says_broken(const SQLite::Exception& error) {
    return error.getErrorCode() == SQLITE_NOTADB || error.getErrorCode() == SQLITE_CORRUPT;
}

CacheFile::CacheFile(const std::string& path, const Clock& clock) : path_(real_path(path)), clock_(clock) {
    if (!in_memory_only()) lock();
}

CacheFile::~CacheFile() {
    if (lock_ >= 0) ::close(lock_);
}

void CacheFile::lock() {
    std::error_code ignored;
    if (fs::exists(path_, ignored) && !fs::is_regular_file(path_, ignored))
        throw cannot_be_opened(path_, "it is no file; move it away, or set [cache] path");
    const std::string name = path_ + ".lock";
    lock_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, lock_mode);
    if (lock_ < 0) {
        const std::error_code error(errno, std::generic_category());
        throw cannot_be_opened(path_, name + ": " + error.message() + "; " + remedy(error.value()));
    }
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
        const std::error_code error(errno, std::generic_category());
        const std::string by = holder(lock_);
        ::close(lock_);
        if (error != std::errc::operation_would_block)
            throw cannot_be_opened(path_, name + ": " + error.message() + "; " + remedy(error.value()));
        throw std::runtime_error("the cache " + path_ + " is held by another sternpostd" + by +
                                 ": end that one, or set another [cache] path");
    }
    // On a full disk, the next one does not learn who holds it.
    const std::string pid = std::to_string(::getpid()) + "\n";
    [[maybe_unused]] const bool told =
        ::ftruncate(lock_, 0) == 0 && ::write(lock_, pid.data(), pid.size()) > 0;
}

std::unique_ptr<OpenCache> CacheFile::open_at_start() {
    try {
        try {
            return open();
        } catch (const SQLite::Exception& error) {
            if (error.getErrorCode() == SQLITE_IOERR && !in_memory_only()) return open_without_index(error);
            // SQLITE_ERROR: its tables are not the ones that its schema version promises.
            if ((!says_broken(error) && error.getErrorCode() != SQLITE_ERROR) || in_memory_only()) throw;
            move_aside(error.what());
            return open();
        }
    } catch (const SQLite::Exception& error) {
        throw cannot_be_opened(path_, std::string(error.what()) + "; " + remedy(error));
    } catch (const std::exception& error) {
        throw cannot_be_opened(path_, error.what());
    }
}

// A full disk has no room for the file of the index, but all that was learnt can still be read.
std::unique_ptr<OpenCache> CacheFile::open_without_index(const SQLite::Exception& why) {
    auto opened = std::make_unique<OpenCache>(path_, Index::in_process);
    say(LogLevel::error, Topic::cache,
        "{} can be read, but probably not written ({}): make room on its disk; until the next start nobody "
        "else can read it",
        path_, why.what());
    return opened;
}

void CacheFile::part_with(const CacheFiles& former) {
    const std::string name = path_ + "-wal";
    const bool replaced = !same_file(state_of(path_), former.database);
    if (!replaced || !same_file(state_of(name), former.log) || !fs::exists(name)) return;
    const std::string aside = free_name("replaced") + "-wal";
    fs::rename(name, aside);
    say(LogLevel::warning, Topic::cache, "the log of the former file was moved to {}", aside);
}

// PATH.WHY-DATE, a name that is still free.
std::string CacheFile::free_name(const char* why) const {
    const std::string begin = path_ + "." + why + "-" + to_iso8601(clock_.wall());
    std::string name = begin;
    for (int i = 2; fs::exists(name) || fs::exists(name + "-wal"); ++i)
        name = begin + "-" + std::to_string(i);
    return name;
}

void CacheFile::move_aside(const char* why) {
    const std::string aside = free_name("broken");
    // The log first: an empty database must never meet the log of a previous one.
    for (const char* suffix : {"-wal", "-shm", ""})
        if (fs::exists(path_ + suffix)) fs::rename(path_ + suffix, aside + suffix);
    say(LogLevel::error, Topic::cache, "{} is broken ({}) and was moved to {}; an empty one is begun", path_,
        why, aside);
}

}  // namespace sternpost
