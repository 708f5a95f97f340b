// Reads a policy file line by line (RFC 8461 section 3.2).
//
// Threads: any; pure.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sternpost/policy/policy.hpp"

namespace sternpost {

// What is wrong, in words; nullopt when nothing is.
using Fault = std::optional<std::string>;

// Mistakes of the whole file, which would make little sense if reported line by line.
Fault fault_of_file(std::string_view body);

// "line 3: …"
std::string in_line(std::size_t number, std::string_view what);

// Takes the first line off `body`, without its end.
std::string_view take_line(std::string_view& body);

class PolicyReader {
public:
    // A line that counts for nothing, or was read more leniently than the grammar, has a note.
    struct Note {
        bool ignored = false;
        std::string text;  // empty: there is nothing to say
    };

    Fault read_line(std::string_view line);
    // The note that the last line read deserves.
    const Note& note() const { return note_; }
    // What is wrong with the file as a whole, once the last line has been read.
    std::vector<std::string> finish();
    Policy take() { return std::move(policy_); }

private:
    Fault read_field(std::string_view name, std::string_view value);
    Fault read_version(std::string_view value);
    Fault read_mode(std::string_view value);
    Fault read_max_age(std::string_view value);
    Fault read_mx(std::string_view value);
    Fault read_extension(std::string_view name, std::string_view value);
    // Whether the field has been given before.
    bool again(bool& seen);
    std::string missing(std::string_view name) const;
    void remark(std::string_view kind, const std::string& text);
    void ignore(std::string text);

    Policy policy_;
    Note note_;
    std::size_t number_ = 0;
    bool version_seen_ = false;
    bool mode_seen_ = false;
    bool max_age_seen_ = false;
    bool mx_tried_ = false;  // there is an mx line, good or bad
    std::set<std::string, std::less<>> mx_seen_;
    std::set<std::string_view> remarked_;
    std::string misspelt_;  // the first name that is right except for its case
};

}  // namespace sternpost
