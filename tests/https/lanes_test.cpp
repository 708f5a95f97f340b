#include "https/lanes.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace asio = boost::asio;

namespace sternpost {
namespace {

using namespace std::chrono_literals;

class LanesTest : public testing::Test {
protected:
    // Starts a fetch at `address` if there is room; its number, or -1.
    int start(const std::string& address, std::chrono::milliseconds at = 0ms) {
        const auto groups = Lanes::groups_of({asio::ip::make_address(address)});
        if (!lanes.has_room(groups)) return -1;
        const int number = static_cast<int>(ids.size());
        ids.push_back(number);
        lanes.start(&ids.back(), groups, zero + at);
        return number;
    }
    std::vector<int> age(std::chrono::milliseconds at) {
        std::vector<int> numbers;
        for (const Lanes::Id id : lanes.age(zero + at)) numbers.push_back(*static_cast<int*>(id));
        return numbers;
    }
    static std::string address(std::size_t number) {
        return "11.0." + std::to_string(number / 200) + "." + std::to_string(number % 200);
    }

    Lanes lanes{64};
    std::deque<int> ids;
    SteadyTime zero = std::chrono::steady_clock::now();
};

TEST_F(LanesTest, AnAddressIsAnIpv4AddressOrAnIpv6Network) {
    const auto groups =
        Lanes::groups_of({asio::ip::make_address("2600:1:2:3::1"), asio::ip::make_address("11.0.0.2"),
                          asio::ip::make_address("2600:1:2:3:ffff::2"), asio::ip::make_address("11.0.0.1")});
    EXPECT_EQ(groups, (Lanes::Groups{"11.0.0.1", "11.0.0.2", "2600:1:2:3::/64"}));
    const auto by_nat64 = Lanes::groups_of(
        {asio::ip::make_address("64:ff9b::8.8.8.8"), asio::ip::make_address("64:ff9b::8.8.4.4")});
    EXPECT_EQ(by_nat64, (Lanes::Groups{"8.8.4.4", "8.8.8.8"}));
}

TEST_F(LanesTest, TheFastLaneIsLimitedInAllAndAtEachAddress) {
    for (std::size_t i = 0; i < max_fetches_an_address; ++i) EXPECT_GE(start("11.0.0.1"), 0);
    EXPECT_EQ(start("11.0.0.1"), -1);
    for (std::size_t i = max_fetches_an_address; i < 64; ++i) EXPECT_GE(start(address(i)), 0);
    EXPECT_EQ(start("11.1.0.1"), -1);
    lanes.end(&ids[0]);
    EXPECT_GE(start("11.1.0.1"), 0);
}

TEST_F(LanesTest, WhatIsNoLongerYoungMakesRoom) {
    for (std::size_t i = 0; i < max_fetches_an_address; ++i) start("11.0.0.1", 100ms);
    EXPECT_EQ(lanes.next_age(), zero + 100ms + young_fetch);
    EXPECT_TRUE(age(2099ms).empty());
    EXPECT_EQ(start("11.0.0.1", 2099ms), -1);
    EXPECT_TRUE(age(2100ms).empty());
    EXPECT_FALSE(lanes.next_age());
    EXPECT_GE(start("11.0.0.1", 2100ms), 0);
}

TEST_F(LanesTest, AnAddressFullOfSlowFetchesGivesUpItsOldest) {
    for (int round = 0; round < 3; ++round) {
        start("11.0.0.2", std::chrono::seconds(2 * round));
        for (std::size_t i = 0; i < max_fetches_an_address; ++i)
            start("11.0.0.1", std::chrono::seconds(2 * round));
        const auto given_up = age(std::chrono::seconds(2 * round + 2));
        if (round < 2) {
            EXPECT_TRUE(given_up.empty());
            continue;
        }
        ASSERT_EQ(given_up.size(), max_fetches_an_address);
        EXPECT_EQ(given_up.front(), 1) << "the fetch at the other address is older, but not in the way";
        EXPECT_EQ(given_up.back(), 16);
    }
}

TEST_F(LanesTest, AFullSlowLaneGivesUpTheOldestOfAll) {
    std::vector<int> given_up;
    for (std::size_t i = 0; i < max_slow_fetches + 10; ++i) {
        start(address(i), std::chrono::milliseconds(i));
        for (const int number : age(std::chrono::milliseconds(i) + young_fetch)) given_up.push_back(number);
    }
    EXPECT_EQ(given_up, (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST_F(LanesTest, WhatEndsLeavesNothingBehind) {
    for (int round = 0; round < 100; ++round) {
        std::vector<int> started;
        for (std::size_t i = 0; i < max_fetches_an_address; ++i)
            started.push_back(start("11.0.0.1", std::chrono::seconds(3 * round)));
        if (round % 2 == 0) age(std::chrono::seconds(3 * round + 2));
        for (const int number : started) {
            ASSERT_GE(number, 0) << round;
            lanes.end(&ids[static_cast<std::size_t>(number)]);
        }
    }
    EXPECT_TRUE(age(1000s).empty());
}

}  // namespace
}  // namespace sternpost
