// A YAML document as a tree of bounded size.
//
// Threads: any; pure.
// Errors:  Errc::invalid, "FILE:LINE: what is wrong", printable.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/base/result.hpp"

namespace sternpost {

struct YamlMember;

struct YamlValue {
    enum class Kind { null, scalar, list, map };
    Kind kind = Kind::null;
    std::size_t line = 0;  // from 1
    std::string text;      // of a scalar, without its quotes
    std::vector<YamlValue> items;
    std::vector<YamlMember> members;  // in the order of the file; "<<" is merged

    // Null: there is no such member.
    const YamlValue* find(std::string_view key) const;
    // As YAML has it: yes, true, on; nullopt: it is not one.
    std::optional<bool> boolean() const;
    // A short word for comments, printable: the scalar, or what kind of thing it is.
    std::string shown() const;
};

struct YamlMember {
    std::string key;
    YamlValue value;
};

Result<YamlValue> read_yaml(std::string_view text, const std::string& file);

}  // namespace sternpost
