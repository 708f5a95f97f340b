// The configuration of another resolver: whatever it says, sternpostd reads what is made of it.
#include "sternpost/config/config.hpp"
#include "sternpost/migration/configuration.hpp"
#include "tests/fuzz/invariant.hpp"
#include "tests/fuzz/targets.hpp"

namespace sternpost::fuzz {

void other_configuration(std::string_view input) {
    for (const auto from : {OtherResolver::mta_sts_resolver, OtherResolver::tlspol}) {
        const auto made = migrate(from, input, "other.yml", MainCf{});
        if (!made) {
            must(made.error().code == Errc::invalid && made.error().detail.starts_with("other.yml:"),
                 "a fault has its place");
            must(is_printable(made.error().detail), "it is printable");
            continue;
        }
        for (const std::string& warning : made->warnings)
            must(!warning.empty() && is_printable(warning), "a warning is printable");
        for (const std::string& line : parts_of(made->toml, "\n"))
            must(is_printable(line), "so is each line");
        must(read_config(made->toml, "sternpost.toml").has_value(), "sternpostd takes it as it is");
    }
}

}  // namespace sternpost::fuzz
