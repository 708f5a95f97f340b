// A value in a report, which may be missing, with its place for people.
//
// Ownership: refers to a JSON document that outlives it.
// Threads:   any; pure.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/base/result.hpp"

namespace sternpost {

// `document` without what some programs put in front of a UTF-8 text, but no JSON begins with.
constexpr std::string_view without_byte_order_mark(std::string_view document) {
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    if (document.starts_with(mark)) document.remove_prefix(mark.size());
    return document;
}

class JsonField {
public:
    explicit JsonField(const boost::json::value& document) : value_(&document) {}

    bool there() const { return value_ != nullptr; }  // null counts as missing
    bool is_object() const { return there() && value_->is_object(); }
    const std::string& place() const { return place_; }  // such as "policies[0].summary"

    // Missing if this is not an object, or has no such member.
    JsonField member(std::string_view key) const;
    // Those of a list; for a single value, that value; none if it is missing.
    std::vector<JsonField> elements() const;
    // Of a string or number, printable and cut; empty if it is neither.
    std::string text() const;
    // As received.
    std::string_view raw_text() const;
    // A number of sessions, as a number or a string of digits; nullopt: it is missing.
    Result<std::optional<std::uint64_t>> count() const;

    // "PLACE WHAT"
    tl::unexpected<Error> wrong(std::string_view what) const;

private:
    JsonField(const boost::json::value* value, std::string place) : value_(value), place_(std::move(place)) {}

    const boost::json::value* value_;
    std::string place_;
};

}  // namespace sternpost
