#include "field.hpp"

#include <algorithm>
#include <utility>

#include "sternpost/base/printable.hpp"

namespace sternpost {
namespace {

constexpr std::size_t max_quoted = 120;

std::string_view kind_of(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::string:
            return "a text";
        case toml::node_type::integer:
            return "a whole number";
        case toml::node_type::floating_point:
            return "a number with a fraction";
        case toml::node_type::boolean:
            return "true or false";
        case toml::node_type::date:
            return "a date";
        case toml::node_type::time:
            return "a time of day";
        case toml::node_type::date_time:
            return "a date with a time";
        case toml::node_type::array:
            return "a list";
        case toml::node_type::table:
            return "a section";
        default:
            return "something else";
    }
}

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

}  // namespace

TomlField::TomlField(std::string label, const toml::node& node, ConfigProblems& problems)
    : label_(std::move(label)), node_(&node), problems_(&problems) {}

TomlField TomlField::labelled(std::string label) const {
    return {std::move(label), *node_, *problems_};
}

TomlField TomlField::element(const toml::node& node) const {
    return {label_, node, *problems_};
}

TomlField TomlField::key(std::string_view name, const toml::node& node) const {
    return {label_.empty() ? std::string(name) : label_ + ' ' + std::string(name), node, *problems_};
}

TomlField TomlField::first_of(std::initializer_list<std::string_view> names) const {
    if (const toml::table* table = node_->as_table()) {
        for (const std::string_view name : names) {
            if (const toml::node* node = table->get(name)) return key(name, *node);
        }
    }
    return *this;
}

std::nullopt_t TomlField::wrong(std::string_view what) const {
    return wrong_at(node_->source().begin, what);
}

std::nullopt_t TomlField::wrong_at(const toml::source_position& where, std::string_view what) const {
    problems_->add(where, label_.empty() ? std::string(what) : label_ + ": " + std::string(what));
    return std::nullopt;
}

std::nullopt_t TomlField::wrong_kind(std::string_view right) const {
    return wrong("this is " + std::string(kind_of(*node_)) + "; write " + std::string(right));
}

std::optional<std::string> TomlField::text(std::string_view example) const {
    auto value = node_->value_exact<std::string>();
    if (!value) return wrong_kind("a text in double quotes, such as \"" + std::string(example) + '"');
    if (std::ranges::any_of(*value, is_control))
        return wrong(in_quotes(*value) + " has a control character in it; write it without");
    return value;
}

std::string in_quotes(std::string_view text) {
    return quote(text, max_quoted);
}

}  // namespace sternpost
