#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <system_error>

#include "cache.hpp"
#include "command.hpp"
#include "sternpost/admin/ascii_json.hpp"
#include "sternpost/base/time.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

// What the daemon takes at once (see AdminServer), and some room.
constexpr std::size_t chunk_lines = 500;
constexpr std::size_t chunk_bytes = 900UL * 1024;
constexpr std::size_t max_line = 800UL * 1024;

// A file that is there whole, or not at all; or standard output.
class Output {
public:
    explicit Output(std::string path) : path_(std::move(path)) {
        if (!to_standard_output()) file_.open(part(), std::ios::binary | std::ios::trunc);
    }
    std::ostream& stream() { return to_standard_output() ? std::cout : file_; }
    bool good() { return stream().good(); }
    // Whether it is there.
    bool finish() {
        stream().flush();
        if (!good()) return false;
        if (to_standard_output()) return true;
        file_.close();
        return file_.good() && std::rename(part().c_str(), path_.c_str()) == 0;
    }
    void give_up() {
        if (!to_standard_output()) std::remove(part().c_str());
    }

private:
    bool to_standard_output() const { return path_ == "-"; }
    std::string part() const { return path_ + ".part"; }

    std::string path_;
    std::ofstream file_;
};

std::string now() {
    return to_iso8601(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
}

struct Tally {
    std::int64_t taken = 0, kept = 0, expired = 0, refused = 0;
};

class Import {
public:
    explicit Import(const std::string& socket) : daemon_(socket) {}

    // Whether the daemon took the chunk in hand, be it by refusing lines of it.
    Result<void> add(const std::string& line) {
        if (chunk_.size() + line.size() > chunk_bytes || lines_in_chunk_ >= chunk_lines) {
            if (auto sent = send(); !sent) return sent;
        }
        chunk_ += line + "\n";
        ++lines_in_chunk_;
        ++line_;
        return {};
    }
    Result<void> send() {
        if (lines_in_chunk_ == 0) return {};
        const auto reply = daemon_.post("/v1/policies", chunk_);
        if (!reply) return tl::unexpected(reply.error());
        if (!reply->good()) return failure(Errc::temporary, reply->error());
        note(reply->object());
        chunk_.clear();
        lines_in_chunk_ = 0;
        return {};
    }
    Result<void> refuse(const std::string& why) {
        tell(line_ + 1, why);
        return add("");
    }
    const Tally& tally() const { return tally_; }

private:
    void note(const json::object& result) {
        tally_.taken += number_in(result, "taken");
        tally_.kept += number_in(result, "kept");
        tally_.expired += number_in(result, "expired");
        const std::size_t first = line_ - lines_in_chunk_;
        for (const json::value& refused : result.at("refused").as_array())
            tell(first + static_cast<std::size_t>(number_in(refused.as_object(), "line")),
                 text_in(refused.as_object(), "why"));
    }
    void tell(std::size_t line, const std::string& why) {
        ++tally_.refused;
        complain("line " + std::to_string(line) + ": " + why);
    }

    AdminClient daemon_;
    std::string chunk_;
    std::size_t lines_in_chunk_ = 0;
    std::size_t line_ = 0;  // of the file, the last one that was added
    Tally tally_;
};

Result<void> import_lines(std::istream& from, Import& import) {
    for (std::string line; read_line(from, line, max_line);) {
        auto taken = line.size() <= max_line
                         ? import.add(line)
                         : import.refuse("longer than " + std::to_string(max_line) + " bytes");
        if (!taken) return taken;
    }
    return import.send();
}

}  // namespace

int export_policies(const std::string& socket, const std::string& file) {
    AdminClient daemon(socket);
    Output output(file);
    const std::string at = now();
    std::size_t written = 0;
    const auto listed = for_each_domain(daemon, "full=yes", [&](const json::object& domain) {
        if (text_in(domain, "expires") <= at) return;
        output.stream() << ascii_json(domain) << '\n';
        ++written;
    });
    if (!listed) {
        output.give_up();
        return exit_status_of(listed.error());
    }
    if (!output.finish()) {
        output.give_up();
        complain(file + " cannot be written");
        return exit_not_all;
    }
    std::cerr << written << " policies exported\n";
    return exit_good;
}

int import_policies(const std::string& socket, const std::string& file) {
    std::ifstream opened;
    if (file != "-") opened.open(file, std::ios::binary);
    std::istream& from = file == "-" ? std::cin : opened;
    if (!from) {
        complain(file + " cannot be read");
        return exit_usage;
    }
    Import import(socket);
    const auto done = import_lines(from, import);
    const Tally& tally = import.tally();
    std::cout << tally.taken << " taken, " << tally.kept << " kept as known here, " << tally.expired
              << " had run out, " << tally.refused << " refused\n";
    if (!done) return exit_status_of(done.error());
    return tally.refused == 0 ? exit_good : exit_not_all;
}

}  // namespace sternpost
