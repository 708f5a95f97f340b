#include "sternpost/policy/record.hpp"

#include <algorithm>
#include <string_view>

#include "record_fields.hpp"
#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"

namespace sternpost {

namespace {

constexpr std::string_view version = "v=STSv1";
constexpr std::string_view id_field = "id=";

// RFC 8461 section 3.1 says in prose "begin with v=STSv1;", its grammar allows white space before the ";".
bool is_sts_record(std::string_view text) {
    if (!text.starts_with(version)) return false;
    text.remove_prefix(version.size());
    return take_delimiter(text);
}

tl::unexpected<Error> broken(const std::string& why) {
    return failure(Errc::invalid, "the _mta-sts TXT record cannot be used: " + why);
}

std::optional<std::string> fault_of_field(std::string_view field) {
    if (field.empty()) return "it has an empty field";
    const auto equals = field.find('=');
    if (equals == field.npos) return "the field " + quote(field) + " has no \"=\"";
    if (valid_field_name(field.substr(0, equals)) && valid_field_value(field.substr(equals + 1)))
        return std::nullopt;
    return "the field " + quote(field) + " breaks the grammar";
}

// `fields`: what follows the version and its delimiter.
Result<std::optional<StsRecord>> read_fields(std::string_view fields) {
    if (fields.empty()) return broken("it has nothing but a version");
    std::optional<StsRecord> record;
    while (!fields.empty()) {
        const std::string_view field = fields.substr(0, fields.find_first_of("; \t"));
        fields.remove_prefix(field.size());
        if (!fields.empty() && !take_delimiter(fields)) {
            return broken("white space is allowed only next to a \";\", not after " + quote(field));
        }
        // RFC 8461 section 3.2: of a field given twice the first counts; a further id is only an extension.
        if (!record && field.starts_with(id_field)) {
            const std::string_view id = field.substr(id_field.size());
            if (!valid_sts_id(id))
                return broken("its id must be 1 to 32 letters and digits, not " + quote(id));
            record = StsRecord{std::string(id)};
        } else if (const auto fault = fault_of_field(field)) {
            return broken(*fault);
        }
    }
    if (!record) return broken("it has no id (the name must be lower case)");
    return record;
}

// Why a TXT record is not one of MTA-STS.
std::string why_other(std::string_view text) {
    if (text.starts_with(version))
        return text.size() == version.size() ? "it has nothing but a version" : "its version is another one";
    if (starts_with_ignoring_case(text, version))
        return "its version must be written v=STSv1, capitals included";
    if (text.find(version) != text.npos) return "v=STSv1 must come first, with nothing before it";
    return "it is no MTA-STS record";
}

}  // namespace

bool valid_sts_id(std::string_view id) {
    return !id.empty() && id.size() <= max_id_length && std::ranges::all_of(id, is_letter_or_digit);
}

Result<std::optional<StsRecord>> read_sts_record(std::span<const std::string> texts) {
    const auto found = std::ranges::find_if(texts, is_sts_record);
    if (found == texts.end()) return std::nullopt;
    // RFC 8461 section 3.1: counted before they are parsed; a broken one counts.
    const auto count = std::ranges::count_if(texts, is_sts_record);
    if (count > 1) {
        return failure(Errc::invalid, "there are " + std::to_string(count) +
                                          " MTA-STS records at _mta-sts, and only one is allowed");
    }
    std::string_view text = *found;
    text.remove_prefix(version.size());
    take_delimiter(text);
    return read_fields(text);
}

std::vector<SeenRecord> review_sts_records(std::span<const std::string> texts) {
    const auto count = std::ranges::count_if(texts, is_sts_record);
    const auto read = read_sts_record(texts);
    std::vector<SeenRecord> seen;
    for (const std::string& text : texts) {
        SeenRecord record;
        record.text = printable(text);
        if (!is_sts_record(text)) {
            record.why = why_other(text);
        } else if (count > 1) {
            record.why = "only one MTA-STS record is allowed, and there are " + std::to_string(count);
        } else if (!read) {
            record.why = read.error().detail;
        } else {
            record.counts = true;
        }
        seen.push_back(std::move(record));
    }
    return seen;
}

}  // namespace sternpost
