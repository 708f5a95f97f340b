// What is asked of the cache file, as SQL.
//
// Threads: any; constants.
//
// Each housekeeping query uses a single index, which a test checks: an OR over two columns would read and sort
// everything that is due.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace sternpost::sql {

// What is read of a row, in this order.
inline constexpr char columns[] = R"(
    domain, id, mode, mx, max_age, body, fetched, last_used, failed_id, failures, next_try, failed_why, dane_seen,
    refresh_at, learnt_by)";
namespace column {
enum Column : int {
    domain,
    id,
    mode,
    mx,
    max_age,
    body,
    fetched,
    last_used,
    failed_id,
    failures,
    next_try,
    failed_why,
    dane_seen,
    refresh_at,
    learnt_by
};
}

template <std::size_t size>
struct Literal {
    constexpr Literal(const char (&literal)[size]) { std::ranges::copy(literal, text); }
    char text[size]{};
};

// SELECT columns `from`.
template <Literal from>
inline constexpr auto rows = [] {
    constexpr char verb[] = "SELECT";
    std::array<char, sizeof verb + sizeof columns + sizeof from.text - 2> text{};
    char* end = std::ranges::copy_n(verb, sizeof verb - 1, text.data()).out;
    end = std::ranges::copy_n(columns, sizeof columns - 1, end).out;
    std::ranges::copy(from.text, end);
    return text;
}();

inline constexpr const char* select = rows<" FROM domain WHERE domain = ?">.data();

inline constexpr const char* list = rows<" FROM domain WHERE domain > ?1 ORDER BY domain LIMIT ?2">.data();

inline constexpr const char* count = R"(
    SELECT sum(mode = 'none' AND expires > ?3), sum(mode = 'testing' AND expires > ?3),
           sum(mode = 'enforce' AND expires > ?3), sum(expires <= ?3),
           sum(mode <> 'none' AND expires > ?3 AND failures IS NOT NULL),
           sum(mode <> 'none' AND expires > ?3 AND failures IS NOT NULL AND (expires - ?3) * 5 < max_age),
           count(*), max(domain)
    FROM (SELECT domain, mode, expires, failures, max_age FROM domain WHERE domain > ?1 ORDER BY domain LIMIT ?2))";

inline constexpr const char* ending =
    rows<" FROM domain WHERE expires > ?1 AND mode <> 'none' ORDER BY expires LIMIT ?2">.data();

inline constexpr const char* failing = rows<R"(
    FROM domain INDEXED BY domain_failing
    WHERE expires > ?1 AND failures IS NOT NULL AND mode <> 'none' ORDER BY expires LIMIT ?2)">.data();

inline constexpr const char* remove = "DELETE FROM domain WHERE domain = ?";

// A policy is replaced as a whole, and only by another one: whoever writes none may just not know of it.
inline constexpr const char* upsert = R"(
    INSERT INTO domain (domain, id, mode, mx, max_age, body, fetched, expires, last_used, failed_id,
                        failures, next_try, failed_why, dane_seen, refresh_at, learnt_by)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (domain) DO UPDATE SET
        last_used = excluded.last_used, failed_id = excluded.failed_id, failures = excluded.failures,
        next_try = excluded.next_try, failed_why = excluded.failed_why, dane_seen = excluded.dane_seen,
        id = iif(excluded.mode IS NULL, id, excluded.id),
        mode = iif(excluded.mode IS NULL, mode, excluded.mode),
        mx = iif(excluded.mode IS NULL, mx, excluded.mx),
        max_age = iif(excluded.mode IS NULL, max_age, excluded.max_age),
        body = iif(excluded.mode IS NULL, body, excluded.body),
        fetched = iif(excluded.mode IS NULL, fetched, excluded.fetched),
        expires = iif(excluded.mode IS NULL, expires, excluded.expires),
        refresh_at = iif(excluded.mode IS NULL, refresh_at, excluded.refresh_at),
        learnt_by = iif(excluded.mode IS NULL, learnt_by, excluded.learnt_by))";

// The third condition is the index's own.
inline constexpr const char* due = R"(
    SELECT domain FROM domain
    WHERE refresh_at <= ?1 AND last_used >= ?2 AND refresh_at - last_used <= 2592000
    ORDER BY refresh_at LIMIT ?3)";

// Except those whose next try is near: that was set by the clock that is right.
inline constexpr const char* from_the_future = R"(
    SELECT domain FROM domain
    WHERE fetched > ?1 AND (refresh_at IS NULL OR refresh_at > ?1 + 86400) AND last_used >= ?2
    ORDER BY fetched LIMIT ?3)";

inline constexpr const char* prune = R"(
    DELETE FROM domain WHERE domain IN (
        SELECT domain FROM domain
        WHERE expires <= ?1 AND (next_try IS NULL OR next_try < ?2) AND (dane_seen IS NULL OR dane_seen < ?3)
        UNION ALL
        SELECT domain FROM domain
        WHERE expires IS NULL AND next_try < ?2 AND (dane_seen IS NULL OR dane_seen < ?3)
        UNION ALL
        SELECT domain FROM domain
        WHERE expires IS NULL AND next_try IS NULL AND (dane_seen IS NULL OR dane_seen < ?3)
        LIMIT ?4))";

}  // namespace sternpost::sql
