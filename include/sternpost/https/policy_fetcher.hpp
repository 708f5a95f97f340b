// Gets the policy file of one policy host over HTTPS (RFC 8461 section 3.3).
//
// Ownership: `app` owns the one fetcher; it outlives every fetch.
// Threads:   the resolve loop only; a fetch suspends.
// Errors:    Errc::temporary (no connection, time-out, status other than 200, a limit exceeded),
//            Errc::untrusted (the certificate does not prove the host's name), Errc::invalid (media type,
//            content coding), Errc::overloaded (the queue is full, or no descriptor is left), Errc::stopped.
//            `detail` is the cause in words.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <string>
#include <vector>

#include "sternpost/base/result.hpp"

namespace sternpost {

// Whether a fetch waits for its turn.
enum class Queue {
    kept,
    passed_by,  // at an operator's word: it starts at once, whatever is under way, and is never given up for others
};

class PolicyFetcher {
public:
    virtual ~PolicyFetcher() = default;
    // The body of https://`host`/.well-known/mta-sts.txt, asked at one of `addresses` and nowhere else.
    virtual boost::asio::awaitable<Result<std::string>> fetch(std::string host,
                                                              std::vector<boost::asio::ip::address> addresses,
                                                              Queue queue) = 0;
};

}  // namespace sternpost
