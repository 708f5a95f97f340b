#include "sternpost/policy/policy.hpp"

#include <utility>

#include "policy_reader.hpp"

namespace sternpost {

std::string_view to_string(Mode mode) {
    switch (mode) {
        case Mode::none:
            return "none";
        case Mode::testing:
            return "testing";
        case Mode::enforce:
            return "enforce";
    }
    return {};
}

std::optional<Mode> mode_of(std::string_view text) {
    for (const Mode mode : {Mode::none, Mode::testing, Mode::enforce})
        if (text == to_string(mode)) return mode;
    return std::nullopt;
}

Result<Policy> read_policy(std::string_view body) {
    if (Fault fault = fault_of_file(body)) return failure(Errc::invalid, std::move(*fault));
    PolicyReader reader;
    for (std::size_t number = 1; !body.empty(); ++number)
        if (const Fault fault = reader.read_line(take_line(body)))
            return failure(Errc::invalid, in_line(number, *fault));
    if (auto faults = reader.finish(); !faults.empty())
        return failure(Errc::invalid, std::move(faults.front()));
    return reader.take();
}

}  // namespace sternpost
