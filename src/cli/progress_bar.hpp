// A line on standard error that shows how far something has got, if that is a terminal that can erase it again.
//
// Threads: one at a time.
#pragma once

#include <chrono>
#include <cstddef>

namespace sternpost {

class ProgressBar {
public:
    ProgressBar();

    // Draws it, but not more often than a person can see. `total` is not 0.
    void show(std::size_t done, std::size_t total);
    // Makes room for other lines.
    void clear();
    bool can_be_seen() const { return visible_; }

private:
    const bool visible_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point next_{};
};

}  // namespace sternpost
