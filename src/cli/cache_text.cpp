#include <array>
#include <cstdio>

#include "cache.hpp"
#include "sternpost/resolve/cache_operations.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

std::string line_of(const std::string& name, const std::string& value) {
    constexpr std::size_t width = 14;
    return name + std::string(name.size() < width ? width - name.size() : 1, ' ') + value + "\n";
}

// "2026-12-01T08:00:00Z" to the minute.
std::string short_time(const std::string& time) {
    constexpr std::size_t to_the_minute = 16;
    return time.empty() ? "-" : time.substr(0, to_the_minute) + "Z";
}

std::string columns(const std::array<std::string, 5>& cells) {
    constexpr std::array<std::size_t, 4> widths{36, 8, 18, 18};
    std::string line;
    for (std::size_t i = 0; i < widths.size(); ++i) {
        line += cells.at(i);
        line += std::string(cells.at(i).size() < widths.at(i) ? widths.at(i) - cells.at(i).size() : 1, ' ');
    }
    line += cells.back();
    return line;
}

std::string joined(const json::object& object, std::string_view key) {
    std::string text;
    const json::value* list = object.if_contains(key);
    if (list == nullptr || !list->is_array()) return text;
    for (const json::value& each : list->get_array())
        if (each.is_string()) text += (text.empty() ? "" : ", ") + std::string(each.get_string());
    return text;
}

std::string seconds_text(std::int64_t seconds) {
    return seconds <= 0 ? "is due" : "due in " + std::to_string(seconds) + " s";
}

std::string policy_text(const json::object& report) {
    if (text_in(report, "mode").empty()) return line_of("policy", "none");
    std::string text = line_of("policy", text_in(report, "mode") + ", id " + text_in(report, "id"));
    text += line_of("mx", joined(report, "mx"));
    text += line_of("max_age", std::to_string(number_in(report, "max_age")) + " s");
    const std::string relay = text_in(report, "learnt_by");
    const std::string by = relay.empty()        ? ""
                           : relay == by_import ? ", as an import says"
                                                : " by the relay " + relay;
    text += line_of("fetched", text_in(report, "fetched") + by);
    text += line_of("expires", text_in(report, "expires"));
    text += line_of("next refresh",
                    text_in(report, "refresh_at").empty() ? "none" : text_in(report, "refresh_at"));
    return text;
}

std::string failure_text(const json::object& report) {
    const json::object* failed = object_in(report, "failed");
    if (failed == nullptr) return "";
    return line_of("failed", std::to_string(number_in(*failed, "count")) + " times for id " +
                                 text_in(*failed, "id") + ", next try " + text_in(*failed, "next_try") +
                                 ": " + text_in(*failed, "reason"));
}

std::string txt_text(const json::object& report) {
    const json::object* txt = object_in(report, "txt");
    if (txt == nullptr) return "";
    const std::string state = text_in(*txt, "state");
    if (state == "unasked") return line_of("TXT record", "not looked at since the start");
    std::string text = state;
    if (state == "present") text += ", id " + text_in(*txt, "id");
    if (const std::string why = text_in(*txt, "why"); !why.empty()) text += " (" + why + ")";
    return line_of("TXT record", text + "; " + seconds_text(number_in(*txt, "due_in")));
}

std::string dane_text(const json::object& report) {
    std::string text;
    for_each_object(report, "dane", [&](const json::object& dane) {
        std::string route = is_true(dane, "bracketed") ? "[host]" : "MX hosts";
        if (number_in(dane, "port") != 25) route += " port " + std::to_string(number_in(dane, "port"));
        const std::string why = text_in(dane, "why");
        text += line_of("DANE", text_in(dane, "verdict") + " at " + route +
                                    (why.empty() ? "" : " (" + why + ")") + "; " +
                                    seconds_text(number_in(dane, "due_in")));
        for_each_object(dane, "hosts", [&](const json::object& host) {
            text += line_of(
                "", text_in(host, "name") + ": " + text_in(host, "dane") + " (" + text_in(host, "why") + ")");
        });
    });
    return text;
}

std::string answers_text(const json::object& report) {
    std::string text;
    const json::object* answers = object_in(report, "answers");
    if (answers == nullptr) return text;
    for (const auto& [map, answer] : *answers)
        text +=
            line_of("by " + std::string(map),
                    answer.is_string() ? text_in(*answers, map) : "not known without looking something up");
    return text;
}

std::string tally_text(const json::object& status, std::string_view key) {
    std::string text;
    if (const json::object* tally = object_in(status, key))
        for (const auto& [name, count] : *tally)
            if (count.is_int64() && count.get_int64() > 0)
                text +=
                    (text.empty() ? "" : ", ") + std::to_string(count.get_int64()) + " " + std::string(name);
    return text.empty() ? "none" : text;
}

std::string disk_text(const json::object& status) {
    const json::object* disk = object_in(status, "disk");
    if (disk == nullptr) return "";
    const std::string write = text_in(*disk, "write_trouble"), read = text_in(*disk, "read_trouble");
    if (write.empty() && read.empty()) return line_of("disk", "works");
    return line_of("disk", write.empty() ? read : write);
}

std::string servers_text(const json::object& status) {
    std::string text;
    for_each_object(status, "dns_servers", [&](const json::object& server) {
        text += line_of("DNS server", text_in(server, "server") + ": " + text_in(server, "state"));
    });
    return text;
}

std::string fleet_text(const json::object& status) {
    const json::object* fleet = object_in(status, "fleet");
    if (fleet == nullptr) return "";
    std::string text = line_of("fleet", is_true(*fleet, "working") ? "asked at " + text_in(*fleet, "server")
                                                                   : text_in(*fleet, "trouble"));
    text += line_of("", "as " + text_in(*fleet, "relay") + ", lookups: " + tally_text(*fleet, "lookups") +
                            "; ignored: " + tally_text(*fleet, "ignored"));
    const std::int64_t untold = number_in(*fleet, "untold");
    if (untold > 0)
        text += line_of("", std::to_string(untold) + " domains that the others are to be told of");
    return text;
}

}  // namespace

std::string list_heading() {
    return columns({"DOMAIN", "MODE", "EXPIRES", "NEXT REFRESH", "LAST FETCH"});
}

std::string list_line(const json::object& domain) {
    const json::object* failed = object_in(domain, "failed");
    const std::string mode = text_in(domain, "mode");
    return columns({text_in(domain, "domain"), mode.empty() ? "-" : mode,
                    short_time(text_in(domain, "expires")), short_time(text_in(domain, "refresh_at")),
                    failed != nullptr ? "failed: " + text_in(*failed, "reason")
                    : mode.empty()    ? "-"
                                      : "good"});
}

std::string domain_text(const json::object& report) {
    std::string text = line_of("domain", text_in(report, "domain"));
    if (const std::string action = text_in(report, "override"); !action.empty())
        text += line_of("override", action);
    text += policy_text(report) + failure_text(report) + txt_text(report) + dane_text(report);
    if (const std::string hosts = joined(report, "mx_hosts"); !hosts.empty())
        text += line_of("MX hosts", hosts);
    if (const std::string seen = text_in(report, "dane_seen"); !seen.empty())
        text += line_of("DANE seen", seen);
    text +=
        line_of("last used", text_in(report, "last_used").empty() ? "never" : text_in(report, "last_used"));
    if (!is_true(report, "on_disk") && !text_in(report, "mode").empty())
        text += line_of("disk", "the policy is NOT on disk: a restart would forget it");
    return text + answers_text(report) + "\n";
}

std::string status_text(const json::object& status) {
    std::string text = line_of("version", text_in(status, "version"));
    text += line_of("started", text_in(status, "started"));
    if (const json::object* questions = object_in(status, "questions")) {
        text += line_of("answers", tally_text(*questions, "answers"));
        text += line_of("questions", std::to_string(number_in(*questions, "from_memory")) +
                                         " answered from memory, " +
                                         std::to_string(number_in(*questions, "looked_up")) + " looked up");
        text += line_of("connections", std::to_string(number_in(*questions, "connections")));
    }
    if (const json::object* policies = object_in(status, "policies")) {
        const auto count = [&](const char* key) {
            return std::to_string(number_in(*policies, key)) + " " + key;
        };
        text += line_of("policies", count("enforce") + ", " + count("testing") + ", " + count("none") + ", " +
                                        count("expired"));
        text += line_of("refreshes", count("failing") + ", of these " +
                                         std::to_string(number_in(*policies, "ending")) +
                                         " near the end of their time");
    }
    text += line_of("in memory", std::to_string(number_in(status, "domains_in_memory")) + " domains");
    text += line_of("under way", std::to_string(number_in(status, "lookups")) + " lookups, " +
                                     std::to_string(number_in(status, "fetching")) + " fetches, " +
                                     std::to_string(number_in(status, "queued")) + " fetches waiting");
    text += line_of("TXT records", tally_text(status, "txt_records"));
    text += line_of("fetches", tally_text(status, "fetches"));
    text += line_of("DANE", tally_text(status, "dane"));
    return text + disk_text(status) + servers_text(status) + fleet_text(status);
}

}  // namespace sternpost
