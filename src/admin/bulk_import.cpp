#include "bulk_import.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "import_line.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/loop/spawn.hpp"

namespace asio = boost::asio;
namespace json = boost::json;
using asio::awaitable;

namespace sternpost {

struct BulkImport::Outcomes {
    std::array<std::size_t, 3> count{};  // by Imported
    std::map<std::size_t, std::string> refused;
};

BulkImport::BulkImport(asio::any_io_executor executor, CacheOperations& cache)
    : executor_(std::move(executor)), cache_(cache) {}

awaitable<json::object> BulkImport::take(std::string lines, WallTime now) {
    const auto outcomes = std::make_shared<Outcomes>();
    const auto imports = std::make_shared<Gathering>(executor_);
    std::size_t number = 0;
    for (std::size_t at = 0; at < lines.size();) {
        const std::size_t end = std::min(lines.find('\n', at), lines.size());
        const std::string_view line = std::string_view(lines).substr(at, end - at);
        at = end + 1;
        ++number;
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        auto read = read_import_line(line, now);
        if (!read) {
            outcomes->refused.emplace(number, read.error().detail);
            continue;
        }
        spawn(executor_, "import",
              take_one(cache_, std::move(read->record), read->origin, outcomes, number, imports->join()));
    }
    co_await imports->all_ends();
    json::object result;
    result["taken"] = outcomes->count[0];
    result["kept"] = outcomes->count[1];
    result["expired"] = outcomes->count[2];
    json::array refused;
    for (const auto& [line, why] : outcomes->refused) {
        json::object& one = refused.emplace_back(json::object()).as_object();
        one["line"] = line;
        one["why"] = printable(why);
    }
    result["refused"] = std::move(refused);
    co_return result;
}

awaitable<void> BulkImport::take_one(CacheOperations& cache, DomainRecord record, Origin origin,
                                     std::shared_ptr<Outcomes> outcomes, std::size_t line,
                                     Gathering::Member) {
    const auto imported = co_await cache.import(std::move(record), origin);
    if (imported) {
        ++outcomes->count.at(static_cast<std::size_t>(*imported));
    } else {
        outcomes->refused.emplace(line, imported.error().detail);
    }
}

json::object BulkImport::summary_of(const json::object& result) {
    json::object summary = result;
    summary["refused"] = result.at("refused").as_array().size();
    return summary;
}

}  // namespace sternpost
