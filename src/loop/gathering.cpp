#include "sternpost/loop/gathering.hpp"

#include "sternpost/loop/wait.hpp"

using boost::asio::awaitable;

namespace sternpost {

Gathering::Member Gathering::join() {
    ++members_;
    return Member(this, [self = shared_from_this()](Gathering*) {
        --self->members_;
        self->left_.cancel();
    });
}

awaitable<void> Gathering::next_end() {
    co_await wait(left_);
}

awaitable<void> Gathering::all_ends() {
    while (!empty()) co_await wait(left_);
}

}  // namespace sternpost
