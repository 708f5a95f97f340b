// Takes smtp(8)'s way to a socketmap: from the queue directory, in its chroot, as Postfix's user.
//
// Threads: one; blocks for at most look_limit. A child process does it, so the caller must not have other threads.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

#include "sternpost/doctor/facts.hpp"

namespace sternpost {

inline constexpr std::chrono::seconds look_limit{5};

// Whom to become; only root can become somebody else.
struct PostfixUser {
    uid_t uid = 0;
    gid_t gid = 0;
    std::string queue_directory;
};

// Fills in the outcome of `look`, whose `endpoint`, `map`, `chroot` and `path` say what to ask, and where.
void go_to_the_socket(SocketLook& look, const PostfixUser& user);

}  // namespace sternpost
