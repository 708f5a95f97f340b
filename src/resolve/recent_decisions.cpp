#include "recent_decisions.hpp"

#include <algorithm>
#include <utility>

#include "sternpost/answer/netstring.hpp"

namespace sternpost {

namespace {

std::string next_hop_of(const std::string& domain, const Route& route) {
    const std::string host = route.bracketed ? "[" + domain + "]" : domain;
    return route.port == 25 ? host : host + ":" + std::to_string(route.port);
}

std::string_view words_for(DomainDane verdict) {
    switch (verdict) {
        case DomainDane::in_force:
            return "DANE is in force";
        case DomainDane::absent:
            return "no DANE";
        case DomainDane::doubtful:
            return "DANE is not known of every MX host";
        case DomainDane::undecided:
            return "DANE is not known";
        case DomainDane::unvalidated:
            break;
    }
    return "no DNS server validates, so DANE is not looked at";
}

std::string why_without_policy(const KnownDomain& known, WallTime now) {
    if (known.disk_unread) return "the cache cannot be read";
    if (known.txt.state == TxtState::failed) return "no answer about its TXT record: " + known.txt.why;
    if (known.txt.state == TxtState::absent)
        return known.txt.why.empty() ? "no TXT record" : "its TXT record is not used: " + known.txt.why;
    if (known.waits_for_room(now)) return "too many policies are being fetched";
    return known.failed ? "policy not fetched: " + known.failed->reason : "policy not fetched";
}

std::string words_for(const CachedPolicy& cached) {
    return std::string(to_string(cached.policy.mode)) + " policy, id " + cached.id + ", until " +
           to_iso8601(cached.expires());
}

}  // namespace

std::string why_so(const KnownDomain& known, const Asked& question, const Now& now,
                   const Settings& settings) {
    const Demand demand = demand_of(known, question.map, now, settings);
    const bool applies = known.policy_applies(now.wall, settings.options);
    if (demand.policy == nullptr)
        return applies ? words_for(*known.policy) : why_without_policy(known, now.wall);
    std::string why =
        demand.published == nullptr ? "a pin of the configuration" : words_for(*demand.published);
    const DaneLook* look = question.map.dane ? known.dane_at(question.route) : nullptr;
    return look == nullptr ? why : why.append("; ").append(words_for(look->state.verdict));
}

void RecentDecisions::note(const KnownDomain& known, const TableEntry& entry, const TableEntryPtr& former) {
    const Now now = context_.now();
    for (const ReadyReply& ready : entry.replies()) {
        const ReadyReply* before = former ? former->reply(ready.question) : nullptr;
        if (before != nullptr && before->text == ready.text) continue;
        Decision decision;
        decision.at = now.wall;
        decision.next_hop = next_hop_of(known.domain, ready.question.route);
        decision.reply = payload_of(ready.text).substr(0, max_decision_bytes);
        decision.why = why_so(known, ready.question, now, context_.settings()).substr(0, max_decision_bytes);
        decisions_.push_front(std::move(decision));
        if (decisions_.size() > max_decisions) decisions_.pop_back();
    }
}

}  // namespace sternpost
