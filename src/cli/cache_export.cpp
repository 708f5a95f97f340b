#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>

#include "cache.hpp"
#include "command.hpp"
#include "sternpost/base/time.hpp"
#include "sternpost/json/ascii_json.hpp"

namespace fs = std::filesystem;
namespace json = boost::json;

namespace sternpost {

namespace {

// A file that is there whole, or not at all. Anything but a regular file is written to directly; "-" is standard output.
class Output {
public:
    explicit Output(const std::string& path) : path_(path) {
        if (to_standard_output()) return;
        std::error_code ignored;
        replaces_ = fs::is_regular_file(path, ignored);
        if (replaces_) path_ = fs::canonical(path, ignored);
        const bool straight = !replaces_ && fs::exists(fs::symlink_status(path, ignored));
        if (straight || make_part())
            file_.open(straight ? path_ : part_, std::ios::binary | std::ios::trunc);
        else
            file_.setstate(std::ios::failbit);
        note_failure(file_.good());
    }
    void write(const std::string& line) { note_failure((stream() << line << '\n').good()); }
    // Whether it is there.
    bool finish() {
        note_failure(stream().flush().good());
        if (!to_standard_output()) {
            file_.close();
            note_failure(file_.good());
            if (failure_ == 0 && !part_.empty()) note_failure(put_in_place());
        }
        return failure_ == 0;
    }
    // After one.
    std::string why() const { return std::strerror(failure_); }
    void give_up() {
        if (!part_.empty()) std::remove(part_.c_str());
    }

private:
    bool to_standard_output() const { return path_ == "-"; }
    std::ostream& stream() { return to_standard_output() ? std::cout : file_; }
    // Called right after each step, while errno still belongs to it; the first failure counts.
    void note_failure(bool good) {
        if (!good && failure_ == 0) failure_ = errno != 0 ? errno : EIO;
    }

    // No more accessible than what it will replace, which may be meant for few.
    bool make_part() {
        part_ = path_ + ".part";
        std::remove(part_.c_str());
        const int fd =
            ::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, replaces_ ? 0600 : 0666);
        if (fd >= 0) ::close(fd);
        return fd >= 0;
    }
    bool put_in_place() const {
        struct stat former {};
        if (replaces_ && ::stat(path_.c_str(), &former) == 0) {
            // Whoever may not give files away keeps it.
            [[maybe_unused]] const int given = ::chown(part_.c_str(), former.st_uid, former.st_gid);
            ::chmod(part_.c_str(), former.st_mode & 0777U);
        }
        return std::rename(part_.c_str(), path_.c_str()) == 0;
    }

    std::string path_;
    std::string part_;  // empty: there is none
    bool replaces_ = false;
    std::ofstream file_;
    int failure_ = 0;  // errno
};

}  // namespace

int export_policies(const std::string& socket, const std::string& file) {
    AdminClient daemon(socket);
    Output output(file);
    const std::string now = to_iso8601(SystemClock().wall());
    std::size_t written = 0;
    const auto listed = for_each_domain(daemon, "full=yes", [&](const json::object& domain) {
        if (text_in(domain, "expires") <= now) return;
        output.write(ascii_json(domain));
        ++written;
    });
    if (!listed) {
        output.give_up();
        return exit_status_of(listed.error());
    }
    if (!output.finish()) {
        output.give_up();
        complain((file == "-" ? "standard output" : file) + " cannot be written: " + output.why());
        return exit_output;
    }
    std::cerr << written << " policies exported\n";
    return exit_good;
}

}  // namespace sternpost
