// Hostile input for the readers: random bytes, and good input damaged a little, the same in every run.
#pragma once

#include <array>
#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <string_view>

namespace sternpost {

class Mutations {
public:
    std::size_t below(std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
    }

    std::string bytes(std::size_t max_length) {
        std::string out(below(max_length + 1), '\0');
        for (char& c : out) c = static_cast<char>(below(256));
        return out;
    }

    // One of `seeds` after up to four edits; the fragments are what the grammars are made of.
    std::string damaged(std::span<const std::string_view> seeds) {
        std::string text(seeds[below(seeds.size())]);
        for (std::size_t edits = below(5); edits > 0; --edits) edit(text);
        return text;
    }

private:
    void edit(std::string& text) {
        using namespace std::string_view_literals;
        static constexpr std::array fragments{
            ";"sv,  "="sv,    ":"sv,  "."sv,  ".."sv,   "*."sv,  "*"sv,       " "sv,        "\t"sv,
            "\n"sv, "\r"sv,   "\0"sv, "_"sv,  "-"sv,    "["sv,   "]"sv,       "{"sv,        "}"sv,
            ","sv,  "\xff"sv, "ü"sv,  "。"sv, "mx: "sv, "id="sv, "v=STSv1"sv, "hostname"sv, "1.2.3.4"sv};
        const std::size_t at = below(text.size() + 1);
        switch (below(4)) {
            case 0:
                text.insert(at, fragments[below(fragments.size())]);
                break;
            case 1:
                text.erase(at, 1 + below(3));
                break;
            case 2:
                text.insert(at, text.substr(below(text.size() + 1), below(20)));
                break;
            default:
                if (at < text.size()) text[at] = static_cast<char>(below(256));
        }
    }

    std::mt19937 random_{8461};
};

}  // namespace sternpost
