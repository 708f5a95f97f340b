// Sees to it that nobody waits for an engine that does not answer.
//
// Threads: one; pure, `now` is a parameter.
#pragma once

#include <algorithm>
#include <chrono>

#include "sternpost/base/time.hpp"

namespace sternpost {

class Breaker {
public:
    static constexpr int failures_that_open = 3;  // in a row
    static constexpr std::chrono::seconds first_rest{1};
    static constexpr std::chrono::seconds longest_rest{30};

    void note_success() {
        failures_ = 0;
        rest_ = std::chrono::seconds(0);
    }
    // Returns whether that opened it.
    bool note_failure(SteadyTime now) {
        if (++failures_ < failures_that_open) return false;
        // One trial at the end of each rest: a failure then opens it again.
        failures_ = failures_that_open - 1;
        rest_ = std::clamp(rest_ * 2, first_rest, longest_rest);
        until_ = now + rest_;
        return true;
    }
    // How long nothing is to be asked.
    SteadyTime::duration rest(SteadyTime now) const {
        return std::max(until_ - now, SteadyTime::duration::zero());
    }

private:
    int failures_ = 0;
    std::chrono::seconds rest_{0};
    SteadyTime until_{};
};

}  // namespace sternpost
