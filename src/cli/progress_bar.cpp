#include "progress_bar.hpp"

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace sternpost {

namespace {

constexpr std::chrono::milliseconds interval{100};
constexpr std::size_t width = 40;

bool is_good_terminal() {
    const char* kind = std::getenv("TERM");
    return ::isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

}  // namespace

ProgressBar::ProgressBar() : visible_(is_good_terminal()) {}

void ProgressBar::show(std::size_t done, std::size_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (!visible_ || now < next_) return;
    next_ = now + interval;
    const std::size_t filled = width * done / total;
    std::cerr << "\r[" << std::string(filled, '#') << std::string(width - filled, ' ') << "] " << done << "/"
              << total << std::flush;
    shown_ = true;
}

void ProgressBar::clear() {
    if (std::exchange(shown_, false)) std::cerr << "\r\x1b[K" << std::flush;
}

}  // namespace sternpost
