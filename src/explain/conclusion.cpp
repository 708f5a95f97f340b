#include "conclusion.hpp"

#include <algorithm>

#include "sternpost/answer/answer.hpp"
#include "sternpost/explain/words.hpp"

namespace sternpost {

namespace {

bool says(std::string_view reply, std::string_view what) {
    return reply.find(what) != reply.npos;
}

const Policy* policy_of(const Explanation& told) {
    return told.policy.review && told.policy.review->policy ? &*told.policy.review->policy : nullptr;
}

void end(Explanation& told, Outcome outcome, std::string conclusion) {
    told.outcome = outcome;
    told.conclusion = std::move(conclusion);
}

bool no_host_takes_mail(const MxLayer& mx) {
    return !mx.hosts.empty() && std::ranges::all_of(mx.hosts, [](const MxHostSeen& host) {
        return host.lets_mail_through == false;
    });
}

void conclude_from_dane(Explanation& told) {
    if (no_host_takes_mail(told.mx) || told.mx.verdict == Verdict::bad)
        return end(told, Outcome::broken, "mail is deferred: no MX host is proven by DANE");
    if (told.mx.verdict == Verdict::unknown)
        return end(told, Outcome::unknown, "mail waits, unless DANE proves an MX host: " + told.mx.summary);
    end(told, Outcome::protects, "mail goes only to hosts that DANE proves");
}

void conclude_from_ok(Explanation& told, std::string_view reply) {
    if (reply == dane_only_reply()) return conclude_from_dane(told);
    if (fails_closed(reply))
        return end(told, Outcome::broken, "mail is deferred: no MX host passes the policy");
    if (told.mx.verdict == Verdict::bad)
        return end(told, Outcome::broken, "mail is deferred: " + told.mx.summary);
    end(told, Outcome::protects, "mail goes only over TLS, and only to hosts that the policy names");
}

// NOTFOUND: there is no policy, or it cannot be used, or it is not to be enforced.
void conclude_from_not_found(Explanation& told) {
    if (told.action == Override::Action::ignore)
        return end(told, Outcome::no_policy, "the configuration here says so");
    if (told.record.verdict == Verdict::unknown)
        return end(told, Outcome::unknown,
                   "whether there is a policy cannot be told: " + told.record.summary);
    if (told.record.verdict == Verdict::bad)
        return end(told, Outcome::broken, "mail goes out as without a policy: its TXT record cannot be used");
    if (told.record.id.empty())
        return end(told, Outcome::no_policy, "there is no policy: main.cf decides alone");
    if (told.policy_host.verdict == Verdict::unknown)
        return end(told, Outcome::unknown,
                   "the policy cannot be had at the moment: " + told.policy_host.summary);
    const Policy* policy = policy_of(told);
    if (policy == nullptr)
        return end(told, Outcome::broken,
                   "mail goes out as without a policy: the one announced cannot be used");
    end(told, Outcome::no_policy,
        "mode " + std::string(to_string(policy->mode)) + " enforces nothing: main.cf decides alone");
}

void advise_owner_of_testing(Explanation& told) {
    const auto count = [&](auto wanted) {
        return static_cast<std::size_t>(std::ranges::count_if(told.mx.hosts, wanted));
    };
    const std::size_t all = told.mx.hosts.size();
    const std::size_t passing = count([](const MxHostSeen& host) { return !host.passes_by.empty(); });
    const std::size_t seen = count([](const MxHostSeen& host) { return host.lets_mail_through.has_value(); });
    const std::size_t through = count([](const MxHostSeen& host) { return host.lets_mail_through == true; });
    if (passing < all)
        told.advice.push_back("before it goes to enforce: " + std::to_string(all - passing) + " of " +
                              std::to_string(all) + " MX hosts would not be used");
    else if (seen < all)
        told.advice.emplace_back(
            "every MX host passes the policy; --probe tells whether their certificates do, too");
    else if (through < all)
        told.advice.push_back("before it goes to enforce: " + std::to_string(all - through) + " of " +
                              std::to_string(all) + " MX hosts would get no mail");
    else if (told.tls_reports.rua.empty())
        told.advice.emplace_back(
            "it could go to enforce; TLS reports would tell its owner what senders meet");
    else
        told.advice.emplace_back(
            "it could go to enforce, if the TLS reports of the last weeks show no failure");
}

std::string_view remedy_of_deferral(const std::optional<Override::Action>& action) {
    if (action == Override::Action::pin)
        return "the pin does not fit: mend its mx, or take the [[override]] away";
    if (action == Override::Action::dane_only)
        return "its owner must mend that, or the [[override]] be taken away";
    return "its owner must mend that; until then [[override]] with action = \"ignore\" lets mail out, "
           "unprotected";
}

void advise(Explanation& told) {
    const Policy* policy = policy_of(told);
    if (policy != nullptr) {
        const auto& advice = told.policy.review->advice;
        told.advice.insert(told.advice.end(), advice.begin(), advice.end());
        if (policy->mode == Mode::testing && !told.mx.hosts.empty()) advise_owner_of_testing(told);
        if (told.record.verdict == Verdict::note)
            told.advice.emplace_back("there is a policy file, and no TXT record that announces it");
    }
    const bool by_main_cf = !told.answers.empty() && told.answers.front().reply == not_found_reply();
    if (by_main_cf && told.dane.state == DomainDane::in_force && told.dane.verdict == Verdict::good)
        told.advice.emplace_back(
            "its MX hosts have DANE, which smtp_tls_security_level = dane in main.cf obeys");
    const bool deferred = told.outcome == Outcome::broken && !by_main_cf;
    if (deferred) told.advice.emplace_back(remedy_of_deferral(told.action));
}

}  // namespace

std::string effect_of(std::string_view reply) {
    if (fails_closed(reply)) return "keeps the mail in its queue: no MX host passes the policy";
    if (reply == dane_only_reply())
        return "delivers only to hosts that DANE proves; it needs smtp_dns_support_level = dnssec";
    if (reply.starts_with("OK secure"))
        return says(reply, " policy_type=sts ")
                   ? "delivers only over TLS, to a host that passes the policy and has a valid certificate; "
                     "its TLS reports name the policy"
                   : "delivers only over TLS, to a host with a valid certificate for one of these names";
    if (reply == not_found_reply()) return "does what main.cf says (smtp_tls_security_level)";
    return "keeps the mail in its queue, and asks again at the next try";
}

void conclude(Explanation& told) {
    if (told.domain.empty())
        return end(told, Outcome::no_policy, "there can be no policy for this: main.cf decides alone");
    const std::string reply = told.answers.empty() ? "" : told.answers.front().reply;
    if (reply.starts_with("OK "))
        conclude_from_ok(told, reply);
    else if (reply == not_found_reply())
        conclude_from_not_found(told);
    else
        end(told, Outcome::unknown, "mail waits: " + reply);
    advise(told);
}

}  // namespace sternpost
