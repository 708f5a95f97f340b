#include "sternpost/base/file_state.hpp"

#include <sys/stat.h>

namespace sternpost {

FileState state_of(const std::string& path) {
    struct stat found {};
    FileState state;
    if (::stat(path.c_str(), &found) != 0) return state;
    state.device = found.st_dev;
    state.inode = found.st_ino;
    state.size = found.st_size;
    state.seconds = found.st_mtim.tv_sec;
    state.nanoseconds = found.st_mtim.tv_nsec;
    return state;
}

}  // namespace sternpost
