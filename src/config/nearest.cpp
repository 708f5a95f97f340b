#include "sternpost/config/nearest.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "sternpost/base/ascii.hpp"

namespace sternpost {
namespace {

constexpr std::size_t longest_word = 64;

std::string plain(std::string_view word) {
    std::string out = lower_case(word);
    std::ranges::replace(out, '_', '-');
    return out;
}

// How many letters to add, drop, change or swap with their neighbour.
std::size_t distance(const std::string& a, const std::string& b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, change});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a.size()][b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
    if (word.size() > longest_word) return {};
    std::string_view best;
    std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const std::string_view candidate : candidates) {
        const bool begun = word.size() > 1 && plain(candidate).starts_with(plain(word));
        const std::size_t here = begun ? 0 : distance(plain(word), plain(candidate));
        if (here < best_distance && 2 * here < candidate.size()) {
            best = candidate;
            best_distance = here;
        }
    }
    return best;
}

}  // namespace sternpost
