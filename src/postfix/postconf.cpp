#include "sternpost/postfix/postconf.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

// A killed process that the kernel does not let go of must not hold us up.
constexpr std::chrono::milliseconds time_to_die{1000};
constexpr int first_private_fd = 3;

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int number() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

private:
    int fd_ = -1;
};

// What a program prints, in memory. One that prints more than `capacity` gets an error from write(), which postconf
// ignores: whoever has come beyond max_postconf_bytes has not been heard out.
class Output {
public:
    static Result<Output> open() {
        Output output;
        output.file_ = Descriptor(::memfd_create("postconf", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        if (output.number() < 0 || ::ftruncate(output.number(), capacity) != 0 ||
            ::fcntl(output.number(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0)
            return failure(Errc::temporary,
                           std::string("no memory for what postconf says: ") + std::strerror(errno));
        return output;
    }
    int number() const { return file_.number(); }

    // Both processes share the place in the file.
    Result<std::string> content() const {
        const off_t length = ::lseek(number(), 0, SEEK_CUR);
        if (length > static_cast<off_t>(max_postconf_bytes))
            return failure(Errc::invalid, "postconf said more than can be believed");
        std::string content(static_cast<std::size_t>(length), '\0');
        content.resize(static_cast<std::size_t>(::pread(number(), content.data(), content.size(), 0)));
        return content;
    }

private:
    // A write that does not fit comes to the end of the last whole page.
    static constexpr off_t capacity = max_postconf_bytes + 64L * 1024;
    Descriptor file_;
};

// The one in glibc 2.36 is declared for C only (a glibc bug, fixed in 2.37).
int open_pidfd(pid_t pid) {
    return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

// A running postconf, in a process group of its own; killed when nobody wants it any more.
class Child {
public:
    explicit Child(pid_t pid) : pid_(pid), ended_(open_pidfd(pid)) {}
    Child(Child&& other) noexcept
        : out(std::move(other.out)),
          err(std::move(other.err)),
          pid_(std::exchange(other.pid_, 0)),
          ended_(std::move(other.ended_)) {}
    ~Child() {
        if (pid_ == 0) return;
        kill();
        status();
    }
    void kill() const { ::kill(-pid_, SIGKILL); }

    // Readable when the process has ended.
    Descriptor& ended() { return ended_; }

    // As waitpid() has it; nullopt while it runs.
    std::optional<int> status() {
        int status = 0;
        pid_t found = 0;
        do found = ::waitpid(pid_, &status, WNOHANG);
        while (found < 0 && errno == EINTR);
        if (found != pid_) return std::nullopt;
        pid_ = 0;
        return status;
    }

    Output out;
    Output err;

private:
    pid_t pid_;
    Descriptor ended_;
};

// What the new process starts with: our descriptors, and which signals we ignore or block, are not its
// business.
class Beginning {
public:
    Beginning(const Output& out, const Output& err) {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&actions_, out.number(), STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions_, err.number(), STDERR_FILENO);
        ::posix_spawn_file_actions_addclosefrom_np(&actions_, first_private_fd);
        ::posix_spawnattr_init(&attributes_);
        sigset_t signals;
        ::sigemptyset(&signals);
        ::posix_spawnattr_setsigmask(&attributes_, &signals);
        ::sigfillset(&signals);
        ::posix_spawnattr_setsigdefault(&attributes_, &signals);
        ::posix_spawnattr_setflags(&attributes_,
                                   POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    Beginning(const Beginning&) = delete;
    Beginning& operator=(const Beginning&) = delete;
    ~Beginning() {
        ::posix_spawnattr_destroy(&attributes_);
        ::posix_spawn_file_actions_destroy(&actions_);
    }
    // 0 or what errno would be.
    int spawn(const char* program, std::vector<std::string>& arguments, pid_t& pid) const {
        std::string name = "postconf";
        std::vector<char*> pointers{name.data()};
        for (std::string& argument : arguments) pointers.push_back(argument.data());
        pointers.push_back(nullptr);
        return ::posix_spawnp(&pid, program, &actions_, &attributes_, pointers.data(), environ);
    }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

Result<Child> start(std::vector<std::string> arguments, const std::string& elsewhere) {
    auto out = Output::open();
    if (!out) return tl::unexpected(out.error());
    auto err = Output::open();
    if (!err) return tl::unexpected(err.error());
    const Beginning beginning(*out, *err);
    pid_t pid = 0;
    int error = beginning.spawn("postconf", arguments, pid);
    if (error == ENOENT) error = beginning.spawn(elsewhere.c_str(), arguments, pid);
    if (error == ENOENT) return failure(Errc::temporary, "there is no postconf");
    if (error != 0)
        return failure(Errc::temporary, std::string("postconf does not start: ") + std::strerror(error));
    Child child(pid);
    if (child.ended().number() < 0)
        return failure(Errc::temporary,
                       std::string("postconf cannot be waited for: ") + std::strerror(errno));
    child.out = std::move(*out);
    child.err = std::move(*err);
    return child;
}

awaitable<bool> readable_within(asio::posix::stream_descriptor& descriptor, std::chrono::milliseconds limit) {
    using asio::experimental::awaitable_operators::operator||;
    asio::steady_timer timer(descriptor.get_executor(), limit);
    const auto first = co_await (descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                                       asio::as_tuple(asio::use_awaitable)) ||
                                 timer.async_wait(asio::as_tuple(asio::use_awaitable)));
    co_return first.index() == 0;
}

std::string_view first_line(std::string_view text) {
    return text.substr(0, text.find('\n'));
}

Result<void> check_end(int status, const Child& child) {
    if (status == 0) return {};
    std::string how = WIFSIGNALED(status) ? "by signal " + std::to_string(WTERMSIG(status))
                                          : "with status " + std::to_string(WEXITSTATUS(status));
    const auto complaint = child.err.content();
    if (complaint && !complaint->empty()) how.append(": ").append(first_line(*complaint));
    return failure(Errc::temporary, "postconf ended " + how);
}

}  // namespace

awaitable<Result<std::string>> run_postconf(std::vector<std::string> arguments, PostconfOptions options) {
    auto child = start(std::move(arguments), options.elsewhere);
    if (!child) co_return tl::unexpected(child.error());
    const auto executor = co_await asio::this_coro::executor;
    asio::posix::stream_descriptor ended(executor, child->ended().release());
    const bool in_time = co_await readable_within(ended, options.limit);
    if (!in_time) {
        child->kill();
        co_await readable_within(ended, time_to_die);
        const auto limit = std::to_string(options.limit.count());
        co_return failure(Errc::temporary, "postconf has not ended within " + limit + " ms");
    }
    const auto status = child->status();
    if (!status) co_return failure(Errc::temporary, "postconf's exit status cannot be had");
    if (const auto good = check_end(*status, *child); !good) co_return tl::unexpected(good.error());
    co_return child->out.content();
}

}  // namespace sternpost
