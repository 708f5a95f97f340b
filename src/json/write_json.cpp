#include "sternpost/json/write_json.hpp"

#include <boost/json/serialize.hpp>
#include <cstddef>
#include <string>
#include <string_view>

namespace json = boost::json;

namespace sternpost {

namespace {

void write_indented(std::ostream& out, const json::value& value, std::size_t depth) {
    const std::string inner(2 * (depth + 1), ' ');
    const std::string outer(2 * depth, ' ');
    std::string_view between = "\n";
    if (value.is_object() && !value.get_object().empty()) {
        out << '{';
        for (const auto& member : value.get_object()) {
            out << between << inner << json::serialize(json::string(member.key())) << ": ";
            write_indented(out, member.value(), depth + 1);
            between = ",\n";
        }
        out << '\n' << outer << '}';
    } else if (value.is_array() && !value.get_array().empty()) {
        out << '[';
        for (const auto& element : value.get_array()) {
            out << between << inner;
            write_indented(out, element, depth + 1);
            between = ",\n";
        }
        out << '\n' << outer << ']';
    } else {
        out << json::serialize(value);
    }
}

}  // namespace

void write_json(std::ostream& out, const json::value& value) {
    write_indented(out, value, 0);
    out << '\n';
}

}  // namespace sternpost
