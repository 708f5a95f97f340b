// A row of the cache file, and what it says as a value.
//
// Threads: those of the connection.
// Errors:  SQLite::Exception as SQLiteCpp throws it; SQLITE_CORRUPT for a row that is not as this program writes
//          it.
#pragma once

#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <string>

#include "sternpost/store/policy_store.hpp"

namespace sternpost {

// Seconds since 1970, as all times in the file.
std::int64_t to_sql(WallTime time);

// From the row that sql::select, or another one of sql::rows, is at.
DomainRecord read_row(SQLite::Statement& row, const std::string& domain);

// From the row that any of them, sql::due or sql::from_the_future is at.
std::string read_domain(SQLite::Statement& row);

// From the row that sql::count gives.
PolicyCounts read_counts(SQLite::Statement& row);

// Into the parameters of sql::upsert.
void bind_row(SQLite::Statement& upsert, const DomainRecord& record);

}  // namespace sternpost
