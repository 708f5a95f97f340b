// What the tests of `dns` and `https` stand on: a network of their own, and real servers.
//
// Every test program that links this runs in its own network namespace (made by root, or by anybody where
// user namespaces are allowed): all addresses below are free, port 53 and 443 as well, nothing leaves the
// machine, and any number of test programs runs at once. A program that is missing fails the test and names
// its Debian package.
//
// Threads: one. Errors: std::runtime_error.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sternpost::test {

// Of the lab itself, and no special ones (RFC 6890): those of AS112, where nobody's host is.
inline const std::string lab_v4 = "192.31.196.";       // + 1 to 254
inline const std::string lab_v6 = "2620:4f:8000:1::";  // + 1 to 9
// Packets to these get lost without an answer, so that a connection attempt hangs.
inline const std::string black_hole_v4 = "192.175.48.";       // + 1 to 254
inline const std::string black_hole_v6 = "2620:4f:8000:2::";  // + anything

// Polls until `done()`; throws with `what` when that takes longer than `limit`.
void wait_until(const std::function<bool()>& done, const std::string& what,
                std::chrono::steady_clock::duration limit = std::chrono::seconds(20));

// The path of a program in the system's directories; throws with the package that has it.
std::string require_program(const std::string& name, const std::string& package);

// Whether somebody accepts TCP connections there.
bool listens(const std::string& address, std::uint16_t port = 443);

// Open descriptors of this process.
std::size_t open_descriptors();

// While it lives, this process can open so many descriptors more.
class FewDescriptors {
public:
    explicit FewDescriptors(int left);
    ~FewDescriptors();
    FewDescriptors(const FewDescriptors&) = delete;
    FewDescriptors& operator=(const FewDescriptors&) = delete;

private:
    rlimit before_{};
};

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& text);

// A program in the foreground, killed when this object goes or the test program ends, however it ends. Its
// output goes to the file `log`; its standard input is a pipe that nobody writes to and that ends with this
// object.
class Program {
public:
    Program(std::vector<std::string> command, std::filesystem::path log);
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    // As the function of that name; throws at once, with the log, when the program has ended.
    void wait_until(const std::function<bool()>& done, const std::string& what);
    void signal(int number) const;
    std::string log() const { return read_file(log_); }

private:
    bool ended();

    std::string name_;
    std::filesystem::path log_;
    pid_t pid_ = -1;
    int input_ = -1;
};

// The output of a program that must succeed.
std::string output_of(const std::vector<std::string>& command);

}  // namespace sternpost::test
