// A configuration file, up to the options of each room.
#include "sternpost/config/config.hpp"
#include "sternpost/settings/settings.hpp"
#include "tests/fuzz/invariant.hpp"
#include "tests/fuzz/targets.hpp"

namespace sternpost::fuzz {

void configuration(std::string_view input) {
    const auto read = read_config(input, "fuzz.toml");
    if (!read) {
        must(read.error().code == Errc::invalid && !read.error().detail.empty(), "a fault is told");
        for (const std::string& line : parts_of(read.error().detail, "\n")) {
            must(is_printable(line), "it is printable");
            must(line.starts_with("fuzz.toml:"), "it has its place");
        }
        return;
    }
    must(*read_config(input, "again.toml") == *read, "it reads the same again");
    for (const auto postfix : {PostfixDnssec::Answer::dnssec, PostfixDnssec::Answer::otherwise,
                               PostfixDnssec::Answer::no_postfix}) {
        const Rules decided = rules(*read, postfix);
        must(decided.map("sts") != nullptr, "there is the map that all have");
        dns_options(*read, postfix);
    }
    https_options(*read);
    const ResolveOptions options = resolve_options(*read);
    must(options.min_ttl <= options.max_ttl, "times that contradict each other are refused");
}

}  // namespace sternpost::fuzz
