#include "status_page.hpp"

#include <algorithm>

#include "chart.hpp"
#include "html.hpp"
#include "status_json.hpp"
#include "status_style.hpp"

namespace sternpost {

namespace {

using std::string;
using std::string_view;

enum KindOfAnswer : std::size_t { temporary_failures = 3 };  // its place in answer_kinds
static_assert(answer_kinds[temporary_failures] == "temp");
// A lost packet or two say nothing.
constexpr std::uint64_t few_questions = 4;

string element(string_view name, string_view look, string_view content) {
    const string with = look.empty() ? "" : " class=\"" + string(look) + "\"";
    return "<" + string(name) + with + ">" + string(content) + "</" + string(name) + ">";
}

// "3 h", for a time that is not shown to the second.
string span(std::chrono::seconds time) {
    const auto count = std::max<std::int64_t>(time.count(), 0);
    if (count < 120) return std::to_string(count) + "&#160;s";
    if (count < 7200) return std::to_string(count / 60) + "&#160;min";
    if (count < 172'800) return std::to_string(count / 3600) + "&#160;h";
    return std::to_string(count / 86'400) + "&#160;days";
}

string ago(std::chrono::seconds time) {
    return time.count() <= 0 ? "now" : span(time) + " ago";
}

string until(std::chrono::seconds time) {
    return time.count() <= 0 ? "now" : span(time);
}

string cell(string_view look, string_view is, const string& content) {
    const string told = is.empty() ? "" : " data-is=\"" + string(is) + "\"";
    return "<td class=\"" + string(look) + "\"" + told + ">" + content + "</td>";
}

string table(const std::vector<string_view>& heads, const std::vector<string>& rows) {
    string names;
    for (const string_view head : heads) names += element("th", "", head);
    string text =
        "<table>" + (names.empty() ? "" : element("thead", "", element("tr", "", names))) + "<tbody>\n";
    for (const string& row : rows) text += element("tr", "", row) + "\n";
    return text + "</tbody></table>\n";
}

string card(string_view heading, const string& content) {
    return "<section class=\"card\">" + element("h2", "", heading) + "\n" + content + "</section>\n";
}

string tile(string_view what, const string& value, string_view look = "") {
    return "<div>" + element("dt", "", what) + element("dd", look, value) + "</div>\n";
}

AnswerCounts sum_of(const std::vector<AnswerCounts>& minutes) {
    AnswerCounts sum;
    for (const AnswerCounts& minute : minutes) sum.add(minute);
    return sum;
}

string part_of(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? "&#8211;" : std::to_string(part * 100 / whole) + "&#160;%";
}

string tiles(const StatusFacts& facts) {
    const AnswerCounts hour = sum_of(facts.minutes);
    const auto& policies = facts.figures.policies;
    const auto of_mode = [&](Mode mode) {
        return policies ? html(policies->unexpired.at(static_cast<std::size_t>(mode))) : "?";
    };
    const std::size_t nearly_all = hour.time_class(0.99);
    const std::uint64_t deferred = hour.by_kind.at(temporary_failures);
    string text = "<dl class=\"tiles\">\n";
    text += tile("Answers, last hour", html(hour.all()));
    text += tile("99 of 100 answers", hour.all() == 0 ? "&#8211;" : words_for_time_class(nearly_all));
    text += tile("From memory", part_of(hour.from_memory, hour.from_memory + hour.looked_up));
    text += tile("Mail put off (TEMP)", html(deferred), deferred > 0 ? "warn" : "");
    text += tile("Enforce policies", of_mode(Mode::enforce));
    text += tile("Testing policies", of_mode(Mode::testing));
    text += tile("Refresh fails", policies ? html(policies->failing) : "?",
                 policies && policies->failing > 0 ? "warn" : "");
    text += tile("Connections of Postfix", html(facts.figures.socketmap.connections.value()));
    return text + "</dl>\n";
}

struct Colour {
    string_view look;
    string_view words;
};

string legend(const std::vector<Colour>& colours) {
    string text = "<ul class=\"legend\">";
    for (const Colour& colour : colours)
        text += "<li><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"" + string(colour.look) +
                "\" width=\"10\" height=\"10\"/></svg>" + string(colour.words) + "</li>";
    return text + "</ul>\n";
}

string charts(const StatusFacts& facts) {
    std::vector<Colour> kinds;
    for (const string_view kind : pictured_kinds) kinds.push_back({kind, kind});
    return "<div class=\"pair\">\n" + card("Answers a minute", legend(kinds) + answers_chart(facts.minutes)) +
           card("Time to answer", legend({{"half", "half of the answers"}, {"range", "99 of 100"}}) +
                                      times_chart(facts.minutes)) +
           "</div>\n";
}

string failing(const StatusFacts& facts) {
    const auto& policies = facts.figures.policies;
    const string none = "<p class=\"soft\">None: every policy could be fetched when it was last tried.</p>\n";
    if (facts.named->failing.empty()) return card("Refresh fails", none);
    std::vector<string> rows;
    for (const DomainRecord& record : facts.named->failing) {
        if (!record.failed) continue;
        const FailedFetch& failed = *record.failed;
        rows.push_back(
            cell("name", "", html(record.domain)) +
            cell("short", "policy ends in", span(record.policy->expires() - facts.now)) +
            cell("short", "next try in", until(failed.next_try - facts.now)) +
            cell("short", "failures", html(static_cast<std::uint64_t>(std::max(failed.count, 0)))) +
            cell("", "", html(failed.reason)));
    }
    const string all = policies && policies->failing > rows.size()
                           ? "<p class=\"soft\">The next to end of " + html(policies->failing) + ".</p>\n"
                           : "";
    return card("Refresh fails",
                all + table({"Domain", "Policy ends in", "Next try in", "Failures", "Why"}, rows));
}

string ending(const StatusFacts& facts) {
    if (facts.named->ending.empty())
        return card("Next to run out", "<p class=\"soft\">There is no policy yet.</p>\n");
    std::vector<string> rows;
    for (const DomainRecord& record : facts.named->ending) {
        const string refresh = record.refresh_at ? until(*record.refresh_at - facts.now) : string("&#8211;");
        rows.push_back(cell("name", "", html(record.domain)) +
                       cell("short", "", string(to_string(record.policy->policy.mode))) +
                       cell("short", "ends in", span(record.policy->expires() - facts.now)) +
                       cell("short", "refreshed in", refresh) +
                       cell("short", "last asked for", ago(facts.now - record.last_used)));
    }
    return card(
        "Next to run out",
        "<p class=\"soft\">What mail goes to is refreshed long before; what nobody asks for runs out.</p>\n" +
            table({"Domain", "Mode", "Ends in", "Refreshed in", "Last asked for"}, rows));
}

// The first word of an answer stands out.
string answer_text(const string& reply) {
    constexpr std::size_t enough = 160;
    string_view rest = reply;
    if (rest.starts_with("OK ")) rest.remove_prefix(3);
    const string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size());
    const string_view look = word == "TEMP" ? "warn" : word == "NOTFOUND" ? "soft" : "good";
    return element("b", look, html(word)) + element("code", "", html(rest, enough));
}

// What is to be done about one of the operator's own domains.
string to_be_done(const std::vector<Remark>& remarks) {
    string text;
    for (const Remark& remark : remarks)
        if (remark.level != Level::note)
            text += element("p", remark.level == Level::broken ? "bad" : "warn", html(remark.what));
    return text.empty() ? element("span", "good", "nothing") : text;
}

string watched(const StatusFacts& facts) {
    if (facts.figures.watched.empty()) return "";
    const auto end = [&](const std::optional<WallTime>& time) {
        return time ? span(*time - facts.now) : string("&#8211;");
    };
    std::vector<string> rows;
    for (const WatchedDomain& one : facts.figures.watched) {
        const string name = cell("name", "", html(one.domain));
        if (one.survey)
            rows.push_back(name + cell("short", "", string(to_string(one.survey->stage))) +
                           cell("short", "certificate ends in", end(one.survey->certificate_end)) +
                           cell("short", "of an MX host in", end(one.survey->mx_certificate_end)) +
                           cell("short", "looked at", ago(facts.now - one.looked)) +
                           cell("", "to be done:", to_be_done(one.survey->findings)));
        else
            rows.push_back(name + cell("soft", "", "not looked at yet"));
    }
    return card("Your domains", table({"Domain", "Stage", "Certificate ends in", "Of an MX host in",
                                       "Looked at", "To be done"},
                                      rows));
}

string decisions(const StatusFacts& facts) {
    if (facts.named->decisions.empty())
        return card("Recent decisions",
                    "<p class=\"soft\">Nothing has been looked up since the start.</p>\n");
    std::vector<string> rows;
    for (const Decision& decision : facts.named->decisions)
        rows.push_back(cell("short", "", ago(facts.now - decision.at)) +
                       cell("name", "", html(decision.next_hop)) + cell("", "", answer_text(decision.reply)) +
                       cell("", "because:", html(decision.why)));
    return card("Recent decisions", "<p class=\"soft\">Answers that were not the one before.</p>\n" +
                                        table({"When", "Destination", "Answer", "Why"}, rows));
}

string_view look_of(const DnsFigures& dns, Validation validation) {
    if (!dns.validation_wanted) return "soft";
    return validation == Validation::yes ? "good" : validation == Validation::no ? "warn" : "soft";
}

string health(const StatusFacts& facts) {
    const StoreFigures& store = facts.figures.store;
    const auto disk = [](const string& trouble) {
        return trouble.empty() ? element("span", "good", "works") : element("span", "bad", html(trouble));
    };
    std::vector<string> rows;
    const DnsFigures& dns = facts.figures.dns;
    for (const DnsServerState& server : dns.servers)
        rows.push_back(
            cell("name", "", "DNS server " + html(server.name)) +
            cell("", "", element("span", look_of(dns, server.validation), words_for(dns, server))));
    rows.push_back(cell("name", "", "Disk, reading") + cell("", "", disk(store.read_trouble)));
    rows.push_back(cell("name", "", "Disk, writing") + cell("", "", disk(store.write_trouble)));
    if (const auto& fleet = facts.figures.fleet)
        rows.push_back(cell("name", "", "Fleet, as " + html(fleet->relay)) +
                       cell("", "",
                            fleet->working ? element("span", "good", "works") + " by " + html(fleet->server) +
                                                 ", " + html(fleet->lookups.count_of("policy")) +
                                                 " policies of other relays found"
                                           : element("span", "warn", html(fleet->trouble)) + "; " +
                                                 html(fleet->untold) + " domains are to be told of"));
    rows.push_back(cell("name", "", "Under way") +
                   cell("", "",
                        html(facts.figures.resolve.lookups) + " lookups, " +
                            html(facts.figures.https.fetching) + " fetches, " +
                            html(facts.figures.https.queued) + " in line"));
    rows.push_back(cell("name", "", "Known") +
                   cell("", "",
                        html(facts.figures.resolve.domains_in_memory) + " domains in memory, " +
                            (facts.figures.policies ? html(facts.figures.policies->domains) : "?") +
                            " on disk"));
    return card("Resolver and disk", table({}, rows));
}

string without_names() {
    return card("Domains",
                "<p class=\"soft\">Names are told on loopback and at the admin socket alone: make the "
                "metrics address one "
                "on loopback, or ask on this host, \"curl --unix-socket /run/sternpost/admin.sock "
                "http://localhost/\".</p>\n");
}

string header(const StatusFacts& facts, bool well) {
    return "<header>" + element("h1", "", "sternpostd <small>" + html(facts.figures.version) + "</small>") +
           element("p", well ? "verdict good" : "verdict bad", well ? "All is well" : "Needs attention") +
           element("p", "soft",
                   "Up for " + span(facts.now - facts.figures.started) + ", since " +
                       to_iso8601(facts.figures.started) + ". As of " + to_iso8601(facts.now) +
                       "; anew each minute.") +
           "</header>\n";
}

bool is_without_dns(const DnsCounts& lately) {
    return lately.unanswered >= few_questions && lately.unanswered * 4 > lately.asked;
}

// One that has not said anything yet may still do so; where it stays silent, its questions have no answer either.
bool lacks_validation(const DnsFigures& dns) {
    const auto is = [&](Validation what) {
        return std::ranges::find(dns.servers, what, &DnsServerState::validation) != dns.servers.end();
    };
    return dns.validation_wanted && is(Validation::no) && !is(Validation::yes);
}

}  // namespace

std::vector<string> troubles_of(const StatusFacts& facts) {
    std::vector<string> troubles;
    const auto& [figures, now, answering, minutes, named, dns_lately] = facts;
    if (!answering) troubles.emplace_back("Questions of Postfix are not answered.");
    if (!figures.store.write_trouble.empty())
        troubles.push_back("A restart would forget what is learnt now: " + html(figures.store.write_trouble) +
                           ".");
    if (!figures.store.read_trouble.empty())
        troubles.push_back("What is known cannot be read: " + html(figures.store.read_trouble) + ".");
    if (figures.policies && figures.policies->ending > 0)
        troubles.push_back(html(figures.policies->ending) +
                           " policies that cannot be refreshed have less than a fifth of their time left.");
    const auto broken = std::ranges::count_if(figures.watched, [](const WatchedDomain& one) {
        return one.survey && worst(one.survey->findings) == Level::broken;
    });
    if (broken > 0)
        troubles.push_back("Something is broken at " + html(static_cast<std::uint64_t>(broken)) +
                           " of your own domains: \"sternpost watch\" says what.");
    if (figures.dns.servers.empty()) troubles.emplace_back("There is no DNS server to ask.");
    if (is_without_dns(dns_lately))
        troubles.push_back(html(dns_lately.unanswered) + " of the " + html(dns_lately.asked) +
                           " DNS questions of the last minutes had no answer.");
    if (lacks_validation(figures.dns))
        troubles.emplace_back(
            "DANE is wanted, and no DNS server validates, so that MTA-STS alone decides: \"sternpost "
            "doctor\" "
            "looks at the resolver.");
    if (figures.fleet && !figures.fleet->working)
        troubles.push_back(
            "The fleet cannot be asked; this relay goes on alone: " + html(figures.fleet->trouble) + ".");
    if (figures.cache_losses > 0)
        troubles.push_back("A broken or removed cache file was begun anew since the start, " +
                           html(figures.cache_losses) + " times: what was known before is lost.");
    return troubles;
}

string status_page(const StatusFacts& facts) {
    const auto troubles = troubles_of(facts);
    string text =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
        "<meta name=\"color-scheme\" content=\"light dark\"/>"
        "<meta http-equiv=\"refresh\" content=\"60\"/>";
    text +=
        element("title", "", troubles.empty() ? "sternpostd: all is well" : "sternpostd: needs attention");
    text.append("<style>").append(status_style).append("</style></head>\n<body>\n");
    text += header(facts, troubles.empty());
    if (!troubles.empty()) {
        text += "<ul class=\"card troubles\">";
        for (const string& trouble : troubles) text += element("li", "", trouble);
        text += "</ul>\n";
    }
    text += "<main>\n" + tiles(facts) + charts(facts);
    text +=
        facts.named ? watched(facts) + failing(facts) + decisions(facts) + ending(facts) : without_names();
    return text + health(facts) + "</main>\n</body></html>\n";
}

}  // namespace sternpost
