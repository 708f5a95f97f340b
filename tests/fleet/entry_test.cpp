// What relays tell each other is remote input: only what is whole, valid and of now is taken.
#include "fleet/entry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sternpost/fleet/redis_fleet.hpp"

namespace sternpost {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);
constexpr const char* body =
    "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n";

CachedPolicy fetched_at(WallTime time, std::string text = body) {
    CachedPolicy policy;
    policy.id = "20261201";
    policy.body = std::move(text);
    policy.policy = read_policy(policy.body).value();
    policy.fetched = time;
    return policy;
}

std::string entry_of(WallTime time) {
    return policy_entry("example.com", fetched_at(time), "mx2.example.org");
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const auto at = text.find(what);
    if (at == std::string::npos) throw std::invalid_argument(what);
    return text.replace(at, what.size(), with);
}

std::string cause_of(const std::string& text, const std::string& domain = "example.com") {
    const auto read = read_policy_entry(text, domain, now);
    return read ? "taken" : std::string(read.error().cause);
}

TEST(PolicyEntry, ComesBackAsItWas) {
    const auto read = read_policy_entry(entry_of(now - 1h), "example.com", now);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->id, "20261201");
    EXPECT_EQ(read->body, body);
    EXPECT_EQ(read->fetched, now - 1h);
    EXPECT_EQ(read->expires(), now - 1h + 604800s);
    EXPECT_EQ(read->learnt_by, "mx2.example.org");
    EXPECT_EQ(read->policy.mx.size(), 2U);
}

TEST(PolicyEntry, CanBeReadByPeople) {
    EXPECT_THAT(entry_of(now), HasSubstr("domain example.com\nid 20261201\nmode enforce\nmx mx1.example.com\n"
                                         "mx *.example.net\nmax_age 604800\n"));
}

TEST(PolicyEntry, IsOfOneDomain) {
    EXPECT_EQ(cause_of(entry_of(now), "example.org"), "malformed");
}

// No policy outlives its max_age (RFC 8461 section 3.2), whatever a clock says.
TEST(PolicyEntry, HasItsTime) {
    EXPECT_EQ(cause_of(entry_of(now - 604800s)), "expired");
    EXPECT_EQ(cause_of(entry_of(now - 604799s)), "taken");
    EXPECT_EQ(cause_of(entry_of(now + fleet_clock_skew)), "taken");
    EXPECT_EQ(cause_of(entry_of(now + fleet_clock_skew + 1s)), "future");
    EXPECT_EQ(cause_of(entry_of(now + 1h)), "future");
    EXPECT_EQ(read_policy_entry(entry_of(now + 3s), "example.com", now)->fetched, now);
}

TEST(PolicyEntry, CannotBeStretched) {
    const std::string good = entry_of(now);
    const auto seconds = [](WallTime time) { return std::to_string(time.time_since_epoch().count()); };
    const std::string expires = "expires " + seconds(now + 604800s);
    EXPECT_EQ(cause_of(replaced(good, expires, "expires " + seconds(now + 604801s))), "malformed");
    EXPECT_EQ(cause_of(replaced(good, "max_age 604800", "max_age 604801")), "malformed");
    EXPECT_EQ(cause_of(replaced(good, "max_age 604800", "max_age -1")), "malformed");
    EXPECT_EQ(cause_of(replaced(good, "max_age 604800", "max_age 99999999999999999999")), "malformed");
}

TEST(PolicyEntry, SaysWhatItsFileSays) {
    const std::string good = entry_of(now);
    EXPECT_EQ(cause_of(replaced(good, "mode enforce", "mode none")), "malformed");
    EXPECT_EQ(cause_of(replaced(good, "mx mx1.example.com\n", "")), "malformed");
    EXPECT_EQ(cause_of(replaced(good, "mx mx1.example.com", "mx mx9.example.com")), "malformed");
    EXPECT_EQ(cause_of(replaced(good, "mode: enforce", "mode: testing")), "malformed");
    EXPECT_EQ(cause_of(replaced(good, "version: STSv1", "version: STSv2")), "malformed");
}

TEST(PolicyEntry, IsWholeOrNothing) {
    const std::string good = entry_of(now);
    for (std::size_t size = 0; size < good.size() - 2; ++size)
        EXPECT_EQ(cause_of(good.substr(0, size)), "malformed") << size;
    EXPECT_EQ(cause_of(replaced(good, "id 20261201", "id 2026-12-01")), "malformed");
    EXPECT_EQ(cause_of(replaced(good, "id 20261201", "id " + std::string(33, '1'))), "malformed");
    EXPECT_EQ(cause_of(replaced(good, "relay mx2.example.org", "relay \x1b[31m")), "malformed");
    EXPECT_EQ(cause_of(replaced(good, "sternpost-policy 1", "sternpost-policy 2")), "malformed");
}

TEST(PolicyEntry, HasABound) {
    EXPECT_EQ(cause_of(entry_of(now) + std::string(max_shared_entry_bytes, ' ')), "oversized");
    EXPECT_EQ(cause_of(entry_of(now) + std::string(max_policy_bytes, '\n')), "oversized");
}

SharedFailure failure_until(WallTime next_try) {
    SharedFailure failure;
    failure.failed.id = "1";
    failure.failed.count = 2;
    failure.failed.next_try = next_try;
    failure.failed.reason = "HTTP status 404\ninstead of 200";
    failure.at = now - 1min;
    failure.proven = true;
    return failure;
}

TEST(FailureEntry, ComesBackInOneLine) {
    const auto read = read_failure_entry(failure_entry("example.com", failure_until(now + 5min), "mx2"),
                                         "example.com", now);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->failed.id, "1");
    EXPECT_EQ(read->failed.count, 2);
    EXPECT_EQ(read->failed.next_try, now + 5min);
    EXPECT_EQ(read->failed.reason, R"(HTTP status 404\x0ainstead of 200 (told by mx2))");
    EXPECT_TRUE(read->proven);
}

TEST(FailureEntry, HasItsTime) {
    const auto cause = [](WallTime next_try, const std::string& domain = "example.com") {
        const auto read =
            read_failure_entry(failure_entry("example.com", failure_until(next_try), "mx2"), domain, now);
        return read ? "taken" : std::string(read.error().cause);
    };
    EXPECT_EQ(cause(now + 5min), "taken");
    EXPECT_EQ(cause(now), "expired");
    EXPECT_EQ(cause(now + 24h), "taken");
    EXPECT_EQ(cause(now + 25h), "future");
    EXPECT_EQ(cause(now + 5min, "example.org"), "malformed");
}

TEST(NewsText, ComesBack) {
    const News news{"5f0c", "example.com", now};
    const auto read = read_news(news_text(news));
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->teller, "5f0c");
    EXPECT_EQ(read->domain, "example.com");
    EXPECT_EQ(read->fetched, now);
    EXPECT_FALSE(read_news(news_text(news) + "more\n"));
    EXPECT_FALSE(read_news(news_text({"5f0c", "not a domain", now})));
}

}  // namespace
}  // namespace sternpost
