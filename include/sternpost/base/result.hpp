// What went wrong, as a value: everything that input, network, disk or time can cause travels as a Result.
// Exceptions are left for a bad configuration, a database or socket that cannot be opened at start, and bugs.
//
// Threads: any; values.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace sternpost {

// Says what the caller must do; the words for people are in Error::detail.
enum class Errc {
    temporary,   // "don't know": keep what is known, ask again after a back-off
    invalid,     // what was received or asked breaks its grammar; the same input will fail again
    untrusted,   // a certificate did not prove the name: treat like `temporary`, but say so
    overloaded,  // one of our own limits is full: defer, never take it for "no"
    stopped,     // the program ends: give no answer at all
};

// `detail` may quote remote text; printable() stands between it and every log, terminal and reply.
struct Error {
    Error(Errc what, std::string why, std::string_view counted_as = "other")
        : code(what), detail(std::move(why)), cause(counted_as) {}
    Errc code;
    std::string detail;
    std::string_view cause;  // a literal: what figures count it as
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
public:
    using tl::expected<T, Error>::expected;
};

// `return failure(Errc::temporary, "…")` from a function that returns a Result.
inline tl::unexpected<Error> failure(Errc code, std::string detail, std::string_view cause = "other") {
    return tl::unexpected<Error>(Error(code, std::move(detail), cause));
}

}  // namespace sternpost
