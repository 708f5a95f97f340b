// One look at a domain under way, shared by all questions about it.
//
// Ownership: shared by the coroutine that flies it, its timer and the list of flights.
// Threads:   the resolve loop.
#pragma once

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <string>
#include <utility>
#include <vector>

#include "demand.hpp"
#include "memory_table.hpp"
#include "sternpost/resolve/answers.hpp"

namespace sternpost {

struct Flight {
    Flight(const boost::asio::any_io_executor& executor, KnownDomain what_is_known, SteadyTime now)
        : known(std::move(what_is_known)),
          policy_before(known.policy),
          begun(now),
          hosts_since(now),
          patience(executor),
          changed(executor, boost::asio::steady_timer::time_point::max()),
          landed(executor, boost::asio::steady_timer::time_point::max()) {}

    struct Waiter {
        Asked question;
        Answers::OnReply on_reply;             // called once, on the resolve loop
        SteadyTime until = SteadyTime::max();  // its patience, by the steady clock of the system
    };

    // Whoever waits for it goes on.
    void end() {
        ended = true;
        landed.cancel();
    }

    // What `question` depends on is looked at too, even once more if the last look failed a while ago.
    void want(const Asked& question, SteadyTime now) {
        if (std::ranges::find(wanted, question) == wanted.end()) wanted.push_back(question);
        look_at_hosts_anew(now);
        changed.cancel();
    }

    // What is wanted about MX hosts is looked at once per round, however short its TTL.
    void look_at_hosts_anew(SteadyTime now) {
        if (std::exchange(hosts_rest, false)) hosts_since = now;
    }

    KnownDomain known;  // the flight's working copy
    const std::shared_ptr<const CachedPolicy> policy_before;
    const SteadyTime begun;
    TableEntryPtr former;            // what memory had, if its answers are too weak by now
    SteadyTime hosts_since;          // when the round of looks at MX hosts began
    bool hosts_rest = false;         // no round is under way
    bool pinned = false;             // the policy was not looked at, since a pin took its place
    bool behind_answer = false;      // nobody has to wait: what is due soon is looked at now
    bool refresh = false;            // the policy is fetched again, whatever the TXT record says
    bool at_operators_word = false;  // the same, and no limit applies
    bool fetched = false;            // then: whether a policy was fetched,
    std::string why_not_fetched;     // or else why not, in words
    bool at_news = false;            // another relay has fetched the policy
    bool only_if_newest = false;     // what counts is their policy, and it protects nobody
    WallTime heard{};                // the latest fetch by another relay heard of meanwhile
    bool used = false;               // somebody has asked
    bool use_to_disk = false;        // somebody has, for the first time in a day
    std::vector<Asked> wanted;
    std::vector<Waiter> waiters;
    boost::asio::steady_timer patience;
    boost::asio::steady_timer changed;  // cancelled when more is wanted, or the policy is known
    boost::asio::steady_timer landed;   // cancelled when it has ended
    bool ended = false;
    bool policy_looked_at = false;
    bool overdue = false;       // patience with TXT record and policy file has ended: what is known counts
    SteadyTime overdue_from{};  // by the steady clock of the system
};

}  // namespace sternpost
