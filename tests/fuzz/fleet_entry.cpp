// What other relays tell, behind the seal: a policy, a failure, or news. What is taken reads the same when it is told on.
#include "fleet/entry.hpp"

#include "fleet/seal.hpp"
#include "tests/fuzz/invariant.hpp"
#include "tests/fuzz/targets.hpp"

namespace sternpost::fuzz {

namespace {

constexpr WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);
const std::string domain = "example.com";

void told_policy(std::string_view input) {
    const auto policy = read_policy_entry(input, domain, now);
    if (!policy) return must(is_printable(policy.error().detail), "a fault is printable");
    must(policy->fetched <= now && now < policy->expires(), "a policy is of now");
    const auto again = read_policy_entry(policy_entry(domain, *policy, policy->learnt_by), domain, now);
    must(again.has_value(), "a policy can be told on");
    must(again->id == policy->id && again->body == policy->body && again->fetched == policy->fetched &&
             again->learnt_by == policy->learnt_by && again->policy.mx == policy->policy.mx,
         "a policy stays the same");
}

void told_failure(std::string_view input) {
    const auto failure = read_failure_entry(input, domain, now);
    if (!failure) return must(is_printable(failure.error().detail), "a fault is printable");
    must(is_printable(failure->failed.reason), "a reason is printable");
    must(now < failure->failed.next_try, "a failure still counts");
    const auto again = read_failure_entry(failure_entry(domain, *failure, "mx2.example.org"), domain, now);
    must(again.has_value(), "a failure can be told on");
    must(again->failed.id == failure->failed.id && again->failed.count == failure->failed.count &&
             again->failed.next_try == failure->failed.next_try && again->proven == failure->proven,
         "a failure stays the same");
}

void told_news(std::string_view input) {
    const auto news = read_news(input);
    if (!news) return must(is_printable(news.error().detail), "a fault is printable");
    must(is_printable(news->domain), "a domain is printable");
    const auto again = read_news(news_text(*news));
    must(again && again->domain == news->domain && again->teller == news->teller &&
             again->fetched == news->fetched,
         "news stay the same");
}

}  // namespace

void fleet_entry(std::string_view input) {
    static const Seal seal({"the key of the fleet, thirty-two bytes or more"});
    must(!seal.open(input), "nobody seals without the key");
    must(seal.open(seal.seal(input)) == input, "what is sealed can be opened");
    told_policy(input);
    told_failure(input);
    told_news(input);
}

}  // namespace sternpost::fuzz
