// A DNS server as it is written: "192.0.2.1", "2001:db8::1", "fe80::1%eth0".
//
// It stays text until it is opened, as an interface may come later than the text, and come back as another one.
// Threads: any; a value.
#pragma once

#include <cstdint>
#include <string>

namespace sternpost {

struct NameServer {
    std::string address;
    std::uint16_t port = 53;
    bool operator==(const NameServer&) const = default;
};

}  // namespace sternpost
