// What tells one state of a file from another, at the cost of a stat().
//
// Threads: any.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace sternpost {

struct FileState {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    bool operator==(const FileState&) const = default;
};

// A file that cannot be looked at is in the state FileState{}.
FileState state_of(const std::string& path);

}  // namespace sternpost
