#include "yaml.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/migration/configuration.hpp"

namespace sternpost {

namespace {

// Thrown within this file only.
struct TooMuch {
    std::string what;
};

// An alias is followed as often as it is met, so that what it expands to is counted.
class Tree {
public:
    YamlValue value_of(const YAML::Node& node, std::size_t depth) {
        if (++values_ > max_yaml_values)
            throw TooMuch{"it comes to more than " + std::to_string(max_yaml_values) + " values"};
        if (depth > max_yaml_depth) throw TooMuch{"it is nested too deeply"};
        YamlValue value;
        value.line = static_cast<std::size_t>(std::max(node.Mark().line, 0)) + 1;
        if (node.IsScalar()) {
            value.kind = YamlValue::Kind::scalar;
            value.text = node.Scalar();
        } else if (node.IsSequence()) {
            value.kind = YamlValue::Kind::list;
            for (const YAML::Node& item : node) value.items.push_back(value_of(item, depth + 1));
        } else if (node.IsMap()) {
            value.kind = YamlValue::Kind::map;
            add_members(value, node, depth);
        }
        return value;
    }

private:
    void add_members(YamlValue& to, const YAML::Node& map, std::size_t depth) {
        std::vector<YamlMember> merged;
        for (const auto& member : map) {
            std::string key = member.first.IsScalar() ? member.first.Scalar() : "?";
            YamlValue value = value_of(member.second, depth + 1);
            if (key == "<<" && value.kind == YamlValue::Kind::map)
                merged = std::move(value.members);
            else
                to.members.push_back({std::move(key), std::move(value)});
        }
        for (YamlMember& member : merged)
            if (to.find(member.key) == nullptr) to.members.push_back(std::move(member));
    }

    std::size_t values_ = 0;
};

}  // namespace

const YamlValue* YamlValue::find(std::string_view key) const {
    const auto found = std::ranges::find(members, key, &YamlMember::key);
    return found == members.end() ? nullptr : &found->value;
}

std::optional<bool> YamlValue::boolean() const {
    const std::string word = lower_case(text);
    if (kind != Kind::scalar) return std::nullopt;
    if (word == "true" || word == "yes" || word == "on") return true;
    if (word == "false" || word == "no" || word == "off") return false;
    return std::nullopt;
}

std::string YamlValue::shown() const {
    constexpr std::size_t enough = 80;
    switch (kind) {
        case Kind::scalar:
            return printable(text, enough);
        case Kind::list:
            return "[...]";
        case Kind::map:
            return "{...}";
        case Kind::null:
            break;
    }
    return "null";
}

Result<YamlValue> read_yaml(std::string_view text, const std::string& file) try {
    if (text.size() > max_yaml_bytes)
        return failure(Errc::invalid, printable(file) + ": it has more than " +
                                          std::to_string(max_yaml_bytes) +
                                          " bytes, which no configuration has");
    return Tree().value_of(YAML::Load(std::string(text)), 0);
} catch (const YAML::Exception& error) {
    return failure(Errc::invalid, printable(file) + ":" + std::to_string(std::max(error.mark.line, 0) + 1) +
                                      ": no YAML: " + printable(error.msg));
} catch (const TooMuch& found) {
    return failure(Errc::invalid, printable(file) + ": " + found.what);
}

}  // namespace sternpost
