#include "row.hpp"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <limits>
#include <utility>
#include <vector>

#include "statements.hpp"
#include "sternpost/policy/host_name.hpp"

namespace sternpost {

namespace {

namespace column = sql::column;

// Far enough for any clock, and near enough to calculate with.
constexpr std::int64_t furthest_time = std::numeric_limits<std::int64_t>::max() / 4;
constexpr std::int64_t most_failures = std::numeric_limits<int>::max();

void demand(bool holds, const std::string& domain) {
    if (!holds) throw SQLite::Exception("the row of " + domain + " is damaged", SQLITE_CORRUPT);
}

std::int64_t number_from(const SQLite::Column& column, std::int64_t least, std::int64_t most,
                         const std::string& domain) {
    const std::int64_t value = column.getInt64();
    demand(column.isInteger() && value >= least && value <= most, domain);
    return value;
}

WallTime time_from(const SQLite::Column& column, const std::string& domain) {
    return WallTime(std::chrono::seconds(number_from(column, -furthest_time, furthest_time, domain)));
}

std::optional<WallTime> time_if_any(const SQLite::Column& column, const std::string& domain) {
    if (column.isNull()) return {};
    return time_from(column, domain);
}

std::string join(const std::vector<MxPattern>& patterns) {
    std::string lines;
    for (const MxPattern& pattern : patterns) lines += pattern.text() + "\n";
    return lines;
}

std::vector<MxPattern> patterns_from(const std::string& lines, const std::string& domain) {
    std::vector<MxPattern> patterns;
    for (std::size_t at = 0; at < lines.size();) {
        const std::size_t end = lines.find('\n', at);
        auto pattern = MxPattern::from(lines.substr(at, end - at));
        demand(pattern && end != std::string::npos, domain);
        patterns.push_back(std::move(*pattern));
        at = end + 1;
    }
    return patterns;
}

Mode mode_from(const std::string& text, const std::string& domain) {
    const auto mode = mode_of(text);
    demand(mode.has_value(), domain);
    return *mode;
}

CachedPolicy policy_from(SQLite::Statement& row, const std::string& domain) {
    CachedPolicy cached;
    cached.id = row.getColumn(column::id).getString();
    cached.policy.mode = mode_from(row.getColumn(column::mode).getString(), domain);
    cached.policy.mx = patterns_from(row.getColumn(column::mx).getString(), domain);
    demand(!cached.policy.mx.empty() || cached.policy.mode == Mode::none, domain);
    cached.policy.max_age =
        std::chrono::seconds(number_from(row.getColumn(column::max_age), 0, max_max_age.count(), domain));
    cached.body = row.getColumn(column::body).getString();
    cached.fetched = time_from(row.getColumn(column::fetched), domain);
    cached.learnt_by = row.getColumn(column::learnt_by).getString();
    return cached;
}

FailedFetch failure_from(SQLite::Statement& row, const std::string& domain) {
    FailedFetch failed;
    failed.id = row.getColumn(column::failed_id).getString();
    failed.count = static_cast<int>(number_from(row.getColumn(column::failures), 0, most_failures, domain));
    failed.next_try = time_from(row.getColumn(column::next_try), domain);
    failed.reason = row.getColumn(column::failed_why).getString();
    return failed;
}

void bind_policy(SQLite::Statement& upsert, const DomainRecord& record) {
    const auto& cached = record.policy;
    if (!cached) return;
    upsert.bind(2, cached->id);
    upsert.bind(3, std::string(to_string(cached->policy.mode)));
    upsert.bind(4, join(cached->policy.mx));
    upsert.bind(5, static_cast<std::int64_t>(cached->policy.max_age.count()));
    upsert.bind(6, cached->body.data(), static_cast<int>(cached->body.size()));
    upsert.bind(7, to_sql(cached->fetched));
    upsert.bind(8, to_sql(cached->expires()));
    if (record.refresh_at) upsert.bind(15, to_sql(*record.refresh_at));
    if (!cached->learnt_by.empty()) upsert.bind(16, cached->learnt_by);
}

void bind_failure(SQLite::Statement& upsert, const std::optional<FailedFetch>& failed) {
    if (!failed) return;
    upsert.bind(10, failed->id);
    upsert.bind(11, failed->count);
    upsert.bind(12, to_sql(failed->next_try));
    upsert.bind(13, failed->reason);
}

}  // namespace

std::int64_t to_sql(WallTime time) {
    return time.time_since_epoch().count();
}

DomainRecord read_row(SQLite::Statement& row, const std::string& domain) {
    DomainRecord record;
    record.domain = domain;
    if (!row.getColumn(column::mode).isNull()) record.policy = policy_from(row, domain);
    record.last_used = time_from(row.getColumn(column::last_used), domain);
    if (!row.getColumn(column::failed_id).isNull()) record.failed = failure_from(row, domain);
    record.dane_seen = time_if_any(row.getColumn(column::dane_seen), domain);
    record.refresh_at = time_if_any(row.getColumn(column::refresh_at), domain);
    return record;
}

std::string read_domain(SQLite::Statement& row) {
    std::string domain = row.getColumn(column::domain).getString();
    demand(valid_domain(domain), "a domain whose name is none");
    return domain;
}

PolicyCounts read_counts(SQLite::Statement& row) {
    const auto number = [&row](int column) {
        return static_cast<std::size_t>(row.getColumn(column).getInt64());
    };
    PolicyCounts counts;
    for (std::size_t mode = 0; mode < counts.unexpired.size(); ++mode)
        counts.unexpired[mode] = number(static_cast<int>(mode));
    counts.expired = number(3);
    counts.failing = number(4);
    counts.ending = number(5);
    counts.domains = number(6);
    counts.last = row.getColumn(7).getString();
    return counts;
}

void bind_row(SQLite::Statement& upsert, const DomainRecord& record) {
    upsert.clearBindings();
    upsert.bind(1, record.domain);
    bind_policy(upsert, record);
    upsert.bind(9, to_sql(record.last_used));
    bind_failure(upsert, record.failed);
    if (record.dane_seen) upsert.bind(14, to_sql(*record.dane_seen));
}

}  // namespace sternpost
