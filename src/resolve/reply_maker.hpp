// From what is known about a domain to the reply that Postfix gets.
//
// Threads: any; pure.
#pragma once

#include <string>
#include <string_view>

#include "demand.hpp"
#include "sternpost/resolve/answers.hpp"

namespace sternpost {

// What a reply answers, and how long it may be given without another look.
struct ReplyTerms {
    Asked question;
    SteadyTime fresh_until{};
    SteadyTime look_from = SteadyTime::max();  // if asked from then on, DNS is looked at after the answer
    WallTime expires = WallTime::max();        // of what the reply rests on
    SteadyTime hosts_due = SteadyTime::max();  // what is known about MX hosts counts until then
};

struct PreparedReply : ReplyTerms {
    Reply reply;  // null: the MX hosts must be looked at first
};

// Whether a look made then still counts: until it is due, and in any case if it was made for this very question, even if
// it is good for no time at all (`begun`: since when looks are made for the question).
bool counts(SteadyTime asked, SteadyTime due, SteadyTime begun, SteadyTime now);

PreparedReply prepare_reply(const KnownDomain& known, const Asked& question, const Now& now,
                            const Settings& settings, SteadyTime begun);

// Whether the MX hosts are known, and none of them matches the policy that is enforced, DANE aside.
bool passes_no_mx_host(const KnownDomain& known, const Asked& question, const Now& now,
                       const Settings& settings);

// The reply of an override for which nothing needs to be looked at; null: there is none.
Reply reply_by_override(const Rules& rules, std::string_view domain, const Clock& clock);

Reply not_found();
Reply temporary(const std::string& reason);
// DANE could not be looked at, for a reason given in words, so mail waits.
Reply temporary_for_dane(const std::string& why);

}  // namespace sternpost
