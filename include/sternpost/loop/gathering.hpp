// Operations under way that somebody waits for, without asking how each of them ends.
//
// Ownership: shared by whoever waits and the members.
// Threads:   one loop.
// Errors:    a member that ends by an exception has ended, too.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <memory>

namespace sternpost {

class Gathering : public std::enable_shared_from_this<Gathering> {
public:
    explicit Gathering(const boost::asio::any_io_executor& executor)
        : left_(executor, boost::asio::steady_timer::time_point::max()) {}

    // Under way until it is let go.
    using Member = std::shared_ptr<void>;
    Member join();
    bool empty() const { return members_ == 0; }
    // Until a member has ended.
    boost::asio::awaitable<void> next_end();
    // Until none is under way.
    boost::asio::awaitable<void> all_ends();

private:
    std::size_t members_ = 0;
    boost::asio::steady_timer left_;  // cancelled when a member ends
};

}  // namespace sternpost
