#include "known_domain.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

#include "sternpost/answer/answer.hpp"
#include "sternpost/policy/record.hpp"

namespace sternpost {

namespace {

constexpr std::chrono::seconds first_dns_retry{10};
constexpr std::chrono::seconds last_dns_retry{300};
constexpr std::chrono::seconds last_dns_retry_when_deferring{30};
constexpr std::chrono::seconds last_fetch_retry{3600};
// DANE that stays in force is written to disk no more often than this.
constexpr std::chrono::hours dane_memory_step{1};
constexpr std::chrono::hours last_used_step{24};
constexpr std::chrono::seconds longest_refresh_interval{86'400};
constexpr int jitter_part = 8;  // 3 h of a day
// Of the fetches of an hour, so that a policy that lives for minutes does not use them up,
constexpr std::size_t kept_for_new_ids = 2;
// nor its refreshes, of which this makes ten.
constexpr std::chrono::minutes shortest_refresh_interval{6};
// After a new id that came with the old body: its owner may have changed the record first.
constexpr std::chrono::minutes look_at_old_body_again{10};

// `first` doubled with each failure after the first one, up to `most`.
std::chrono::seconds back_off(std::chrono::seconds first, int failures, std::chrono::seconds most) {
    const int doublings = std::clamp(failures - 1, 0, 20);
    const std::chrono::seconds doubled = first * (1 << doublings);
    return std::min(doubled, std::max(first, most));
}

}  // namespace

SteadyTime due_soon(SteadyTime asked, SteadyTime due) {
    constexpr int last_part = 10;
    return due - (due - asked) / last_part;
}

std::optional<WallTime> refresh_time(const std::string& domain, const CachedPolicy& policy) {
    const auto interval = std::min(longest_refresh_interval, policy.policy.max_age / 2);
    const auto jitter = std::chrono::seconds(std::hash<std::string>()(domain) %
                                             (static_cast<std::size_t>(interval.count()) / jitter_part + 1));
    const auto refresh =
        policy.fetched + std::max<std::chrono::seconds>(interval - jitter, shortest_refresh_interval);
    return refresh < policy.expires() ? std::optional(refresh) : std::nullopt;
}

bool KnownDomain::policy_applies(WallTime now, const ResolveOptions& options) const {
    if (!policy) return false;
    if (just_fetched || now < policy->expires()) return true;
    return txt.state == TxtState::present && !failed && !may_fetch(now, options);
}

WallTime KnownDomain::next_fetch(WallTime now, const ResolveOptions& options) const {
    WallTime next = now;
    // A next try further off was set by a clock that was wrong.
    const auto longest_wait = std::max(options.retry, last_fetch_retry);
    if (fetch_has_failed(now) && failed->next_try <= now + longest_wait)
        next = std::max(next, failed->next_try);
    std::vector<WallTime> in_last_hour;
    std::ranges::copy_if(fetches, std::back_inserter(in_last_hour), [now](WallTime fetch) {
        return fetch > now - std::chrono::hours(1) && fetch <= now;
    });
    if (in_last_hour.empty()) return next;
    next = std::max(next, in_last_hour.back() + options.min_interval);
    const bool known_id = policy && policy->id == id_to_fetch();
    const auto most = static_cast<std::ptrdiff_t>(max_fetches_an_hour - (known_id ? kept_for_new_ids : 0));
    if (std::ssize(in_last_hour) < most) return next;
    return std::max(next, *(in_last_hour.end() - most) + std::chrono::hours(1));
}

bool KnownDomain::may_fetch(WallTime now, const ResolveOptions& options) const {
    return next_fetch(now, options) <= now;
}

bool KnownDomain::wants_fetch(WallTime now) const {
    if (txt.state != TxtState::present) return false;
    if (!policy || now >= policy->expires()) return true;
    return txt.id != policy->id && txt.id != replaced_id;
}

std::string KnownDomain::id_to_fetch() const {
    if (txt.state == TxtState::present) return txt.id;
    return policy ? policy->id : "";
}

bool KnownDomain::fetch_has_failed(WallTime now) const {
    if (failed_elsewhere && (!policy || now >= policy->expires())) return false;
    return failed && failed->id == id_to_fetch();
}

const DaneLook* KnownDomain::dane_at(const Route& route) const {
    const auto found = std::ranges::find(dane, route, &DaneLook::route);
    return found == dane.end() ? nullptr : &*found;
}

bool KnownDomain::dane_remembered(WallTime now) const {
    return dane_seen && now < *dane_seen + dane_memory;
}

void KnownDomain::note_txt(const Result<RecordSet<std::string>>& answer, SteadyTime now,
                           const ResolveOptions& options) {
    txt.asked = now;
    txt.overloaded = !answer && answer.error().code == Errc::overloaded;
    if (!answer) {
        txt.state = TxtState::failed;
        txt.why = answer.error().detail;
        ++txt.failures;
        const bool deferring = options.defer_on_dns_failure || txt.overloaded;
        const auto most = deferring ? last_dns_retry_when_deferring : last_dns_retry;
        txt.due = now + back_off(std::min(first_dns_retry, options.min_ttl), txt.failures, most);
        return;
    }
    const auto record = read_sts_record(answer->records);
    const bool present = record && *record;
    txt.state = present ? TxtState::present : TxtState::absent;
    txt.id = present ? (*record)->id : "";
    txt.why = record ? "" : record.error().detail;
    txt.failures = 0;
    if ((present && txt.id != replaced_id) || now >= replaced + options.max_ttl) replaced_id.clear();
    const auto most = present || policy ? std::min(options.recheck, options.max_ttl) : options.max_ttl;
    txt.due = now + std::max(options.min_ttl, std::min(answer->ttl, most));
}

void KnownDomain::note_mx(const Result<RecordSet<MxRecord>>& answer, SteadyTime now,
                          const ResolveOptions& options) {
    mx.asked = now;
    mx.overloaded = !answer && answer.error().code == Errc::overloaded;
    if (!answer) {
        mx.hosts.reset();
        ++mx.failures;
        const auto most = mx.overloaded ? last_dns_retry_when_deferring : last_dns_retry;
        mx.due = now + back_off(std::min(first_dns_retry, options.min_ttl), mx.failures, most);
        return;
    }
    mx.failures = 0;
    mx.due = now + std::clamp(answer->ttl, options.min_ttl, std::max(options.min_ttl, options.max_ttl));
    mx.hosts = mx_hosts_of(*answer, domain);
}

bool KnownDomain::note_dane(const Route& route, DaneState state, const Now& now,
                            const ResolveOptions& options) {
    DaneLook look;
    look.route = route;
    look.asked = now.steady;
    const bool decided = state.verdict == DomainDane::in_force || state.verdict == DomainDane::absent ||
                         (state.verdict == DomainDane::unvalidated && state.hosts_known);
    const DaneLook* former = dane_at(route);
    if (!decided) look.failures = (former == nullptr ? 0 : former->failures) + 1;
    if (decided) {
        auto most = options.max_ttl;
        if (state.verdict == DomainDane::unvalidated)
            most = std::min(most, defers(state, now.wall) ? last_dns_retry_when_deferring : last_dns_retry);
        look.due = now.steady + std::min(most, std::max(options.min_ttl, state.ttl));
    } else {
        const auto most = defers(state, now.wall) ? last_dns_retry_when_deferring : last_dns_retry;
        look.due = now.steady + back_off(std::min(first_dns_retry, options.min_ttl), look.failures, most);
    }
    const DomainDane verdict = state.verdict;
    look.state = std::move(state);
    std::erase_if(dane, [&](const DaneLook& other) { return other.route == route; });
    dane.push_back(std::move(look));
    return remember_dane(route, verdict, now.wall);
}

bool KnownDomain::defers(const DaneState& state, WallTime now) const {
    if (state.verdict == DomainDane::unvalidated) return dane_remembered(now);
    if (state.verdict != DomainDane::doubtful || !policy) return true;
    return names_to_match_among(policy->policy, proven_names(state)).empty();
}

void KnownDomain::forget_surplus_routes() {
    if (dane.size() <= max_routes_a_domain) return;
    dane.erase(dane.begin(), dane.end() - static_cast<std::ptrdiff_t>(max_routes_a_domain));
}

// Other ports and hosts than those of the MX record prove nothing about these.
bool KnownDomain::remember_dane(const Route& route, DomainDane verdict, WallTime now) {
    if (verdict == DomainDane::in_force) {
        const bool remembered = dane_seen && *dane_seen <= now && now < *dane_seen + dane_memory_step;
        if (!remembered) dane_seen = now;
        return !remembered;
    }
    const bool elsewhere = std::ranges::any_of(
        dane, [](const DaneLook& look) { return look.state.verdict == DomainDane::in_force; });
    if (verdict != DomainDane::absent || route != Route() || elsewhere || !dane_seen) return false;
    dane_seen.reset();
    return true;
}

void KnownDomain::note_fetch(WallTime begun) {
    std::erase_if(
        fetches, [begun](WallTime fetch) { return fetch <= begun - std::chrono::hours(1) || fetch > begun; });
    fetches.push_back(begun);
}

void KnownDomain::take(CachedPolicy taken) {
    const bool same_body = policy && policy->body == taken.body;
    const bool same_id = policy && policy->id == taken.id;
    refresh_at = refresh_time(domain, taken);
    if (refresh_at && same_body && !same_id)
        refresh_at = std::min(*refresh_at, taken.fetched + look_at_old_body_again);
    if (!same_body || !same_id) {
        mx = MxLook();
        dane.clear();
    }
    policy = std::make_shared<const CachedPolicy>(std::move(taken));
    uncommitted = true;
    failed.reset();
    failed_elsewhere = false;
    overloaded = disk_unread = false;
}

void KnownDomain::note_fetched(CachedPolicy fetched) {
    replaced_id.clear();
    take(std::move(fetched));
    just_fetched = true;
}

void KnownDomain::note_shared(CachedPolicy shared, SteadyTime now) {
    if (policy && policy->id != shared.id && txt.id != shared.id) {
        replaced_id = policy->id;
        replaced = now;
    }
    take(std::move(shared));
}

void KnownDomain::note_shared_failure(const SharedFailure& shared, WallTime now) {
    const bool policy_stays = policy && shared.failed.next_try < policy->expires();
    if (!shared.proven && !policy_stays) return;
    if (shared.failed.id != id_to_fetch() || (policy && shared.at < policy->fetched)) return;
    if (fetch_has_failed(now) && failed->next_try >= shared.failed.next_try) return;
    failed = shared.failed;
    failed_elsewhere = !shared.proven;
}

void KnownDomain::note_refresh_failed(WallTime now, const ResolveOptions& options) {
    overloaded = false;
    refresh_at = now + options.retry;
    if (fetch_has_failed(now)) refresh_at = std::max(*refresh_at, failed->next_try);
    // What has expired is no longer refreshed, but discovered again when it is asked for.
    if (!policy || now >= policy->expires()) refresh_at.reset();
}

bool KnownDomain::note_used(WallTime now) {
    if (last_used <= now && now < last_used + last_used_step) return false;
    last_used = now;
    // There is none after the policy has expired, and one too far off after the clock was wrong.
    if (policy && (!refresh_at || *refresh_at > now + longest_refresh_interval))
        refresh_at = refresh_time(domain, *policy);
    // What is written must not replace what could not be read.
    return !disk_unread && (policy || failed);
}

void KnownDomain::note_fetch_failed(const Error& why, WallTime now, const ResolveOptions& options) {
    overloaded = why.code == Errc::overloaded;
    if (overloaded) return;
    FailedFetch now_failed;
    now_failed.id = id_to_fetch();
    now_failed.count = fetch_has_failed(now) ? failed->count + 1 : 1;
    now_failed.next_try = now + back_off(options.retry, now_failed.count, last_fetch_retry);
    now_failed.reason = why.detail;
    failed = std::move(now_failed);
    failed_elsewhere = false;
}

DomainRecord record_of(const KnownDomain& known) {
    DomainRecord record;
    record.domain = known.domain;
    if (known.policy) record.policy = *known.policy;
    if (!known.failed_elsewhere) record.failed = known.failed;
    record.last_used = known.last_used;
    record.refresh_at = known.refresh_at;
    record.dane_seen = known.dane_seen;
    return record;
}

}  // namespace sternpost
