// The two clocks. Wall time is for what outlives the process (expiry of a policy, back-off on disk); steady time is for
// waiting and for what DNS said. Only a Clock reads the wall clock; Asio's timers use the steady one directly.
#pragma once

#include <chrono>
#include <string>

namespace sternpost {

using WallTime = std::chrono::sys_seconds;
using SteadyTime = std::chrono::steady_clock::time_point;

// Threads: any.
class Clock {
public:
    virtual ~Clock() = default;
    virtual WallTime wall() const = 0;
    virtual SteadyTime steady() const = 0;
};

class SystemClock final : public Clock {
public:
    WallTime wall() const override;
    SteadyTime steady() const override;
};

// "2026-12-01T08:00:00Z"
std::string to_iso8601(WallTime time);

}  // namespace sternpost
