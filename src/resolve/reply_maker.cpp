#include "reply_maker.hpp"

#include <algorithm>
#include <utility>

#include "sternpost/answer/answer.hpp"
#include "sternpost/answer/netstring.hpp"

namespace sternpost {

namespace {

// A known policy's record is looked at behind the answer in the last tenth of its time.
constexpr int look_behind_part = 10;
constexpr const char* too_many_questions = "sternpostd is overloaded: too many DNS questions are open";

Reply framed(const std::string& payload) {
    return std::make_shared<const std::string>(to_netstring(payload));
}

Reply without_policy(const KnownDomain& known, const ResolveOptions& options) {
    if (known.disk_unread) return temporary("the cache of " + known.domain + " cannot be read");
    if (known.txt.overloaded) return temporary(too_many_questions);
    if (known.overloaded && known.txt.state == TxtState::present)
        return temporary("sternpostd is overloaded: too many policies are being fetched");
    if (known.txt.state == TxtState::failed && options.defer_on_dns_failure)
        return temporary("DNS does not tell whether " + known.domain +
                         " has an MTA-STS policy: " + known.txt.why);
    return not_found();
}

Reply secure(const Policy& policy, const std::optional<std::vector<std::string>>& mx_hosts) {
    return framed(secure_reply(names_to_match(policy, mx_hosts)));
}

SteadyTime fresh_until(const KnownDomain& known, const Now& now, bool by_mx_set) {
    if (known.disk_unread || known.overloaded) return now.steady;
    SteadyTime until = known.txt.due;
    if (by_mx_set && known.needs_mx()) until = std::min(until, known.mx.due);
    // A failed fetch is tried again behind the answer; the question that comes then starts it.
    const bool to_fetch = known.wants_fetch(now.wall) && known.fetch_has_failed();
    if (to_fetch && known.failed->next_try > now.wall)
        until = std::min(until, now.steady + (known.failed->next_try - now.wall));
    return until;
}

}  // namespace

Reply not_found() {
    static const Reply reply = framed(not_found_reply());
    return reply;
}

Reply temporary(const std::string& reason) {
    return framed(temporary_reply(reason));
}

std::shared_ptr<TableEntry> make_entry(KnownDomain known, const Now& now, const ResolveOptions& options) {
    auto entry = std::make_shared<TableEntry>();
    const bool enforced = known.enforced(now.wall, options);
    if (enforced) {
        const bool mx_unasked = known.needs_mx() && known.mx.overloaded;
        entry->by_mx =
            mx_unasked ? temporary(too_many_questions) : secure(known.policy->policy, known.mx.hosts);
        entry->by_host = secure(known.policy->policy, std::vector{known.domain});
    } else {
        entry->by_mx = entry->by_host =
            known.policy_applies(now.wall, options) ? not_found() : without_policy(known, options);
    }
    entry->fresh_until = fresh_until(known, now, enforced);
    if (known.policy_applies(now.wall, options)) {
        entry->look_from = known.txt.due - (known.txt.due - known.txt.asked) / look_behind_part;
        entry->expires = known.policy->expires();
    }
    entry->known = std::move(known);
    return entry;
}

}  // namespace sternpost
