// Started as root, the daemon becomes another user for good.
//
// As root it does what only root may: opens the listening sockets, and hands over files that root has left behind.
// Everything else is opened with the user's own rights, so that no link in a directory of that user leads
// root astray.
//
// Threads: the main thread, before there is another one.
// Errors:  std::runtime_error with the remedy.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace sternpost {

struct Account {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
};

// The account to become; nullopt: none, because `user` is empty or is who we are already.
// Throws for an account that does not exist, and for one that is not ours when we are not root.
std::optional<Account> account_to_become(const std::string& user);

// Gives `account` the file at `path` if root has left it there: a plain file with no other names. Anything
// else is left as it is: opening it says what is wrong with it.
void hand_over(const std::string& path, const Account& account);
// Like hand_over(), but first makes an empty file where only root may make one.
void hand_over_or_make(const std::string& path, const Account& account);
// Whether it may make one there.
bool root_alone_may_make(const std::string& path);

// As long as it lives, files are opened with the rights of `account` alone.
class RightsOf {
public:
    explicit RightsOf(const Account& account);
    ~RightsOf();
    RightsOf(const RightsOf&) = delete;
    RightsOf& operator=(const RightsOf&) = delete;
};

// For good: no root, no supplementary group, no capability, and none to be gained by a program that is run.
// Throws if a way back is left.
void become(const Account& account);

}  // namespace sternpost
