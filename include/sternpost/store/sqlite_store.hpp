// The policy cache in one SQLite file (WAL, synchronous=FULL).
//
// One daemon per file: PATH.lock is held while the store lives. Others, such as sqlite3(1) or a backup, may read the
// database; if one of them writes, it is waited for, but not for long.
//
// A file that is not a database, or a damaged one, is moved aside (PATH.broken-DATE, with its -wal and -shm), never
// overwritten, and an empty one is begun; the log says so. This happens at start, and also when damage is met later:
// what was to be put is then put into the new file, and losses() counts it. A file with a newer schema, one that
// another daemon holds, and one that cannot be opened for lack of rights or room prevent the start instead: there is
// nothing wrong with the file.
//
// When somebody removes or replaces the file, or its -wal, the store goes on with what is there then.
//
// A disk that is later full, read-only or broken is Errc::temporary until it works again. One that hangs blocks the
// thread, and so everything that is not answered from memory.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <memory>

#include "sternpost/store/policy_store.hpp"

namespace sternpost {

// Puts that wait for a commit; beyond that a put is Errc::overloaded.
inline constexpr std::size_t max_waiting_puts = 10'000;

// Broken files that are moved aside after the start: a disk that breaks each new one must not be filled with them.
inline constexpr unsigned max_losses = 10;

class SqliteStore final : public PolicyStore {
public:
    // `path`: a file, or ":memory:". Throws std::runtime_error with file and remedy when it cannot be opened.
    SqliteStore(boost::asio::any_io_executor executor, const std::string& path, const Clock& clock);
    ~SqliteStore() override;

    Result<std::optional<DomainRecord>> find(const std::string& domain) override;
    boost::asio::awaitable<Result<void>> put(DomainRecord record) override;
    Result<std::vector<std::string>> due_for_refresh(WallTime now, WallTime used_since,
                                                     std::size_t most) override;
    Result<std::size_t> prune(const PruneLimits& limits, std::size_t most) override;
    Result<bool> remove(const std::string& domain) override;
    Result<std::vector<DomainRecord>> list(const std::string& after, std::size_t most) override;
    Result<PolicyCounts> count(const std::string& after, std::size_t most, WallTime now) override;
    Result<std::vector<DomainRecord>> ending(Among which, WallTime now, std::size_t most) override;
    StoreFigures figures() const override;
    unsigned losses() const override;

    // Commits what waits; later calls are Errc::stopped.
    void close();

private:
    class Inside;
    std::unique_ptr<Inside> inside_;
};

}  // namespace sternpost
