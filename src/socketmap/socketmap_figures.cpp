#include "sternpost/socketmap/socketmap_figures.hpp"

#include <algorithm>

namespace sternpost {

namespace {

// A place in answer_kinds.
std::size_t kind_of(std::string_view reply) {
    if (reply.empty()) return 5;
    const std::string_view said = reply.substr(reply.find(':') + 1);
    if (said.starts_with("OK dane-only")) return 1;
    if (said.starts_with("OK")) return 0;
    if (said.starts_with("NOTFOUND")) return 2;
    return said.starts_with("PERM") ? 4 : 3;
}

}  // namespace

void SocketmapFigures::note_answer(std::string_view reply, std::chrono::nanoseconds took) {
    answers[kind_of(reply)].add();
    const auto time_class = std::ranges::lower_bound(answer_time_classes, took);
    answers_by_time[static_cast<std::size_t>(time_class - answer_time_classes.begin())].add();
    answer_nanoseconds.add(static_cast<std::uint64_t>(took.count()));
}

}  // namespace sternpost
