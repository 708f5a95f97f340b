// What only a holder of the fleet's key can have written: HMAC-SHA256 (RFC 2104) in front of a text.
//
// Threads: any; immutable.
// Errors:  std::runtime_error from read_seal(), with file and remedy.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sternpost {

inline constexpr std::size_t min_key_length = 32;
inline constexpr std::size_t max_key_length = 1024;
// The first one seals, both open, so that a key can be replaced while relays with either one are running.
inline constexpr std::size_t max_keys = 2;

class Seal {
public:
    explicit Seal(std::vector<std::string> keys) : keys_(std::move(keys)) {}

    // "hmac-sha256 HEX\n" and the text.
    std::string seal(std::string_view text) const;
    // The text; nullopt: no key of ours has sealed it.
    std::optional<std::string_view> open(std::string_view sealed) const;

private:
    std::vector<std::string> keys_;
};

// The keys in `file`, one per line, the first one first.
Seal read_seal(const std::string& file);

// The one line of a file that nobody but its owner and its group may read.
std::string read_password(const std::string& file);

}  // namespace sternpost
