#include "sternpost/socketmap/listening_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <stdexcept>

namespace asio = boost::asio;

namespace sternpost {

namespace {

// As umask(2): mode 0666, mode 0660.
constexpr mode_t for_anyone = 0111;
constexpr mode_t for_owner_and_group = 0117;

[[noreturn]] void fail(const std::string& name, const std::string& what, int error,
                       const std::string& key = "listen") {
    std::string remedy;
    if (error == EADDRINUSE) remedy = "; another program listens there: stop it, or change \"" + key + "\"";
    if (error == EADDRNOTAVAIL) remedy = "; this machine does not have that address: change \"" + key + "\"";
    if (error == EACCES) remedy = "; the user that sternpostd runs as may not do that";
    if (error == ENOENT) remedy = "; make its folder first";
    throw std::runtime_error("cannot listen on " + name + ": " + what + ": " + std::strerror(error) + remedy);
}

int open_socket(int family, const std::string& name) {
    const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) fail(name, "socket", errno);
    return fd;
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        throw std::runtime_error("cannot listen on unix:" + path + ": a socket's path has at most " +
                                 std::to_string(sizeof address.sun_path - 1) + " bytes, and this one " +
                                 std::to_string(path.size()) + ": choose a shorter one");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

// Has its mode from the first moment: a chmod() would follow a link that another user may have put there.
int bind_with_mode(int descriptor, const sockaddr_un& address, mode_t withheld) {
    const mode_t former = ::umask(withheld);
    const int bound = ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int error = errno;
    ::umask(former);
    errno = error;
    return bound;
}

bool somebody_answers(const sockaddr_un& address) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return true;
    const int connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const bool answers = connected == 0 || errno == EAGAIN || errno == EINPROGRESS;
    ::close(fd);
    return answers;
}

void clear_stale(const std::string& path, const sockaddr_un& address) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) return;
    if (!S_ISSOCK(found.st_mode))
        throw std::runtime_error("cannot listen on unix:" + path +
                                 ": something that is no socket is there: move it away");
    if (somebody_answers(address))
        throw std::runtime_error("cannot listen on unix:" + path +
                                 ": another program listens there: stop it");
    ::unlink(path.c_str());
}

std::string name_of(int descriptor) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    auto* address = reinterpret_cast<sockaddr*>(&storage);
    if (::getsockname(descriptor, address, &length) != 0) return "descriptor " + std::to_string(descriptor);
    if (storage.ss_family == AF_UNIX)
        return "unix:" + std::string(reinterpret_cast<sockaddr_un*>(address)->sun_path);
    asio::ip::tcp::endpoint endpoint;
    std::memcpy(endpoint.data(), address, length);
    endpoint.resize(length);
    std::ostringstream text;
    text << endpoint;
    return text.str();
}

}  // namespace

int ListeningSocket::family() const {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &length);
    return address.ss_family;
}

int ListeningSocket::copy() const {
    const int copy = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) throw std::runtime_error("no descriptor left for " + name_);
    return copy;
}

ListeningSocket ListeningSocket::tcp(const std::string& address, std::uint16_t port, const char* key) {
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(address), port);
    std::ostringstream name;
    name << endpoint;
    const int fd = open_socket(endpoint.protocol().family(), name.str());
    ListeningSocket socket(fd, name.str(), "");
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (endpoint.address().is_v6()) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0)
        fail(socket.name_, "bind", errno, key);
    if (::listen(fd, listen_backlog) != 0) fail(socket.name_, "listen", errno, key);
    socket.name_ = name_of(fd);
    return socket;
}

ListeningSocket ListeningSocket::unix_path(const std::string& path, Access access) {
    const std::string name = "unix:" + path;
    const sockaddr_un address = address_of(path);
    clear_stale(path, address);
    const int fd = open_socket(AF_UNIX, name);
    ListeningSocket socket(fd, name, "");
    const mode_t withheld = access == Access::anyone ? for_anyone : for_owner_and_group;
    if (bind_with_mode(fd, address, withheld) != 0) fail(name, "bind", errno);
    socket.remove_ = path;
    if (::listen(fd, listen_backlog) != 0) fail(name, "listen", errno);
    return socket;
}

ListeningSocket ListeningSocket::passed(int descriptor) {
    return {descriptor, name_of(descriptor), ""};
}

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      name_(std::move(other.name_)),
      remove_(std::exchange(other.remove_, "")) {}

ListeningSocket::~ListeningSocket() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    // Whoever listens there now has made it anew.
    if (!remove_.empty() && !somebody_answers(address_of(remove_))) ::unlink(remove_.c_str());
}

}  // namespace sternpost
