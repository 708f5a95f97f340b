#include "socket_look.hpp"

#include <grp.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <vector>

#include "sternpost/answer/netstring.hpp"
#include "sternpost/base/printable.hpp"

namespace sternpost {

namespace {

// A parent domain is never looked up.
constexpr std::string_view harmless_key = ".doctor.invalid";
constexpr std::size_t max_answer = 1024;

// What the child says through its pipe.
struct Word {
    int error = 0;
    std::array<char, max_answer> answer{};
    std::size_t length = 0;
};

int connect_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    path.copy(address.sun_path, path.size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    return fd >= 0 && ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? fd : -1;
}

// "127.0.0.1:8461", "[::1]:8461"
int connect_inet(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        errno = EINVAL;
        return -1;
    }
    std::string host(text.substr(0, colon));
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), std::string(text.substr(colon + 1)).c_str(), &hints, &found) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        const int fd = ::socket(each->ai_family, each->ai_socktype, 0);
        if (fd >= 0 && ::connect(fd, each->ai_addr, each->ai_addrlen) == 0) return fd;
    }
    return -1;
}

bool become(const PostfixUser& user, bool jailed) {
    if (::chdir(user.queue_directory.c_str()) != 0) return false;
    if (jailed && ::chroot(".") != 0) return false;
    return ::setgroups(1, &user.gid) == 0 && ::setgid(user.gid) == 0 && ::setuid(user.uid) == 0;
}

// Runs in the child. When the child ends, whatever is open is closed.
Word go(const SocketLook& look, const PostfixUser& user) {
    Word word;
    const bool by_path = look.endpoint.starts_with("unix:");
    if (look.as_postfix && !become(user, look.chroot && by_path)) {
        word.error = errno;
        return word;
    }
    const int fd = by_path ? connect_unix(look.as_postfix ? look.endpoint.substr(5) : look.path)
                           : connect_inet(std::string_view(look.endpoint).substr(5));
    if (fd < 0) {
        word.error = errno == 0 ? EIO : errno;
        return word;
    }
    const std::string question = to_netstring(look.map + " " + std::string(harmless_key));
    if (::send(fd, question.data(), question.size(), MSG_NOSIGNAL) < 0) return word;
    while (word.length < word.answer.size() && (word.length == 0 || word.answer[word.length - 1] != ',')) {
        const ssize_t got = ::recv(fd, word.answer.data() + word.length, word.answer.size() - word.length, 0);
        if (got <= 0) break;
        word.length += static_cast<std::size_t>(got);
    }
    return word;
}

// A child that has not said a whole word in time counts as having said nothing.
Word send_a_child(const SocketLook& look, const PostfixUser& user) {
    Word word;
    std::array<int, 2> pipe{};
    if (::pipe(pipe.data()) != 0) return word;
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(static_cast<unsigned>(look_limit.count()));
        const Word said = go(look, user);
        const ssize_t written = ::write(pipe[1], &said, sizeof said);
        ::_exit(written == sizeof said ? 0 : 1);
    }
    ::close(pipe[1]);
    if (child > 0) {
        if (::read(pipe[0], &word, sizeof word) != sizeof word) word = Word();
        while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    ::close(pipe[0]);
    return word;
}

std::optional<std::string> read_netstring(std::string_view bytes) {
    const std::size_t colon = bytes.find(':');
    std::size_t length = 0;
    if (colon == std::string_view::npos) return std::nullopt;
    const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + colon, length);
    if (error != std::errc() || end != bytes.data() + colon || bytes.size() != colon + length + 2)
        return std::nullopt;
    return std::string(bytes.substr(colon + 1, length));
}

bool may(const struct stat& file, const PostfixUser& user, mode_t wanted) {
    if (file.st_uid == user.uid) return (file.st_mode >> 6U & wanted) == wanted;
    if (file.st_gid == user.gid) return (file.st_mode >> 3U & wanted) == wanted;
    return (file.st_mode & wanted) == wanted;
}

// Where Postfix's user cannot get any further.
std::vector<std::string> closed_to(const PostfixUser& user, const SocketLook& look) {
    namespace fs = std::filesystem;
    constexpr mode_t pass = 1, write = 2;
    const bool from_root = !look.chroot && look.endpoint.starts_with("unix:/");
    const fs::path start = from_root ? fs::path("/") : fs::path(user.queue_directory);
    std::vector<std::string> closed;
    fs::path at = start;
    struct stat file {};
    for (const fs::path& name : fs::path(look.path).lexically_relative(start)) {
        if (::stat(at.c_str(), &file) == 0 && !may(file, user, pass)) closed.push_back(at);
        at /= name;
    }
    if (::stat(at.c_str(), &file) == 0 && !may(file, user, write)) closed.push_back(look.path);
    if (closed.empty()) closed.push_back(look.path);
    return closed;
}

}  // namespace

void go_to_the_socket(SocketLook& look, const PostfixUser& user) {
    look.as_postfix = ::geteuid() == 0;
    if (!look.path.empty()) {
        struct stat file {};
        look.is_socket = ::stat(look.path.c_str(), &file) == 0 ? S_ISSOCK(file.st_mode) : errno == EACCES;
    }
    const Word word = send_a_child(look, user);
    const auto answer = read_netstring(std::string_view(word.answer.data(), word.length));
    look.error = word.error;
    look.outcome = word.error != 0 ? SocketLook::Outcome::not_reached
                   : answer        ? SocketLook::Outcome::answered
                                   : SocketLook::Outcome::no_answer;
    if (answer) look.answer = printable(*answer);
    if (look.as_postfix && word.error == EACCES && look.is_socket) look.closed = closed_to(user, look);
}

}  // namespace sternpost
