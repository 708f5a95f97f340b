// Gathers the facts for `sternpost doctor`: from postconf(1), resolv.conf, the files and sockets that main.cf names, the
// DNS servers, and the daemon itself, which is asked a question that needs no lookup. It changes nothing.
//
// Threads: suspends on postconf and the DNS servers; elsewhere it blocks, so the loop should have nothing else to do.
// Errors:  Errc::temporary when Postfix cannot be asked, Errc::invalid when what it says is not understood.
//          What is missing on the host is a fact, not an error.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "sternpost/base/result.hpp"
#include "sternpost/config/config.hpp"
#include "sternpost/doctor/facts.hpp"

namespace sternpost {

// `directory`: that of main.cf, for an instance other than the usual one; else empty.
boost::asio::awaitable<Result<Facts>> gather_facts(std::string directory, Config daemon);

}  // namespace sternpost
