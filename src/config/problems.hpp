// Everything that is wrong with one configuration file, collected so that the operator can fix it in one go.
//
// Threads: the one that reads the file.
#pragma once

#include <toml++/toml.h>

#include <cstddef>
#include <string>
#include <vector>

namespace sternpost {

inline constexpr std::size_t max_problems_told = 50;

class ConfigProblems {
public:
    void add(const toml::source_position& where, std::string text);
    std::size_t count() const { return problems_.size(); }
    // "FILE:LINE:COLUMN: text", one line each, in the order of the file.
    std::string told(const std::string& file_name) const;

private:
    struct Problem {
        toml::source_position where;
        std::string text;
    };
    std::vector<Problem> problems_;
};

}  // namespace sternpost
