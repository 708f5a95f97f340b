#include "sternpost/https/special_address.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace sternpost {
namespace {

bool special(const std::string& address) {
    return is_special(boost::asio::ip::make_address(address));
}

// #182; a block with its first and last address and its neighbours just outside, "" where they are special as
// well.
struct Block {
    std::string_view what;
    std::string before;
    std::string first;
    std::string last;
    std::string after;
};

TEST(SpecialAddress, EndsWhereItsBlockEnds) {
    const Block blocks[] = {
        {"0.0.0.0/8, this network", "", "0.0.0.0", "0.255.255.255", "1.0.0.0"},
        {"10.0.0.0/8, private", "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
        {"100.64.0.0/10, shared", "100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
        {"127.0.0.0/8, loopback", "126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
        {"169.254.0.0/16, link-local", "169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
        {"172.16.0.0/12, private", "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
        {"192.0.0.0/24, protocols", "191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
        {"192.0.2.0/24, documentation", "192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
        {"192.88.99.0/24, 6to4 relays", "192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
        {"192.168.0.0/16, private", "192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
        {"198.18.0.0/15, benchmarks", "198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
        {"198.51.100.0/24, documentation", "198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
        {"203.0.113.0/24, documentation", "203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
        {"224.0.0.0/4, multicast", "223.255.255.255", "224.0.0.0", "239.255.255.255", ""},
        {"240.0.0.0/4, reserved", "", "240.0.0.0", "255.255.255.255", ""},

        {"below 2000::/3", "", "::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"},
        {"2001::/23, protocols", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"},
        {"2001:db8::/32, documentation", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
         "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
        {"3fff::/20, documentation", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"},
        {"above 2000::/3", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         "4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},
    };
    for (const Block& block : blocks) {
        EXPECT_TRUE(special(block.first)) << block.what;
        EXPECT_TRUE(special(block.last)) << block.what;
        EXPECT_TRUE(block.before.empty() || !special(block.before)) << block.what;
        EXPECT_TRUE(block.after.empty() || !special(block.after)) << block.what;
    }
}

TEST(SpecialAddress, IsNoneOfThePublicOnes) {
    for (const std::string address : {"1.1.1.1", "8.8.8.8", "93.184.215.14", "192.31.196.1", "192.175.48.1",
                                      "2606:4700:4700::1111", "2a00:1450:4001:800::200e", "2620:4f:8000::1"})
        EXPECT_FALSE(special(address)) << address;
}

TEST(SpecialAddress, OfIpv6IsKnownByName) {
    for (const std::string address :
         {"::", "::1", "fe80::1", "fe80::1%lo", "febf::1", "fec0::1", "fc00::1", "fd00::1", "ff02::1",
          "ff0e::1", "100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "5f00::1", "64:ff9b:1::1",
          "64:ff9b:1::8.8.8.8"})
        EXPECT_TRUE(special(address)) << address;
}

// An IPv6 address that leads to an IPv4 one is as special as that.
TEST(SpecialAddress, InsideAnotherIsJudgedByTheInnerOne) {
    const std::string hidden[] = {"127.0.0.1",      "10.0.0.1",   "169.254.169.254", "192.168.1.1",
                                  "172.31.255.255", "100.64.0.1", "0.0.0.0",         "255.255.255.255",
                                  "224.0.0.1",      "192.0.2.1",  "198.19.255.255",  "203.0.113.255"};
    const std::string open[] = {"1.1.1.1", "8.8.8.8", "172.32.0.0", "223.255.255.255"};
    const auto six_to_four = [](const std::string& inner) {
        const auto bytes = boost::asio::ip::make_address_v4(inner).to_bytes();
        boost::asio::ip::address_v6::bytes_type outer{0x20, 0x02, bytes[0], bytes[1], bytes[2], bytes[3]};
        outer[15] = 1;
        return is_special(boost::asio::ip::address_v6(outer));
    };
    for (const std::string& inner : hidden) {
        EXPECT_TRUE(special("::ffff:" + inner)) << inner;
        EXPECT_TRUE(special("64:ff9b::" + inner)) << inner;
        EXPECT_TRUE(special("::" + inner)) << inner;
        EXPECT_TRUE(six_to_four(inner)) << inner;
    }
    for (const std::string& inner : open) {
        EXPECT_FALSE(special("::ffff:" + inner)) << inner;
        EXPECT_FALSE(special("64:ff9b::" + inner)) << inner;
        EXPECT_FALSE(six_to_four(inner)) << inner;
        EXPECT_TRUE(special("::" + inner)) << inner;         // "IPv4-compatible": nobody's address
        EXPECT_TRUE(special("::ffff:0:" + inner)) << inner;  // translated, RFC 2765: nobody's either
        EXPECT_TRUE(special("64:ff9b:0:1::" + inner)) << inner;
    }
}

}  // namespace
}  // namespace sternpost
