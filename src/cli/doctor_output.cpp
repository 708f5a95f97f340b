#include "doctor_output.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "json_schema.hpp"
#include "sternpost/base/joined.hpp"
#include "sternpost/base/printable.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

constexpr std::size_t columns = 100;

struct Grade {
    Severity severity;
    std::string_view name;
    std::string_view title;
    Mood mood;
};
constexpr std::array grades{
    Grade{Severity::broken, "broken", "Broken", Mood::bad},
    Grade{Severity::advice, "advice", "Advice", Mood::warning},
    Grade{Severity::information, "information", "Information", Mood::note},
};

auto count(const Examination& examination, Severity severity) {
    return std::ranges::count(examination.findings, severity, &Finding::severity);
}

std::string version_of(const PostfixVersion& version) {
    return std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
           std::to_string(version.patch);
}

// `text` in lines that begin with `indent`; a word that is too long has a line of its own.
std::string wrapped(std::string_view text, std::string_view indent) {
    std::string out(indent);
    std::size_t width = indent.size();
    bool first = true;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (!first && width + 1 + end > columns) {
            out.append("\n").append(indent);
            width = indent.size();
        } else if (!first) {
            out += ' ';
            ++width;
        }
        out += text.substr(0, end);
        width += end;
        first = false;
        text.remove_prefix(std::min(text.size(), end + 1));
    }
    return out + "\n";
}

std::string looked_at(const Facts& facts) {
    std::vector<std::string> services;
    std::vector<std::string> endpoints;
    for (const SmtpService& service : facts.postfix.smtp) services.push_back(service.name);
    for (const SocketLook& look : facts.sockets)
        if (std::ranges::find(endpoints, look.endpoint) == endpoints.end())
            endpoints.push_back(look.endpoint);
    std::string text = "Postfix " + version_of(facts.postfix.version) + ", " +
                       facts.postfix.config_directory + ", " +
                       (services.empty() ? "no smtp service" : "smtp services: " + joined(services));
    if (!endpoints.empty()) text += "; sternpostd at " + joined(endpoints);
    return printable(text, 4 * max_printable);
}

std::string finding_text(const Finding& finding, const Grade& grade, const Terminal& terminal) {
    std::string text = terminal.mark(grade.mood) + " " + terminal.bold(finding.what) + "  [" +
                       std::string(finding.rule) + "]\n";
    text += wrapped(finding.why, "   ");
    for (const std::string& command : finding.remedy) text.append("       ").append(command).append("\n");
    return text;
}

std::string good_text(const Examination& examination, const Terminal& terminal) {
    std::string text;
    std::string_view subject;
    std::string line;
    const auto end_line = [&] {
        if (line.empty()) return;
        std::string lines = wrapped(line, "   ");
        lines.replace(0, 3, terminal.mark(Mood::good) + " ");
        text += lines;
    };
    for (const Passed& passed : examination.passed) {
        if (passed.subject != subject) {
            end_line();
            subject = passed.subject;
            line = std::string(subject) + ": ";
        } else {
            line += ", ";
        }
        line += passed.what;
    }
    end_line();
    return text;
}

std::string summary(const Examination& examination) {
    std::string text;
    for (const Grade& grade : grades)
        text.append(text.empty() ? "" : ", ")
            .append(std::to_string(count(examination, grade.severity)) + " ")
            .append(grade.name);
    return text + ", " + std::to_string(examination.passed.size()) + " good";
}

std::string conclusion(const Facts& facts, const Examination& examination) {
    const std::string reload =
        "postfix " + (facts.postfix.usual ? "" : "-c " + facts.postfix.config_directory + " ") + "reload";
    switch (exit_status(examination)) {
        case 0:
            return ". Postfix and sternpostd work together.";
        case 1:
            return ". It works, and could be better. After a change of main.cf: " + reload;
        default:
            return ". It does not work as it should. After a change of main.cf: " + reload;
    }
}

json::object to_object(const Finding& finding) {
    json::array remedy;
    for (const std::string& command : finding.remedy) remedy.emplace_back(command);
    const auto grade = std::ranges::find(grades, finding.severity, &Grade::severity);
    json::object object;
    object["rule"] = finding.rule;
    object["subject"] = finding.subject;
    object["severity"] = grade->name;
    object["what"] = finding.what;
    object["why"] = finding.why;
    object["remedy"] = std::move(remedy);
    return object;
}

}  // namespace

int exit_status(const Examination& examination) {
    if (count(examination, Severity::broken) > 0) return 2;
    return count(examination, Severity::advice) > 0 ? 1 : 0;
}

std::string as_text(const Facts& facts, const Examination& examination, const Terminal& terminal) {
    std::string text = wrapped("Looked at " + looked_at(facts) + ".", "");
    for (const Grade& grade : grades) {
        if (count(examination, grade.severity) == 0) continue;
        text += "\n" + terminal.bold(terminal.in_colour_of(grade.mood, grade.title)) + "\n";
        for (const Finding& finding : examination.findings)
            if (finding.severity == grade.severity) text += finding_text(finding, grade, terminal);
    }
    text += "\n" + terminal.bold(terminal.in_colour_of(Mood::good, "Good")) + "\n" +
            good_text(examination, terminal);
    return text + "\n" + summary(examination) + conclusion(facts, examination) + "\n";
}

std::string as_json(const Facts& facts, const Examination& examination) {
    json::array services, findings, good;
    for (const SmtpService& service : facts.postfix.smtp) services.emplace_back(printable(service.name));
    for (const Finding& finding : examination.findings) findings.push_back(to_object(finding));
    for (const Passed& passed : examination.passed) {
        json::object object;
        object["rule"] = passed.rule;
        object["subject"] = passed.subject;
        object["what"] = passed.what;
        good.push_back(std::move(object));
    }
    json::object postfix;
    postfix["version"] = version_of(facts.postfix.version);
    postfix["config_directory"] = printable(facts.postfix.config_directory);
    postfix["services"] = std::move(services);
    json::object whole;
    whole["schema"] = json_schema;
    whole["status"] = exit_status(examination);
    whole["postfix"] = std::move(postfix);
    whole["findings"] = std::move(findings);
    whole["good"] = std::move(good);
    return json::serialize(whole) + "\n";
}

}  // namespace sternpost
