#include "looking.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

#include "layers.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

void no_text(PolicyLayer& policy) {
    policy.verdict = Verdict::note;
    policy.summary = "there is no text to be looked at";
}

}  // namespace

Look::Look(LookTools tools, RememberingResolver& resolver, NextHop next_hop, bool dane_wanted,
           const Override* decided)
    : tools_(tools),
      resolver_(resolver),
      next_hop_(std::move(next_hop)),
      dane_wanted_(dane_wanted),
      decided_(decided) {}

awaitable<void> Look::run(Published& into) {
    using asio::experimental::awaitable_operators::operator&&;
    co_await (look_at_policy(into) && look_at_hosts() && look_at_tls_reports(into));
    judge_hosts(into);
    if (tools_.probe != nullptr) co_await look_at_servers(into);
}

awaitable<void> Look::look_at_policy(Published& into) {
    const auto record = co_await resolver_.txt("_mta-sts." + next_hop_.domain);
    into.record = record_layer(record);
    co_await look_at_policy_host(into);
}

awaitable<void> Look::look_at_policy_host(Published& into) {
    using asio::experimental::awaitable_operators::operator&&;
    const bool wanted = into.record.verdict != Verdict::note;
    const std::string name = "mta-sts." + next_hop_.domain;
    auto [v6, v4] = co_await (resolver_.aaaa(name, Servers::all) && resolver_.a(name, Servers::all));
    std::vector<asio::ip::address> addresses;
    if (v6) addresses = v6->records;
    if (v4) addresses.insert(addresses.end(), v4->records.begin(), v4->records.end());
    if (addresses.empty()) {
        into.policy_host = policy_host_without_address(name, v4, v6, wanted);
        no_text(into.policy);
        co_return;
    }
    into.policy_host.host = name;
    for (const auto& address : addresses) into.policy_host.addresses.push_back(address.to_string());
    const auto report = std::make_shared<FetchReport>();
    fetched_ = co_await tools_.fetcher.fetch_and_report(name, std::move(addresses), report);
    into.policy_host.fetch = std::move(*report);
    judge_policy_host(into.policy_host, fetched_, wanted, tools_.clock.wall());
    if (fetched_)
        into.policy = policy_layer(*fetched_);
    else
        no_text(into.policy);
}

awaitable<void> Look::look_at_hosts() {
    DaneLookup lookup(resolver_);
    dane_ = co_await lookup.look(next_hop_);
    const Validation validation = co_await resolver_.validation();
    whom_ = validation == Validation::yes ? Servers::validating : Servers::all;
    if (!next_hop_.bracketed) mx_ = co_await resolver_.mx(next_hop_.domain, whom_);
}

awaitable<void> Look::look_at_tls_reports(Published& into) {
    into.tls_reports = tls_report_layer(co_await resolver_.txt("_smtp._tls." + next_hop_.domain));
}

void Look::judge_hosts(Published& into) const {
    into.dane = dane_layer(dane_, dane_wanted_);
    if (!dane_wanted_) into.dane.state = DomainDane::absent;
    into.mx = mx_layer(dane_, mx_, standard_of(into));
}

Standard Look::standard_of(const Published& seen) const {
    Standard standard;
    standard.dane = seen.dane.state;
    if (seen.policy.review && seen.policy.review->policy) standard.policy = &*seen.policy.review->policy;
    if (decided_ == nullptr) return standard;
    switch (decided_->action) {
        case Override::Action::pin:
            standard.policy = &decided_->pinned;
            break;
        case Override::Action::dane_only:
            standard.dane_alone = true;
            [[fallthrough]];
        case Override::Action::ignore:
            standard.policy = nullptr;
            break;
        case Override::Action::enforce_testing:
            break;
    }
    return standard;
}

awaitable<void> Look::look_at_servers(Published& into) {
    for (MxHostSeen& host : into.mx.hosts) {
        auto target = co_await target_of(host);
        host.starttls = co_await tools_.probe->look(std::move(target));
    }
    judge_servers(into.mx, standard_of(into));
}

awaitable<MxTarget> Look::target_of(const MxHostSeen& host) {
    using asio::experimental::awaitable_operators::operator&&;
    MxTarget target;
    target.host = host.name;
    target.port = next_hop_.port;
    auto [v6, v4] = co_await (resolver_.aaaa(host.name, whom_) && resolver_.a(host.name, whom_));
    if (v6) target.addresses = std::move(v6->records);
    if (v4) target.addresses.insert(target.addresses.end(), v4->records.begin(), v4->records.end());
    if (host.dane.tlsa_base.empty()) co_return target;
    target.tlsa_base = host.dane.tlsa_base;
    target.next_hop_names.push_back(next_hop_.domain);
    if (mx_ && mx_->authentic) target.next_hop_names.push_back(mx_->canonical_name);
    auto records = co_await resolver_.tlsa("_" + std::to_string(target.port) + "._tcp." + target.tlsa_base);
    if (records) target.tlsa = std::move(records->records);
    co_return target;
}

awaitable<Published> look_at(LookTools tools, NextHop next_hop, bool dane_wanted) {
    RememberingResolver resolver(tools.resolver);
    Published seen;
    seen.domain = next_hop.domain;
    Look look(tools, resolver, std::move(next_hop), dane_wanted, nullptr);
    co_await look.run(seen);
    co_return seen;
}

}  // namespace sternpost
