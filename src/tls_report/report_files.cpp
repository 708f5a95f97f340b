#include "sternpost/tls_report/report_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace fs = std::filesystem;

namespace sternpost {

namespace {

constexpr std::size_t piece = 65536;

// A descriptor that is closed at the end, unless it is standard input.
class Descriptor {
public:
    explicit Descriptor(const ReportFile& file)
        : fd_(file.path == "-" ? STDIN_FILENO : ::open(file.path.c_str(), flags_for(file))) {}
    ~Descriptor() {
        if (fd_ > STDIN_FILENO) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int fd() const { return fd_; }

private:
    static int flags_for(const ReportFile& file) {
        return O_RDONLY | O_CLOEXEC | (file.named ? 0 : O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    }

    const int fd_;
};

tl::unexpected<Error> system_failure() {
    return failure(Errc::invalid, std::strerror(errno));
}

bool is_maildir(const fs::path& directory) {
    std::error_code ignored;
    return fs::is_directory(directory / "cur", ignored) && fs::is_directory(directory / "new", ignored);
}

// Looks for files below one directory after the other.
class Search {
public:
    FoundFiles find(const std::vector<std::string>& names) {
        for (const std::string& name : names) {
            std::error_code ignored;
            if (name != "-" && fs::is_directory(name, ignored))
                enter(name, 0);
            else
                found_.files.push_back({name, true});
        }
        if (found_.files.size() > max_report_files) {
            found_.problems.push_back(
                {found_.files[max_report_files].path, "this and all after it are left out: more than " +
                                                          std::to_string(max_report_files) + " files"});
            found_.files.resize(max_report_files);
        }
        return std::move(found_);
    }

private:
    void enter(const fs::path& directory, std::size_t depth) {
        if (depth > max_directory_depth) {
            found_.problems.push_back(
                {directory, "directories are nested deeper than " + std::to_string(max_directory_depth)});
            return;
        }
        std::error_code error;
        std::vector<fs::directory_entry> entries;
        for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
            entries.push_back(*at);
        if (error) found_.problems.push_back({directory, error.message()});
        std::ranges::sort(entries);
        for (const fs::directory_entry& entry : entries) look_at(entry, depth);
    }

    void look_at(const fs::directory_entry& entry, std::size_t depth) {
        if (found_.files.size() > max_report_files) return;
        std::error_code ignored;
        const fs::file_type type = entry.symlink_status(ignored).type();
        const std::string name = entry.path().filename();
        if (type == fs::file_type::directory) {
            const bool unfinished = name == "tmp" && is_maildir(entry.path().parent_path());
            if (!unfinished) enter(entry.path(), depth + 1);
        } else if (type == fs::file_type::regular && !name.starts_with('.')) {
            found_.files.push_back({entry.path(), false});
        }
    }

    FoundFiles found_;
};

}  // namespace

FoundFiles find_report_files(const std::vector<std::string>& names) {
    return Search().find(names);
}

Result<std::string> read_report_file(const ReportFile& file) {
    const Descriptor descriptor(file);
    struct stat state {};
    if (descriptor.fd() < 0 || ::fstat(descriptor.fd(), &state) != 0) return system_failure();
    if (!file.named && !S_ISREG(state.st_mode))
        return failure(Errc::invalid, "it is no regular file any more");
    std::string bytes;
    std::array<char, piece> buffer;
    for (;;) {
        const ssize_t count = ::read(descriptor.fd(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure();
        if (count == 0) return bytes;
        bytes.append(buffer.data(), static_cast<std::size_t>(count));
        if (bytes.size() > max_report_file_bytes)
            return failure(Errc::invalid, "the file is longer than " +
                                              std::to_string(max_report_file_bytes / (1024UL * 1024)) +
                                              " MiB");
    }
}

}  // namespace sternpost
