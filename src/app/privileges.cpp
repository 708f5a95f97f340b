#include "privileges.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <vector>

namespace fs = std::filesystem;

namespace sternpost {

namespace {

constexpr mode_t log_mode = 0640;
constexpr std::size_t passwd_buffer = 16UL * 1024;
constexpr uid_t unchanged = static_cast<uid_t>(-1);

using Capabilities = std::array<__user_cap_data_struct, 2>;

[[noreturn]] void fail(const Account& account, const std::string& what) {
    throw std::runtime_error("cannot become the user \"" + account.name + "\": " + what +
                             "; start sternpostd as that user instead");
}

void must(int result, const Account& account, const char* what) {
    if (result != 0) fail(account, std::string(what) + ": " + std::strerror(errno));
}

// Nobody else can have put a link there, or can put one there meanwhile.
bool root_alone_writes_in(fs::path directory) {
    for (;; directory = directory.parent_path()) {
        struct stat found {};
        if (::lstat(directory.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) return false;
        if (found.st_uid != 0 || (found.st_mode & (S_IWGRP | S_IWOTH)) != 0) return false;
        if (directory == directory.root_path()) return true;
    }
}

long set_capabilities(const Capabilities& wanted) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    return ::syscall(SYS_capset, &header, wanted.data());
}

bool has_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    Capabilities found{};
    if (::syscall(SYS_capget, &header, found.data()) != 0) return true;
    for (const auto& word : found)
        if (word.effective != 0 || word.permitted != 0 || word.inheritable != 0) return true;
    return false;
}

void check_that_there_is_no_way_back(const Account& account) {
    uid_t real = 0, effective = 0, saved = 0;
    gid_t real_group = 0, effective_group = 0, saved_group = 0;
    must(::getresuid(&real, &effective, &saved), account, "getresuid");
    must(::getresgid(&real_group, &effective_group, &saved_group), account, "getresgid");
    const bool that_user = real == account.uid && effective == account.uid && saved == account.uid;
    const bool that_group =
        real_group == account.gid && effective_group == account.gid && saved_group == account.gid;
    if (!that_user || !that_group || ::getgroups(0, nullptr) != 0 || has_capabilities() ||
        ::setresuid(unchanged, 0, unchanged) == 0)
        fail(account, "a way back to root is left");
}

}  // namespace

std::optional<Account> account_to_become(const std::string& user) {
    if (user.empty()) return {};
    passwd entry{};
    passwd* found = nullptr;
    std::vector<char> buffer(passwd_buffer);
    const int error = ::getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found == nullptr)
        throw std::runtime_error("user = \"" + user +
                                 "\": " + (error != 0 ? std::strerror(error) : "there is no such account") +
                                 "; make it (adduser --system --group " + user + "), or name another one");
    if (found->pw_uid == ::geteuid()) return {};
    if (::geteuid() != 0)
        throw std::runtime_error("user = \"" + user + "\": only root can become another user; start " +
                                 "sternpostd as root or as that user, or leave \"user\" empty");
    return Account{user, found->pw_uid, found->pw_gid};
}

void hand_over(const std::string& path, const Account& account) {
    const int file = ::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) return;
    struct stat found {};
    const bool roots = ::fstat(file, &found) == 0 && S_ISREG(found.st_mode) && found.st_uid == 0;
    // A second name may be one that a user has given to an important file.
    const int given =
        roots && found.st_nlink == 1 ? ::fchownat(file, "", account.uid, account.gid, AT_EMPTY_PATH) : 0;
    const int error = errno;
    ::close(file);
    if (given != 0)
        throw std::runtime_error(path + " cannot be given to the user \"" + account.name +
                                 "\": " + std::strerror(error) + "; give it to that user yourself");
}

bool root_alone_may_make(const std::string& path) {
    return root_alone_writes_in(fs::path(path).parent_path());
}

void hand_over_or_make(const std::string& path, const Account& account) {
    if (root_alone_may_make(path)) {
        const int made = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, log_mode);
        if (made >= 0) ::close(made);
    }
    hand_over(path, account);
}

RightsOf::RightsOf(const Account& account) {
    must(::setgroups(0, nullptr), account, "setgroups");
    must(::setresgid(unchanged, account.gid, unchanged), account, "setresgid");
    must(::setresuid(unchanged, account.uid, unchanged), account, "setresuid");
}

RightsOf::~RightsOf() {
    // Half of each would be neither.
    if (::setresuid(unchanged, 0, unchanged) != 0 || ::setresgid(unchanged, 0, unchanged) != 0)
        std::terminate();
}

void become(const Account& account) {
    must(::setgroups(0, nullptr), account, "setgroups");
    must(::setresgid(account.gid, account.gid, account.gid), account, "setresgid");
    must(::setresuid(account.uid, account.uid, account.uid), account, "setresuid");
    must(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), account, "prctl");
    must(static_cast<int>(set_capabilities({})), account, "capset");
    must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), account, "prctl");
    check_that_there_is_no_way_back(account);
}

}  // namespace sternpost
