// What standard output can show: colour only on a terminal, and characters other than ASCII if the locale has them.
//
// Threads: one; looked at once, at start.
#pragma once

#include <string>
#include <string_view>

namespace sternpost {

// How good the news is.
enum class Mood { good, note, warning, bad, unknown };

struct Terminal {
    bool colour = false;   // a terminal that is not "dumb", and NO_COLOR is not set
    bool unicode = false;  // the locale's characters are UTF-8

    // Of standard output. Takes over the locale of the environment.
    static Terminal of_standard_output();

    // A mark of two columns: "✓ ", or "ok" in ASCII; in its colour.
    std::string mark(Mood mood) const;
    std::string in_colour_of(Mood mood, std::string_view text) const;
    std::string bold(std::string_view text) const;
};

}  // namespace sternpost
