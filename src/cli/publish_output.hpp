// What `publish` has to say, for people and for machines.
//
// Threads: any; pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "sternpost/survey/publication.hpp"
#include "sternpost/survey/survey.hpp"
#include "terminal.hpp"

namespace sternpost {

struct ToPublish {
    Publication publication;
    std::string site;  // empty: not asked for
    std::vector<std::string> next;
};

std::string text_of(const Survey& survey, const ToPublish& made, const Terminal& terminal);
std::string text_of_refusal(const Survey& survey, const Refusal& refusal, const Terminal& terminal);
// What is wrong with what is published; `next` may be empty.
std::string text_of_check(const Survey& survey, const std::vector<std::string>& next,
                          const Terminal& terminal);

// A finding: its mark, what is found, its code, and below that what to do.
std::string finding_line(const Terminal& terminal, Level level, const std::string& what,
                         const std::string& code, const std::string& remedy);
Mood mood_of(Level level);

boost::json::object json_of(const Survey& survey, const ToPublish& made);
boost::json::object json_of_refusal(const Survey& survey, const Refusal& refusal);
boost::json::object json_of_check(const Survey& survey, const std::vector<std::string>& next);

}  // namespace sternpost
