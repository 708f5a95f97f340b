#include "publish_output.hpp"

#include <boost/json/array.hpp>

#include "json_schema.hpp"
#include "policy_text.hpp"
#include "sternpost/survey/survey_json.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

constexpr std::string_view inner = "   ";

std::string_view words_for(PolicyStage stage) {
    switch (stage) {
        case PolicyStage::nothing:
            return "nothing is published yet";
        case PolicyStage::unfinished:
            return "what is published is not complete, or cannot be used";
        case PolicyStage::testing:
            return "a policy is published, and testing";
        case PolicyStage::enforce:
            return "a policy is published, and enforced";
        case PolicyStage::retiring:
            return "a policy of mode none is published: MTA-STS is being given up";
        case PolicyStage::unknown:
            break;
    }
    return "what is published could not be found out";
}

std::string heading(const Terminal& terminal, std::string_view words) {
    return "\n" + terminal.bold(words) + "\n";
}

std::string stage_line(const Survey& survey, const Terminal& terminal) {
    return terminal.bold(survey.domain) + ": " + std::string(words_for(survey.stage)) + "\n";
}

std::string findings_text(const std::vector<Remark>& findings, const Terminal& terminal) {
    std::string text;
    for (const Remark& finding : findings)
        text +=
            finding_line(terminal, finding.level, finding.what, std::string(finding.code), finding.remedy);
    return text;
}

std::string next_text(const std::vector<std::string>& next, const Terminal& terminal) {
    if (next.empty()) return "";
    std::string text = heading(terminal, "What to do next");
    std::size_t number = 0;
    for (const std::string& step : next) text += std::to_string(++number) + ". " + step + "\n";
    return text;
}

std::string verdict_line(const Survey& survey, const Terminal& terminal) {
    switch (worst(survey.findings)) {
        case Level::broken:
            return marked(terminal, Mood::bad, "", terminal.bold("broken"));
        case Level::unknown:
            return marked(terminal, Mood::unknown, "", terminal.bold("not all could be found out"));
        case Level::warning:
            return marked(terminal, Mood::warning, "", terminal.bold("it works, with something to be done"));
        case Level::note:
            break;
    }
    return marked(terminal, Mood::good, "", terminal.bold("all is as it should be"));
}

json::array array_of(const std::vector<std::string>& texts) {
    json::array array;
    for (const std::string& text : texts) array.emplace_back(text);
    return array;
}

json::object head_of(const Survey& survey) {
    json::object object;
    object["schema"] = json_schema;
    object["domain"] = survey.domain;
    object["stage"] = to_string(survey.stage);
    return object;
}

json::object record(const std::string& name, const std::string& text) {
    json::object object;
    object["name"] = name;
    object["text"] = text;
    return object;
}

}  // namespace

Mood mood_of(Level level) {
    switch (level) {
        case Level::broken:
            return Mood::bad;
        case Level::unknown:
            return Mood::unknown;
        case Level::warning:
            return Mood::warning;
        case Level::note:
            break;
    }
    return Mood::note;
}

std::string finding_line(const Terminal& terminal, Level level, const std::string& what,
                         const std::string& code, const std::string& remedy) {
    std::string text = marked(terminal, mood_of(level), "", what + "  [" + code + "]");
    if (!remedy.empty()) text.append(inner).append(remedy).append("\n");
    return text;
}

std::string text_of(const Survey& survey, const ToPublish& made, const Terminal& terminal) {
    const Publication& publication = made.publication;
    std::string text = stage_line(survey, terminal);
    if (!publication.changes)
        text += marked(terminal, Mood::good, "",
                       "this very policy is published: file and TXT record stay as they are");
    text +=
        heading(terminal, "Policy file, https://mta-sts." + publication.domain + "/.well-known/mta-sts.txt");
    text += publication.file;
    text += heading(terminal, "DNS records");
    for (const std::string& line : zone_lines(publication)) text += line + "\n";
    if (!made.site.empty()) text += heading(terminal, "Web server") + made.site;
    return text + next_text(made.next, terminal);
}

std::string text_of_refusal(const Survey& survey, const Refusal& refusal, const Terminal& terminal) {
    return stage_line(survey, terminal) + findings_text(refusal.reasons, terminal) +
           marked(terminal, Mood::bad, "",
                  terminal.bold(refusal.code == Errc::temporary
                                    ? "nothing is printed: what would be right could not be found out"
                                    : "refused: nothing is printed"));
}

std::string text_of_check(const Survey& survey, const std::vector<std::string>& next,
                          const Terminal& terminal) {
    return stage_line(survey, terminal) + findings_text(survey.findings, terminal) +
           verdict_line(survey, terminal) + next_text(next, terminal);
}

json::object json_of(const Survey& survey, const ToPublish& made) {
    const Publication& publication = made.publication;
    json::object object = head_of(survey);
    object["changes"] = publication.changes;
    object["mode"] = to_string(publication.policy.mode);
    object["max_age"] = publication.policy.max_age.count();
    json::array mx, records;
    for (const MxPattern& pattern : publication.policy.mx) mx.emplace_back(pattern.text());
    object["mx"] = std::move(mx);
    object["id"] = publication.id;
    object["body"] = publication.file;
    records.push_back(record("_mta-sts." + publication.domain, record_text(publication.id)));
    if (!publication.rua.empty())
        records.push_back(record("_smtp._tls." + publication.domain, tls_report_text(publication.rua)));
    object["records"] = std::move(records);
    object["site"] = made.site.empty() ? json::value(nullptr) : json::value(made.site);
    object["next"] = array_of(made.next);
    return object;
}

json::object json_of_refusal(const Survey& survey, const Refusal& refusal) {
    json::object object = head_of(survey);
    json::array reasons;
    for (const Remark& finding : refusal.reasons) reasons.push_back(json_of(finding));
    object["refused"] = std::move(reasons);
    return object;
}

json::object json_of_check(const Survey& survey, const std::vector<std::string>& next) {
    json::object object;
    object["schema"] = json_schema;
    for (auto& member : json_of(survey)) object[member.key()] = member.value();
    object["next"] = array_of(next);
    return object;
}

}  // namespace sternpost
