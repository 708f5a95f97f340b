// Events counted by outcome. The names are fixed, so that what is counted stays bounded, whatever comes.
//
// Threads: one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sternpost {

template <std::size_t Count>
class Tally {
public:
    using Names = std::array<std::string_view, Count>;

    constexpr explicit Tally(const Names& names) : names_(&names) {}
    Tally(Names&&) = delete;

    // A name that is not in the list counts as the last one in it.
    void add(std::string_view name) { ++counts_[place_of(name)]; }
    const Names& names() const { return *names_; }
    std::uint64_t count(std::size_t at) const { return counts_[at]; }
    std::uint64_t count_of(std::string_view name) const { return counts_[place_of(name)]; }

private:
    std::size_t place_of(std::string_view name) const {
        std::size_t at = 0;
        while (at + 1 < Count && (*names_)[at] != name) ++at;
        return at;
    }

    const Names* names_;  // has static lifetime
    std::array<std::uint64_t, Count> counts_{};
};

}  // namespace sternpost
