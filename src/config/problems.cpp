#include "problems.hpp"

#include <algorithm>
#include <span>
#include <tuple>
#include <utility>

#include "sternpost/base/printable.hpp"

namespace sternpost {

void ConfigProblems::add(const toml::source_position& where, std::string text) {
    problems_.push_back(Problem{where, std::move(text)});
}

std::string ConfigProblems::told(const std::string& file_name) const {
    std::vector<Problem> sorted = problems_;
    std::ranges::stable_sort(sorted, {}, [](const Problem& problem) {
        return std::make_tuple(problem.where.line, problem.where.column);
    });
    std::string out;
    for (const Problem& problem : std::span(sorted).first(std::min(sorted.size(), max_problems_told))) {
        if (!out.empty()) out += '\n';
        out += printable(file_name) + ':' + std::to_string(problem.where.line) + ':' +
               std::to_string(problem.where.column) + ": " + problem.text;
    }
    if (sorted.size() > max_problems_told) {
        out += '\n' + printable(file_name) + ": and " + std::to_string(sorted.size() - max_problems_told) +
               " more; mend these first";
    }
    return out;
}

}  // namespace sternpost
