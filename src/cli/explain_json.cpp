#include "explain_json.hpp"

#include <boost/json/array.hpp>
#include <string>

#include "json_schema.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/json/or_null.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

constexpr std::size_t max_text = 1000;
constexpr std::size_t max_reply_shown = 100'000;

json::string text(std::string_view remote) {
    return json::string(printable(remote, max_text));
}

json::value shown_or_null(std::string_view remote) {
    return text_or_null(printable(remote, max_text));
}

json::array texts(const std::vector<std::string>& remote) {
    json::array array;
    for (const std::string& one : remote) array.push_back(text(one));
    return array;
}

std::string_view word_for(PolicyLine::Verdict verdict) {
    switch (verdict) {
        case PolicyLine::Verdict::good:
            return "good";
        case PolicyLine::Verdict::ignored:
            return "ignored";
        case PolicyLine::Verdict::doubtful:
            return "doubtful";
        case PolicyLine::Verdict::wrong:
            break;
    }
    return "wrong";
}

std::string_view word_for(DomainDane state) {
    switch (state) {
        case DomainDane::in_force:
            return "in-force";
        case DomainDane::absent:
            return "absent";
        case DomainDane::doubtful:
            return "doubtful";
        case DomainDane::unvalidated:
            return "unvalidated";
        case DomainDane::undecided:
            break;
    }
    return "undecided";
}

json::object head_of(const Layer& layer) {
    json::object object;
    object["verdict"] = to_string(layer.verdict);
    object["summary"] = text(layer.summary);
    return object;
}

json::array chain_of(const std::vector<Certificate>& chain) {
    json::array array;
    for (const Certificate& certificate : chain) {
        json::object object;
        object["subject"] = text(certificate.subject);
        object["issuer"] = text(certificate.issuer);
        object["names"] = texts(certificate.names);
        object["not_before"] = to_iso8601(certificate.not_before);
        object["not_after"] = to_iso8601(certificate.not_after);
        array.push_back(std::move(object));
    }
    return array;
}

json::object json_of(const RecordLayer& layer) {
    json::object object = head_of(layer);
    object["id"] = shown_or_null(layer.id);
    json::array records;
    for (const SeenRecord& seen : layer.records) {
        json::object record;
        record["text"] = text(seen.text);
        record["counts"] = seen.counts;
        record["why"] = shown_or_null(seen.why);
        records.push_back(std::move(record));
    }
    object["records"] = std::move(records);
    return object;
}

json::object json_of(const PolicyHostLayer& layer) {
    json::object object = head_of(layer);
    object["host"] = text(layer.host);
    object["addresses"] = texts(layer.addresses);
    object["address"] = shown_or_null(layer.fetch.address);
    object["tls_version"] = shown_or_null(layer.fetch.tls_version);
    object["chain"] = chain_of(layer.fetch.chain);
    object["chain_fault"] = shown_or_null(layer.fetch.chain_fault);
    object["http_status"] = layer.fetch.status == 0 ? json::value(nullptr) : json::value(layer.fetch.status);
    object["content_types"] = texts(layer.fetch.content_types);
    object["location"] = shown_or_null(layer.fetch.location);
    object["milliseconds"] = layer.fetch.took.count();
    return object;
}

json::object json_of(const PolicyLayer& layer) {
    json::object object = head_of(layer);
    object["review"] = layer.review ? json::value(json_of(*layer.review)) : json::value(nullptr);
    return object;
}

json::value json_of(const std::optional<StarttlsReport>& report) {
    if (!report) return nullptr;
    json::object object;
    object["address"] = shown_or_null(report->address);
    object["offered"] = report->offered;
    object["tls_version"] = shown_or_null(report->tls_version);
    object["chain"] = chain_of(report->chain);
    object["certified"] = report->certified();
    object["chain_fault"] = shown_or_null(report->chain_fault);
    object["dane_matches"] = report->dane == StarttlsReport::Dane::not_looked_at
                                 ? json::value(nullptr)
                                 : json::value(report->dane == StarttlsReport::Dane::matches);
    object["dane_fault"] = shown_or_null(report->dane_fault);
    object["failure"] = shown_or_null(report->failure);
    return object;
}

json::object json_of(const MxHostSeen& host) {
    json::object object;
    object["name"] = text(host.name);
    object["preference"] = or_null(host.preference);
    object["passes_by"] = shown_or_null(host.passes_by);
    object["dane"] = to_string(host.dane.dane);
    object["dane_why"] = text(host.dane.why);
    object["starttls"] = json_of(host.starttls);
    object["lets_mail_through"] = or_null(host.lets_mail_through);
    return object;
}

json::object json_of(const MxLayer& layer) {
    json::object object = head_of(layer);
    object["signed"] = or_null(layer.is_signed);
    json::array hosts;
    for (const MxHostSeen& host : layer.hosts) hosts.push_back(json_of(host));
    object["hosts"] = std::move(hosts);
    return object;
}

json::object json_of(const DaneLayer& layer) {
    json::object object = head_of(layer);
    object["state"] = word_for(layer.state);
    return object;
}

json::object json_of(const TlsReportLayer& layer) {
    json::object object = head_of(layer);
    object["records"] = texts(layer.records);
    object["rua"] = texts(layer.rua);
    return object;
}

json::object json_of(const FleetLayer& layer) {
    json::object object = head_of(layer);
    object["id"] = shown_or_null(layer.id);
    object["mode"] = shown_or_null(layer.mode);
    object["relay"] = shown_or_null(layer.relay);
    object["fetched"] = or_null(layer.fetched);
    object["expires"] = or_null(layer.expires);
    return object;
}

json::array json_of(const std::vector<MapAnswer>& answers) {
    json::array array;
    for (const MapAnswer& answer : answers) {
        json::object object;
        object["map"] = answer.map;
        object["reply"] = json::string(printable(answer.reply, max_reply_shown));
        object["postfix"] = answer.postfix;
        object["effect"] = answer.effect;
        array.push_back(std::move(object));
    }
    return array;
}

}  // namespace

json::object json_of(const PolicyReview& review) {
    json::object object;
    object["usable"] = review.policy.has_value();
    object["mode"] = review.policy ? json::value(to_string(review.policy->mode)) : json::value(nullptr);
    object["max_age"] = review.policy ? json::value(review.policy->max_age.count()) : json::value(nullptr);
    json::array mx;
    if (review.policy)
        for (const MxPattern& pattern : review.policy->mx) mx.push_back(text(pattern.text()));
    object["mx"] = std::move(mx);
    json::array lines;
    for (const PolicyLine& line : review.lines) {
        json::object one;
        one["number"] = line.number;
        one["text"] = text(line.text);
        one["verdict"] = word_for(line.verdict);
        one["why"] = shown_or_null(line.why);
        lines.push_back(std::move(one));
    }
    object["lines"] = std::move(lines);
    object["faults"] = texts(review.faults);
    object["advice"] = texts(review.advice);
    return object;
}

json::object json_of(const Explanation& told) {
    json::object object;
    object["schema"] = json_schema;
    object["key"] = text(told.key);
    object["domain"] = shown_or_null(told.domain);
    object["outcome"] = to_string(told.outcome);
    object["conclusion"] = text(told.conclusion);
    object["advice"] = texts(told.advice);
    object["override"] = shown_or_null(told.decided);
    const auto looked_at = [&told](const auto& layer) {
        return told.domain.empty() ? json::value(nullptr) : json::value(json_of(layer));
    };
    object["record"] = looked_at(told.record);
    object["policy_host"] = looked_at(told.policy_host);
    object["policy"] = looked_at(told.policy);
    object["mx"] = looked_at(told.mx);
    object["dane"] = looked_at(told.dane);
    object["tls_reports"] = looked_at(told.tls_reports);
    if (told.fleet) object["fleet"] = json_of(*told.fleet);
    object["answers"] = json_of(told.answers);
    return object;
}

}  // namespace sternpost
