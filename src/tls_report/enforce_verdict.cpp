#include "sternpost/tls_report/enforce_verdict.hpp"

#include <algorithm>
#include <iterator>

#include "sternpost/tls_report/date.hpp"
#include "sternpost/tls_report/result_type.hpp"

namespace sternpost {

namespace {

// The sessions under MTA-STS in the time that counts.
struct Evidence {
    std::size_t days = 0;  // with sessions
    std::set<std::string> senders;
    Sessions lately;
    std::map<std::string, Sessions> lately_by_sender;
    std::optional<Day> newest;
    std::size_t days_ahead = 0;  // in the future
    Day furthest{};
    std::optional<Mode> mode;

    bool has_within(std::chrono::days window, Day day) const {
        return newest && day > *newest - window && day <= *newest;
    }
};

Evidence evidence_of(const DomainSummary& domain, Day today) {
    Evidence evidence;
    evidence.mode = domain.mode_until(today + most_days_ahead);
    evidence.furthest = domain.sts_days.rbegin()->first;
    const auto ahead = domain.sts_days.upper_bound(today + most_days_ahead);
    evidence.days_ahead = static_cast<std::size_t>(std::distance(ahead, domain.sts_days.end()));
    if (ahead != domain.sts_days.begin()) evidence.newest = std::prev(ahead)->first;
    for (const auto& [day, senders] : domain.sts_days) {
        if (!evidence.has_within(verdict_window, day)) continue;
        const bool is_late = evidence.has_within(failure_window, day);
        Sessions of_day;
        for (const auto& [sender, sessions] : senders) {
            of_day += sessions;
            if (sessions.all() > 0) evidence.senders.insert(sender);
            if (is_late) evidence.lately_by_sender[sender] += sessions;
        }
        if (of_day.all() > 0) ++evidence.days;
        if (is_late) evidence.lately += of_day;
    }
    return evidence;
}

std::string number(std::uint64_t of) {
    return std::to_string(of);
}

Criterion enough_days(const Evidence& evidence) {
    return {"days", evidence.days >= least_report_days,
            "reports of sessions on " + number(evidence.days) + " of the last " +
                number(verdict_window.count()) + " days; at least " + number(least_report_days) +
                " are wanted"};
}

Criterion enough_senders(const Evidence& evidence) {
    return {"senders", evidence.senders.size() >= least_senders,
            number(evidence.senders.size()) + (evidence.senders.size() == 1 ? " sender" : " senders") +
                " in these days; at least " + number(least_senders) + " are wanted"};
}

Criterion few_failures(const Evidence& evidence) {
    return {"failures", evidence.lately.failed_share() <= most_failed_share,
            number(evidence.lately.failed) + " of " + number(evidence.lately.all()) +
                " sessions failed in the last " + number(failure_window.count()) + " days, " +
                percent(evidence.lately.failed_share()) + "; at most " + percent(most_failed_share) + " may"};
}

Criterion nobody_cut_off(const Evidence& evidence) {
    std::string cut_off;
    for (const auto& [sender, sessions] : evidence.lately_by_sender)
        if (sessions.failed_share() > most_failed_share_of_a_sender)
            cut_off += (cut_off.empty() ? "" : ", ") + sender + " (" + number(sessions.failed) + " of " +
                       number(sessions.all()) + ")";
    const std::string most =
        "more than " + percent(most_failed_share_of_a_sender) + " of a sender's sessions failed";
    return {"cut-off", cut_off.empty(),
            cut_off.empty() ? "never " + most + " in these days" : most + ": " + cut_off};
}

Criterion fresh(const Evidence& evidence, Day today) {
    std::string words = evidence.newest ? "the newest report is of " + to_date(*evidence.newest)
                                        : "there is no report up to today";
    words += "; it may be " + number(newest_report_age.count()) + " days old";
    if (evidence.days_ahead > 0)
        words += "; those of " + number(evidence.days_ahead) + (evidence.days_ahead == 1 ? " day" : " days") +
                 ", up to " + to_date(evidence.furthest) + ", are of the future and count for nothing";
    const bool met =
        evidence.newest && today - *evidence.newest <= newest_report_age && evidence.days_ahead == 0;
    return {"fresh", met, words};
}

void advise(const Criterion& criterion, const DomainSummary& domain, const Evidence& evidence,
            std::vector<std::string>& advice) {
    if (criterion.name == "days")
        advice.emplace_back("Leave it in testing, and look again when there are more reports.");
    if (criterion.name == "senders")
        advice.emplace_back(
            "Wait for reports of further senders; the great ones send one a day for each domain that they "
            "have sent mail to.");
    if (criterion.name == "fresh" && evidence.days_ahead > 0)
        advice.emplace_back(
            "Look who has sent the reports of the future: a clock is wrong there, or somebody lies. --until "
            "leaves them out.");
    else if (criterion.name == "fresh")
        advice.emplace_back(
            "Get the newest reports; if none come any more, look at the _smtp._tls record and the mailbox "
            "that it names.");
    if (criterion.name != "failures" && criterion.name != "cut-off") return;
    std::set<std::string> kinds;
    for (const auto& [key, count] : domain.failures)
        if (evidence.newest && count.last > *evidence.newest - failure_window) kinds.insert(key.result_type);
    std::string names;
    for (const std::string& kind : kinds) names += (names.empty() ? "" : ", ") + kind;
    const std::string text = "Mend what fails, see above: " + names + ".";
    if (std::ranges::find(advice, text) == advice.end()) advice.push_back(text);
}

std::string conclusion_of(Stage stage) {
    switch (stage) {
        case Stage::no_policy:
            return "no sender has met an MTA-STS policy";
        case Stage::not_yet:
            return "not to enforce yet";
        case Stage::may_enforce:
            return "may go to enforce";
        case Stage::enforced:
            return "is in enforce, and works";
        case Stage::failing:
            return "is in enforce, and what is marked wants a look";
        case Stage::retiring:
            break;
    }
    return "is in mode none: the policy is being taken back";
}

Stage stage_of(std::optional<Mode> mode, bool all_met) {
    if (mode == Mode::none) return Stage::retiring;
    if (mode == Mode::enforce) return all_met ? Stage::enforced : Stage::failing;
    return all_met ? Stage::may_enforce : Stage::not_yet;
}

}  // namespace

std::string_view to_string(Stage stage) {
    switch (stage) {
        case Stage::no_policy:
            return "no-policy";
        case Stage::not_yet:
            return "not-yet";
        case Stage::may_enforce:
            return "may-enforce";
        case Stage::enforced:
            return "enforced";
        case Stage::failing:
            return "failing";
        case Stage::retiring:
            break;
    }
    return "retiring";
}

EnforceVerdict judge(const DomainSummary& domain, Day today) {
    EnforceVerdict verdict;
    verdict.conclusion = conclusion_of(Stage::no_policy);
    if (domain.sts_days.empty()) {
        verdict.advice.emplace_back(
            "Publish a policy in mode testing, if MTA-STS is wanted; DANE alone needs none.");
        return verdict;
    }
    const Evidence evidence = evidence_of(domain, today);
    if (evidence.mode != Mode::enforce) verdict.criteria = {enough_days(evidence), enough_senders(evidence)};
    verdict.criteria.push_back(few_failures(evidence));
    verdict.criteria.push_back(nobody_cut_off(evidence));
    verdict.criteria.push_back(fresh(evidence, today));
    verdict.stage = stage_of(evidence.mode, std::ranges::all_of(verdict.criteria, &Criterion::met));
    verdict.conclusion = conclusion_of(verdict.stage);
    if (verdict.stage == Stage::retiring) {
        verdict.advice.emplace_back(
            "Leave it published for as long as the longest max_age that it ever had; then remove the "
            "_mta-sts record and the file.");
        return verdict;
    }
    for (const Criterion& criterion : verdict.criteria)
        if (!criterion.met) advise(criterion, domain, evidence, verdict.advice);
    if (verdict.stage == Stage::may_enforce)
        verdict.advice.emplace_back(
            "Set \"mode: enforce\" in the policy, then change the id of the _mta-sts record; go on "
            "reading reports.");
    if (!evidence.mode)
        verdict.advice.emplace_back(
            "No report has the text of the policy: see to it that it is in testing now.");
    return verdict;
}

}  // namespace sternpost
