// The policy cache in one SQLite file (WAL, synchronous=FULL).
//
// A file that is no database, or a damaged one, is moved aside (PATH.broken-DATE, with its -wal and -shm),
// never overwritten, and an empty one is begun; the log says so. A file of a newer schema, one that another
// daemon holds, and one that cannot be opened for lack of rights or room stop the start instead: there is
// nothing wrong with the file.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <memory>

#include "sternpost/store/policy_store.hpp"

namespace sternpost {

// Puts that wait for a commit; beyond it a put is Errc::overloaded.
inline constexpr std::size_t max_waiting_puts = 10'000;

class SqliteStore final : public PolicyStore {
public:
    // `path`: a file, or ":memory:". Throws std::runtime_error with file and remedy when it cannot be opened.
    // `now` names the file that a broken one is moved to.
    SqliteStore(boost::asio::any_io_executor executor, const std::string& path, WallTime now);
    ~SqliteStore() override;

    Result<std::optional<DomainRecord>> find(const std::string& domain) override;
    boost::asio::awaitable<Result<void>> put(DomainRecord record) override;
    Result<std::vector<std::string>> due_for_refresh(WallTime now, WallTime used_since,
                                                     std::size_t most) override;
    Result<std::size_t> prune(const PruneLimits& limits, std::size_t most) override;

    // Commits what waits; later calls are Errc::stopped.
    void close();

private:
    class Inside;
    std::unique_ptr<Inside> inside_;
};

}  // namespace sternpost
