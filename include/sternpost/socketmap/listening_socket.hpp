// Sockets that Postfix, or an operator, connects to.
//
// Threads: any.
// Errors:  std::runtime_error with the address and the remedy; a socket that cannot be opened is noticed at start.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace sternpost {

// Postfix gives up at once when the backlog of a UNIX socket is full (EAGAIN), so it is as long as systems
// allow.
inline constexpr int listen_backlog = 4096;

// A listening descriptor, closed with its owner. A UNIX socket that it made vanishes from the file system
// too.
class ListeningSocket {
public:
    // Who may connect to a UNIX socket: whoever reaches its folder (mode 0666), or its owner and group (0660).
    enum class Access { anyone, owner_and_group };

    // TCP at an IP address. `key`: of the configuration, for the remedy.
    static ListeningSocket tcp(const std::string& address, std::uint16_t port, const char* key = "listen");
    // UNIX. The socket of a daemon that is gone is replaced; that of a living one, and anything else at `path`, is
    // refused.
    static ListeningSocket unix_path(const std::string& path, Access access = Access::anyone);
    // A descriptor that systemd passed (sd_listen_fds), which keeps listening when this program ends.
    static ListeningSocket passed(int descriptor);

    ListeningSocket(ListeningSocket&& other) noexcept;
    ListeningSocket& operator=(ListeningSocket&& other) = delete;
    ~ListeningSocket();

    int descriptor() const { return descriptor_; }
    // Another descriptor of it, the caller's. std::runtime_error when there is none left.
    int copy() const;
    int family() const;  // AF_INET, AF_INET6 or AF_UNIX
    // "127.0.0.1:8461" or "unix:/path".
    const std::string& name() const { return name_; }

private:
    ListeningSocket(int descriptor, std::string name, std::string remove)
        : descriptor_(descriptor), name_(std::move(name)), remove_(std::move(remove)) {}
    int descriptor_;
    std::string name_;
    std::string remove_;  // the path to unlink at the end
};

}  // namespace sternpost
