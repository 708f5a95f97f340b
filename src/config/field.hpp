// One node of the file on its way into the struct: what it is called in messages, where it is, and where
// complaints about it go. Borrows the node and the problems for the duration of one read_config().
//
// Threads: the one that reads the file.
#pragma once

#include <toml++/toml.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "problems.hpp"

namespace sternpost {

class TomlField {
public:
    // `label` is empty for the file itself, "listen" for a key at its top, "[dns] timeout" for one in a
    // section.
    TomlField(std::string label, const toml::node& node, ConfigProblems& problems);

    const std::string& label() const { return label_; }
    const toml::node& node() const { return *node_; }
    ConfigProblems& problems() const { return *problems_; }

    // The same problems under another name, for another node.
    TomlField labelled(std::string label) const;
    TomlField element(const toml::node& node) const;
    TomlField key(std::string_view name, const toml::node& node) const;
    // The first of `names` that the file has in this section; the section itself when it has none.
    TomlField first_of(std::initializer_list<std::string_view> names) const;

    // `what` says what is wrong and, after a semicolon, what would be right. All three give nullopt, so that
    // a reader ends with `return field.wrong(…)`.
    std::nullopt_t wrong(std::string_view what) const;
    std::nullopt_t wrong_at(const toml::source_position& where, std::string_view what) const;
    std::nullopt_t wrong_kind(std::string_view right) const;

    // nullopt after a complaint, for anything but a text without control characters.
    std::optional<std::string> text(std::string_view example) const;

private:
    std::string label_;
    const toml::node* node_;
    ConfigProblems* problems_;
};

// `text` in double quotes, fit for a terminal.
std::string in_quotes(std::string_view text);

}  // namespace sternpost
