#include "sternpost/policy/mx_pattern.hpp"

#include <algorithm>

#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/policy/host_name.hpp"

namespace sternpost {

namespace {

std::string_view without_trailing_dot(std::string_view name) {
    return name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

// What to say about something that is not a pattern: the most likely mistake, the most telling first.
std::string_view mistake_in(std::string_view text) {
    if (!std::ranges::all_of(text, is_ascii)) return "must be written in ASCII (A-labels, xn--...)";
    if (text.find_first_of(" \t,;") != text.npos) return "must be one name: write a line for each host";
    if (text.starts_with('[') || std::ranges::count(text, ':') > 1) {
        return "is an address; only host names are allowed";
    }
    if (text.find_first_of(":/@") != text.npos) {
        return "must be a bare host name, without scheme, port or path";
    }
    if (text.rfind('*') != text.npos && (text.rfind('*') > 0 || !text.starts_with("*."))) {
        return "may have \"*\" only in the place of its whole first label";
    }
    if (text.starts_with('.') || text.ends_with('.') || text.find("..") != text.npos) {
        return "has an empty label";
    }
    if (text.size() > max_name_length) return "is longer than a host name can be";
    return "is not a host name";
}

}  // namespace

Result<MxPattern> MxPattern::from(std::string_view text) {
    if (text.empty()) return failure(Errc::invalid, "is empty");
    std::string pattern = lower_case(without_trailing_dot(text));
    const std::string_view domain = std::string_view(pattern).substr(pattern.starts_with("*.") ? 2 : 0);
    if (!valid_domain(domain)) {
        std::string why = quote(text) + ' ';
        return failure(Errc::invalid, why += mistake_in(without_trailing_dot(text)));
    }
    const bool address = looks_like_ipv4(domain);
    return MxPattern(std::move(pattern), address);
}

bool MxPattern::matches(std::string_view mx_host) const {
    if (address_) return false;
    const std::string_view host = without_trailing_dot(mx_host);
    if (!wildcard()) return equal_ignoring_case(text_, host);
    // RFC 8461 section 4.1: `*` stands for exactly one label.
    const auto dot = host.find('.');
    if (dot == 0 || dot == host.npos) return false;
    return equal_ignoring_case(std::string_view(text_).substr(1), host.substr(dot));
}

bool passes(std::span<const MxPattern> patterns, std::string_view mx_host) {
    return std::ranges::any_of(patterns, [&](const MxPattern& pattern) { return pattern.matches(mx_host); });
}

}  // namespace sternpost
