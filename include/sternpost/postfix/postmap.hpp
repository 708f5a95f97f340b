// Whether Postfix can ask a table, tried by its own postmap(1) as smtp(8) would: from the queue directory, as this user.
//
// Threads: call on a loop's thread; nothing blocks it.
// Errors:  Errc::temporary when there is no postmap, or it has not ended in time (it is killed then): the table may be
//          good.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <string>

#include "sternpost/base/result.hpp"

namespace sternpost {

struct PostmapOptions {
    std::string elsewhere = "/usr/sbin/postmap";  // where PATH has none
    std::string config_directory;                 // empty: that of the usual instance
    std::string queue_directory;                  // empty: where we are
    std::chrono::milliseconds limit{5000};
};

// Why it cannot be opened or asked, as postmap says; empty: it can. The question is one that no table has an answer to.
boost::asio::awaitable<Result<std::string>> try_table(std::string table, PostmapOptions options);

}  // namespace sternpost
