// Where a socketmap server listens: "127.0.0.1:8461", or the path of a UNIX socket.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>

namespace sternpost::bench {

struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;

    int family() const { return storage.ss_family; }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

inline std::system_error system_error(const std::string& what) {
    return {errno, std::generic_category(), what};
}

inline Address read_address(const std::string& text) {
    Address address;
    if (text.starts_with('/')) {
        auto& unix_address = reinterpret_cast<sockaddr_un&>(address.storage);
        unix_address.sun_family = AF_UNIX;
        if (text.size() >= sizeof unix_address.sun_path)
            throw std::runtime_error(text + " is too long a path");
        std::memcpy(unix_address.sun_path, text.c_str(), text.size() + 1);
        address.length = sizeof unix_address;
        return address;
    }
    auto& inet_address = reinterpret_cast<sockaddr_in&>(address.storage);
    const auto colon = text.rfind(':');
    inet_address.sin_family = AF_INET;
    if (colon == std::string::npos ||
        ::inet_pton(AF_INET, text.substr(0, colon).c_str(), &inet_address.sin_addr) != 1)
        throw std::runtime_error("\"" + text + "\" is neither IPV4:PORT nor the path of a socket");
    inet_address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1))));
    address.length = sizeof inet_address;
    return address;
}

inline void send_at_once(int fd, const Address& address) {
    const int on = 1;
    if (address.family() == AF_INET) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace sternpost::bench
