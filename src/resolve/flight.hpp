// One look at a domain under way, shared by all questions about it.
//
// Ownership: shared by the coroutine that flies it, its timer and the list of flights.
// Threads:   the resolve loop.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <utility>
#include <vector>

#include "known_domain.hpp"

namespace sternpost {

struct Flight {
    Flight(const boost::asio::any_io_executor& executor, KnownDomain what_is_known)
        : known(std::move(what_is_known)), patience(executor) {}

    struct Waiter {
        NextHop next_hop;
        Answers::OnReply on_reply;
    };

    KnownDomain known;         // the flight's working copy
    bool look_at_txt = false;  // although it is not due yet
    std::vector<Waiter> waiters;
    boost::asio::steady_timer patience;  // at its end the waiters get what there is
    bool overdue = false;                // patience has ended: who asks now gets what there is, too
    SteadyTime begun{};
};

}  // namespace sternpost
