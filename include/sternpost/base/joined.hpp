// "a, b and 3 more"
//
// Threads: any; pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace sternpost {

// Beyond `most` they are only counted.
inline std::string joined(const std::vector<std::string>& texts, std::size_t most = std::string::npos) {
    std::string all;
    for (std::size_t i = 0; i < std::min(texts.size(), most); ++i)
        all.append(i == 0 ? "" : ", ").append(texts[i]);
    if (texts.size() > most) all += " and " + std::to_string(texts.size() - most) + " more";
    return all;
}

}  // namespace sternpost
