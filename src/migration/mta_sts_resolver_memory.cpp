#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <optional>

#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/migration/memory.hpp"

namespace fs = std::filesystem;
namespace json = boost::json;

namespace sternpost {

namespace {

constexpr std::chrono::seconds busy_timeout{5};
constexpr std::size_t max_depth = 4;

std::string percent_encoded(const std::string& path) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text;
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_letter_or_digit(c) || std::string_view("/._-").find(c) != std::string_view::npos)
            text += c;
        else
            text.append("%").append(1, digits[byte >> 4U]).append(1, digits[byte & 0xfU]);
    }
    return text;
}

// If there is no write log beside it, nobody has it open: it is read as it is, since SQLite would put files beside it.
std::string uri_of(const std::string& file) {
    std::error_code ignored;
    const fs::path real = fs::weakly_canonical(file, ignored);
    const bool in_use = fs::exists(real.string() + "-wal", ignored);
    return "file:" + percent_encoded(real.string()) + (in_use ? "?mode=ro" : "?immutable=1");
}

SQLite::Database open(const std::string& file) {
    SQLite::Database database(uri_of(file), SQLite::OPEN_READONLY | SQLite::OPEN_URI);
    database.setBusyTimeout(static_cast<int>(std::chrono::milliseconds(busy_timeout).count()));
    sqlite3* const handle = database.getHandle();
    ::sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, static_cast<int>(max_foreign_entry_bytes));
    // What the file says about its own tables is a stranger's word, too.
    database.exec("pragma trusted_schema = off; pragma cell_size_check = on");
    return database;
}

bool has_policies(SQLite::Database& database) {
    SQLite::Statement tables(
        database, "select 1 from sqlite_master where type = 'table' and name = 'sts_policy_cache'");
    return tables.executeStep();
}

// The policy of an entry, as fields of the line.
Result<void> add_policy(json::object& line, const std::string& text) {
    json::parse_options options;
    options.max_depth = max_depth;
    boost::system::error_code error;
    const json::value value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
    if (error) return failure(Errc::invalid, "its policy is no JSON: " + error.message());
    const json::object* policy = value.if_object();
    if (policy == nullptr) return failure(Errc::invalid, "its policy is no JSON object");
    for (const char* field : {"mode", "mx", "max_age"})
        if (const json::value* found = policy->if_contains(field)) line[field] = *found;
    return {};
}

Result<std::string> line_of(const SQLite::Statement& entry, WallTime now) {
    json::object line;
    line["domain"] = entry.getColumn(0).getString();
    line["id"] = entry.getColumn(2).getString();
    if (auto added = add_policy(line, entry.getColumn(3).getString()); !added)
        return tl::unexpected(added.error());
    const WallTime seen{std::chrono::seconds(entry.getColumn(1).getInt64())};
    if (seen > WallTime() && seen <= now) line["fetched"] = to_iso8601(seen);
    return json::serialize(line);
}

// Each entry by itself: what one of them does to SQLite does not end the others. In a damaged file SQLite may come to the
// same row again and again, for ever.
Result<void> read_entries(const std::string& file, SQLite::Database& database, WallTime now,
                          const TakeEntry& take) {
    SQLite::Statement rows(database, "select rowid from sts_policy_cache order by rowid");
    SQLite::Statement entry(database,
                            "select domain, ts, pol_id, pol_body from sts_policy_cache where rowid = ?");
    std::optional<std::int64_t> former;
    while (rows.executeStep()) {
        const std::int64_t row = rows.getColumn(0).getInt64();
        if (former && row <= *former)
            return failure(Errc::invalid, file + ": it is damaged behind row " + std::to_string(*former) +
                                              R"(; import what "sqlite3 FILE .recover" saves of it)");
        former = row;
        std::string where = "row " + std::to_string(row);
        Result<std::string> line;
        try {
            entry.tryReset();  // which a failure before this would fail, too
            entry.bind(1, row);
            if (!entry.executeStep()) continue;  // deleted meanwhile
            where += " (" + printable(entry.getColumn(0).getString(), 60) + ")";
            line = line_of(entry, now);
        } catch (const SQLite::Exception& error) {
            line = failure(Errc::invalid, "it cannot be read: " + printable(error.what()));
        }
        if (auto taken = take(std::move(where), std::move(line)); !taken) return taken;
    }
    return {};
}

}  // namespace

Result<void> read_mta_sts_resolver_cache(const std::string& file, WallTime now, const TakeEntry& take) try {
    std::error_code error;
    const auto kind = fs::status(file, error);
    if (error || !fs::exists(kind)) return failure(Errc::invalid, file + ": there is no such file");
    if (!fs::is_regular_file(kind)) return failure(Errc::invalid, file + ": it is no file");
    SQLite::Database database = open(file);
    if (!has_policies(database))
        return failure(Errc::invalid, file +
                                          ": it has no table sts_policy_cache; name the file of "
                                          "cache.options.filename in mta-sts-daemon.yml");
    return read_entries(file, database, now, take);
} catch (const SQLite::Exception& error) {
    return failure(Errc::invalid,
                   file + ": " + printable(error.what()) +
                       "; it must be the SQLite file of postfix-mta-sts-resolver, which you may read");
}

}  // namespace sternpost
