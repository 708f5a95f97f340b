#include "json_field.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <charconv>

#include "sternpost/base/printable.hpp"
#include "sternpost/base/trimmed.hpp"
#include "sternpost/tls_report/tls_report.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

constexpr std::size_t max_shown = 40;

std::optional<std::uint64_t> read_digits(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::optional<std::uint64_t> whole(double number) {
    if (!(number >= 0 && number <= static_cast<double>(max_sessions))) return std::nullopt;
    const auto integer = static_cast<std::uint64_t>(number);
    return static_cast<double>(integer) == number ? std::optional(integer) : std::nullopt;
}

std::optional<std::uint64_t> number_in(const json::value& value) {
    if (value.is_uint64()) return value.get_uint64();
    if (value.is_int64() && value.get_int64() >= 0) return static_cast<std::uint64_t>(value.get_int64());
    if (value.is_double()) return whole(value.get_double());
    if (value.is_string()) return read_digits(trimmed(value.get_string()));
    return std::nullopt;
}

}  // namespace

JsonField JsonField::member(std::string_view key) const {
    std::string place = place_.empty() ? std::string(key) : place_ + "." + std::string(key);
    const json::value* found =
        is_object() ? value_->get_object().if_contains(json::string_view(key.data(), key.size())) : nullptr;
    return {found != nullptr && !found->is_null() ? found : nullptr, std::move(place)};
}

std::vector<JsonField> JsonField::elements() const {
    if (!there()) return {};
    if (!value_->is_array()) return {*this};
    std::vector<JsonField> all;
    for (const json::value& one : value_->get_array())
        all.push_back({&one, place_ + "[" + std::to_string(all.size()) + "]"});
    return all;
}

std::string JsonField::text() const {
    if (there() && value_->is_number()) return json::serialize(*value_);
    return printable(trimmed(raw_text()), max_report_text);
}

std::string_view JsonField::raw_text() const {
    return there() && value_->is_string() ? std::string_view(value_->get_string()) : std::string_view();
}

Result<std::optional<std::uint64_t>> JsonField::count() const {
    if (!there()) return std::optional<std::uint64_t>();
    const auto number = number_in(*value_);
    if (number && *number <= max_sessions) return number;
    const bool simple = value_->is_primitive();
    return wrong(
        "is no number of sessions" +
        (simple ? ": " + printable(std::string_view(json::serialize(*value_)), max_shown) : std::string()));
}

tl::unexpected<Error> JsonField::wrong(std::string_view what) const {
    return failure(Errc::invalid, place_ + " " + std::string(what));
}

}  // namespace sternpost
