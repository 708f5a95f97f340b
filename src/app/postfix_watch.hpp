// What Postfix says about its DNSSEC support, asked again when main.cf changes.
//
// Ownership: Daemon's. Threads: the resolve loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>

#include "sternpost/base/file_state.hpp"
#include "sternpost/postfix/postfix_dnssec.hpp"

namespace sternpost {

class PostfixWatch {
public:
    // Asks, unless nothing can have changed. True: the answer differs from the one before.
    boost::asio::awaitable<bool> look();
    // Lets the next look() ask in any case.
    void forget() { may_have_changed_ = true; }

    // no_postfix until it has been asked.
    PostfixDnssec::Answer answer() const { return last_ ? last_->answer : PostfixDnssec::Answer::no_postfix; }

private:
    bool may_have_changed() const;
    void log() const;

    std::optional<PostfixDnssec> last_;  // nullopt: never asked
    FileState main_cf_;
    std::chrono::steady_clock::time_point asked_{};
    bool may_have_changed_ = true;
    bool silent_ = false;  // the last question brought no answer
};

}  // namespace sternpost
