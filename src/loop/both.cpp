#include "sternpost/loop/both.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <exception>
#include <utility>

using boost::asio::awaitable;

namespace sternpost {

namespace {

awaitable<void> noting(std::exception_ptr& first, awaitable<void> operation) {
    try {
        co_await std::move(operation);
    } catch (...) {
        if (!first) first = std::current_exception();
        throw;
    }
}

}  // namespace

awaitable<void> both(awaitable<void> one, awaitable<void> other) {
    using boost::asio::experimental::awaitable_operators::operator&&;
    std::exception_ptr first;
    try {
        co_await (noting(first, std::move(one)) && noting(first, std::move(other)));
    } catch (...) {
        if (first) std::rethrow_exception(first);
        throw;
    }
}

}  // namespace sternpost
