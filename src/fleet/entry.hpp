// What relays tell each other, as texts: one field per line in a fixed order, so that an operator can read it, and the
// policy file after an empty line, byte for byte. The seal covers all of it.
//
//   sternpost-policy 1           sternpost-failure 1          sternpost-news 1
//   domain example.com           domain example.com           teller 5f0c…
//   id 20261201                  id 20261201                  domain example.com
//   mode enforce                 count 1                      fetched 1764547200
//   mx mx1.example.com           next_try 1764547500
//   max_age 604800               at 1764547200
//   fetched 1764547200           proven yes
//   expires 1765152000           relay mx2.example.net
//   relay mx2.example.net        reason HTTP status 404 instead of 200
//
//   version: STSv1…
//
// Threads: any; pure.
// Errors:  in Error::cause one of fleet_ignored_reasons; `detail` says in words what is wrong.
#pragma once

#include <string>
#include <string_view>

#include "sternpost/fleet/fleet.hpp"

namespace sternpost {

// Twice a policy file, since its hosts are in the entry twice, and what is around them.
inline constexpr std::size_t max_shared_entry_bytes = 2 * max_policy_bytes + 2048;
inline constexpr std::size_t max_shared_reason = 300;
// Of a failure: the longest https.retry that is allowed. Anything further off was set by a clock that is wrong.
inline constexpr std::chrono::hours longest_shared_wait{24};

struct News {
    std::string teller;  // a number of that relay's process
    std::string domain;
    WallTime fetched{};  // WallTime(): nothing new, except that a lease has ended
};

std::string policy_entry(const std::string& domain, const CachedPolicy& policy, const std::string& relay);
// For that very domain. A policy that a clock slightly ahead of ours has dated in the future counts as fetched now.
Result<CachedPolicy> read_policy_entry(std::string_view text, const std::string& domain, WallTime now);

std::string failure_entry(const std::string& domain, const SharedFailure& failure, const std::string& relay);
Result<SharedFailure> read_failure_entry(std::string_view text, const std::string& domain, WallTime now);

std::string news_text(const News& news);
Result<News> read_news(std::string_view text);

}  // namespace sternpost
