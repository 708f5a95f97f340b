// What another resolver remembers: a file of SQLite where it begins as one, else lines of a dump. Nothing of it is believed
// before the daemon has read it as a line of an import.
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "admin/import_line.hpp"
#include "sternpost/migration/memory.hpp"
#include "tests/fuzz/invariant.hpp"
#include "tests/fuzz/targets.hpp"

namespace sternpost::fuzz {

namespace {

constexpr WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);

void take(const Result<std::string>& line) {
    if (!line) return must(is_printable(line.error().detail), "a fault is printable");
    must(line->find('\n') == line->npos, "an entry is one line");
    const auto read = read_import_line(*line, now);
    if (!read)
        return must(is_printable(read.error().detail), "what the daemon refuses, it refuses printably");
    must(read->record.policy->fetched <= now, "nothing of it lies in the future");
}

// A file, which goes with its owner.
class FileOf {
public:
    explicit FileOf(std::string_view bytes) {
        const int descriptor = ::mkstemp(path_.data());
        must(descriptor >= 0, "there is a file");
        ::close(descriptor);
        std::ofstream(path_, std::ios::binary) << bytes;
    }
    ~FileOf() { ::unlink(path_.c_str()); }
    FileOf(const FileOf&) = delete;
    FileOf& operator=(const FileOf&) = delete;

    const std::string& path() const { return path_; }

private:
    std::string path_ = "/tmp/sternpost-fuzz-XXXXXX";
};

}  // namespace

void other_memory(std::string_view input) {
    if (input.starts_with("SQLite format 3")) {
        const FileOf file(input);
        const auto done = read_mta_sts_resolver_cache(
            file.path(), now, [](const std::string& where, const Result<std::string>& line) {
                must(is_printable(where), "the place of an entry is printable");
                take(line);
                return Result<void>();
            });
        must(done || is_printable(done.error().detail), "a fault is printable");
        return;
    }
    for (const std::string& line : parts_of(input, "\n")) {
        const auto read = import_line_of_tlspol(line);
        if (!read) must(is_printable(read.error().detail), "a fault is printable");
        if (read && *read) take(**read);
    }
}

}  // namespace sternpost::fuzz
