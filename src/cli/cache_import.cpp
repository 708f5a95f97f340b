#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>
#include <iostream>
#include <memory>
#include <vector>

#include "cache.hpp"
#include "command.hpp"
#include "sternpost/base/time.hpp"
#include "sternpost/migration/memory.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

// What the daemon accepts at once (see AdminServer), with some room to spare.
constexpr std::size_t chunk_lines = 500;
constexpr std::size_t chunk_bytes = 900UL * 1024;
constexpr std::size_t max_line = 800UL * 1024;

struct Tally {
    std::int64_t taken = 0, kept = 0, expired = 0, refused = 0;
};

class Import {
public:
    explicit Import(const std::string& socket) : daemon_(socket) {}

    // Whether the daemon took the chunk in hand, even if it refused lines of it. `where`: the place of `line` for people.
    Result<void> add(std::string where, const std::string& line) {
        if (chunk_.size() + line.size() > chunk_bytes || places_.size() >= chunk_lines) {
            if (auto sent = send(); !sent) return sent;
        }
        chunk_ += line + "\n";
        places_.push_back(std::move(where));
        return {};
    }
    Result<void> send() {
        if (places_.empty()) return {};
        const auto reply = daemon_.post("/v1/policies", chunk_);
        if (!reply) return tl::unexpected(reply.error());
        if (!reply->good()) return failure(Errc::temporary, reply->error());
        const auto result = answer_in(*reply, "refused");
        if (!result) return tl::unexpected(result.error());
        note(*result);
        chunk_.clear();
        places_.clear();
        return {};
    }
    void refuse(const std::string& where, const std::string& why) {
        ++tally_.refused;
        complain(where + ": " + why);
    }
    const Tally& tally() const { return tally_; }

private:
    void note(const json::object& result) {
        tally_.taken += number_in(result, "taken");
        tally_.kept += number_in(result, "kept");
        tally_.expired += number_in(result, "expired");
        for_each_object(result, "refused", [&](const json::object& refused) {
            const auto line = static_cast<std::size_t>(number_in(refused, "line")) - 1;
            refuse(line < places_.size() ? places_[line] : "a line", text_in(refused, "why"));
        });
    }

    AdminClient daemon_;
    std::string chunk_;
    std::vector<std::string> places_;  // of the lines in the chunk
    Tally tally_;
};

// Calls `take` for each line of the file that is not too long.
template <class Take>
Result<void> import_lines(const std::string& file, Import& import, const Take& take) {
    return for_each_line(file, max_line, [&](std::size_t number, const std::string& line) {
        const std::string where = "line " + std::to_string(number);
        if (line.size() <= max_line) return take(where, line);
        import.refuse(where, "longer than " + std::to_string(max_line) + " bytes");
        return Result<void>();
    });
}

Result<void> import_export(const std::string& file, Import& import) {
    return import_lines(file, import, [&](const std::string& where, const std::string& line) {
        return import.add(where, line);
    });
}

Result<void> import_tlspol_dump(const std::string& file, Import& import) {
    std::size_t without = 0;
    auto done = import_lines(file, import, [&](const std::string& where, const std::string& line) {
        const auto read = import_line_of_tlspol(line);
        if (!read) import.refuse(where, read.error().detail);
        if (read && !*read && !line.empty()) ++without;
        return read && *read ? import.add(where, **read) : Result<void>();
    });
    if (without > 0) std::cerr << without << " domains have DANE alone, which is Postfix's own affair\n";
    return done;
}

Result<void> import_mta_sts_resolver_cache(const std::string& file, Import& import) {
    return read_mta_sts_resolver_cache(file, SystemClock().wall(),
                                       [&](const std::string& where, const Result<std::string>& line) {
                                           if (line) return import.add(where, *line);
                                           import.refuse(where, line.error().detail);
                                           return Result<void>();
                                       });
}

Result<void> import_all(const std::string& from, const std::string& file, Import& import) {
    if (from.empty()) return import_export(file, import);
    return other_resolver_of(from) == OtherResolver::tlspol ? import_tlspol_dump(file, import)
                                                            : import_mta_sts_resolver_cache(file, import);
}

int import_policies(const std::string& socket, const std::string& from, const std::string& file) {
    Import import(socket);
    auto done = import_all(from, file, import);
    // What was read before the file broke off counts.
    const bool unreadable = !done && done.error().code == Errc::invalid;
    if (unreadable) complain(done.error().detail);
    if (done || unreadable) done = import.send();
    const Tally& tally = import.tally();
    std::cout << tally.taken << " taken, " << tally.kept << " kept as known here, " << tally.expired
              << " had run out, " << tally.refused << " refused\n";
    if (!done) return exit_status_of(done.error());
    if (unreadable) return exit_no_input;
    return tally.refused == 0 ? exit_good : exit_not_all;
}

}  // namespace

void add_import(CLI::App& to, CommandLine& line) {
    struct Arguments {
        std::string from;
        std::string file;
    };
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        to.add_subcommand("import", "Take over policies: of an export, or of another resolver");
    add_from(*command, arguments->from);
    command->add_option("FILE", arguments->file, "A file, or - for standard input")->required();
    command->callback([&line, arguments] {
        const std::string socket = socket_of(line);
        if (!socket.empty()) line.status = import_policies(socket, arguments->from, arguments->file);
    });
}

}  // namespace sternpost
