// One `mx:` value of a policy, and whether an MX host matches it (RFC 8461 section 4.1).
//
// Threads: any; pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sternpost/base/result.hpp"

namespace sternpost {

// Bytes of [a-z0-9.*_-] only, lower case, no trailing dot.
class MxPattern {
public:
    // Errc::invalid, with the reason in words (printable as it is), for anything that is not a pattern.
    static Result<MxPattern> from(std::string_view text);

    bool wildcard() const { return text_.starts_with("*."); }
    // looks_like_ipv4(): kept as part of the policy, but no MX host ever matches it.
    bool address() const { return address_; }
    // Whether the host of an MX record matches: equal apart from case, or one label in place of `*`.
    // One trailing dot of `mx_host` is ignored.
    bool matches(std::string_view mx_host) const;
    const std::string& text() const { return text_; }

    bool operator==(const MxPattern&) const = default;

private:
    MxPattern(std::string text, bool address) : text_(std::move(text)), address_(address) {}
    std::string text_;
    bool address_;
};

// True when `mx_host` matches at least one of `patterns`.
bool passes(std::span<const MxPattern> patterns, std::string_view mx_host);

}  // namespace sternpost
