#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>

#include "cache.hpp"
#include "command.hpp"
#include "sternpost/admin/ascii_json.hpp"
#include "sternpost/base/time.hpp"

namespace fs = std::filesystem;
namespace json = boost::json;

namespace sternpost {

namespace {

// A file that is there whole, or not at all. What is no regular file is written straight to; "-" is standard output.
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
    }
    std::ostream& stream() { return to_standard_output() ? std::cout : file_; }
    // Whether it is there.
    bool finish() {
        stream().flush();
        if (!stream().good()) return false;
        if (to_standard_output()) return true;
        file_.close();
        return file_.good() && (part_.empty() || put_in_place());
    }
    void give_up() {
        if (!part_.empty()) std::remove(part_.c_str());
    }

private:
    bool to_standard_output() const { return path_ == "-"; }

    // No wider open than what it will replace, which may be for few.
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
            // Who may not give files away keeps it.
            [[maybe_unused]] const int given = ::chown(part_.c_str(), former.st_uid, former.st_gid);
            ::chmod(part_.c_str(), former.st_mode & 0777U);
        }
        return std::rename(part_.c_str(), path_.c_str()) == 0;
    }

    std::string path_;
    std::string part_;  // empty: there is none
    bool replaces_ = false;
    std::ofstream file_;
};

}  // namespace

int export_policies(const std::string& socket, const std::string& file) {
    AdminClient daemon(socket);
    Output output(file);
    const std::string now = to_iso8601(SystemClock().wall());
    std::size_t written = 0;
    const auto listed = for_each_domain(daemon, "full=yes", [&](const json::object& domain) {
        if (text_in(domain, "expires") <= now) return;
        output.stream() << ascii_json(domain) << '\n';
        ++written;
    });
    if (!listed) {
        output.give_up();
        return exit_status_of(listed.error());
    }
    if (!output.finish()) {
        output.give_up();
        complain((file == "-" ? "standard output" : file) + " cannot be written");
        return exit_output;
    }
    std::cerr << written << " policies exported\n";
    return exit_good;
}

}  // namespace sternpost
