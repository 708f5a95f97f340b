// Any split of a stream reads the same, and what was read is how the stream begins.
#include "sternpost/answer/netstring.hpp"

#include <algorithm>

#include "socketmap/netstring_reader.hpp"
#include "tests/fuzz/invariant.hpp"
#include "tests/fuzz/targets.hpp"

namespace sternpost::fuzz {

namespace {

struct Read {
    std::string payloads;  // framed again
    bool broken = false;
    bool operator==(const Read&) const = default;
};

Read read(std::string_view bytes, std::size_t step) {
    NetstringReader reader;
    Read all;
    while (!bytes.empty() && !reader.broken()) {
        const auto space = reader.space();
        must(!space.empty(), "there is always space");
        const std::size_t count = std::min({step, bytes.size(), space.size()});
        std::copy_n(bytes.begin(), count, space.begin());
        reader.filled(count);
        bytes.remove_prefix(count);
        while (const auto payload = reader.next()) {
            must(payload->size() <= max_request_bytes, "a payload is within its limit");
            all.payloads += to_netstring(*payload);
        }
    }
    all.broken = reader.broken();
    return all;
}

}  // namespace

void netstring(std::string_view input) {
    const Read whole = read(input, input.size());
    must(input.starts_with(whole.payloads), "what is read is how the stream begins");
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{600}})
        must(read(input, step) == whole, "a split changes nothing");
    const std::size_t rest = input.size() - whole.payloads.size();
    must(whole.broken || rest <= to_netstring("").size() + 4 + max_request_bytes,
         "what is not read yet is part of one request");
}

}  // namespace sternpost::fuzz
