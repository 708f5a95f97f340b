// The tables of the cache file, by version (`PRAGMA user_version`).
//
// Threads: those of the connection.
// Errors:  SQLite::Exception as SQLiteCpp throws it; std::runtime_error for a file that a newer sternpostd
//          wrote.
#pragma once

#include <SQLiteCpp/Database.h>

namespace sternpost {

inline constexpr int schema_version = 4;

// Sets the pragmas, and brings an empty or older file forward to schema_version in one transaction.
void prepare_schema(SQLite::Database& database);

}  // namespace sternpost
