#include "tests/support/dns_https_lab.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "tests/support/temp_dir.hpp"

namespace sternpost::test {

namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

// Becomes the root of a user namespace, which is enough to make a network.
void become_root_of_a_namespace() {
    const auto user = std::to_string(::geteuid());
    const auto group = std::to_string(::getegid());
    if (::unshare(CLONE_NEWUSER) != 0) fail("a test network needs root, or unprivileged user namespaces");
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", "0 " + user + " 1");
    write_file("/proc/self/gid_map", "0 " + group + " 1");
}

void make_network() {
    if (::geteuid() != 0) become_root_of_a_namespace();
    if (::unshare(CLONE_NEWNET) != 0) fail("a network namespace of the test's own");
    const TempDir directory;
    std::ostringstream commands;
    commands << "link set lo up\n"
             << "addr add " << lab_v4 << "1/24 dev lo\n";
    for (int host = 1; host <= 9; ++host) commands << "addr add " << lab_v6 << host << "/128 dev lo nodad\n";
    // Without ARP and with nobody at its other end, what is sent there is lost.
    commands << "link add hole type veth peer name bottom\n"
             << "link set hole arp off up\n"
             << "link set bottom up\n"
             << "addr add fe80::53/64 dev hole nodad\n"
             << "route add " << black_hole_v4 << "0/24 dev hole src " << lab_v4 << "1\n"
             << "route add " << black_hole_v6 << "/64 dev hole src " << lab_v6 << "1\n";
    write_file(directory / "network", commands.str());
    output_of({require_program("ip", "iproute2"), "-batch", directory / "network"});
}

class Lab : public testing::Environment {
public:
    void SetUp() override {
        ::signal(SIGPIPE, SIG_IGN);
        make_network();
    }
};

[[maybe_unused]] const auto* const lab = testing::AddGlobalTestEnvironment(new Lab);

// In the child: never returns.
void execute(const std::vector<std::string>& command, int input, int output) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(input, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execv(arguments.front(), arguments.data());
    ::_exit(127);
}

int open_log(const std::filesystem::path& log) {
    const int output = ::open(log.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);
    if (output < 0) fail(log);
    return output;
}

}  // namespace

void wait_until(const std::function<bool()>& done, const std::string& what,
                std::chrono::steady_clock::duration limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!done()) {
        if (std::chrono::steady_clock::now() > end) throw std::runtime_error("not in time: " + what);
        ::poll(nullptr, 0, 10);
    }
}

std::string require_program(const std::string& name, const std::string& package) {
    for (const char* directory : {"/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"})
        if (::access((directory + name).c_str(), X_OK) == 0) return directory + name;
    throw std::runtime_error(name + " is missing: apt install " + package);
}

bool listens(const std::string& address, std::uint16_t port) {
    namespace asio = boost::asio;
    asio::io_context io;
    asio::ip::tcp::socket socket(io);
    boost::system::error_code refused;
    socket.connect({asio::ip::make_address(address), port}, refused);
    return !refused;
}

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator open("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

FewDescriptors::FewDescriptors(int left) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    // The kernel gives the lowest free numbers.
    std::vector<int> next;
    for (int i = 0; i <= left; ++i) next.push_back(::dup(STDERR_FILENO));
    for (const int fd : next) ::close(fd);
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(next.back());
    ::setrlimit(RLIMIT_NOFILE, &few);
}

FewDescriptors::~FewDescriptors() {
    ::setrlimit(RLIMIT_NOFILE, &before_);
}

std::string read_file(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

void write_file(const std::filesystem::path& path, const std::string& text) {
    std::ofstream file(path);
    file << text;
    file.close();
    if (!file) throw std::runtime_error("cannot write " + path.string());
}

Program::Program(std::vector<std::string> command, std::filesystem::path log)
    : name_(command.front()), log_(std::move(log)) {
    const int output = open_log(log_);
    int input[2];
    if (::pipe2(input, O_CLOEXEC) != 0) fail("pipe");
    pid_ = ::fork();
    if (pid_ == 0) execute(command, input[0], output);
    ::close(input[0]);
    ::close(output);
    input_ = input[1];
    if (pid_ < 0) fail("fork");
}

Program::~Program() {
    ::close(input_);
    if (pid_ < 0) return;
    ::kill(pid_, SIGTERM);
    try {
        test::wait_until([this] { return ended(); }, name_, std::chrono::seconds(5));
    } catch (const std::runtime_error&) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
}

bool Program::ended() {
    if (pid_ >= 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
    return pid_ < 0;
}

void Program::wait_until(const std::function<bool()>& done, const std::string& what) {
    const auto done_or_dead = [&] {
        if (ended()) throw std::runtime_error(name_ + " has ended, before " + what + ":\n" + log());
        return done();
    };
    test::wait_until(done_or_dead, what);
}

void Program::signal(int number) const {
    ::kill(pid_, number);
}

std::string output_of(const std::vector<std::string>& command) {
    const TempDir directory;
    const int output = open_log(directory / "output");
    const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const pid_t pid = ::fork();
    if (pid == 0) execute(command, input, output);
    ::close(output);
    ::close(input);
    int status = 0;
    if (pid < 0 || ::waitpid(pid, &status, 0) != pid) fail(command.front());
    const std::string text = read_file(directory / "output");
    if (status != 0) throw std::runtime_error(command.front() + " fails: " + text);
    return text;
}

}  // namespace sternpost::test
