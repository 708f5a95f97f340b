#include "operations.hpp"

#include <array>
#include <utility>

#include "reply_maker.hpp"
#include "sternpost/answer/netstring.hpp"
#include "sternpost/loop/wait.hpp"
#include "sternpost/policy/map_name.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

constexpr std::array<std::string_view, 2> reported_maps{"sts", "sts-tlsrpt"};

std::string_view to_string(TxtState state) {
    switch (state) {
        case TxtState::unasked:
            return "unasked";
        case TxtState::absent:
            return "absent";
        case TxtState::present:
            return "present";
        case TxtState::failed:
            break;
    }
    return "failed";
}

std::string_view to_string(Override::Action action) {
    switch (action) {
        case Override::Action::ignore:
            return "ignore";
        case Override::Action::enforce_testing:
            return "enforce-testing";
        case Override::Action::pin:
            return "pin";
        case Override::Action::dane_only:
            break;
    }
    return "dane-only";
}

std::chrono::seconds until(SteadyTime due, SteadyTime now) {
    return std::chrono::floor<std::chrono::seconds>(due - now);
}

awaitable<void> landing_of(std::shared_ptr<Flight> flight) {
    while (!flight->ended) co_await wait(flight->landed);
}

}  // namespace

bool may_replace(const CachedPolicy& known, const CachedPolicy& imported, Origin origin, WallTime now) {
    if (now >= known.expires()) return true;
    return origin == Origin::own_export && imported.fetched > known.fetched &&
           imported.policy.mode >= known.policy.mode && imported.expires() >= known.expires();
}

Operations::Operations(Lookups& lookups)
    : lookups_(lookups),
      store_(lookups.context().sources.store),
      clock_(lookups.context().sources.clock),
      table_(lookups.table()) {}

Now Operations::now() const {
    Now at;
    at.wall = clock_.wall();
    at.steady = clock_.steady();
    return at;
}

Result<DomainReport> Operations::report(const std::string& domain) {
    const KnownDomain known = lookups_.recall(domain);
    if (known.disk_unread) return failure(Errc::temporary, "the cache cannot be read");
    const SteadyTime at = clock_.steady();
    DomainReport report;
    report.in_memory = table_.find(domain) != nullptr;
    report.looked_up_now = lookups_.under_way(domain) != nullptr;
    report.record = record_of(known);
    // The next try is for the id that the record has.
    const bool given_up =
        known.failed && known.txt.state == TxtState::present && known.failed->id != known.txt.id;
    report.record.failed = given_up ? std::nullopt : known.failed;
    report.on_disk = known.worth_keeping() && known.on_disk;
    report.txt = to_string(known.txt.state);
    report.txt_id = known.txt.id;
    report.txt_why = known.txt.why;
    if (known.txt.state != TxtState::unasked) report.txt_due = until(known.txt.due, at);
    report.mx_hosts = known.mx.hosts;
    for (const DaneLook& look : known.dane) {
        KnownDane& dane = report.dane.emplace_back();
        dane.bracketed = look.route.bracketed;
        dane.port = look.route.port;
        dane.state = look.state;
        dane.due = until(look.due, at);
    }
    const Override* decided = lookups_.settings().rules.override_of(domain, clock_.wall());
    if (decided != nullptr) report.override_action = to_string(decided->action);
    report.answers = answers_about(known);
    return report;
}

std::vector<KnownAnswer> Operations::answers_about(const KnownDomain& known) const {
    const Settings settings = lookups_.settings();
    const Now at = now();
    NextHop next_hop;
    next_hop.domain = known.domain;
    const bool pinned = settings.rules.pins(known.domain, at.wall);
    const bool looked_at =
        known.txt.state != TxtState::unasked || known.policy_applies(at.wall, settings.options);
    std::vector<KnownAnswer> answers;
    for (const std::string_view map : reported_maps) {
        KnownAnswer& answer = answers.emplace_back();
        answer.map = map;
        Reply reply = reply_by_override(settings.rules, known.domain, clock_);
        if (!reply && (looked_at || pinned))
            reply = prepare_reply(known, asked(next_hop, *settings.rules.map(map)), at, settings, at.steady)
                        .reply;
        if (reply) answer.reply = payload_of(*reply);
    }
    return answers;
}

awaitable<Result<Refreshed>> Operations::refresh(std::string domain) {
    for (auto other = lookups_.under_way(domain); other && !lookups_.context().stopped;
         other = lookups_.under_way(domain))
        co_await landing_of(other);
    const auto flight = lookups_.begin(domain, Lookups::Why::operators_word);
    if (!flight) co_return failure(Errc::stopped, "sternpostd stops");
    co_await landing_of(flight);
    if (!flight->fetched && flight->why_not_fetched.empty())
        co_return failure(Errc::stopped,
                          "broken off: sternpostd stops, or the domain was forgotten meanwhile");
    Refreshed refreshed;
    refreshed.fetched = flight->fetched;
    refreshed.why = flight->why_not_fetched;
    co_return refreshed;
}

awaitable<Result<void>> Operations::learn(std::string domain) {
    if (reply_by_override(lookups_.settings().rules, domain, clock_)) co_return Result<void>();
    NextHop next_hop;
    next_hop.domain = domain;
    const Asked question = asked(next_hop, *lookups_.settings().rules.map(base_grammar_maps.front()));
    const auto flight = lookups_.want(domain, question);
    if (!flight) co_return failure(Errc::overloaded, "too many domains are being looked up");
    co_await landing_of(flight);
    co_return Result<void>();
}

Result<bool> Operations::forget(const std::string& domain) {
    auto removed = store_.remove(domain);
    if (!removed) return removed;
    const bool was_in_memory = table_.remove(domain);
    lookups_.abandon(domain);
    return *removed || was_in_memory;
}

// By memory, but a lookup under way, the disk and another import may be ahead of that.
Result<bool> Operations::may_be_replaced(const KnownDomain& known, const CachedPolicy& imported,
                                         Origin origin) const {
    const WallTime at = clock_.wall();
    const auto stored = store_.find(known.domain);
    if (known.disk_unread || !stored) return failure(Errc::temporary, "the cache cannot be read");
    const auto may = [&](const CachedPolicy* policy) {
        return policy == nullptr || may_replace(*policy, imported, origin, at);
    };
    const auto flight = lookups_.under_way(known.domain);
    const auto arriving = arriving_.find(known.domain);
    return may(known.policy.get()) && may(*stored && (*stored)->policy ? &*(*stored)->policy : nullptr) &&
           may(flight ? flight->known.policy.get() : nullptr) &&
           may(arriving == arriving_.end() ? nullptr : arriving->second.get());
}

// Lookups under way know nothing of it, and must not write over it.
awaitable<Result<Imported>> Operations::import(DomainRecord record, Origin origin) {
    const WallTime at = clock_.wall();
    if (at >= record.policy->expires()) co_return Imported::expired;
    const std::string domain = record.domain;
    const KnownDomain known = lookups_.recall(domain);
    const auto replaceable = may_be_replaced(known, *record.policy, origin);
    if (!replaceable) co_return tl::unexpected(replaceable.error());
    if (!*replaceable) co_return Imported::kept;
    // What was learnt here stays.
    record.last_used = std::max(record.last_used, known.last_used);
    if (known.dane_seen) record.dane_seen = known.dane_seen;
    if (origin == Origin::elsewhere) {
        record.refresh_at = at;
        record.policy->learnt_by = by_import;
    } else if (const auto usual = refresh_time(domain, *record.policy)) {
        record.refresh_at = std::min(record.refresh_at.value_or(*usual), *usual);
    }
    const auto arriving = std::make_shared<const CachedPolicy>(*record.policy);
    arriving_.insert_or_assign(domain, arriving);
    lookups_.abandon(domain);
    table_.remove(domain);
    const auto stored = co_await store_.put(std::move(record));
    if (const auto found = arriving_.find(domain); found != arriving_.end() && found->second == arriving)
        arriving_.erase(found);
    lookups_.abandon(domain);
    table_.remove(domain);
    if (!stored) co_return tl::unexpected(stored.error());
    co_return Imported::taken;
}

}  // namespace sternpost
