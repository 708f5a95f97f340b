// All lookups under way: one flight per domain, from its first question to its landing in the memory table.
//
// Ownership: shared by its owner and by the coroutines of the flights, which may end later.
// Threads:   the resolve loop; table(), and the clock in context(), any.
// Errors:    none escape: what fails becomes an answer and a line in the log.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>

#include "course.hpp"
#include "flight.hpp"
#include "flight_replies.hpp"
#include "lookup_context.hpp"
#include "memory_table.hpp"
#include "recent_decisions.hpp"
#include "sharing.hpp"

namespace sternpost {

class Lookups : public std::enable_shared_from_this<Lookups> {
public:
    using FlightPtr = std::shared_ptr<Flight>;
    enum class Why { question, refresh, not_on_disk, news, operators_word };

    Lookups(boost::asio::any_io_executor resolve_loop, Sources sources, const ResolveOptions& options,
            std::shared_ptr<const Rules> rules, std::size_t memory_entries);

    LookupContext& context() { return context_; }
    MemoryTable& table() { return table_; }
    const RecentDecisions& decisions() const { return decisions_; }
    Settings settings() const { return context_.settings(); }

    // Null: there is none.
    FlightPtr under_way(const std::string& domain) const;
    std::size_t size() const { return flights_.size(); }
    // How many of them are refreshes, begun since then.
    std::size_t refreshes(SteadyTime since) const;

    // Begins a flight, or joins the one under way. Null: there are too many, or the program is stopping.
    FlightPtr begin(const std::string& domain, Why why);
    // The same for `question`, which is wanted from then on.
    FlightPtr want(const std::string& domain, const Asked& question);
    // `waiter` is answered by the flight, or at once if there is no room for one.
    void board(const std::string& domain, Flight::Waiter waiter);
    // As if the flight had never been; whoever waits for an answer boards another one.
    void abandon(const std::string& domain);
    // Whoever waits is answered from a known policy, or without a reply; nothing more is begun.
    void stop();

    // What memory or disk knows about a domain.
    KnownDomain recall(const std::string& domain);
    // To disk, in the background.
    void write(DomainRecord record);

    // Another relay has fetched the policy of `domain`: if the domain is known here, it is looked at again at once.
    void hear(const std::string& domain, WallTime fetched);
    // Tells the other relays what is known here.
    void tell(const std::string& domain);

private:
    Now now() const { return context_.now(); }
    Reply without_lookup(const std::string& domain, const Asked& question);
    void limit_patience(Flight& flight) const;
    void watch_patience(const FlightPtr& flight);
    void end_patience(const FlightPtr& flight, SteadyTime due);
    boost::asio::awaitable<void> look_at_policy(FlightPtr flight);
    void take_former_answers_back(Flight& flight);
    bool knows_nothing_since_a_pin_ended(const Flight& flight) const;
    static boost::asio::awaitable<void> fly(std::shared_ptr<Lookups> self, FlightPtr flight);
    void land(const FlightPtr& flight);
    void crash(Flight& flight);
    void remember(Flight& flight);
    void answer_who_need_not_wait(Flight& flight);
    static boost::asio::awaitable<void> put(std::shared_ptr<Lookups> self, DomainRecord record);

    boost::asio::any_io_executor resolve_loop_;
    LookupContext context_;
    MemoryTable table_;
    std::unordered_map<std::string, FlightPtr> flights_;
    Sharing sharing_{context_};
    Course course_;
    FlightReplies replies_{context_};
    RecentDecisions decisions_{context_};
};

}  // namespace sternpost
