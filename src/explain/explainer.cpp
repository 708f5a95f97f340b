#include "sternpost/explain/explainer.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "conclusion.hpp"
#include "looking.hpp"
#include "remembered.hpp"
#include "sternpost/answer/netstring.hpp"
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

}  // namespace

class Explainer::Inside {
public:
    Inside(const asio::any_io_executor& executor, LookTools tools, ExplainSettings settings)
        : tools_(tools),
          settings_(std::move(settings)),
          resolver_(tools.resolver),
          answers_(executor, executor, Sources{resolver_, given_, store_, tools.clock}, settings_.options,
                   settings_.rules, one_domain) {}

    awaitable<Explanation> explain(std::string key) {
        told_.key = std::move(key);
        const auto next_hop = read_next_hop(told_.key);
        if (next_hop) {
            next_hop_ = *next_hop;
            told_.domain = next_hop_.domain;
            const Override* decided = settings_.rules->override_of(told_.domain, tools_.clock.wall());
            told_.decided = words_for(decided);
            if (decided != nullptr) told_.action = decided->action;
            Look look(tools_, resolver_, next_hop_, settings_.rules->map("sts")->dane, decided);
            co_await look.run(told_);
            given_.give(look.fetched());
            co_await decide("sts", "3.4 to 3.10.5");
            co_await decide("sts-tlsrpt", "3.10.6 and newer");
        }
        conclude(told_);
        co_return std::move(told_);
    }

private:
    awaitable<void> decide(std::string map, std::string postfix) {
        const auto rules = answers_.map(map);
        const auto ask = [this, &rules](auto handler) {
            const auto shared = std::make_shared<decltype(handler)>(std::move(handler));
            answers_.ask(*rules, next_hop_, [shared](Reply given) { std::move (*shared)(std::move(given)); });
        };
        const Reply reply = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Reply)>(
            ask, asio::use_awaitable);
        MapAnswer answer;
        answer.map = std::move(map);
        answer.postfix = std::move(postfix);
        answer.reply = reply ? std::string(payload_of(*reply)) : "";
        answer.effect = effect_of(answer.reply);
        told_.answers.push_back(std::move(answer));
    }

    LookTools tools_;
    ExplainSettings settings_;
    RememberingResolver resolver_;
    GivenFetch given_;
    EmptyStore store_;
    DomainAnswers answers_;
    Explanation told_;
    NextHop next_hop_;
};

Explainer::Explainer(const asio::any_io_executor& executor, LookTools tools, ExplainSettings settings)
    : inside_(std::make_unique<Inside>(executor, tools, std::move(settings))) {}

Explainer::~Explainer() = default;

awaitable<Explanation> Explainer::explain(std::string key) {
    return inside_->explain(std::move(key));
}

}  // namespace sternpost
