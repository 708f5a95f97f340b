#include "sternpost/survey/survey_json.hpp"

#include <boost/json/array.hpp>

#include "sternpost/base/printable.hpp"
#include "sternpost/json/or_null.hpp"

namespace json = boost::json;

namespace sternpost {

json::object json_of(const Remark& finding) {
    json::object object;
    object["level"] = to_string(finding.level);
    object["code"] = finding.code;
    object["subject"] = text_or_null(finding.subject);
    object["what"] = finding.what;
    object["remedy"] = text_or_null(finding.remedy);
    return object;
}

json::object json_of(const Survey& survey) {
    json::object object, checks;
    object["domain"] = survey.domain;
    object["stage"] = to_string(survey.stage);
    object["id"] = text_or_null(printable(survey.edition.id));
    for (std::size_t i = 0; i < check_names.size(); ++i)
        checks[check_names.at(i)] = or_null(survey.checks.at(i));
    object["checks"] = std::move(checks);
    object["certificate_end"] = or_null(survey.certificate_end);
    object["mx_certificate_end"] = or_null(survey.mx_certificate_end);
    json::array findings;
    for (const Remark& finding : survey.findings) findings.push_back(json_of(finding));
    object["findings"] = std::move(findings);
    return object;
}

}  // namespace sternpost
