#include "descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>

#include "sternpost/log/log.hpp"

namespace sternpost {

std::size_t connections_with_room(std::size_t wanted) {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return wanted;
    const rlim_t needed = wanted + descriptors_for_lookups;
    if (files.rlim_cur < needed) {
        files.rlim_cur = std::min(needed, files.rlim_max);
        ::setrlimit(RLIMIT_NOFILE, &files);
    }
    const rlim_t kept = std::min<rlim_t>(descriptors_for_lookups, files.rlim_cur / 2);
    const auto room = static_cast<std::size_t>(std::min<rlim_t>(wanted, files.rlim_cur - kept));
    if (room < wanted)
        say(LogLevel::warning, Topic::daemon,
            "the limit on open files ({}) leaves room for {} connections, not for {}: raise it "
            "(LimitNOFILE= of the unit, ulimit -n), or lower \"connections\" in [limits]",
            files.rlim_cur, room, wanted);
    return room;
}

}  // namespace sternpost
