#include <boost/json/array.hpp>
#include <map>

#include "json_schema.hpp"
#include "report_findings.hpp"
#include "sternpost/json/or_null.hpp"
#include "sternpost/tls_report/date.hpp"
#include "sternpost/tls_report/result_type.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

json::object json_of(const Sessions& sessions) {
    json::object object;
    object["good"] = sessions.good;
    object["failed"] = sessions.failed;
    return object;
}

json::array sessions_of(const DomainSummary& domain) {
    json::array array;
    for (const auto& [key, sessions] : domain.sessions) {
        json::object object;
        object["sender"] = key.sender;
        object["policy_type"] = key.policy_type;
        object["mode"] = key.mode ? json::value(to_string(*key.mode)) : json::value(nullptr);
        object["mx"] = text_or_null(key.mx);
        object["good"] = sessions.good;
        object["failed"] = sessions.failed;
        array.push_back(std::move(object));
    }
    return array;
}

json::object json_of(const FailureKey& key, const FailureCount& count) {
    json::object object;
    object["sender"] = key.sender;
    object["mx_host"] = text_or_null(key.mx_host);
    object["receiving_ip"] = text_or_null(key.receiving_ip);
    object["reason"] = text_or_null(key.reason);
    object["sessions"] = count.sessions;
    object["first"] = to_date(count.first);
    object["last"] = to_date(count.last);
    return object;
}

json::array failures_of(const DomainSummary& domain) {
    std::map<std::string, json::array> kinds;
    std::map<std::string, Sessions> sums;
    for (const auto& [key, count] : domain.failures) {
        kinds[key.result_type].push_back(json_of(key, count));
        sums[key.result_type] += Sessions{0, count.sessions};
    }
    json::array array;
    for (auto& [name, where] : kinds) {
        const ResultType& type = result_type(name);
        json::object object;
        object["result_type"] = name;
        object["known"] = !type.name.empty();
        object["sessions"] = sums[name].failed;
        object["meaning"] = type.meaning;
        object["remedy"] = type.remedy;
        object["where"] = std::move(where);
        array.push_back(std::move(object));
    }
    return array;
}

json::array days_of(const DomainSummary& domain) {
    json::array array;
    for (const auto& [day, sessions] : domain.days) {
        json::object object = json_of(sessions);
        object["day"] = to_date(day);
        array.push_back(std::move(object));
    }
    return array;
}

json::object json_of(const EnforceVerdict& verdict) {
    json::array criteria;
    for (const Criterion& criterion : verdict.criteria) {
        json::object object;
        object["name"] = criterion.name;
        object["met"] = criterion.met;
        object["words"] = criterion.words;
        criteria.push_back(std::move(object));
    }
    json::array advice;
    for (const std::string& one : verdict.advice) advice.push_back(json::string(one));
    json::object object;
    object["stage"] = to_string(verdict.stage);
    object["conclusion"] = verdict.conclusion;
    object["criteria"] = std::move(criteria);
    object["advice"] = std::move(advice);
    return object;
}

json::array domains_of(const ReportSummary& summary, Day today) {
    json::array array;
    for (const auto& [name, domain] : summary.domains()) {
        json::object object;
        object["domain"] = text_or_null(name);
        object["reports"] = domain.reports;
        const auto mode = domain.mode_until(today + most_days_ahead);
        object["mode"] = mode ? json::value(to_string(*mode)) : json::value(nullptr);
        object["sessions"] = sessions_of(domain);
        object["failures"] = failures_of(domain);
        object["days"] = days_of(domain);
        object["verdict"] = json_of(judge(domain, today));
        array.push_back(std::move(object));
    }
    return array;
}

}  // namespace

json::object json_of(const ReportFindings& findings, Day today) {
    const ReportSummary& summary = findings.summary;
    const bool any = summary.counted() > 0;
    json::array senders;
    for (const std::string& sender : summary.senders()) senders.push_back(json::string(sender));
    json::array problems;
    for (const ReportFindings::Problem& problem : findings.problems) {
        json::object object;
        object["where"] = problem.where;
        object["why"] = problem.why;
        problems.push_back(std::move(object));
    }
    json::object object;
    object["schema"] = json_schema;
    object["reports"] = summary.counted();
    object["duplicates"] = findings.duplicates;
    object["filtered_out"] = findings.filtered_out;
    object["broken"] = findings.broken;
    object["mails_without_report"] = findings.mails_without_report;
    object["other_files"] = findings.other_files;
    object["first"] = any ? json::value(to_date(summary.first())) : json::value(nullptr);
    object["last"] = any ? json::value(to_date(summary.last())) : json::value(nullptr);
    object["senders"] = std::move(senders);
    object["domains"] = domains_of(summary, today);
    object["problems"] = std::move(problems);
    return object;
}

}  // namespace sternpost
