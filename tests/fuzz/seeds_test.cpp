// Every target over its seeds: whole, and cut short. What fuzzing has found is kept among them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "tests/fuzz/targets.hpp"

namespace sternpost::fuzz {
namespace {

namespace fs = std::filesystem;

// A seed is cut at so many places, or at each of its bytes.
constexpr std::size_t cuts = 16;

std::string bytes_of(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

class Seeds : public testing::TestWithParam<Target> {};

TEST_P(Seeds, BreakNothing) {
    const fs::path folder = fs::path(STERNPOST_FUZZ_SEEDS) / GetParam().name;
    std::size_t seeds = 0;
    EXPECT_NO_THROW(GetParam().run(""));
    for (const auto& file : fs::directory_iterator(folder)) {
        const std::string seed = bytes_of(file.path());
        const std::size_t step = seed.size() / cuts + 1;
        for (std::size_t size = seed.size(); size > 0; size -= std::min(step, size))
            EXPECT_NO_THROW(GetParam().run(std::string_view(seed).substr(0, size)))
                << file.path() << ", its first " << size << " bytes";
        ++seeds;
    }
    EXPECT_GT(seeds, 0U) << folder;
}

INSTANTIATE_TEST_SUITE_P(Fuzzing, Seeds, testing::ValuesIn(targets),
                         [](const auto& target) { return std::string(target.param.name); });

TEST(Seeds, AllBelongToATarget) {
    std::set<std::string> names;
    for (const Target& target : targets) names.emplace(target.name);
    for (const auto& folder : fs::directory_iterator(STERNPOST_FUZZ_SEEDS))
        EXPECT_TRUE(names.contains(folder.path().filename())) << folder.path();
}

}  // namespace
}  // namespace sternpost::fuzz
