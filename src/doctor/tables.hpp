// Lists and tables as Postfix writes them in main.cf.
//
// Threads: any; pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sternpost {

// At white space and commas that are not within braces (Postfix's mystrtokq()).
std::vector<std::string> split_list(std::string_view list);
std::string to_list(const std::vector<std::string>& words, std::string_view between = ", ");

// One table of a list: "socketmap:inet:127.0.0.1:8461:sts" is the type "socketmap" and the rest.
struct Table {
    std::string text;
    std::string type;  // for "proxy:hash:/x": "proxy"
    std::string rest;
};
Table to_table(std::string_view text);
std::vector<Table> to_tables(std::string_view list);

struct Socketmap {
    std::string text;      // as the list has it, without proxy:
    std::string endpoint;  // "inet:HOST:PORT" or "unix:PATH"
    std::string map;
    bool proxied = false;  // behind proxy:
    bool nested = false;   // within unionmap: or pipemap:
};
// Those that a table asks, itself or through what it wraps.
std::vector<Socketmap> socketmaps_of(const Table& table);
// What is left of a table when these are taken out; empty: nothing; nullopt: it is a pipemap: with other tables too,
// which would no longer do what it did.
std::optional<std::string> without_socketmaps(const Table& table);
// The list with `with` wherever it has the socketmap `text`, including within other tables.
std::string replaced(std::string_view list, std::string_view text, std::string_view with);

// The keys and values of an inline: table; none of any other.
std::vector<std::pair<std::string, std::string>> inline_entries(const Table& table);

}  // namespace sternpost
