// Many lines of an import at once, so that they share commits.
//
// Ownership: lives in the coroutine that awaits take(); `cache` outlives it.
// Threads:   the resolve loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <string>

#include "sternpost/loop/gathering.hpp"
#include "sternpost/resolve/cache_operations.hpp"

namespace sternpost {

class BulkImport {
public:
    BulkImport(boost::asio::any_io_executor executor, CacheOperations& cache);

    // {"taken": …, "kept": …, "expired": …, "refused": [{"line": …, "why": …}, …]}
    boost::asio::awaitable<boost::json::object> take(std::string lines, WallTime now);
    // The same, but with only the number of those refused.
    static boost::json::object summary_of(const boost::json::object& result);

private:
    struct Outcomes;
    static boost::asio::awaitable<void> take_one(CacheOperations& cache, DomainRecord record, Origin origin,
                                                 std::shared_ptr<Outcomes> outcomes, std::size_t line,
                                                 Gathering::Member);

    boost::asio::any_io_executor executor_;
    CacheOperations& cache_;
};

}  // namespace sternpost
