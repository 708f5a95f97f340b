#include "terminal.hpp"

#include <langinfo.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>

namespace sternpost {

namespace {

using namespace std::string_view_literals;

struct Look {
    std::string_view unicode;
    std::string_view ascii;
    std::string_view colour;  // SGR of ECMA-48
};

Look look_of(Mood mood) {
    switch (mood) {
        case Mood::good:
            return {"✓ ", "ok", "32"};
        case Mood::note:
            return {"· ", "--", "2"};
        case Mood::warning:
            return {"! ", "! ", "33"};
        case Mood::bad:
            return {"✗ ", "XX", "31"};
        case Mood::unknown:
            break;
    }
    return {"? ", "??", "35"};
}

bool is_set(const char* variable) {
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0';
}

std::string wrapped(std::string_view code, std::string_view text) {
    return std::string("\x1b[").append(code).append("m").append(text).append("\x1b[0m");
}

}  // namespace

Terminal Terminal::of_standard_output() {
    std::setlocale(LC_CTYPE, "");
    const char* kind = std::getenv("TERM");
    Terminal terminal;
    terminal.colour =
        ::isatty(STDOUT_FILENO) == 1 && !is_set("NO_COLOR") && kind != nullptr && kind != "dumb"sv;
    terminal.unicode = ::nl_langinfo(CODESET) == "UTF-8"sv;
    return terminal;
}

std::string Terminal::mark(Mood mood) const {
    const Look look = look_of(mood);
    return in_colour_of(mood, unicode ? look.unicode : look.ascii);
}

std::string Terminal::in_colour_of(Mood mood, std::string_view text) const {
    return colour ? wrapped(look_of(mood).colour, text) : std::string(text);
}

std::string Terminal::bold(std::string_view text) const {
    return colour ? wrapped("1", text) : std::string(text);
}

}  // namespace sternpost
