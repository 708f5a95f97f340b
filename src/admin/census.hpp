// How many policies of each kind are on disk, counted little by little, so that a large cache holds nobody up; and
// which of them need attention.
//
// Ownership: belongs to the resources; store and clock outlive it.
// Threads:   the resolve loop; counting suspends.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "sternpost/loop/gathering.hpp"
#include "sternpost/store/policy_store.hpp"

namespace sternpost {

inline constexpr std::size_t max_listed = 20;

class Census {
public:
    Census(boost::asio::any_io_executor executor, PolicyStore& store, const Clock& clock);

    // As of now, or of a short while ago; nullopt: the disk cannot be read.
    boost::asio::awaitable<std::optional<PolicyCounts>> counts();
    // The next to expire, at most max_listed: among those whose last fetch failed, and among all. As of now, or of a short
    // while ago; none if the disk cannot be read.
    const std::vector<DomainRecord>& failing() { return listed(failing_, Among::failing); }
    const std::vector<DomainRecord>& ending() { return listed(ending_, Among::all); }

private:
    struct List {
        std::vector<DomainRecord> records;
        SteadyTime good_until{};
    };

    boost::asio::awaitable<void> count();
    const std::vector<DomainRecord>& listed(List& list, Among which);

    boost::asio::any_io_executor executor_;
    PolicyStore& store_;
    const Clock& clock_;
    std::optional<PolicyCounts> last_;
    SteadyTime good_until_{};
    List failing_, ending_;
    std::shared_ptr<Gathering> counting_;
};

}  // namespace sternpost
