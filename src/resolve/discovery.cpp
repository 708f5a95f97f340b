#include "discovery.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <span>
#include <utility>

#include "sternpost/base/printable.hpp"
#include "sternpost/log/log.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

std::chrono::milliseconds since(SteadyTime begun, const Clock& clock) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady() - begun);
}

std::string_view outcome_of(const TxtLook& look) {
    if (look.state == TxtState::failed) return "failed";
    if (look.state == TxtState::present) return "present";
    return look.why.empty() ? "absent" : "invalid";
}

unsigned kind_of(Errc code) {
    return static_cast<unsigned>(code);
}

void log_txt(const KnownDomain& known, WallTime now, Repeats& repeats) {
    const Trouble silence{{Topic::dns, known.domain}, "TXT"};
    const Trouble unusable{{Topic::policy, known.domain}, "record"};
    const std::string& why = known.txt.why;
    if (known.txt.state == TxtState::failed) {
        repeats.failed(
            silence, LogLevel::warning, kind_of(known.txt.overloaded ? Errc::overloaded : Errc::temporary),
            fmt::format(
                "no answer about its TXT record: {}{}", printable(why),
                known.policy && now < known.policy->expires() ? "; the known policy stays in force" : ""));
        return;
    }
    repeats.mended(silence, "there is an answer about its TXT record again");
    if (!why.empty()) {
        repeats.failed(unusable, LogLevel::warning, kind_of(Errc::invalid),
                       "its TXT record is not used: " + why);
        return;
    }
    repeats.mended(unusable, "nothing is wrong with its TXT record any more");
    say(LogLevel::debug, {Topic::policy, known.domain}, "TXT record {}",
        known.txt.state == TxtState::present ? "id=" + known.txt.id : "absent");
}

// The sooner a policy that protects expires, the louder (RFC 8461 section 10.2).
LogLevel level_of_failure(const CachedPolicy* kept, WallTime now) {
    if (kept == nullptr) return LogLevel::warning;
    if (kept->policy.mode == Mode::none) return LogLevel::debug;
    const auto left = kept->expires() - now;
    if (left > kept->policy.max_age / 2) return LogLevel::info;
    return left > kept->policy.max_age / 5 ? LogLevel::warning : LogLevel::error;
}

// Over a connection whose certificate has proven its name.
bool told_by_policy_host(std::string_view cause) {
    constexpr std::array<std::string_view, 5> told{"status", "redirect", "too-large", "media-type",
                                                   "invalid-policy"};
    return std::ranges::find(told, cause) != told.end();
}

Trouble fetch_of(const KnownDomain& known) {
    return {{Topic::policy, known.domain}, "fetch"};
}

void log_fetch_failure(const KnownDomain& known, WallTime now, const Error& error, Repeats& repeats) {
    const CachedPolicy* kept = known.policy && now < known.policy->expires() ? known.policy.get() : nullptr;
    repeats.failed(
        fetch_of(known), level_of_failure(kept, now), kind_of(error.code),
        fmt::format("id={} not fetched: {}; {}, next try {}", known.id_to_fetch(), printable(error.detail),
                    kept != nullptr ? "the known policy stays in force until " + to_iso8601(kept->expires())
                    : known.waits_for_room(now) || known.disk_unread ? "mail is deferred"
                                                                     : "mail goes out as without MTA-STS",
                    known.overloaded ? "at the next question" : to_iso8601(known.failed->next_try)));
}

std::string_view to_string(DomainDane verdict) {
    switch (verdict) {
        case DomainDane::in_force:
            return "in force";
        case DomainDane::absent:
            return "not in force";
        case DomainDane::doubtful:
            return "not known of every MX host";
        case DomainDane::undecided:
            return "not known";
        case DomainDane::unvalidated:
            break;
    }
    return "not looked at, since no DNS server validates";
}

// "in force; mx1.example.com usable (TLSA at …), mx2.example.com none (no TLSA RRset)"
std::string words_of(const DaneLook& look) {
    constexpr std::size_t hosts_in_a_line = 8;
    std::string hosts;
    const auto told = std::span(look.state.hosts).first(std::min(look.state.hosts.size(), hosts_in_a_line));
    for (const MxHost& host : told)
        hosts += (hosts.empty() ? "" : ", ") + printable(host.name) + " " +
                 std::string(to_string(host.dane)) + " (" + printable(host.why) + ")";
    if (look.state.hosts.size() > told.size()) hosts += ", ...";
    if (hosts.empty()) hosts = look.state.why.empty() ? "no MX host" : printable(look.state.why);
    return fmt::format("{}; {}", to_string(look.state.verdict), hosts);
}

std::string look_at(const Route& route) {
    return fmt::format("look at {}{}", route.bracketed ? "the host, port " : "", route.port);
}

// `changed`: the verdict is another one than before. What is settled is told then; what is not, as a failure.
void log_dane(const KnownDomain& known, const DaneLook& look, bool changed, Repeats& repeats) {
    const Subject subject{Topic::dane, known.domain};
    const std::string what = look_at(look.route);
    const Trouble trouble{subject, what};
    const DomainDane verdict = look.state.verdict;
    const auto kind = static_cast<unsigned>(verdict);
    if (verdict == DomainDane::undecided || verdict == DomainDane::doubtful)
        return repeats.failed(trouble, LogLevel::warning, kind, words_of(look));
    if (changed) say(LogLevel::info, subject, "{}", words_of(look));
    if (verdict != DomainDane::unvalidated) repeats.mended(trouble, "known of every MX host again");
}

void log_dane_lost(const KnownDomain& known, const Route& route, Repeats& repeats) {
    repeats.failed({{Topic::dane, known.domain}, look_at(route)}, LogLevel::error,
                   static_cast<unsigned>(DomainDane::unvalidated),
                   fmt::format("it had DANE a short while ago, but no DNS server validates any more; "
                               "mail to it is deferred until one does, for {} h at most",
                               dane_memory.count()));
}

}  // namespace

Trouble disk_trouble(const std::string& domain) {
    return {{Topic::policy, domain}, "disk"};
}

KnownDomain read_known(const std::string& domain, PolicyStore& store, Repeats& repeats) {
    KnownDomain known;
    known.domain = domain;
    auto stored = store.find(domain);
    const Trouble unread{{Topic::policy, domain}, "disk read"};
    if (!stored) {
        repeats.failed(unread, LogLevel::error, kind_of(stored.error().code), stored.error().detail);
        known.disk_unread = true;
        return known;
    }
    repeats.mended(unread, "the cache can be read again");
    if (!*stored) return known;
    if ((*stored)->policy) {
        known.policy = std::make_shared<const CachedPolicy>(std::move(*(*stored)->policy));
        known.fetches.push_back(known.policy->fetched);
    }
    known.failed = std::move((*stored)->failed);
    known.last_used = (*stored)->last_used;
    known.refresh_at = (*stored)->refresh_at;
    known.dane_seen = (*stored)->dane_seen;
    return known;
}

void read_again(KnownDomain& known, PolicyStore& store, Repeats& repeats) {
    if (!known.disk_unread) return;
    KnownDomain stored = read_known(known.domain, store, repeats);
    known.disk_unread = stored.disk_unread;
    if (known.disk_unread) return;
    known.policy = std::move(stored.policy);
    known.refresh_at = stored.refresh_at;
    known.fetches.insert(known.fetches.begin(), stored.fetches.begin(), stored.fetches.end());
    if (!known.failed) known.failed = std::move(stored.failed);
    known.last_used = std::max(known.last_used, stored.last_used);
    known.dane_seen = std::max(known.dane_seen, stored.dane_seen);
}

void log_policy(const KnownDomain& known, std::string_view source, std::chrono::milliseconds took) {
    const CachedPolicy& cached = *known.policy;
    say(LogLevel::info, {Topic::policy, known.domain}, "mode={} id={} mx={} expires={} source={} took={}ms",
        to_string(cached.policy.mode), cached.id, cached.policy.mx.size(), to_iso8601(cached.expires()),
        source, took.count());
}

awaitable<void> Discovery::look_at_txt(KnownDomain& known) {
    const auto answer = co_await sources_.resolver.txt("_mta-sts." + known.domain);
    if (!answer && answer.error().code == Errc::stopped) co_return;
    known.note_txt(answer, sources_.clock.steady(), options_);
    figures_.txt.add(outcome_of(known.txt));
    log_txt(known, sources_.clock.wall(), repeats_);
}

awaitable<void> Discovery::fetch_policy(KnownDomain& known, Queue queue) {
    const SteadyTime begun = sources_.clock.steady();
    const WallTime begun_at = sources_.clock.wall();
    auto fetched = co_await get(known.domain, known.id_to_fetch(), queue);
    if (!fetched && fetched.error().code == Errc::stopped) co_return;
    const bool host_was_asked =
        fetched || fetched.error().code != Errc::overloaded || fetched.error().cause == "given-up";
    if (host_was_asked && queue != Queue::passed_by) known.note_fetch(begun_at);
    figures_.fetches.add(fetched ? "fetched" : fetched.error().cause);
    if (known.forgotten) co_return;
    if (!fetched) {
        known.note_fetch_failed(fetched.error(), sources_.clock.wall(), options_);
        log_fetch_failure(known, sources_.clock.wall(), fetched.error(), repeats_);
        if (known.overloaded) co_return;
        co_await commit(known);
        if (sources_.fleet != nullptr && !known.forgotten) tell_failure(known, fetched.error());
        co_return;
    }
    known.note_fetched(std::move(*fetched));
    co_await commit(known);
    if (known.forgotten) co_return;
    if (sources_.fleet != nullptr) sources_.fleet->publish(known.domain, *known.policy);
    log_policy(known, "https", since(begun, sources_.clock));
    for (const std::string& remark : known.policy->policy.remarks)
        say(LogLevel::info, {Topic::policy, known.domain}, "{}", remark);
    repeats_.mended(fetch_of(known), "it can be fetched again");
}

void Discovery::tell_failure(const KnownDomain& known, const Error& error) const {
    SharedFailure told;
    told.failed = *known.failed;
    told.at = sources_.clock.wall();
    told.proven = told_by_policy_host(error.cause);
    sources_.fleet->publish_failure(known.domain, told);
}

awaitable<void> Discovery::refresh_policy(KnownDomain& known) {
    const WallTime now = sources_.clock.wall();
    const auto before = known.policy;
    if (before && now < before->expires() && known.may_fetch(now, options_)) co_await fetch_policy(known);
    if (known.policy != before) co_return;
    known.note_refresh_failed(sources_.clock.wall(), options_);
    co_await commit(known);
}

awaitable<Result<CachedPolicy>> Discovery::get(std::string domain, std::string id, Queue queue) {
    const std::string host = "mta-sts." + domain;
    auto found = co_await addresses(host);
    if (!found) co_return tl::unexpected(found.error());
    auto body = co_await sources_.fetcher.fetch(host, std::move(*found), queue);
    if (!body) co_return tl::unexpected(body.error());
    auto policy = read_policy(*body);
    if (!policy)
        co_return failure(policy.error().code, "the policy file is not valid: " + policy.error().detail,
                          "invalid-policy");
    CachedPolicy cached;
    cached.id = std::move(id);
    cached.policy = std::move(*policy);
    cached.body = std::move(*body);
    cached.fetched = sources_.clock.wall();
    co_return cached;
}

// Both families at once; one of them is enough.
awaitable<Result<std::vector<asio::ip::address>>> Discovery::addresses(std::string host) {
    using asio::experimental::awaitable_operators::operator&&;
    auto [v6, v4] =
        co_await (sources_.resolver.aaaa(host, Servers::all) && sources_.resolver.a(host, Servers::all));
    std::vector<asio::ip::address> all;
    if (v6) all = std::move(v6->records);
    if (v4) all.insert(all.end(), v4->records.begin(), v4->records.end());
    if (!all.empty()) co_return all;
    if (!v4 || !v6) {
        const Error& error = (v4 ? v6 : v4).error();
        co_return failure(error.code,
                          "DNS has no answer about the addresses of " + host + ": " + error.detail, "dns");
    }
    co_return failure(Errc::temporary, host + (v4->name_exists ? " has no address" : " does not exist"),
                      "no-address");
}

awaitable<void> Discovery::look_at_mx(KnownDomain& known) {
    const auto answer = co_await sources_.resolver.mx(known.domain, Servers::all);
    if (!answer && answer.error().code == Errc::stopped) co_return;
    known.note_mx(answer, sources_.clock.steady(), options_);
    const Trouble silence{{Topic::dns, known.domain}, "MX"};
    if (!answer)
        repeats_.failed(silence, LogLevel::warning, kind_of(answer.error().code),
                        fmt::format("no answer about its MX hosts: {}; wildcards of its policy are given as "
                                    "they are",
                                    printable(answer.error().detail)));
    else
        repeats_.mended(silence, "there is an answer about its MX hosts again");
}

awaitable<void> Discovery::look_at_dane(KnownDomain& known, Route route) {
    NextHop next_hop;
    next_hop.domain = known.domain;
    next_hop.bracketed = route.bracketed;
    next_hop.port = route.port;
    DaneLookup lookup(sources_.resolver);
    auto state = co_await lookup.look(std::move(next_hop));
    if (state.stopped) co_return;
    const DaneLook* former = known.dane_at(route);
    const bool changed = former == nullptr || former->state.verdict != state.verdict;
    figures_.dane.add(dane_verdicts.at(static_cast<std::size_t>(state.verdict)));
    Now now;
    now.wall = sources_.clock.wall();
    now.steady = sources_.clock.steady();
    const bool to_disk = known.note_dane(route, std::move(state), now, options_);
    const DaneLook& look = *known.dane_at(route);
    if (look.state.verdict == DomainDane::unvalidated && known.dane_remembered(now.wall))
        log_dane_lost(known, route, repeats_);
    else
        log_dane(known, look, changed, repeats_);
    if (to_disk) co_await commit(known);
}

awaitable<void> Discovery::commit(KnownDomain& known) {
    if (known.forgotten) co_return;
    read_again(known, sources_.store, repeats_);
    // What is written must not replace what could not be read.
    if (known.disk_unread) {
        known.on_disk = false;
        co_return;
    }
    const auto written = known.policy;
    const auto stored = co_await sources_.store.put(record_of(known));
    const Trouble trouble = disk_trouble(known.domain);
    // A newer policy has a commit of its own.
    if (known.policy == written) {
        known.on_disk = stored.has_value();
        known.uncommitted = false;
    }
    if (stored)
        repeats_.mended(trouble, "on disk again");
    else
        repeats_.failed(trouble, LogLevel::error, kind_of(stored.error().code),
                        "not on disk, so a restart would forget it: " + stored.error().detail);
}

}  // namespace sternpost
