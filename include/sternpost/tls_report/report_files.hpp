// The files that may contain TLS reports: those named, and those below directories that are named.
//
// In a directory, only regular files are read: no symbolic link is followed, and nothing waits at a FIFO or a device. Hidden
// files, and the directory tmp of a Maildir, whose mails are still incomplete, are skipped.
//
// Threads: any.
// Errors:  Errc::invalid with the reason, without the file's name.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sternpost/base/result.hpp"

namespace sternpost {

inline constexpr std::size_t max_report_file_bytes =
    256UL * 1024 * 1024;  // an mbox is in memory while it is read
inline constexpr std::size_t max_report_files = 1'000'000;
inline constexpr std::size_t max_directory_depth = 32;

struct ReportFile {
    std::string path;    // "-" is standard input
    bool named = false;  // rather than found in a directory
};

struct FoundFiles {
    struct Problem {
        std::string path;
        std::string why;
    };
    std::vector<ReportFile> files;  // in the order of `names`; those of a directory by name
    std::vector<Problem> problems;  // directories that could not be looked into
};

FoundFiles find_report_files(const std::vector<std::string>& names);

Result<std::string> read_report_file(const ReportFile& file);

}  // namespace sternpost
