#include "texts.hpp"

#include <algorithm>
#include <climits>
#include <cstddef>

#include "address.hpp"
#include "field.hpp"
#include "sternpost/base/ascii.hpp"
#include "sternpost/policy/host_name.hpp"
#include "sternpost/policy/map_name.hpp"
#include "sternpost/policy/next_hop.hpp"

namespace sternpost {
namespace {

constexpr std::size_t max_map_name = 64;
constexpr std::size_t max_user_name = 32;
constexpr std::size_t max_prefix = 64;
constexpr std::size_t max_word = 255;

tl::unexpected<Error> wrong(std::string_view text, std::string_view why_and_remedy) {
    return failure(Errc::invalid, in_quotes(text) + ' ' + std::string(why_and_remedy));
}

bool absolute_file(std::string_view text) {
    return text.starts_with('/') && !text.ends_with('/') && text.size() < PATH_MAX;
}

bool has_two_labels(std::string_view name) {
    return name.find('.') != std::string_view::npos;
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

Result<std::string> parse_domain(std::string_view text, bool with_subdomains, std::string_view what_it_is) {
    if (!is_ascii(text)) return wrong(text, "is not ASCII; write the domain in its A-label form (xn--...)");
    const std::string domain = lower_case(text);
    const std::string_view name = std::string_view(domain).substr(with_subdomains ? 1 : 0);
    if (name.ends_with('.')) return wrong(text, "ends with a dot; write the domain without it");
    if (!valid_host_name(name)) return wrong(text, what_it_is);
    if (name.size() > max_policy_domain_length)
        return wrong(text, "is too long for a domain with _mta-sts. before it; write one of at most " +
                               std::to_string(max_policy_domain_length) + " bytes");
    if (!with_subdomains && !has_two_labels(name))
        return wrong(text, "is a single label, which is never looked up; write a name with a dot in it");
    return domain;
}

}  // namespace

Result<std::string> parse_user(std::string_view text) {
    const auto allowed = [](char c) {
        return is_letter_or_digit(c) || c == '_' || c == '-' || c == '.' || c == '$';
    };
    if (text.starts_with('-') || text.size() > max_user_name || !std::ranges::all_of(text, allowed))
        return wrong(text, R"(is no user name; write the name of an account, such as "sternpost", or "")");
    return std::string(text);
}

Result<std::string> parse_file_or_none(std::string_view text) {
    if (!text.empty() && !absolute_file(text))
        return wrong(text, R"(is no absolute path of a file; write one that begins with /, or "")");
    return std::string(text);
}

Result<std::string> parse_cache_path(std::string_view text) {
    if (text != ":memory:" && !absolute_file(text))
        return wrong(text, R"(is no absolute path of a file; write one that begins with /, or ":memory:")");
    return std::string(text);
}

Result<std::string> parse_socket_or_none(std::string_view text) {
    if (text.starts_with("unix:"))
        return wrong(text, "is always a UNIX socket; write the path without unix:");
    if (text.size() > max_socket_path)
        return wrong(text,
                     "is too long; write a path of at most " + std::to_string(max_socket_path) + " bytes");
    return parse_file_or_none(text);
}

Result<std::string> parse_log_target(std::string_view text) {
    if (text != "stderr" && text != "journal" && text != "syslog" && !absolute_file(text))
        return wrong(
            text, R"(is no log target; write "stderr", "journal", "syslog" or the absolute path of a file)");
    return std::string(text);
}

Result<std::string> parse_prefix(std::string_view text) {
    const auto allowed = [](char c) {
        return is_letter_or_digit(c) || c == '_' || c == '-' || c == '.' || c == ':';
    };
    if (text.empty() || text.size() > max_prefix || !std::ranges::all_of(text, allowed))
        return wrong(text, "is no prefix; write up to 64 letters, digits, '-', '_', '.' and ':'");
    return std::string(text);
}

Result<std::string> parse_word_or_none(std::string_view text) {
    const auto allowed = [](char c) { return c > ' ' && c <= '~'; };
    if (text.size() > max_word || !std::ranges::all_of(text, allowed))
        return wrong(text, "is no name; write up to 255 ASCII characters without blanks");
    return std::string(text);
}

Result<std::string> parse_override_domain(std::string_view text) {
    if (text.starts_with("*.") || text.starts_with(".*."))
        return wrong(text, "has an asterisk; write " +
                               in_quotes(lower_case(text.substr(text.find("*.") + 1))) +
                               " for a domain with its sub-domains");
    const bool with_subdomains = text.starts_with('.');
    return parse_domain(text, with_subdomains,
                        R"(is no domain; write "example.com", or ".example.com" for its sub-domains too)");
}

Result<std::string> parse_watched_domain(std::string_view text) {
    if (text.starts_with('.')) return wrong(text, "begins with a dot; write each domain by itself");
    if (text.starts_with("*."))
        return wrong(text, "has an asterisk; write each domain by itself, such as " +
                               in_quotes(lower_case(text.substr(2))));
    return parse_domain(text, false, R"(is no domain; write "example.com", without brackets and port)");
}

Result<std::string> parse_pinned_mx(std::string_view text) {
    if (!is_ascii(text)) return wrong(text, "is not ASCII; write the host in its A-label form (xn--...)");
    std::string pattern = lower_case(text);
    const std::string_view name = std::string_view(pattern).substr(pattern.starts_with("*.") ? 2 : 0);
    if (name.starts_with('.'))
        return wrong(
            text, "begins with a dot; write " + in_quotes('*' + std::string(name)) + " for one label more");
    if (!valid_host_name(name) || !has_two_labels(name))
        return wrong(text, R"(is no MX pattern; write "mx1.example.com" or "*.example.com")");
    return pattern;
}

Result<std::string> parse_map_name(std::string_view text) {
    if (is_base_grammar_map(text) || is_extended_grammar_map(text))
        return wrong(text, "is a name that sternpostd keeps for itself; write another one");
    const auto allowed = [](char c) { return is_letter_or_digit(c) || c == '_' || c == '-' || c == '.'; };
    if (text.empty() || text.size() > max_map_name || !std::ranges::all_of(text, allowed))
        return wrong(text, "is no map name; write up to 64 letters, digits, '-', '_' and '.', as in main.cf");
    return std::string(text);
}

}  // namespace sternpost
