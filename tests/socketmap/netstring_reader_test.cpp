#include "socketmap/netstring_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "sternpost/answer/netstring.hpp"

namespace sternpost {
namespace {

using namespace std::string_literals;

struct Read {
    std::vector<std::string> payloads;
    bool broken = false;
    bool operator==(const Read&) const = default;
};

// Feeds `bytes` in pieces of `step` bytes, as far as the reader has room for.
Read read(std::string_view bytes, std::size_t step) {
    NetstringReader reader;
    Read result;
    while (!bytes.empty() && !reader.broken()) {
        const auto space = reader.space();
        const std::size_t count = std::min({step, bytes.size(), space.size()});
        std::copy_n(bytes.begin(), count, space.begin());
        reader.filled(count);
        bytes.remove_prefix(count);
        while (const auto payload = reader.next()) result.payloads.emplace_back(*payload);
    }
    result.broken = reader.broken();
    return result;
}

TEST(NetstringReader, ReadsWhatPostfixSends) {  // #193
    const std::string stream = "13:sts good.test,17:mapname good.test,"s;
    for (std::size_t step = 1; step <= stream.size(); ++step)
        EXPECT_EQ(read(stream, step), (Read{{"sts good.test", "mapname good.test"}, false})) << step;
}

TEST(NetstringReader, WaitsForTheRest) {
    for (const char* part : {"", "1", "13", "13:", "13:sts", "13:sts good.test"})
        EXPECT_EQ(read(part, 1), Read()) << part;
}

TEST(NetstringReader, RefusesWhatIsNoNetstring) {  // #193, section 4.7
    for (const auto& bytes : {":,"s,      ":abc,"s,   "03:abc,"s, "00:,"s,   "-1:a,"s,
                              "+3:abc,"s, " 3:abc,"s, "3 :abc,"s, "3;abc,"s, "abc"s,
                              "3:abcd"s,  "3:abc;"s,  "3:abc\n"s, "\n"s,     "GET / HTTP/1.0\r\n"s,
                              "\0"s,      "\xff"s,    "999999:"s, "100000"s, "99999999999999999999999:"s,
                              "10257:"s})
        for (const std::size_t step : {std::size_t{1}, bytes.size()})
            EXPECT_EQ(read(bytes, step), (Read{{}, true})) << bytes;
}

TEST(NetstringReader, KeepsWhatCameBeforeTheFault) {
    EXPECT_EQ(read("1:a,1:b,:", 100), (Read{{"a", "b"}, true}));
}

TEST(NetstringReader, TakesPayloadsUpToItsLimit) {
    for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{511}, std::size_t{512},
                                     max_key_bytes + 4, max_request_bytes}) {
        const std::string payload(length, 'x');
        EXPECT_EQ(read(to_netstring(payload) + "1:y,", 700), (Read{{payload, "y"}, false})) << length;
    }
    EXPECT_TRUE(read(to_netstring(std::string(max_request_bytes + 1, 'x')), 700).broken);
}

TEST(NetstringReader, AnySplitOfAnyStreamReadsTheSame) {
    std::mt19937 random(8461);
    for (int round = 0; round < 300; ++round) {
        std::string stream;
        Read expected;
        for (int i = 0; i < 20; ++i) {
            std::string payload(random() % (round % 10 == 0 ? 3000 : 40), '\0');
            std::ranges::generate(payload, [&random] { return static_cast<char>(random()); });
            stream += to_netstring(payload);
            expected.payloads.push_back(payload);
        }
        EXPECT_EQ(read(stream, 1 + random() % 300), expected);
    }
}

TEST(NetstringReader, NeverReadsOutOfBounds) {
    std::mt19937 random(7672);
    constexpr std::string_view alphabet = "0123456789:,ab ";
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes(random() % 40, '\0');
        std::ranges::generate(bytes, [&random, alphabet] { return alphabet[random() % alphabet.size()]; });
        for (const auto& payload : read(bytes, 1 + random() % 8).payloads)
            EXPECT_LE(payload.size(), bytes.size());
    }
}

}  // namespace
}  // namespace sternpost
