// The `_mta-sts` TXT record (RFC 8461 section 3.1): which of the TXT records found counts, and its id.
//
// Threads: any; pure.
// Errors:  Errc::invalid with a reason that a person understands, printable as it is.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/base/result.hpp"

namespace sternpost {

inline constexpr std::size_t max_id_length = 32;

// 1 to max_id_length letters and digits.
bool valid_sts_id(std::string_view id);

struct StsRecord {
    std::string id;  // opaque, case-sensitive; compared for equality only
};

// `texts`: the TXT records at `_mta-sts.D`, the strings of each already joined. nullopt: none of them is an
// MTA-STS record ("no"). An error: there is one that cannot be used, or several (a "no" to a sender, too).
Result<std::optional<StsRecord>> read_sts_record(std::span<const std::string> texts);

// One TXT record found, and whether it counts; for people.
struct SeenRecord {
    std::string text;  // printable
    bool counts = false;
    std::string why;  // why it does not; empty if it does
};

// What read_sts_record() makes of each, in the same order.
std::vector<SeenRecord> review_sts_records(std::span<const std::string> texts);

}  // namespace sternpost
