// Whether Postfix does DNSSEC, according to its own postconf(1): `dane = "auto"` follows that.
//
// Threads: call on a loop's thread; nothing blocks it.
// Errors:  are an answer: no_postfix, with the reason.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "sternpost/postfix/postconf.hpp"

namespace sternpost {

// What Postfix says about its smtp_dns_support_level.
struct PostfixDnssec {
    enum class Answer { dnssec, otherwise, no_postfix };
    Answer answer = Answer::no_postfix;
    std::string said;     // the value, or why there is none; printable
    std::string main_cf;  // its path; empty: unknown
};

boost::asio::awaitable<PostfixDnssec> ask_postconf();
boost::asio::awaitable<PostfixDnssec> ask_postconf(PostconfOptions options);

}  // namespace sternpost
