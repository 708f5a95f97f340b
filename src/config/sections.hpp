// How a section is read: a list of its keys, each with the member that it fills and the reader of its value.
// The whole file is a section too; keys.cpp has the lists.
//
// Threads: the one that reads the file.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "field.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/base/result.hpp"
#include "values.hpp"

namespace sternpost {

enum class Presence { optional, required };

// A Reader that knows how its section is headed and which keys belong there.
template <class T>
struct SectionReader {
    std::string heading;
    std::vector<std::string_view> keys;
    Reader<T> read;
};

template <class Struct>
struct ConfigKey {
    template <class Member, class Value>
    ConfigKey(std::string_view key, Member Struct::*member,
              std::function<std::optional<Value>(const TomlField&)> reader,
              Presence presence = Presence::optional)
        : name(key), required(presence == Presence::required) {
        read = [member, reader = std::move(reader)](const TomlField& field, Struct& into) {
            if (auto value = reader(field)) into.*member = std::move(*value);
        };
    }
    template <class Member>
    ConfigKey(std::string_view key, Member Struct::*member, SectionReader<Member> section)
        : ConfigKey(key, member, std::move(section.read)) {
        heading = std::move(section.heading);
        inner_keys = std::move(section.keys);
    }

    std::string_view name;
    bool required = false;
    std::function<void(const TomlField&, Struct&)> read;
    std::string heading;  // of a section; empty: a plain value
    std::vector<std::string_view> inner_keys;
};

template <class Struct>
using ConfigKeys = std::vector<ConfigKey<Struct>>;

// Looks for contradictions between the values of one section, and lets defaults give way to what is set;
// called only when each value is right.
template <class T>
using SectionCheck = std::function<void(const TomlField&, T&)>;

template <class Struct>
std::vector<std::string_view> names_of(const ConfigKeys<Struct>& keys) {
    std::vector<std::string_view> names;
    for (const auto& key : keys) names.push_back(key.name);
    return names;
}

// Reports that `key` is not a key of `section`, and which one may be meant.
void unknown_key(const TomlField& section, const toml::key& key, const toml::node& node,
                 const std::vector<std::string_view>& known);

// `section` holds a table.
template <class Struct>
Struct read_section(const TomlField& section, const ConfigKeys<Struct>& keys,
                    const SectionCheck<Struct>& check) {
    Struct value{};
    const std::size_t before = section.problems().count();
    const toml::table& table = *section.node().as_table();
    for (auto&& [name, node] : table) {
        const auto known = std::ranges::find(keys, name.str(), &ConfigKey<Struct>::name);
        if (known == keys.end()) {
            unknown_key(section, name, node, names_of(keys));
        } else {
            known->read(section.key(known->name, node), value);
        }
    }
    for (const auto& key : keys) {
        if (key.required && !table.contains(key.name))
            section.wrong("the key " + in_quotes(key.name) + " is missing; add it");
    }
    if (check && section.problems().count() == before) check(section, value);
    return value;
}

// [NAME]
template <class Struct>
SectionReader<Struct> section(const std::string& name, ConfigKeys<Struct> keys,
                              SectionCheck<Struct> check = {}) {
    const std::string heading = '[' + name + ']';
    const auto names = names_of(keys);
    auto read = [heading, keys = std::move(keys),
                 check = std::move(check)](const TomlField& field) -> std::optional<Struct> {
        if (field.node().is_table()) return read_section(field.labelled(heading), keys, check);
        return field.wrong_kind(heading + " on a line of its own, and the keys below it");
    };
    return {heading, names, std::move(read)};
}

// [NAME.ANY], of which each ANY must pass `parse_name`.
template <class Struct>
SectionReader<std::map<std::string, Struct>> named_sections(
    const std::string& name, ConfigKeys<Struct> keys, Result<std::string> (*parse_name)(std::string_view)) {
    const auto names = names_of(keys);
    auto read = [name, keys = std::move(keys),
                 parse_name](const TomlField& field) -> std::optional<std::map<std::string, Struct>> {
        const toml::table* table = field.node().as_table();
        if (table == nullptr) return field.wrong_kind('[' + name + ".NAME] on a line of its own");
        std::map<std::string, Struct> values;
        for (auto&& [key, node] : *table) {
            const TomlField inner =
                field.element(node).labelled('[' + name + '.' + printable(key.str()) + ']');
            const auto parsed = parse_name(key.str());
            if (!parsed) {
                inner.wrong_at(key.source().begin, parsed.error().detail);
            } else if (!node.is_table()) {
                inner.wrong_kind(inner.label() + " on a line of its own, and the keys below it");
            } else {
                values.emplace(*parsed, read_section(inner, keys, SectionCheck<Struct>()));
            }
        }
        return values;
    };
    return {'[' + name + ".NAME]", names, std::move(read)};
}

// [[NAME]], any number of times.
template <class Struct>
SectionReader<std::vector<Struct>> repeated_section(const std::string& name, ConfigKeys<Struct> keys,
                                                    SectionCheck<Struct> check,
                                                    SectionCheck<std::vector<Struct>> check_all) {
    const std::string heading = "[[" + name + "]]";
    const auto names = names_of(keys);
    auto read = [heading, keys = std::move(keys), check = std::move(check), check_all = std::move(check_all)](
                    const TomlField& field) -> std::optional<std::vector<Struct>> {
        const TomlField all = field.labelled(heading);
        const std::string right = heading + " on a line of its own, and the keys below it";
        const toml::array* array = field.node().as_array();
        if (array == nullptr) return all.wrong_kind(right);
        std::vector<Struct> values;
        for (const toml::node& node : *array) {
            const TomlField one = all.element(node);
            if (!node.is_table()) one.wrong_kind(right);
            values.push_back(node.is_table() ? read_section(one, keys, check) : Struct{});
        }
        if (check_all) check_all(all, values);
        return values;
    };
    return {heading, names, std::move(read)};
}

}  // namespace sternpost
