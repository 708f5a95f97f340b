#include "sternpost/policy/tls_report_record.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "record_fields.hpp"
#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/base/trimmed.hpp"

namespace sternpost {

namespace {

constexpr std::string_view version = "v=TLSRPTv1";
constexpr std::string_view rua_field = "rua=";

bool is_tls_report_record(std::string_view text) {
    if (!text.starts_with(version)) return false;
    text.remove_prefix(version.size());
    return take_delimiter(text);
}

tl::unexpected<Error> broken(const std::string& why) {
    return failure(Errc::invalid, "the _smtp._tls TXT record cannot be used: " + why);
}

// RFC 3986 section 3.1: in upper or lower case.
bool has_scheme(std::string_view uri, std::string_view scheme) {
    return uri.size() > scheme.size() && uri[scheme.size()] == ':' && starts_with_ignoring_case(uri, scheme);
}

bool valid_uri(std::string_view uri) {
    const bool known = has_scheme(uri, "mailto") || has_scheme(uri, "https");
    return known && uri.back() != ':' &&
           std::ranges::all_of(uri, [](char c) { return c > ' ' && c <= '~' && c != '!'; });
}

// tlsrpt-uri *(*WSP "," *WSP tlsrpt-uri)
Result<std::vector<std::string>> read_uris(std::string_view list) {
    constexpr std::string_view blanks = " \t";
    std::vector<std::string> uris;
    for (bool more = true; more;) {
        const auto comma = list.find(',');
        more = comma != list.npos;
        std::string_view uri = list.substr(0, comma);
        if (more) uri = uri.substr(0, uri.find_last_not_of(blanks) + 1);
        if (!valid_uri(uri)) return broken("rua must be mailto: or https: URIs, not " + quote(uri));
        uris.emplace_back(uri);
        if (more) list.remove_prefix(std::min(list.size(), list.find_first_not_of(blanks, comma + 1)));
    }
    return uris;
}

// `fields`: what follows the version and its delimiter.
Result<std::optional<TlsReportRecord>> read_fields(std::string_view fields) {
    std::optional<TlsReportRecord> record;
    while (!fields.empty()) {
        const bool delimited = fields.find(';') != fields.npos;
        std::string_view field = fields.substr(0, fields.find(';'));
        if (delimited) field = trimmed(field);
        fields.remove_prefix(std::min(fields.size(), fields.find(';')));
        if (!fields.empty()) take_delimiter(fields);
        const auto equals = field.find('=');
        if (!record && field.starts_with(rua_field)) {
            auto uris = read_uris(field.substr(rua_field.size()));
            if (!uris) return tl::unexpected(std::move(uris.error()));
            record = TlsReportRecord{std::move(*uris)};
        } else if (equals == field.npos || !valid_field_name(field.substr(0, equals)) ||
                   !valid_field_value(field.substr(equals + 1))) {
            return broken("the field " + quote(field) + " breaks the grammar");
        }
    }
    if (!record) return broken("it has no rua, the address that reports go to");
    return record;
}

}  // namespace

Result<std::optional<TlsReportRecord>> read_tls_report_record(std::span<const std::string> texts) {
    const auto found = std::ranges::find_if(texts, is_tls_report_record);
    if (found == texts.end()) return std::nullopt;
    const auto count = std::ranges::count_if(texts, is_tls_report_record);
    if (count > 1)
        return failure(Errc::invalid, "there are " + std::to_string(count) +
                                          " TLS reporting records at _smtp._tls, and only one is allowed");
    std::string_view text = *found;
    text.remove_prefix(version.size());
    take_delimiter(text);
    return read_fields(text);
}

}  // namespace sternpost
