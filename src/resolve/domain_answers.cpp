#include "sternpost/resolve/domain_answers.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <unordered_map>
#include <utility>

#include "discovery.hpp"
#include "flight.hpp"
#include "memory_table.hpp"
#include "reply_maker.hpp"
#include "sternpost/loop/spawn.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

// "postfix" and "QUERY" are what the two other daemons of this kind are asked for.
constexpr std::array<std::string_view, 3> base_grammar_maps{"sts", "postfix", "QUERY"};

}  // namespace

// Shared with handlers that are still on their way from one loop to the other when the owner goes.
class DomainAnswers::Inside : public std::enable_shared_from_this<Inside> {
public:
    Inside(asio::any_io_executor answer_loop, asio::any_io_executor resolve_loop, Sources sources,
           const ResolveOptions& options, std::size_t memory_entries)
        : answer_loop_(std::move(answer_loop)),
          resolve_loop_(std::move(resolve_loop)),
          sources_(sources),
          options_(options),
          table_(memory_entries) {}

    Reply at_once(const NextHop& next_hop) {
        const TableEntryPtr entry = table_.find(next_hop.domain);
        if (!entry) return nullptr;
        const SteadyTime now = sources_.clock.steady();
        if (now >= entry->fresh_until || sources_.clock.wall() >= entry->expires) return nullptr;
        if (now >= entry->look_from && !entry->look_begun.exchange(true, std::memory_order_relaxed))
            asio::post(resolve_loop_,
                       [self = shared_from_this(), domain = next_hop.domain] { self->look_behind(domain); });
        return entry->reply(next_hop);
    }

    void ask(NextHop next_hop, Answers::OnReply on_reply) {
        asio::post(resolve_loop_, [self = shared_from_this(), next_hop = std::move(next_hop),
                                   on_reply = std::move(on_reply)]() mutable {
            Flight::Waiter waiter;
            waiter.next_hop = std::move(next_hop);
            waiter.on_reply = std::move(on_reply);
            self->question(std::move(waiter));
        });
    }

    void reconfigure(const ResolveOptions& options) { options_ = options; }

    void stop() {
        stopped_ = true;
        for (auto& [domain, flight] : flights_) {
            flight->patience.cancel();
            release(*flight, nullptr);
        }
    }

private:
    using FlightPtr = std::shared_ptr<Flight>;

    Now now() const { return {sources_.clock.wall(), sources_.clock.steady()}; }

    void question(Flight::Waiter waiter) {
        if (stopped_) return reply(waiter, nullptr);
        // Another question's flight may have landed on the way here.
        if (Reply ready = at_once(waiter.next_hop)) return reply(waiter, std::move(ready));
        const FlightPtr flight = flight_to(waiter.next_hop.domain);
        if (!flight)
            return reply(waiter, temporary("sternpostd is overloaded: too many domains are being looked up"));
        if (flight->overdue) return reply(waiter, reply_so_far(*flight, waiter.next_hop));
        flight->waiters.push_back(std::move(waiter));
    }

    // A look that nobody waits for.
    void look_behind(const std::string& domain) {
        if (stopped_ || flights_.contains(domain)) return;
        if (const FlightPtr flight = flight_to(domain)) flight->look_at_txt = true;
    }

    FlightPtr flight_to(const std::string& domain) {
        if (const auto found = flights_.find(domain); found != flights_.end()) return found->second;
        if (flights_.size() >= max_flights) return nullptr;
        auto flight = std::make_shared<Flight>(resolve_loop_, recall(domain));
        flight->begun = sources_.clock.steady();
        flights_.emplace(domain, flight);
        limit_patience(flight);
        spawn(resolve_loop_, "domain lookup", fly(shared_from_this(), flight));
        return flight;
    }

    // What memory or disk knows of a domain.
    KnownDomain recall(const std::string& domain) {
        KnownDomain known;
        if (const auto entry = table_.find(domain); entry && !entry->known.disk_unread) {
            known = entry->known;
            known.just_fetched = false;
            return known;
        }
        known.domain = domain;
        auto stored = sources_.store.find(domain);
        if (!stored) {
            spdlog::error("policy {}: {}", domain, stored.error().detail);
            known.disk_unread = true;
            return known;
        }
        if (!*stored) return known;
        if ((*stored)->policy)
            known.policy = std::make_shared<const CachedPolicy>(std::move(*(*stored)->policy));
        known.failed = std::move((*stored)->failed);
        if (known.policy_applies(sources_.clock.wall(), options_))
            log_policy(known, "cache", std::chrono::milliseconds(0));
        return known;
    }

    void limit_patience(const FlightPtr& flight) {
        std::chrono::steady_clock::duration wait = options_.deadline;
        if (flight->known.policy_applies(sources_.clock.wall(), options_))
            wait = std::min<std::chrono::steady_clock::duration>(wait, patience_with_known_policy);
        flight->patience.expires_after(wait);
        flight->patience.async_wait([self = shared_from_this(), flight](boost::system::error_code error) {
            if (error) return;
            flight->overdue = true;
            for (auto& waiter : std::exchange(flight->waiters, {}))
                self->reply(waiter, self->reply_so_far(*flight, waiter.next_hop));
        });
    }

    static awaitable<void> fly(std::shared_ptr<Inside> self, FlightPtr flight) {
        co_await self->look(flight);
        self->land(flight);
    }

    awaitable<void> look(FlightPtr flight) {
        Discovery discovery(sources_, options_);
        KnownDomain& known = flight->known;
        if (flight->look_at_txt || now().steady >= known.txt.due) co_await discovery.look_at_txt(known);
        if (stopped_) co_return;
        const WallTime wall = now().wall;
        if (known.wants_fetch(wall) && known.may_fetch(wall, options_)) {
            // With a fetch of this id failed already, the next try runs behind the answer.
            if (known.fetch_has_failed()) settle(*flight);
            co_await discovery.fetch_policy(known);
        }
        if (stopped_) co_return;
        if (!known.on_disk) co_await discovery.commit(known);
        if (known.enforced(now().wall, options_) && known.needs_mx() && now().steady >= known.mx.due)
            co_await discovery.look_at_mx(known);
    }

    // Gives the waiters, and whoever asks from now on, what is known, while the flight goes on.
    void settle(Flight& flight) {
        flight.overdue = true;
        flight.patience.cancel();
        answer_from(flight, *make_entry(flight.known, now(), options_));
    }

    void land(const FlightPtr& flight) {
        flight->patience.cancel();
        flights_.erase(flight->known.domain);
        if (stopped_) return release(*flight, nullptr);
        const auto entry = make_entry(flight->known, now(), options_);
        table_.put(entry);
        answer_from(*flight, *entry);
    }

    void answer_from(Flight& flight, const TableEntry& entry) {
        for (auto& waiter : std::exchange(flight.waiters, {})) reply(waiter, entry.reply(waiter.next_hop));
    }

    // The reply to a question that cannot wait for the flight any longer.
    Reply reply_so_far(const Flight& flight, const NextHop& next_hop) const {
        const KnownDomain& known = flight.known;
        const Now at = now();
        const bool first_fetch_runs = known.wants_fetch(at.wall) && !known.fetch_has_failed();
        if (first_fetch_runs && !known.policy_applies(at.wall, options_))
            return temporary("policy of " + known.domain + " is being fetched");
        if (known.txt.state != TxtState::unasked || known.policy_applies(at.wall, options_))
            return make_entry(known, at, options_)->reply(next_hop);
        KnownDomain unanswered = known;
        unanswered.txt.state = TxtState::failed;
        unanswered.txt.why = "no answer yet";
        return make_entry(std::move(unanswered), at, options_)->reply(next_hop);
    }

    void release(Flight& flight, const Reply& with) {
        for (auto& waiter : std::exchange(flight.waiters, {})) reply(waiter, with);
    }

    void reply(Flight::Waiter& waiter, Reply with) const {
        asio::post(answer_loop_, [on_reply = std::move(waiter.on_reply), with = std::move(with)]() mutable {
            on_reply(std::move(with));
        });
    }

    asio::any_io_executor answer_loop_;
    asio::any_io_executor resolve_loop_;
    Sources sources_;
    ResolveOptions options_;
    MemoryTable table_;
    std::unordered_map<std::string, FlightPtr> flights_;
    bool stopped_ = false;
};

DomainAnswers::DomainAnswers(asio::any_io_executor answer_loop, asio::any_io_executor resolve_loop,
                             Sources sources, const ResolveOptions& options, std::size_t memory_entries)
    : inside_(std::make_shared<Inside>(std::move(answer_loop), std::move(resolve_loop), sources, options,
                                       memory_entries)) {}

DomainAnswers::~DomainAnswers() = default;

bool DomainAnswers::knows_map(std::string_view map) const {
    return std::ranges::find(base_grammar_maps, map) != base_grammar_maps.end();
}

Reply DomainAnswers::at_once(const NextHop& next_hop) {
    return inside_->at_once(next_hop);
}

void DomainAnswers::ask(NextHop next_hop, OnReply on_reply) {
    inside_->ask(std::move(next_hop), std::move(on_reply));
}

void DomainAnswers::reconfigure(const ResolveOptions& options) {
    inside_->reconfigure(options);
}

void DomainAnswers::stop() {
    inside_->stop();
}

}  // namespace sternpost
