// How many policies of which kind the disk holds, counted little by little, so that a large cache holds up nobody.
//
// Ownership: belongs to the resources; store and clock outlive it.
// Threads:   the resolve loop; counting suspends.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>

#include "sternpost/store/policy_store.hpp"

namespace sternpost {

class Census {
public:
    Census(boost::asio::any_io_executor executor, PolicyStore& store, const Clock& clock);

    // Of now, or of a short while ago; nullopt: the disk cannot be read.
    boost::asio::awaitable<std::optional<PolicyCounts>> counts();

private:
    boost::asio::awaitable<void> count();

    boost::asio::any_io_executor executor_;
    PolicyStore& store_;
    const Clock& clock_;
    boost::asio::steady_timer counted_;  // cancelled when a count ends
    std::optional<PolicyCounts> last_;
    SteadyTime good_until_{};
    bool counting_ = false;
};

}  // namespace sternpost
