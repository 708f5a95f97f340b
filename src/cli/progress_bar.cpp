#include "progress_bar.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace sternpost {

namespace {

constexpr std::chrono::milliseconds interval{100};
constexpr std::size_t max_width = 40;
constexpr std::size_t usual_columns = 80;

bool is_good_terminal() {
    const char* kind = std::getenv("TERM");
    return ::isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

std::size_t columns() {
    winsize size{};
    const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : usual_columns;
}

// A line that reaches the last column may wrap, and would not be taken back.
std::string bar(std::size_t done, std::size_t total) {
    std::string numbers = std::to_string(done) + "/" + std::to_string(total);
    const std::size_t others = std::string_view("[] ").size() + numbers.size() + 1;
    const std::size_t room = columns();
    const std::size_t width = std::min(max_width, room - std::min(room, others));
    if (width == 0) return numbers;
    const std::size_t filled = width * done / total;
    return "[" + std::string(filled, '#') + std::string(width - filled, ' ') + "] " + numbers;
}

}  // namespace

ProgressBar::ProgressBar() : visible_(is_good_terminal()) {}

void ProgressBar::show(std::size_t done, std::size_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (!visible_ || now < next_) return;
    next_ = now + interval;
    std::cerr << "\r" << bar(done, total) << std::flush;
    shown_ = true;
}

void ProgressBar::clear() {
    if (std::exchange(shown_, false)) std::cerr << "\r\x1b[K" << std::flush;
}

}  // namespace sternpost
