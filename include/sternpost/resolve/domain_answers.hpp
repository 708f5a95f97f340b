// Decides the answer for a domain, and remembers it.
//
// The path of a question: at_once() answers it from the memory table, or ask() hands it to the resolve loop.
// There all questions about one domain share one flight: TXT record, policy file, commit, DANE at the MX hosts,
// then the table and the answers.
//
// Ownership: `app` owns it; the resolver, fetcher, store and clock outlive it.
// Threads:   map(), expect(), at_once() and ask() on the answer loop; everything else on the resolve loop. The
//            loops share the memory table, and each has the rules.
// Errors:    none escape: what fails becomes an answer and a line in the log.
// Time:      expiry and back-off by the wall clock; what DNS said by the steady one.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>

#include "sternpost/base/time.hpp"
#include "sternpost/dns/resolver.hpp"
#include "sternpost/fleet/fleet.hpp"
#include "sternpost/https/policy_fetcher.hpp"
#include "sternpost/resolve/answers.hpp"
#include "sternpost/resolve/cache_operations.hpp"
#include "sternpost/resolve/rules.hpp"
#include "sternpost/store/policy_store.hpp"

namespace sternpost {

// Domains that are looked up at the same time; a question beyond that is told so (TEMP), unless what is known of policy
// and MX hosts answers it.
inline constexpr std::size_t max_flights = 10'000;
// A question about a domain whose policy is known waits no longer than this for a look at DNS or at a new policy.
inline constexpr std::chrono::seconds patience_with_known_policy{2};
// GETs per domain and hour, whatever its id does.
inline constexpr std::size_t max_fetches_an_hour = 12;
// Next-hops of one domain, with and without brackets and by port, whose DANE state is kept.
inline constexpr std::size_t max_routes_a_domain = 8;
// A domain that had DANE within this time is not left to its MTA-STS policy alone just because no server validates
// any more.
inline constexpr std::chrono::hours dane_memory{24};

struct ResolveOptions {
    std::chrono::seconds min_ttl{60};
    std::chrono::seconds max_ttl{3600};
    std::chrono::seconds recheck{300};
    std::chrono::milliseconds deadline{20'000};
    std::chrono::seconds retry{300};
    std::chrono::seconds min_interval{60};
    std::chrono::milliseconds upkeep_interval{1000};
    bool defer_on_dns_failure = false;
};

// What the decisions rest on.
struct Sources {
    Resolver& resolver;
    PolicyFetcher& fetcher;
    PolicyStore& store;
    const Clock& clock;
    Fleet* fleet = nullptr;  // null: this relay is alone
};

class DomainAnswers final : public Answers, public CacheOperations {
public:
    DomainAnswers(boost::asio::any_io_executor answer_loop, boost::asio::any_io_executor resolve_loop,
                  Sources sources, const ResolveOptions& options, Rules rules, std::size_t memory_entries);
    DomainAnswers(boost::asio::any_io_executor answer_loop, boost::asio::any_io_executor resolve_loop,
                  Sources sources, const ResolveOptions& options, std::shared_ptr<const Rules> rules,
                  std::size_t memory_entries);
    ~DomainAnswers() override;

    std::optional<MapRules> map(std::string_view name) const override;
    void expect(const NextHop& next_hop) override;
    Reply at_once(const MapRules& map, const NextHop& next_hop) override;
    void ask(const MapRules& map, NextHop next_hop, OnReply on_reply) override;

    Result<DomainReport> report(const std::string& domain) override;
    boost::asio::awaitable<Result<Refreshed>> refresh(std::string domain) override;
    boost::asio::awaitable<Result<void>> learn(std::string domain) override;
    Result<bool> forget(const std::string& domain) override;
    boost::asio::awaitable<Result<Imported>> import(DomainRecord record, Origin origin) override;
    ResolveFigures figures() const override;
    std::vector<Decision> recent_decisions() const override;

    // Adopts new options and rules for what is decided from now on; replies made by the old rules are made
    // again. Resolve loop.
    void reconfigure(const ResolveOptions& options, Rules rules);
    // From now on policies are refreshed, and the cache is pruned. Resolve loop.
    void begin_upkeep();
    // Waiting questions are answered from a known policy, or end without a reply, as do later ones. Resolve loop.
    void stop();

private:
    class Inside;
    std::shared_ptr<Inside> inside_;
};

}  // namespace sternpost
