#include "sternpost/survey/publication.hpp"

#include <algorithm>
#include <utility>

#include "sternpost/base/printable.hpp"
#include "sternpost/dane/dane_lookup.hpp"
#include "sternpost/explain/words.hpp"
#include "sternpost/policy/policy_review.hpp"
#include "sternpost/policy/tls_report_record.hpp"

namespace sternpost {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds a_day = 24h;
constexpr std::chrono::seconds a_week = 7 * a_day;
// One character-string of a TXT record.
constexpr std::size_t max_string = 255;

// While nothing is enforced yet, or no longer, a change should be seen soon.
std::chrono::seconds usual_max_age(Mode mode) {
    return mode == Mode::enforce ? a_week : a_day;
}

// Finds out what is to be published, and collects what speaks against it.
class Planner {
public:
    Planner(const Published& seen, const Survey& survey, const Wish& wish)
        : seen_(seen), survey_(survey), wish_(wish) {}

    Plan run(WallTime now) {
        made_.domain = seen_.domain;
        published_ = survey_.policy ? survey_.policy : policy_before();
        if (!wish_.mode && !is_mode_known()) refuse_the_unknown();
        made_.policy.mode = wish_.mode.value_or(published_ ? published_->mode : Mode::testing);
        made_.policy.max_age = max_age();
        if (made_.policy.mode != Mode::none) {
            find_hosts();
            find_patterns();
            look_for_hosts_left_out();
            look_at_mail_servers();
        }
        find_reports();
        check_file();
        choose_id(now);
        if (refusal_.reasons.empty()) return std::move(made_);
        return tl::unexpected<Refusal>(std::move(refusal_));
    }

private:
    // The one that is announced, as far as can be told.
    std::optional<Policy> policy_before() const {
        if (!wish_.before) return std::nullopt;
        const std::string &before = wish_.before->id, &now = survey_.edition.id;
        if (!before.empty() && !now.empty() && before != now) return std::nullopt;
        auto read = read_policy(wish_.before->body);
        if (!read) return std::nullopt;
        return std::move(*read);
    }

    bool is_mode_known() const {
        if (seen_.record.verdict == Verdict::unknown) return false;
        return published_ || seen_.record.verdict == Verdict::note;
    }

    // Unless somebody names a mode, an enforce policy could be followed by a testing one.
    void refuse_the_unknown() {
        if (survey_.stage == PolicyStage::unknown) refusal_.code = Errc::temporary;
        const std::string& why = seen_.record.verdict == Verdict::unknown ? seen_.record.summary
                                 : seen_.policy.review                    ? seen_.policy.summary
                                                                          : seen_.policy_host.summary;
        refuse("stage-unknown", "", "which mode is published now could not be found out: " + why,
               "--mode says what to print nevertheless, --previous FILE what was published until now");
    }

    std::chrono::seconds max_age() {
        const Mode mode = made_.policy.mode;
        const bool stays = published_ && published_->mode == mode;
        const auto age = wish_.max_age.value_or(stays ? published_->max_age : usual_max_age(mode));
        if (age <= std::chrono::seconds::zero() || age > max_max_age)
            refuse("max-age", "", "max_age must be from 1 second to a year (31557600 seconds)",
                   "30d is usual for enforce");
        else if (mode == Mode::enforce && wish_.max_age && age < a_day)
            refuse("max-age", "",
                   "a max_age of " + in_words(age) +
                       " protects nobody: senders have forgotten "
                       "the policy by their next mail",
                   "a week (7d) or more; RFC 8461 expects weeks");
        return age;
    }

    void find_hosts() {
        if (seen_.mx.hosts.empty() && seen_.mx.verdict == Verdict::unknown) {
            refusal_.code = Errc::temporary;
            refuse("mx-unknown", "", "the MX hosts are not known: " + seen_.mx.summary, dns_remedy(seen_));
        } else if (seen_.mx.hosts.empty()) {
            refuse("mx-none", "", "there is no MX host: " + seen_.mx.summary,
                   "a domain without mail needs no policy; give it MX records first");
        } else if (wish_.mx.empty() && seen_.mx.hosts.size() >= max_dane_hosts) {
            refuse(
                "mx-many", "",
                "it has " + std::to_string(max_dane_hosts) + " MX hosts or more, which are not all looked at",
                "name patterns with --mx, such as --mx '*.mail." + seen_.domain + "'");
        }
    }

    void find_patterns() {
        std::vector<std::string> wanted = wish_.mx;
        if (wanted.empty())
            for (const MxHostSeen& host : seen_.mx.hosts) wanted.push_back(host.name);
        for (const std::string& text : wanted) {
            const auto pattern = MxPattern::from(text);
            if (!pattern)
                refuse("mx-pattern", text, "mx " + text + ": " + pattern.error().detail,
                       "a host name, or *. and what follows its first label");
            else if (pattern->address())
                refuse("mx-pattern", text, "mx " + text + " is an address, by which no MX host passes",
                       "the name of the host");
            else if (std::ranges::find(made_.policy.mx, *pattern) == made_.policy.mx.end())
                made_.policy.mx.push_back(*pattern);
        }
    }

    void look_for_hosts_left_out() {
        if (wish_.mx.empty()) return;
        for (const MxHostSeen& host : seen_.mx.hosts)
            if (!passes(made_.policy.mx, host.name))
                refuse("mx-not-covered", host.name,
                       "the MX host " + host.name + " passes by no --mx, and would get no mail",
                       "--mx " + host.name + ", or take it out of the MX records first");
    }

    void look_at_mail_servers() {
        for (const Remark& finding : survey_.findings)
            if (finding.code == "mx-without-tls" || finding.code == "mx-certificate" ||
                finding.code == "mx-dane" || finding.code == "mx-unreachable")
                refuse(finding.code, finding.subject, finding.what,
                       finding.remedy.empty() ? "without --probe no MX host is looked at" : finding.remedy);
    }

    void find_reports() {
        std::vector<std::string> wanted = wish_.rua.empty() ? seen_.tls_reports.rua : wish_.rua;
        for (std::string& uri : wanted) {
            if (uri.find(':') == uri.npos && uri.find('@') != uri.npos) uri = "mailto:" + uri;
            made_.rua.push_back(uri);
            const std::vector<std::string> alone{tls_report_text({uri})};
            const auto read = read_tls_report_record(alone);
            if (!read || !*read || (*read)->rua != std::vector<std::string>{uri})
                refuse("rua", uri, uri + " is no place for TLS reports",
                       "mailto:tls@" + seen_.domain +
                           ", or https: and where to post them; a comma, an "
                           "exclamation mark and a semicolon are written %2C, %21 and %3B");
        }
    }

    // The file must be read as what it is by our own reader and by the strictest other one.
    void check_file() {
        if (!refusal_.reasons.empty()) return;
        made_.file = policy_file(made_.policy);
        const PolicyReview review = review_policy(made_.file);
        for (const std::string& fault : review.faults) refuse("policy", "", "the policy file: " + fault, "");
        for (const PolicyLine& line : review.lines)
            if (line.verdict != PolicyLine::Verdict::good)
                refuse("policy", "", "\"" + line.text + "\": " + line.why,
                       "name the MX hosts otherwise, or cover them with --mx");
    }

    // What this program takes, and other senders may refuse.
    bool is_published_doubtfully() const {
        return seen_.policy.review &&
               std::ranges::find(seen_.policy.review->lines, PolicyLine::Verdict::doubtful,
                                 &PolicyLine::verdict) != seen_.policy.review->lines.end();
    }

    void choose_id(WallTime now) {
        Survey after = survey_;
        compare(after, {"", made_.file});
        made_.changes = !survey_.policy || after.check(Check::id) != true || is_published_doubtfully();
        made_.id = survey_.edition.id;
        if (!made_.changes && !made_.id.empty()) return;
        std::string id;
        for (const char c : to_iso8601(now).substr(0, 19))
            if (c != '-' && c != ':') id += c;
        if (id == made_.id) id += "a";
        made_.id = id;
    }

    void refuse(std::string_view code, const std::string& subject, const std::string& what,
                const std::string& remedy) {
        refusal_.reasons.push_back(
            {Level::broken, code, printable(subject), printable(what, 600), printable(remedy, 600)});
    }

    const Published& seen_;
    const Survey& survey_;
    const Wish& wish_;
    std::optional<Policy> published_;  // now, or until now
    Publication made_;
    Refusal refusal_;
};

std::string quoted_strings(std::string_view text) {
    std::string line;
    while (!text.empty()) {
        line.append(line.empty() ? "\"" : " \"");
        for (const char c : text.substr(0, max_string))
            line.append(c == '"' || c == '\\' ? "\\" : "").append(1, c);
        line += '"';
        text.remove_prefix(std::min(text.size(), max_string));
    }
    return line;
}

}  // namespace

Plan plan(const Published& seen, const Survey& survey, const Wish& wish, WallTime now) {
    return Planner(seen, survey, wish).run(now);
}

std::string policy_file(const Policy& policy) {
    std::string text = "version: STSv1\r\nmode: " + std::string(to_string(policy.mode)) + "\r\n";
    for (const MxPattern& pattern : policy.mx) text += "mx: " + pattern.text() + "\r\n";
    return text + "max_age: " + std::to_string(policy.max_age.count()) + "\r\n";
}

std::string record_text(std::string_view id) {
    return "v=STSv1; id=" + std::string(id) + ";";
}

std::string tls_report_text(const std::vector<std::string>& rua) {
    std::string text = "v=TLSRPTv1; rua=";
    for (const std::string& uri : rua) text.append(&uri == &rua.front() ? "" : ",").append(uri);
    return text;
}

std::vector<std::string> zone_lines(const Publication& to_publish) {
    std::vector<std::string> lines{"_mta-sts." + to_publish.domain + ". IN TXT " +
                                   quoted_strings(record_text(to_publish.id))};
    if (!to_publish.rua.empty())
        lines.push_back("_smtp._tls." + to_publish.domain + ". IN TXT " +
                        quoted_strings(tls_report_text(to_publish.rua)));
    return lines;
}

}  // namespace sternpost
