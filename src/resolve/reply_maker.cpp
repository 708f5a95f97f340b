#include "reply_maker.hpp"

#include <algorithm>
#include <utility>

#include "sternpost/answer/answer.hpp"
#include "sternpost/answer/netstring.hpp"
#include "sternpost/base/printable.hpp"

namespace sternpost {

namespace {

constexpr const char* too_many_questions = "sternpostd is overloaded: too many DNS questions are open";

using Hosts = std::optional<std::vector<std::string>>;

Reply framed(const std::string& payload) {
    return Reply(to_netstring(payload));
}

Reply dane_only() {
    static const Reply reply = framed(dane_only_reply());
    return reply;
}

Reply without_policy(const KnownDomain& known, WallTime now, const ResolveOptions& options) {
    if (known.disk_unread) return temporary("the cache of " + known.domain + " cannot be read");
    if (known.txt.overloaded) return temporary("sternpostd is overloaded: " + known.txt.why);
    if (known.waits_for_room(now) && known.txt.state == TxtState::present)
        return temporary("sternpostd is overloaded: too many policies are being fetched");
    if (known.txt.state == TxtState::failed && options.defer_on_dns_failure)
        return temporary("DNS does not tell whether " + known.domain +
                         " has an MTA-STS policy: " + known.txt.why);
    return not_found();
}

std::vector<std::string> texts_of(const std::vector<MxPattern>& patterns) {
    std::vector<std::string> texts;
    for (const MxPattern& pattern : patterns) texts.push_back(pattern.text());
    return texts;
}

// `patterns`: what Postfix is to check MX host names against.
Reply secure(const KnownDomain& known, const Demand& demand, const MapRules& map,
             const std::vector<std::string>& names, std::vector<std::string> patterns, Hosts mx_hosts) {
    if (!map.tlsrpt || demand.published == nullptr) return framed(secure_reply(names));
    PolicyAttributes attributes;
    attributes.domain = known.domain;
    attributes.body = demand.published->body;
    attributes.mx_patterns = std::move(patterns);
    attributes.mx_hosts = std::move(mx_hosts);
    return framed(secure_reply(names, attributes));
}

Reply secure_for(const KnownDomain& known, const Demand& demand, const MapRules& map, Hosts mx_hosts) {
    const auto names = names_to_match(*demand.policy, mx_hosts);
    return secure(known, demand, map, names, texts_of(demand.policy->mx), std::move(mx_hosts));
}

std::vector<std::string> names_of(const std::vector<MxHost>& hosts) {
    std::vector<std::string> names;
    for (const MxHost& host : hosts) names.push_back(host.name);
    return names;
}

std::string why_undecided(const DaneState& state) {
    const auto host = std::ranges::find(state.hosts, HostDane::undecided, &MxHost::dane);
    return host == state.hosts.end() ? state.why : host->name + ": " + host->why;
}

// Hosts that may have DANE are left out by name; if no other host matches the policy, mail waits for them.
Reply secure_for_proven_hosts(const KnownDomain& known, const Demand& demand, const MapRules& map,
                              const DaneState& state) {
    const auto names = names_to_match_among(*demand.policy, proven_names(state));
    if (names.empty()) return temporary_for_dane(why_undecided(state));
    return secure(known, demand, map, names, names, names);
}

Reply reply_by_dane(const KnownDomain& known, const Demand& demand, const MapRules& map,
                    const DaneState& state, WallTime now) {
    switch (state.verdict) {
        case DomainDane::in_force:
            return dane_only();
        case DomainDane::undecided:
            return temporary_for_dane(why_undecided(state));
        case DomainDane::doubtful:
            return secure_for_proven_hosts(known, demand, map, state);
        case DomainDane::unvalidated:
            if (known.dane_remembered(now))
                return temporary_for_dane(
                    known.domain + " had DANE a short while ago, and no DNS server validates any more");
            break;
        case DomainDane::absent:
            break;
    }
    return secure_for(known, demand, map, state.hosts_known ? Hosts(names_of(state.hosts)) : std::nullopt);
}

Reply reply_by_mx(const KnownDomain& known, const Demand& demand, const Asked& question) {
    if (question.route.bracketed)
        return secure_for(known, demand, question.map, std::vector<std::string>(1, known.domain));
    if (hosts_needed(demand, question) == HostsNeeded::mx && known.mx.overloaded)
        return temporary(too_many_questions);
    return secure_for(known, demand, question.map, known.mx.hosts);
}

void limit_by_dane(PreparedReply& prepared, const DaneLook& look) {
    prepared.look_from = std::min(prepared.look_from, due_soon(look.asked, look.due));
    // It cannot be weaker than what the next look will bring.
    if (look.state.verdict != DomainDane::in_force) prepared.hosts_due = look.due;
    prepared.fresh_until = std::min(prepared.fresh_until, prepared.hosts_due);
}

void limit_by_txt(PreparedReply& prepared, const KnownDomain& known, const Now& now,
                  const ResolveOptions& options, bool applies) {
    if (known.disk_unread) {
        prepared.fresh_until = now.steady;
        return;
    }
    prepared.fresh_until = known.txt.due;
    // The question that comes when a fetch is allowed again begins it.
    if (known.wants_fetch(now.wall))
        prepared.fresh_until =
            std::min(prepared.fresh_until, now.steady + (known.next_fetch(now.wall, options) - now.wall));
    if (!applies) return;
    prepared.look_from = due_soon(known.txt.asked, known.txt.due);
    prepared.expires = known.policy->expires();
}

}  // namespace

Reply not_found() {
    static const Reply reply = framed(not_found_reply());
    return reply;
}

Reply temporary(const std::string& reason) {
    return framed(temporary_reply(reason));
}

Reply temporary_for_dane(const std::string& why) {
    constexpr std::string_view before = "dane: ";
    constexpr std::string_view way_out = R"(; dane = "off" does without)";
    constexpr std::size_t room = max_reason_bytes - before.size() - way_out.size();
    return temporary(std::string(before) + printable(why, room) + std::string(way_out));
}

bool passes_no_mx_host(const KnownDomain& known, const Asked& question, const Now& now,
                       const Settings& settings) {
    const Demand demand = demand_of(known, question.map, now, settings);
    if (demand.policy == nullptr || question.route.bracketed) return false;
    Hosts hosts = known.mx.hosts;
    if (question.map.dane) {
        const DaneLook* look = known.dane_at(question.route);
        if (look == nullptr || !look->state.hosts_known || look->state.verdict == DomainDane::in_force)
            return false;
        hosts = names_of(look->state.hosts);
    }
    return hosts && !hosts->empty() && names_to_match_among(*demand.policy, *hosts).empty();
}

Reply reply_by_override(const Rules& rules, std::string_view domain, const Clock& clock) {
    if (!rules.any_override()) return nullptr;
    const Override* decided = rules.override_of(domain, clock.wall());
    if (decided == nullptr) return nullptr;
    if (decided->action == Override::Action::ignore) return not_found();
    if (decided->action == Override::Action::dane_only) return dane_only();
    return nullptr;
}

bool counts(SteadyTime asked, SteadyTime due, SteadyTime begun, SteadyTime now) {
    return now < due || asked >= begun;
}

PreparedReply prepare_reply(const KnownDomain& known, const Asked& question, const Now& now,
                            const Settings& settings, SteadyTime begun) {
    PreparedReply prepared;
    prepared.question = question;
    const bool applies = known.policy_applies(now.wall, settings.options);
    const Demand demand = demand_of(known, question.map, now, settings);
    const bool pinned = demand.policy != nullptr && demand.published == nullptr;
    if (pinned) {
        prepared.fresh_until = SteadyTime::max();
    } else {
        limit_by_txt(prepared, known, now, settings.options, applies);
    }
    if (demand.until) prepared.expires = std::min(prepared.expires, *demand.until);

    const HostsNeeded needed = hosts_needed(demand, question);
    if (demand.policy == nullptr) {
        prepared.reply = applies ? not_found() : without_policy(known, now.wall, settings.options);
    } else if (needed == HostsNeeded::dane) {
        const DaneLook* look = known.dane_at(question.route);
        if (look == nullptr) return prepared;
        const bool in_force = look->state.verdict == DomainDane::in_force;
        if (!in_force && !counts(look->asked, look->due, begun, now.steady)) return prepared;
        prepared.reply = reply_by_dane(known, demand, question.map, look->state, now.wall);
        limit_by_dane(prepared, *look);
    } else {
        if (needed == HostsNeeded::mx) {
            if (!counts(known.mx.asked, known.mx.due, begun, now.steady)) return prepared;
            prepared.hosts_due = known.mx.due;
            prepared.fresh_until = std::min(prepared.fresh_until, prepared.hosts_due);
        }
        prepared.reply = reply_by_mx(known, demand, question);
    }
    return prepared;
}

}  // namespace sternpost
