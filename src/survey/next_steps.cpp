#include <algorithm>

#include "sternpost/explain/words.hpp"
#include "sternpost/survey/publication.hpp"

namespace sternpost {

namespace {

using namespace std::chrono_literals;
using Steps = std::vector<std::string>;

constexpr std::chrono::seconds a_month = 30 * 24h;

std::string command(const Publication& made, const std::string& options) {
    return "\"sternpost publish " + made.domain + " " + options + "\"";
}

bool was_in_use(PolicyStage stage) {
    return stage == PolicyStage::testing || stage == PolicyStage::enforce || stage == PolicyStage::retiring;
}

void set_up(const Publication& made, Steps& steps) {
    const std::string host = "mta-sts." + made.domain;
    steps.push_back("give " + host +
                    " an address, and a certificate for that name that is renewed by itself");
    steps.push_back("put the file where https://" + host +
                    "/.well-known/mta-sts.txt shows it, as text/plain and without a redirect");
    steps.emplace_back("then publish the TXT records");
}

// Whoever sees a new id fetches at once, and must not get the previous file.
void replace(const Publication& made, Steps& steps) {
    if (!made.changes) return;
    steps.emplace_back(
        "replace the file first; when it is served, replace the TXT record, for its id is new");
}

void after_testing(const Publication& made, Steps& steps) {
    if (made.rua.empty())
        steps.push_back("ask for TLS reports, or testing tells you nothing: " +
                        command(made, "--rua mailto:tls@" + made.domain));
    steps.push_back(
        "stay in testing for two to four weeks; \"sternpost report\" reads the TLS reports that senders mail "
        "each day");
    steps.push_back("when these show no failure: " + command(made, "--mode enforce --probe"));
}

void after_enforce(const Publication& made, Steps& steps) {
    steps.emplace_back(
        "from now on an MX host belongs into the policy, under a new id, at least a day before "
        "it gets an MX record; and stays there as long after it has lost it");
    if (made.policy.max_age < a_month)
        steps.push_back("when that has stood for " + in_words(made.policy.max_age) +
                        " without trouble: " + command(made, "--max-age 30d"));
    steps.push_back("have it watched: domains = [\"" + made.domain + "\"] in [watch] of sternpost.toml");
}

// RFC 8461 section 8.3.
void after_none(const Publication& made, const std::optional<Policy>& before, Steps& steps) {
    const std::string wait =
        before && before->mode != Mode::none
            ? "for " + in_words(std::max(before->max_age, made.policy.max_age)) +
                  ", the max_age of the policy before, counted from the day on which mode none is served"
            : "until the longest max_age that you have ever published is over, counted from the day on "
              "which mode none was first served";
    steps.push_back("leave file and TXT record in place " + wait);
    steps.push_back("then remove the TXT record at _mta-sts." + made.domain +
                    ", and a day later the policy host; TLS reports may stay");
}

}  // namespace

Steps next_steps(const Survey& survey, const Publication& to_publish, const std::optional<Policy>& before) {
    Steps steps;
    const Mode mode = to_publish.policy.mode;
    if (!was_in_use(survey.stage))
        set_up(to_publish, steps);
    else
        replace(to_publish, steps);
    if (!was_in_use(survey.stage) && mode == Mode::enforce)
        steps.push_back("consider to begin with testing, which harms nobody: " +
                        command(to_publish, "--mode testing"));
    if (survey.stage == PolicyStage::enforce && mode == Mode::testing)
        steps.push_back("until " + in_words(survey.policy->max_age) +
                        " are over, senders that do not see the new id still enforce the former policy");
    if (to_publish.changes)
        steps.push_back("see whether all is right: " + command(to_publish, "--check --probe"));
    if (mode == Mode::testing) after_testing(to_publish, steps);
    if (mode == Mode::enforce) after_enforce(to_publish, steps);
    if (mode == Mode::none) after_none(to_publish, before, steps);
    return steps;
}

}  // namespace sternpost
