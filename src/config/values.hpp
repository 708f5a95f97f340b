// How a value is read. A Reader gives the value, or nullopt after telling the field's problems what is wrong
// and what would be right. Limits are inclusive.
//
// Threads: any; a Reader is called by the one that reads the file.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "field.hpp"
#include "sternpost/base/result.hpp"
#include "sternpost/config/nearest.hpp"

namespace sternpost {

template <class T>
using Reader = std::function<std::optional<T>(const TomlField&)>;

enum class EmptyList { allowed, refused };

Reader<bool> a_boolean();
Reader<std::size_t> a_number(std::int64_t least, std::int64_t most);
Reader<std::chrono::milliseconds> a_duration(std::chrono::milliseconds least, std::chrono::milliseconds most);
Reader<std::chrono::seconds> whole_seconds(std::chrono::seconds least, std::chrono::seconds most);
Reader<std::chrono::sys_days> a_date();

// `example` is used in the message that asks for a text.
template <class T>
Reader<T> a_text(Result<T> (*parse)(std::string_view), std::string_view example) {
    return [parse, example](const TomlField& field) -> std::optional<T> {
        const auto text = field.text(example);
        if (!text) return std::nullopt;
        auto value = parse(*text);
        if (!value) return field.wrong(value.error().detail);
        return std::move(*value);
    };
}

// Reports that `word` is none of `words`.
std::nullopt_t wrong_word(const TomlField& field, std::string_view word,
                          const std::vector<std::string_view>& words);

template <class T>
Reader<T> one_of(std::vector<std::pair<std::string_view, T>> choices) {
    return [choices = std::move(choices)](const TomlField& field) -> std::optional<T> {
        const auto text = field.text(choices.front().first);
        if (!text) return std::nullopt;
        std::vector<std::string_view> words;
        for (const auto& [word, value] : choices) {
            if (word == *text) return value;
            words.push_back(word);
        }
        return wrong_word(field, *text, words);
    };
}

// No element twice.
template <class T>
Reader<std::vector<T>> list_of(Reader<T> reader, EmptyList empty, std::string_view example) {
    return [reader = std::move(reader), empty,
            example](const TomlField& field) -> std::optional<std::vector<T>> {
        const toml::array* array = field.node().as_array();
        if (array == nullptr) return field.wrong_kind("a list, such as " + std::string(example));
        if (array->empty() && empty == EmptyList::refused)
            field.wrong("the list is empty; write at least one, such as " + std::string(example));
        std::vector<T> values;
        for (const toml::node& node : *array) {
            const TomlField element = field.element(node);
            auto value = reader(element);
            if (!value) continue;
            if (std::ranges::find(values, *value) == values.end())
                values.push_back(std::move(*value));
            else
                element.wrong("this one stands in the list twice; remove it");
        }
        return values;
    };
}

}  // namespace sternpost
