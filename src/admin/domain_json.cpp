#include "domain_json.hpp"

#include "sternpost/base/printable.hpp"
#include "sternpost/resolve/cache_operations.hpp"
#include "sternpost/resolve/resolve_figures.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

json::array to_array(const std::vector<std::string>& texts) {
    json::array array;
    for (const std::string& text : texts) array.emplace_back(printable(text));
    return array;
}

void add_policy(json::object& to, const CachedPolicy& cached, PolicyText text) {
    to["id"] = cached.id;
    to["mode"] = to_string(cached.policy.mode);
    json::array mx;
    for (const MxPattern& pattern : cached.policy.mx) mx.emplace_back(pattern.text());
    to["mx"] = std::move(mx);
    to["max_age"] = cached.policy.max_age.count();
    to["fetched"] = to_iso8601(cached.fetched);
    to["expires"] = to_iso8601(cached.expires());
    if (!cached.learnt_by.empty()) to["learnt_by"] = printable(cached.learnt_by);
    if (text == PolicyText::given) to["body"] = cached.body;
}

json::object to_json(const FailedFetch& failed) {
    json::object object;
    object["id"] = printable(failed.id);
    object["count"] = failed.count;
    object["next_try"] = to_iso8601(failed.next_try);
    object["reason"] = printable(failed.reason);
    return object;
}

json::object to_json(const KnownDane& dane) {
    json::object object;
    object["bracketed"] = dane.bracketed;
    object["port"] = dane.port;
    object["verdict"] = dane_verdicts.at(static_cast<std::size_t>(dane.state.verdict));
    if (!dane.state.why.empty()) object["why"] = printable(dane.state.why);
    object["due_in"] = dane.due.count();
    json::array hosts;
    for (const MxHost& host : dane.state.hosts) {
        json::object& one = hosts.emplace_back(json::object()).as_object();
        one["name"] = printable(host.name);
        one["dane"] = to_string(host.dane);
        one["why"] = printable(host.why);
    }
    object["hosts"] = std::move(hosts);
    return object;
}

}  // namespace

json::object to_json(const DomainRecord& record, PolicyText text) {
    json::object object;
    object["domain"] = record.domain;
    if (record.policy) add_policy(object, *record.policy, text);
    if (record.refresh_at) object["refresh_at"] = to_iso8601(*record.refresh_at);
    if (record.last_used != WallTime()) object["last_used"] = to_iso8601(record.last_used);
    if (record.failed) object["failed"] = to_json(*record.failed);
    if (record.dane_seen) object["dane_seen"] = to_iso8601(*record.dane_seen);
    const bool ours = !record.policy || record.policy->learnt_by != by_import;
    if (text == PolicyText::given && ours) object[export_mark] = export_form;
    return object;
}

json::object to_json(const DomainReport& report) {
    json::object object = to_json(report.record, PolicyText::left_out);
    if (report.record.policy) object["body"] = report.record.policy->body;
    object["on_disk"] = report.on_disk;
    object["in_memory"] = report.in_memory;
    object["looked_up_now"] = report.looked_up_now;
    if (!report.override_action.empty()) object["override"] = report.override_action;
    json::object& txt = (object["txt"] = json::object()).as_object();
    txt["state"] = report.txt;
    if (!report.txt_id.empty()) txt["id"] = report.txt_id;
    if (!report.txt_why.empty()) txt["why"] = printable(report.txt_why);
    if (report.txt != "unasked") txt["due_in"] = report.txt_due.count();
    if (report.mx_hosts) object["mx_hosts"] = to_array(*report.mx_hosts);
    json::array dane;
    for (const KnownDane& known : report.dane) dane.push_back(to_json(known));
    object["dane"] = std::move(dane);
    json::object answers;
    for (const KnownAnswer& answer : report.answers)
        answers[answer.map] =
            answer.reply ? json::value(printable(*answer.reply, answer.reply->size() + 3)) : nullptr;
    object["answers"] = std::move(answers);
    return object;
}

}  // namespace sternpost
