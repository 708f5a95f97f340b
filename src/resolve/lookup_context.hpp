// What all lookups rely on, as it is now.
//
// Ownership: belongs to whoever makes the lookups.
// Threads:   the resolve loop.
#pragma once

#include <memory>

#include "demand.hpp"
#include "sternpost/log/repeats.hpp"
#include "sternpost/resolve/domain_answers.hpp"
#include "sternpost/resolve/resolve_figures.hpp"

namespace sternpost {

struct LookupContext {
    Now now() const { return {sources.clock.wall(), sources.clock.steady()}; }
    Settings settings() const { return {options, *rules}; }

    Sources sources;
    ResolveOptions options;
    std::shared_ptr<const Rules> rules;
    Repeats repeats{sources.clock};
    ResolveFigures figures{};
    bool stopped = false;  // nothing further is begun
};

}  // namespace sternpost
