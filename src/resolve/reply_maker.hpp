// From what is known of a domain to the reply that Postfix gets.
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
    SteadyTime look_from = SteadyTime::max();  // asked from then on, DNS is looked at behind the answer
    WallTime expires = WallTime::max();        // of what the reply rests on
    SteadyTime hosts_due = SteadyTime::max();  // what is known of MX hosts counts until then
};

struct PreparedReply : ReplyTerms {
    Reply reply;  // null: the MX hosts must be looked at first
};

// Whether what was looked at then still counts: until it is due, and where the look was made for the very question, whose
// time may be nothing (`begun`: since when looks are made for it).
bool counts(SteadyTime asked, SteadyTime due, SteadyTime begun, SteadyTime now);

PreparedReply prepare_reply(const KnownDomain& known, const Asked& question, const Now& now,
                            const Settings& settings, SteadyTime begun);

// Whether the MX hosts are known, and the policy that is enforced passes none of them, DANE aside.
bool passes_no_mx_host(const KnownDomain& known, const Asked& question, const Now& now,
                       const Settings& settings);

// An override that needs no look at anything; null: none does.
Reply reply_by_override(const Rules& rules, std::string_view domain, const Clock& clock);

Reply not_found();
Reply temporary(const std::string& reason);
// DANE could not be looked at, for a reason in words, so mail waits.
Reply temporary_for_dane(const std::string& why);

}  // namespace sternpost
