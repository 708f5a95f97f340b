#include "sternpost/survey/survey.hpp"

#include <algorithm>
#include <utility>

#include "sternpost/base/printable.hpp"
#include "sternpost/explain/words.hpp"
#include "sternpost/survey/publication.hpp"

namespace sternpost {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds a_week = 7 * 24h;
constexpr std::size_t max_text = 600;

bool enforces(const Survey& survey) {
    return survey.policy && survey.policy->mode == Mode::enforce;
}

// What keeps mail away under an enforce policy, but is only reported under any other.
Level in_force(const Survey& survey) {
    return enforces(survey) ? Level::broken : Level::warning;
}

// Writes one survey, check by check.
class Surveyor {
public:
    Surveyor(const Published& seen, WallTime now) : seen_(seen), now_(now) {
        survey_.domain = seen.domain;
        survey_.edition.id = seen.record.id;
        survey_.edition.body = seen.policy.body;
        if (seen.policy.review) survey_.policy = seen.policy.review->policy;
        survey_.stage = stage();
    }

    Survey run() {
        record();
        policy();
        certificate();
        mx();
        for (const MxHostSeen& host : seen_.mx.hosts)
            if (host.starttls) mail_server(host.name, *host.starttls);
        tls_reports();
        std::ranges::stable_sort(survey_.findings, {}, &Remark::level);
        return std::move(survey_);
    }

private:
    bool file_served() const { return seen_.policy.review.has_value(); }
    bool announced() const { return seen_.record.verdict == Verdict::good; }

    PolicyStage stage() const {
        if (seen_.record.verdict == Verdict::unknown) return PolicyStage::unknown;
        if (seen_.record.verdict == Verdict::note && !file_served()) return PolicyStage::nothing;
        if (announced() && !file_served() && seen_.policy_host.verdict == Verdict::unknown)
            return PolicyStage::unknown;
        if (!announced() || !survey_.policy) return PolicyStage::unfinished;
        switch (survey_.policy->mode) {
            case Mode::testing:
                return PolicyStage::testing;
            case Mode::enforce:
                return PolicyStage::enforce;
            case Mode::none:
                break;
        }
        return PolicyStage::retiring;
    }

    void record() {
        const std::string where = "_mta-sts." + seen_.domain;
        switch (seen_.record.verdict) {
            case Verdict::unknown:
                return add(Level::unknown, "record-unknown", "",
                           "the TXT record at " + where + ": " + seen_.record.summary, dns_remedy(seen_));
            case Verdict::bad:
                set(Check::record, false);
                return add(
                    Level::broken, "record-unusable", "",
                    "no sender can use the TXT records at " + where + ": " + seen_.record.summary,
                    "leave one record alone there, such as \"" + record_text("20261231T120000") + "\"");
            case Verdict::good:
            case Verdict::warning:
                return set(Check::record, true);
            case Verdict::note:
                break;
        }
        set(Check::record, false);
        if (file_served())
            add(Level::broken, "record-missing", "",
                "there is a policy file, and no TXT record at " + where + " that announces it",
                "sternpost publish prints it");
        else
            add(Level::broken, "nothing-published", "", "no policy is published",
                "sternpost publish prints what it takes");
    }

    void policy() {
        if (!file_served()) return no_policy();
        set(Check::policy, survey_.policy.has_value());
        const PolicyReview& review = *seen_.policy.review;
        if (!survey_.policy)
            return add(Level::broken, "policy-unusable", "", "the policy file: " + seen_.policy.summary,
                       "replace it: sternpost publish prints one, sternpost lint judges it");
        for (const PolicyLine& line : review.lines)
            if (line.verdict == PolicyLine::Verdict::doubtful)
                add(Level::warning, "policy-doubtful", "",
                    "line " + std::to_string(line.number) + " of the policy file: " + line.why,
                    "other senders may refuse it: replace the line");
        if (enforces(survey_) && survey_.policy->max_age < a_week)
            add(Level::warning, "max-age-short", "",
                "max_age is " + in_words(survey_.policy->max_age) + ": senders forget the policy that soon",
                "once it has stood for a while, sternpost publish --max-age 30d");
    }

    // Without a record nobody asks for the file.
    void no_policy() {
        if (seen_.record.verdict == Verdict::note) return;
        const bool asked = !seen_.policy_host.addresses.empty();
        if (seen_.policy_host.verdict == Verdict::unknown && !asked)
            return add(Level::unknown, "policy-unknown", "",
                       "the policy host " + seen_.policy_host.host + ": " + seen_.policy_host.summary,
                       dns_remedy(seen_));
        set(Check::policy, false);
        add(Level::broken, "policy-unreachable", "",
            "the policy file cannot be had from " + seen_.policy_host.host + ": " + seen_.policy_host.summary,
            "it must come over HTTPS with status 200, as text/plain, with a valid certificate");
    }

    void certificate() {
        const auto& chain = seen_.policy_host.fetch.chain;
        if (chain.empty()) return;
        survey_.certificate_end = chain.front().not_after;
        const auto left = chain.front().not_after - now_;
        if (file_served() && left < certificate_near_its_end)
            add(Level::warning, "certificate-near-end", seen_.policy_host.host,
                "the certificate of " + seen_.policy_host.host + " ends in " + in_words(left),
                "renew it, and see why that did not happen by itself");
    }

    void mx() {
        if (seen_.mx.verdict == Verdict::unknown && seen_.mx.hosts.empty())
            return add(Level::unknown, "mx-unknown", "", "the MX hosts: " + seen_.mx.summary,
                       dns_remedy(seen_));
        if (seen_.mx.hosts.empty())
            return add(Level::warning, "mx-none", "", "MX hosts: " + seen_.mx.summary,
                       "a domain without mail needs no policy");
        if (!survey_.policy || survey_.policy->mode == Mode::none) return;
        bool covered = true;
        for (const MxHostSeen& host : seen_.mx.hosts) {
            if (!host.passes_by.empty()) continue;
            covered = false;
            add(in_force(survey_), "mx-not-covered", host.name,
                "the MX host " + host.name + " passes by no mx of the policy",
                "add it to the policy and change the id, or take it out of the MX records");
        }
        set(Check::mx_covered, covered);
        for (const MxPattern& pattern : survey_.policy->mx)
            if (std::ranges::none_of(seen_.mx.hosts,
                                     [&](const MxHostSeen& host) { return pattern.matches(host.name); }))
                add(Level::note, "mx-pattern-unused", pattern.text(),
                    "no MX host passes by mx: " + pattern.text(), "");
    }

    void mail_server(const std::string& host, const StarttlsReport& said) {
        if (said.address.empty())
            return add(Level::warning, "mx-unreachable", host,
                       "the MX host " + host + " could not be connected to: " + said.failure, "");
        const bool good = said.certified();
        const bool by_dane = said.dane != StarttlsReport::Dane::fails;
        set(Check::mx_tls, good && by_dane && check(Check::mx_tls).value_or(true));
        if (!said.chain.empty()) {
            const WallTime end = said.chain.front().not_after;
            survey_.mx_certificate_end = std::min(end, survey_.mx_certificate_end.value_or(end));
        }
        if (!said.failure.empty())
            return add(in_force(survey_), "mx-without-tls", host,
                       "the MX host " + host + " does not come to TLS: " + said.failure,
                       "give it STARTTLS: with Postfix, smtpd_tls_security_level = may");
        // Senders that do DANE deliver to no such host, whatever the policy.
        if (!by_dane)
            add(Level::broken, "mx-dane", host,
                "the TLSA records of the MX host " + host +
                    " do not match its certificate: " + said.dane_fault,
                "publish the TLSA record of the certificate that it has now, and keep that of the next one "
                "beside it");
        if (!good)
            return add(in_force(survey_), "mx-certificate", host,
                       "the certificate of the MX host " + host + ": " + said.chain_fault,
                       "give it one for that name, by an authority that senders trust, with its chain");
        if (!said.chain.empty() && said.chain.front().not_after - now_ < certificate_near_its_end)
            add(Level::warning, "mx-certificate-near-end", host,
                "the certificate of the MX host " + host + " ends in " +
                    in_words(said.chain.front().not_after - now_),
                "renew it, and see why that did not happen by itself");
    }

    void tls_reports() {
        const TlsReportLayer& reports = seen_.tls_reports;
        const std::string where = "_smtp._tls." + seen_.domain;
        if (reports.verdict == Verdict::unknown)
            return add(Level::unknown, "tls-reports-unknown", "",
                       "the TXT record at " + where + ": " + reports.summary, dns_remedy(seen_));
        // Who takes the policy back need not begin to ask.
        if (reports.verdict == Verdict::note && survey_.stage == PolicyStage::retiring) return;
        set(Check::tls_reports, reports.verdict == Verdict::good);
        if (reports.verdict == Verdict::warning)
            add(Level::warning, "tls-reports-unusable", "",
                "no sender can use the TXT record at " + where + ": " + reports.summary,
                "replace it: sternpost publish --rua prints it");
        else if (reports.verdict == Verdict::note)
            add(Level::warning, "tls-reports-missing", "",
                "nobody is asked for TLS reports (TXT record at " + where + ")",
                "they tell what senders meet: sternpost publish --rua prints it");
    }

    std::optional<bool> check(Check which) const { return survey_.check(which); }
    void set(Check which, bool good) { survey_.checks.at(static_cast<std::size_t>(which)) = good; }

    void add(Level level, std::string_view code, const std::string& subject, const std::string& what,
             const std::string& remedy) {
        survey_.findings.push_back(
            {level, code, printable(subject), printable(what, max_text), printable(remedy, max_text)});
    }

    const Published& seen_;
    WallTime now_;
    Survey survey_;
};

bool same_policy(const std::string& one, const std::string& other) {
    if (one == other) return true;
    const auto first = read_policy(one), second = read_policy(other);
    if (!first || !second) return false;
    const auto sorted = [](const Policy& policy) {
        std::vector<std::string> texts;
        for (const MxPattern& pattern : policy.mx) texts.push_back(pattern.text());
        std::ranges::sort(texts);
        return texts;
    };
    return first->mode == second->mode && first->max_age == second->max_age &&
           (first->mode == Mode::none || sorted(*first) == sorted(*second));
}

}  // namespace

std::string dns_remedy(const Published& seen) {
    std::string theirs = "look at the name servers of " + seen.domain;
    const bool nothing_known = seen.record.verdict == Verdict::unknown &&
                               seen.policy_host.verdict == Verdict::unknown &&
                               seen.policy_host.addresses.empty() && seen.mx.verdict == Verdict::unknown &&
                               seen.mx.hosts.empty() && seen.tls_reports.verdict == Verdict::unknown;
    if (!nothing_known) return theirs;
    return "no question got a usable answer: see whether this host's resolver answers (sternpost doctor asks "
           "it), then " +
           theirs;
}

Survey survey_of(const Published& seen, WallTime now) {
    return Surveyor(seen, now).run();
}

void compare(Survey& survey, const Edition& before) {
    if (survey.edition.id.empty() || survey.edition.body.empty() || before.body.empty()) return;
    auto& good = survey.checks.at(static_cast<std::size_t>(Check::id));
    const bool same_text = same_policy(survey.edition.body, before.body);
    if (same_text || (!before.id.empty() && before.id != survey.edition.id)) {
        good = true;
        return;
    }
    const std::string remedy = "give the TXT record another id";
    if (before.id.empty()) {
        survey.findings.push_back({Level::warning, "id-unproven", "",
                                   "the policy is another one than before; whether its id is, too, is not "
                                   "known (it is now \"" +
                                       printable(survey.edition.id) + "\")",
                                   remedy + ", if that was not done"});
    } else {
        good = false;
        survey.findings.push_back({Level::broken, "id-not-changed", "",
                                   "the policy was changed, and its id was not (\"" +
                                       printable(survey.edition.id) +
                                       "\"): senders keep the former one until it runs out",
                                   remedy});
    }
    std::ranges::stable_sort(survey.findings, {}, &Remark::level);
}

Level worst(const std::vector<Remark>& findings) {
    const auto found = std::ranges::min_element(findings, {}, &Remark::level);
    return found == findings.end() ? Level::note : found->level;
}

std::string_view to_string(PolicyStage stage) {
    constexpr std::array<std::string_view, 6> words{"unknown", "nothing", "unfinished",
                                                    "testing", "enforce", "retiring"};
    return words.at(static_cast<std::size_t>(stage));
}

std::string_view to_string(Level level) {
    constexpr std::array<std::string_view, 4> words{"broken", "unknown", "warning", "note"};
    return words.at(static_cast<std::size_t>(level));
}

}  // namespace sternpost
