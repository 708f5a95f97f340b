#include "program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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
#include <utility>

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

// A killed process that the kernel does not let go must not hold us up.
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
// ignores: whoever has come beyond max_program_bytes has not been heard out.
class Output {
public:
    static Result<Output> open(const std::string& name) {
        Output output;
        output.file_ = Descriptor(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
        if (output.number() < 0 || ::ftruncate(output.number(), capacity) != 0 ||
            ::fcntl(output.number(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0)
            return failure(Errc::temporary, "no memory for what " + name + " says: " + std::strerror(errno));
        output.name_ = name;
        return output;
    }
    int number() const { return file_.number(); }

    // Both processes share the place in the file.
    Result<std::string> content() const {
        const off_t length = ::lseek(number(), 0, SEEK_CUR);
        if (length > static_cast<off_t>(max_program_bytes))
            return failure(Errc::invalid, name_ + " said more than can be believed");
        std::string content(static_cast<std::size_t>(length), '\0');
        content.resize(static_cast<std::size_t>(::pread(number(), content.data(), content.size(), 0)));
        return content;
    }

private:
    // A write that does not fit comes to the end of the last whole page.
    static constexpr off_t capacity = max_program_bytes + 64L * 1024;
    Descriptor file_;
    std::string name_;
};

// The one of glibc 2.36 is declared for C only (glibc bug, mended in 2.37).
int open_pidfd(pid_t pid) {
    return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

// A program that runs, in a process group of its own; killed when nobody wants it any more.
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

// What the new process starts with: our descriptors and what we ignore and hold back of signals are not its
// business.
class Beginning {
public:
    Beginning(const Output& out, const Output& err, const std::string& directory) {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&actions_, out.number(), STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions_, err.number(), STDERR_FILENO);
        if (!directory.empty()) ::posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str());
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
    int spawn(const std::string& path, Program& program, pid_t& pid) const {
        std::vector<char*> pointers{program.name.data()};
        for (std::string& argument : program.arguments) pointers.push_back(argument.data());
        pointers.push_back(nullptr);
        return ::posix_spawnp(&pid, path.c_str(), &actions_, &attributes_, pointers.data(), environ);
    }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

Result<Child> start(Program& program) {
    auto out = Output::open(program.name);
    if (!out) return tl::unexpected(out.error());
    auto err = Output::open(program.name);
    if (!err) return tl::unexpected(err.error());
    const Beginning beginning(*out, *err, program.directory);
    pid_t pid = 0;
    int error = beginning.spawn(program.name, program, pid);
    if (error == ENOENT) error = beginning.spawn(program.elsewhere, program, pid);
    if (error == ENOENT) return failure(Errc::temporary, "there is no " + program.name);
    if (error != 0)
        return failure(Errc::temporary, program.name + " does not start: " + std::strerror(error));
    Child child(pid);
    if (child.ended().number() < 0)
        return failure(Errc::temporary, program.name + " cannot be waited for: " + std::strerror(errno));
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

}  // namespace

awaitable<Result<Ended>> run_program(Program program) {
    auto child = start(program);
    if (!child) co_return tl::unexpected(child.error());
    const auto executor = co_await asio::this_coro::executor;
    asio::posix::stream_descriptor ended(executor, child->ended().release());
    const bool in_time = co_await readable_within(ended, program.limit);
    if (!in_time) {
        child->kill();
        co_await readable_within(ended, time_to_die);
        const auto limit = std::to_string(program.limit.count());
        co_return failure(Errc::temporary, program.name + " has not ended within " + limit + " ms");
    }
    const auto status = child->status();
    if (!status) co_return failure(Errc::temporary, program.name + "'s exit status cannot be had");
    Ended result;
    result.status = *status;
    auto err = child->err.content();
    if (err) result.err = std::move(*err);
    auto out = child->out.content();
    if (!out) co_return tl::unexpected(out.error());
    result.out = std::move(*out);
    co_return result;
}

}  // namespace sternpost
