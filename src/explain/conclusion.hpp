// What all layers together amount to.
//
// Threads: any; pure.
#pragma once

#include "sternpost/explain/explanation.hpp"

namespace sternpost {

// What Postfix does with the reply to one of the maps.
std::string effect_of(std::string_view reply);

// Outcome, conclusion and advice, from layers and answers.
void conclude(Explanation& explanation);

}  // namespace sternpost
