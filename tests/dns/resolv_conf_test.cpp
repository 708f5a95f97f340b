#include "dns/resolv_conf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sternpost {
namespace {

using namespace std::string_view_literals;
using testing::ElementsAreArray;

std::vector<std::string> servers_in(std::string_view text) {
    std::vector<std::string> servers;
    for (const auto& server : read_resolv_conf(text).servers) servers.push_back(server.address);
    return servers;
}

TEST(ResolvConf, NamesTheServersInTheirOrder) {
    struct Row {
        std::string_view text;
        std::vector<std::string> servers;
    };
    const Row rows[] = {
        {"nameserver 192.0.2.1\n", {"192.0.2.1"}},
        {"nameserver 192.0.2.1", {"192.0.2.1"}},
        {"nameserver\t \t192.0.2.1 \t\n", {"192.0.2.1"}},
        {"nameserver 192.0.2.1\r\n", {"192.0.2.1"}},
        {"nameserver 192.0.2.2\nnameserver 2001:db8::1\nnameserver 192.0.2.1\n",
         {"192.0.2.2", "2001:db8::1", "192.0.2.1"}},
        {"domain example.com\nsearch a.example b.example\nsortlist 1.2.3.4\nnameserver 192.0.2.1\n",
         {"192.0.2.1"}},
        {"nameserver 192.0.2.1 192.0.2.2\n", {"192.0.2.1"}},
        {"# nameserver 192.0.2.1\n;nameserver 192.0.2.2\nnameserver 192.0.2.3 # mine\n", {"192.0.2.3"}},
        {"nameserver resolver.example\nnameserver 300.0.0.1\nnameserver\nnameserver 192.0.2.4\n",
         {"192.0.2.4"}},
        {"nameservers 192.0.2.1\nNAMESERVER 192.0.2.2\nnameserver 192.0.2.3\n", {"192.0.2.3"}},
    };
    for (const Row& row : rows) EXPECT_THAT(servers_in(row.text), ElementsAreArray(row.servers)) << row.text;
}

TEST(ResolvConf, WithoutAServerMeansTheLocalOne) {
    for (const std::string_view text :
         {""sv, "\n\n"sv, "search example.com\n"sv, "nameserver nonsense\n"sv, "\0\xff\xfe"sv})
        EXPECT_THAT(servers_in(text), ElementsAreArray({"127.0.0.1"})) << text;
}

TEST(ResolvConf, SaysWhetherTheAdBitMayBeBelieved) {
    struct Row {
        std::string_view text;
        bool trust_ad;
    };
    const Row rows[] = {
        {"nameserver 192.0.2.1\n", false},
        {"options trust-ad\n", true},
        {"options edns0 trust-ad rotate\n", true},
        {"options edns0\noptions\ttrust-ad\n", true},
        {"options trust-ad\noptions edns0\n", true},
        {"options edns0 no-trust-ad trust-adx\n", false},
        {"options TRUST-AD\n", false},
        {"# options trust-ad\n", false},
        {";options trust-ad\n", false},
        {"nameserver 192.0.2.1 options trust-ad\n", false},
    };
    for (const Row& row : rows) EXPECT_EQ(read_resolv_conf(row.text).trust_ad, row.trust_ad) << row.text;
}

TEST(ResolvConf, LinkLocalServerKeepsItsInterfaceThatMayBeAway) {
    EXPECT_THAT(servers_in("nameserver fe80::1%lo\n"), ElementsAreArray({"fe80::1%lo"}));
    EXPECT_THAT(servers_in("nameserver fe80::1%away\n"), ElementsAreArray({"fe80::1%away"}));
}

}  // namespace
}  // namespace sternpost
