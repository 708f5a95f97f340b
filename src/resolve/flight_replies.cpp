#include "flight_replies.hpp"

#include <chrono>
#include <utility>
#include <vector>

namespace sternpost {

Reply FlightReplies::so_far(const Flight& flight, const Asked& question) const {
    const KnownDomain& known = flight.known;
    if (known.uncommitted) return nullptr;
    const Now at = context_.now();
    const bool applies =
        known.policy_applies(at.wall, context_.options) || context_.rules->pins(known.domain, at.wall);
    const bool suffices = applies && !flight.only_if_newest;
    if (known.wants_fetch(at.wall) && !known.fetch_has_failed(at.wall) && !suffices)
        return temporary("policy of " + known.domain + " is being fetched");
    if (known.txt.state != TxtState::unasked || applies) {
        Reply ready = prepare(flight, question).reply;
        const bool waited = std::chrono::steady_clock::now() >= flight.overdue_from;
        return ready || !waited ? ready : with_former_mx_hosts(flight, question);
    }
    KnownDomain unanswered = known;
    unanswered.txt.state = TxtState::failed;
    unanswered.txt.why = "no answer yet";
    return prepare_reply(unanswered, question, at, context_.settings(), flight.hosts_since).reply;
}

// Those of before are no weaker, and where there are none, wildcards stay as they are.
Reply FlightReplies::with_former_mx_hosts(const Flight& flight, const Asked& question) const {
    KnownDomain known = flight.known;
    known.mx.due = SteadyTime::max();
    return prepare_reply(known, question, context_.now(), context_.settings(), flight.hosts_since).reply;
}

Reply FlightReplies::too_late(const Flight& flight, const Asked& question) const {
    const std::string& domain = flight.known.domain;
    if (flight.known.uncommitted) return temporary("policy of " + domain + " is being written to disk");
    if (Reply ready = with_former_mx_hosts(flight, question)) return ready;
    return temporary_for_dane("the MX hosts of " + domain + " are being looked at");
}

Reply FlightReplies::at_landing(const Flight& flight, const Asked& question) const {
    Reply ready = prepare(flight, question).reply;
    return ready ? ready : too_late(flight, question);
}

std::shared_ptr<TableEntry> FlightReplies::entry(Flight& flight, const TableEntryPtr& former) const {
    if (former && former->rules == context_.rules)
        for (const ReadyReply& ready : former->replies()) flight.want(ready.question, context_.now().steady);
    std::vector<PreparedReply> replies;
    for (const Asked& question : flight.wanted) {
        PreparedReply prepared = prepare(flight, question);
        if (prepared.reply && replies.size() < max_replies_a_domain) replies.push_back(std::move(prepared));
    }
    flight.known.forget_surplus_routes();
    return make_entry(flight.known, replies, context_.rules);
}

PreparedReply FlightReplies::prepare(const Flight& flight, const Asked& question) const {
    return prepare_reply(flight.known, question, context_.now(), context_.settings(), flight.hosts_since);
}

}  // namespace sternpost
