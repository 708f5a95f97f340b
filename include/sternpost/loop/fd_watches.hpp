// Readiness watches for descriptors that a C library owns (c-ares, libcurl): both tell which of their
// descriptors they want to read or write, and are called when one is ready.
//
// Ownership: each watch holds a dup() of the descriptor, so the library may close its own at any time.
// Threads:   one loop. The callback runs on it; it may call set() for any descriptor.
// Errors:    when the system refuses the dup() or the epoll_ctl() (no descriptor, no memory, max_user_watches), the
//            watch is not made, set() returns false, and the library's own timeout ends the operation.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>

namespace sternpost {

class FdWatches {
public:
    using OnReady = std::function<void(int fd, bool readable, bool writable)>;
    FdWatches(boost::asio::any_io_executor executor, OnReady on_ready);
    ~FdWatches();
    FdWatches(const FdWatches&) = delete;
    FdWatches& operator=(const FdWatches&) = delete;

    // From now on report when `fd` is readable and/or writable; with neither, the watch ends.
    bool set(int fd, bool read, bool write);
    // How many descriptors are watched.
    std::size_t size() const;

private:
    struct Watch;
    void arm(int fd, const std::shared_ptr<Watch>& watch, bool read);

    boost::asio::any_io_executor executor_;
    OnReady on_ready_;
    std::map<int, std::shared_ptr<Watch>> watches_;
};

}  // namespace sternpost
