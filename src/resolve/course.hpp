// What one flight looks at, and in which order: the policy (RFC 8461 section 5.1), and alongside it the MX hosts and DANE
// at them, as far as a wanted answer depends on them.
//
// Ownership: belongs to whoever makes the lookups, and so does the context, which outlives it.
// Threads:   the resolve loop; a look suspends.
// Errors:    noted in what the flight knows, and logged.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "discovery.hpp"
#include "flight.hpp"
#include "lookup_context.hpp"
#include "sharing.hpp"

namespace sternpost {

class Course {
public:
    // `answer` answers those who need not wait for more with what is known.
    Course(LookupContext& context, Sharing& sharing, std::function<void(Flight&)> answer)
        : context_(context), sharing_(sharing), answer_(std::move(answer)) {}

    boost::asio::awaitable<void> look_at_policy(std::shared_ptr<Flight> flight);
    // For everybody who asks until the policy is known.
    boost::asio::awaitable<void> look_at_hosts(std::shared_ptr<Flight> flight);

private:
    boost::asio::awaitable<void> discover_policy(std::shared_ptr<Flight> flight);
    boost::asio::awaitable<bool> ask_other_relays(std::shared_ptr<Flight> flight);
    boost::asio::awaitable<void> fetch_at_operators_word(std::shared_ptr<Flight> flight);
    std::optional<Asked> question_that_lacks_hosts(const Flight& flight) const;
    Discovery discovery() const;

    LookupContext& context_;
    Sharing& sharing_;
    std::function<void(Flight&)> answer_;
};

}  // namespace sternpost
