#include "sternpost/loop/fd_watches.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

namespace asio = boost::asio;

namespace sternpost {

struct FdWatches::Watch {
    explicit Watch(const asio::any_io_executor& executor) : descriptor(executor) {}

    asio::posix::stream_descriptor descriptor;
    bool want_read = false;
    bool want_write = false;
    bool read_armed = false;
    bool write_armed = false;
};

namespace {

bool hold_copy(asio::posix::stream_descriptor& descriptor, int fd) {
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return false;
    boost::system::error_code refused;
    descriptor.assign(copy, refused);
    if (refused) ::close(copy);
    return !refused;
}

}  // namespace

FdWatches::FdWatches(asio::any_io_executor executor, OnReady on_ready)
    : executor_(std::move(executor)), on_ready_(std::move(on_ready)) {}

FdWatches::~FdWatches() = default;

bool FdWatches::set(int fd, bool read, bool write) {
    if (!read && !write) {
        watches_.erase(fd);
        return true;
    }
    auto& watch = watches_[fd];
    if (!watch) {
        watch = std::make_shared<Watch>(executor_);
        if (!hold_copy(watch->descriptor, fd)) {
            watches_.erase(fd);
            return false;
        }
    }
    watch->want_read = read;
    watch->want_write = write;
    const auto kept = watch;
    if (read) arm(fd, kept, true);
    if (write) arm(fd, kept, false);
    return true;
}

std::size_t FdWatches::size() const {
    return watches_.size();
}

// At most one wait per direction. The handler holds the watch weakly: an ended watch is closed at once, and a
// late handler, even one that runs after this object is gone, finds nothing to do.
void FdWatches::arm(int fd, const std::shared_ptr<Watch>& watch, bool read) {
    bool& armed = read ? watch->read_armed : watch->write_armed;
    if (armed) return;
    armed = true;
    const auto kind =
        read ? asio::posix::stream_descriptor::wait_read : asio::posix::stream_descriptor::wait_write;
    watch->descriptor.async_wait(
        kind, [this, fd, read, weak = std::weak_ptr<Watch>(watch)](boost::system::error_code error) {
            const auto live = weak.lock();
            if (error || !live) return;
            (read ? live->read_armed : live->write_armed) = false;
            if (!(read ? live->want_read : live->want_write)) return;
            on_ready_(fd, read, !read);
            const auto found = watches_.find(fd);
            const bool still_wanted = found != watches_.end() && found->second == live &&
                                      (read ? live->want_read : live->want_write);
            if (still_wanted) arm(fd, live, read);
        });
}

}  // namespace sternpost
