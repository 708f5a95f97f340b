#include "sternpost/socketmap/socketmap_figures.hpp"

#include "sternpost/answer/netstring.hpp"

namespace sternpost {

namespace {

// A place in answer_kinds.
std::size_t kind_of(std::string_view reply) {
    if (reply.empty()) return 5;
    const std::string_view said = payload_of(reply);
    switch (said.front()) {
        case 'O':
            return said.starts_with("OK dane-only") ? 1 : 0;
        case 'N':
            return 2;
        case 'P':
            return 4;
        default:
            return 3;
    }
}

}  // namespace

void SocketmapFigures::note_answer(std::string_view reply, std::chrono::nanoseconds took) {
    answers[kind_of(reply)].add();
    std::size_t time_class = 0;  // nearly always the first one
    while (time_class < answer_time_classes.size() && took > answer_time_classes[time_class]) ++time_class;
    answers_by_time[time_class].add();
    answer_nanoseconds.add(static_cast<std::uint64_t>(took.count()));
}

}  // namespace sternpost
