#include "sternpost/explain/explainer.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "conclusion.hpp"
#include "layers.hpp"
#include "remembered.hpp"
#include "sternpost/answer/netstring.hpp"
#include "sternpost/dane/dane_lookup.hpp"
#include "sternpost/policy/next_hop.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

constexpr std::size_t one_domain = 1;

std::string words_for(const Override* decided) {
    if (decided == nullptr) return {};
    switch (decided->action) {
        case Override::Action::ignore:
            return "[[override]] for \"" + decided->domain + "\": MTA-STS is ignored";
        case Override::Action::enforce_testing:
            return "[[override]] for \"" + decided->domain + "\": a testing policy is enforced";
        case Override::Action::pin:
            return "[[override]] for \"" + decided->domain + "\": a policy of your own is pinned";
        case Override::Action::dane_only:
            break;
    }
    return "[[override]] for \"" + decided->domain + "\": DANE is mandatory";
}

// The payload of a netstring that we made.
std::string payload_of(const std::string& netstring) {
    const auto colon = netstring.find(':');
    return netstring.substr(colon + 1, netstring.size() - colon - 2);
}

}  // namespace

class Explainer::Inside {
public:
    Inside(asio::any_io_executor executor, ExplainTools tools, ExplainSettings settings)
        : tools_(tools),
          settings_(std::move(settings)),
          resolver_(tools.resolver),
          answers_(executor, executor, Sources{resolver_, given_, store_, tools.clock}, settings_.options,
                   settings_.rules, one_domain) {}

    awaitable<Explanation> explain(std::string key) {
        using asio::experimental::awaitable_operators::operator&&;
        told_.key = std::move(key);
        const auto next_hop = read_next_hop(told_.key);
        if (next_hop) {
            next_hop_ = *next_hop;
            told_.domain = next_hop_.domain;
            told_.decided = words_for(settings_.rules->override_of(told_.domain, tools_.clock.wall()));
            co_await (look_at_policy() && look_at_hosts() && look_at_tls_reports());
            judge_hosts();
            if (tools_.probe != nullptr) co_await look_at_servers();
            co_await decide("sts", "3.4 to 3.9", false);
            co_await decide("sts-tlsrpt", "3.10 and newer", true);
        }
        conclude(told_);
        co_return std::move(told_);
    }

private:
    awaitable<void> look_at_policy() {
        const auto record = co_await resolver_.txt("_mta-sts." + told_.domain);
        told_.record = record_layer(record);
        co_await look_at_policy_host();
    }

    awaitable<void> look_at_policy_host() {
        using asio::experimental::awaitable_operators::operator&&;
        const bool wanted = told_.record.verdict != Verdict::note;
        const std::string name = "mta-sts." + told_.domain;
        auto [v6, v4] = co_await (resolver_.aaaa(name, Servers::all) && resolver_.a(name, Servers::all));
        std::vector<asio::ip::address> addresses;
        if (v6) addresses = v6->records;
        if (v4) addresses.insert(addresses.end(), v4->records.begin(), v4->records.end());
        if (addresses.empty()) {
            told_.policy_host = policy_host_without_address(name, v4, v6, wanted);
            told_.policy.verdict = Verdict::note;
            told_.policy.summary = "there is no text to be looked at";
            co_return;
        }
        told_.policy_host.host = name;
        for (const auto& address : addresses) told_.policy_host.addresses.push_back(address.to_string());
        const auto report = std::make_shared<FetchReport>();
        const auto body = co_await tools_.fetcher.fetch_and_report(name, std::move(addresses), report);
        told_.policy_host.fetch = std::move(*report);
        judge_policy_host(told_.policy_host, body, wanted, tools_.clock.wall());
        given_.give(body);
        if (body) {
            told_.policy = policy_layer(*body);
        } else {
            told_.policy.verdict = Verdict::note;
            told_.policy.summary = "there is no text to be looked at";
        }
    }

    awaitable<void> look_at_hosts() {
        DaneLookup lookup(resolver_);
        dane_ = co_await lookup.look(next_hop_);
        const Validation validation = co_await resolver_.validation();
        whom_ = validation == Validation::yes ? Servers::validating : Servers::all;
        if (!next_hop_.bracketed) mx_ = co_await resolver_.mx(told_.domain, whom_);
    }

    awaitable<void> look_at_tls_reports() {
        told_.tls_reports = tls_report_layer(co_await resolver_.txt("_smtp._tls." + told_.domain));
    }

    void judge_hosts() {
        const bool usable = told_.policy.review && told_.policy.review->policy;
        const bool dane_wanted = settings_.rules->map("sts")->dane;
        told_.mx = mx_layer(dane_, mx_, usable ? &*told_.policy.review->policy : nullptr);
        told_.dane = dane_layer(dane_, dane_wanted);
        if (!dane_wanted) told_.dane.state = DomainDane::absent;
    }

    awaitable<void> look_at_servers() {
        for (MxHostSeen& host : told_.mx.hosts) {
            auto target = co_await target_of(host);
            host.starttls = co_await tools_.probe->look(std::move(target));
        }
        judge_servers(told_.mx, told_.dane);
    }

    awaitable<MxTarget> target_of(const MxHostSeen& host) {
        using asio::experimental::awaitable_operators::operator&&;
        MxTarget target;
        target.host = host.name;
        target.port = next_hop_.port;
        auto [v6, v4] = co_await (resolver_.aaaa(host.name, whom_) && resolver_.a(host.name, whom_));
        if (v6) target.addresses = std::move(v6->records);
        if (v4) target.addresses.insert(target.addresses.end(), v4->records.begin(), v4->records.end());
        if (host.dane.tlsa_base.empty()) co_return target;
        target.tlsa_base = host.dane.tlsa_base;
        auto records =
            co_await resolver_.tlsa("_" + std::to_string(target.port) + "._tcp." + target.tlsa_base);
        if (records) target.tlsa = std::move(records->records);
        co_return target;
    }

    awaitable<void> decide(std::string map, std::string postfix, bool extended) {
        const auto rules = answers_.map(map);
        const Reply reply = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Reply)>(
            [this, &rules](auto handler) {
                const auto shared = std::make_shared<decltype(handler)>(std::move(handler));
                answers_.ask(*rules, next_hop_,
                             [shared](Reply given) { std::move (*shared)(std::move(given)); });
            },
            asio::use_awaitable);
        MapAnswer answer;
        answer.map = std::move(map);
        answer.postfix = std::move(postfix);
        answer.reply = reply ? payload_of(*reply) : "";
        answer.effect = effect_of(answer.reply, extended);
        told_.answers.push_back(std::move(answer));
    }

    ExplainTools tools_;
    ExplainSettings settings_;
    RememberingResolver resolver_;
    GivenFetch given_;
    EmptyStore store_;
    DomainAnswers answers_;
    Explanation told_;
    NextHop next_hop_;
    DaneState dane_;
    Result<RecordSet<MxRecord>> mx_ = failure(Errc::temporary, "there is no MX record to be asked for");
    Servers whom_ = Servers::all;
};

Explainer::Explainer(asio::any_io_executor executor, ExplainTools tools, ExplainSettings settings)
    : inside_(std::make_unique<Inside>(std::move(executor), tools, std::move(settings))) {}

Explainer::~Explainer() = default;

awaitable<Explanation> Explainer::explain(std::string key) {
    return inside_->explain(std::move(key));
}

}  // namespace sternpost
