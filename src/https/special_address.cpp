#include "sternpost/https/special_address.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace asio = boost::asio;

namespace sternpost {

namespace {

struct Block4 {
    std::uint32_t prefix;
    unsigned length;
};

constexpr std::array special4{
    Block4{0x00000000, 8},   // 0.0.0.0/8       this network
    Block4{0x0A000000, 8},   // 10.0.0.0/8      private
    Block4{0x64400000, 10},  // 100.64.0.0/10   shared
    Block4{0x7F000000, 8},   // 127.0.0.0/8     loopback
    Block4{0xA9FE0000, 16},  // 169.254.0.0/16  link-local
    Block4{0xAC100000, 12},  // 172.16.0.0/12   private
    Block4{0xC0000000, 24},  // 192.0.0.0/24    protocol assignments
    Block4{0xC0000200, 24},  // 192.0.2.0/24    documentation
    Block4{0xC0586300, 24},  // 192.88.99.0/24  6to4 relays (deprecated)
    Block4{0xC0A80000, 16},  // 192.168.0.0/16  private
    Block4{0xC6120000, 15},  // 198.18.0.0/15   benchmarking
    Block4{0xC6336400, 24},  // 198.51.100.0/24 documentation
    Block4{0xCB007100, 24},  // 203.0.113.0/24  documentation
    Block4{0xE0000000, 4},   // 224.0.0.0/4     multicast
    Block4{0xF0000000, 4},   // 240.0.0.0/4     reserved, broadcast
};

struct Block6 {
    std::array<std::uint8_t, 8> prefix;
    unsigned length;
};

// Outside 2000::/3 nothing is global unicast, so only what lies inside it is listed.
constexpr std::array special6{
    Block6{{0x20, 0x01, 0x00, 0x00}, 23},  // 2001::/23      protocol assignments, Teredo, ORCHID
    Block6{{0x20, 0x01, 0x0d, 0xb8}, 32},  // 2001:db8::/32  documentation
    Block6{{0x3f, 0xff, 0x00, 0x00}, 20},  // 3fff::/20      documentation
};

bool starts_with(std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> prefix, unsigned bits) {
    const std::size_t whole = bits / 8;
    if (!std::ranges::equal(bytes.first(whole), prefix.first(whole))) return false;
    const unsigned rest = bits % 8;
    if (rest == 0) return true;
    return ((bytes[whole] ^ prefix[whole]) >> (8U - rest)) == 0;
}

bool is_special4(std::uint32_t address) {
    return std::ranges::any_of(special4, [address](const Block4& block) {
        return (address ^ block.prefix) >> (32U - block.length) == 0;
    });
}

asio::ip::address_v4 ipv4_at(std::span<const std::uint8_t, 16> bytes, std::size_t at) {
    return asio::ip::address_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
}

bool is_special6(const asio::ip::address_v6& address) {
    if (const auto inside = ipv4_inside(address)) return is_special4(inside->to_uint());
    const auto bytes = address.to_bytes();
    const bool global_unicast = (bytes[0] & 0xe0U) == 0x20;
    if (!global_unicast) return true;
    return std::ranges::any_of(
        special6, [&bytes](const Block6& block) { return starts_with(bytes, block.prefix, block.length); });
}

}  // namespace

std::optional<asio::ip::address_v4> ipv4_inside(const asio::ip::address_v6& address) {
    constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    constexpr std::array<std::uint8_t, 12> nat64{0x00, 0x64, 0xff, 0x9b};
    constexpr std::array<std::uint8_t, 2> six_to_four{0x20, 0x02};
    const auto bytes = address.to_bytes();
    if (starts_with(bytes, mapped, 96) || starts_with(bytes, nat64, 96)) return ipv4_at(bytes, 12);
    if (starts_with(bytes, six_to_four, 16)) return ipv4_at(bytes, 2);
    return {};
}

bool is_special(const asio::ip::address& address) {
    return address.is_v4() ? is_special4(address.to_v4().to_uint()) : is_special6(address.to_v6());
}

}  // namespace sternpost
