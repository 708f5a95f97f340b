#include "resources.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <utility>

#include "bulk_import.hpp"
#include "domain_json.hpp"
#include "status_json.hpp"
#include "status_page.hpp"
#include "status_style.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/json/ascii_json.hpp"
#include "sternpost/log/log.hpp"
#include "sternpost/loop/wait.hpp"
#include "sternpost/policy/next_hop.hpp"
#include "sternpost/survey/survey_json.hpp"

namespace asio = boost::asio;
namespace json = boost::json;
using asio::awaitable;

namespace sternpost {

namespace {

constexpr std::string_view any_domain = "*";

Response of_json(const json::value& value) {
    Response response;
    response.type = json_text;
    response.body = ascii_json(value) + "\n";
    return response;
}

json::object to_json(const WatchedDomain& watched) {
    json::object object;
    if (watched.survey) object = json_of(*watched.survey);
    object["domain"] = watched.domain;
    object["looked"] = watched.survey ? json::value(to_iso8601(watched.looked)) : json::value(nullptr);
    return object;
}

unsigned status_of(Errc code) {
    return code == Errc::invalid ? 400 : 503;
}

bool fits(const std::vector<std::string_view>& pattern, const std::vector<std::string>& path) {
    return std::ranges::equal(pattern, path, [](std::string_view want, const std::string& part) {
        return want == any_domain || want == part;
    });
}

std::optional<std::size_t> page_size(std::string_view text) {
    std::size_t size = max_page;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    const bool right = text.empty() || (error == std::errc() && end == text.data() + text.size() && size > 0);
    return right ? std::optional(std::min(size, max_page)) : std::nullopt;
}

}  // namespace

struct Resources::Resource {
    std::string_view method;
    std::vector<std::string_view> path;  // any_domain: the name of a domain, which is then normalised
    bool for_scrapers;
    bool takes_body;
    Answer (Resources::*answer)(Request);
};

const std::vector<Resources::Resource>& Resources::all() {
    static const std::vector<Resource> resources{
        {"GET", {}, true, false, &Resources::page},
        {"GET", {"metrics"}, true, false, &Resources::metrics},
        {"GET", {"healthz"}, true, false, &Resources::healthz},
        {"GET", {"readyz"}, true, false, &Resources::readyz},
        {"GET", {"v1", "status"}, false, false, &Resources::status},
        {"GET", {"v1", "policies"}, false, false, &Resources::policies},
        {"POST", {"v1", "policies"}, false, true, &Resources::import},
        {"GET", {"v1", "policies", any_domain}, false, false, &Resources::policy},
        {"DELETE", {"v1", "policies", any_domain}, false, false, &Resources::forget},
        {"POST", {"v1", "policies", any_domain, "refresh"}, false, false, &Resources::refresh},
        {"POST", {"v1", "policies", any_domain, "learn"}, false, false, &Resources::learn},
        {"GET", {"v1", "watch"}, false, false, &Resources::watched},
        {"POST", {"v1", "watch", any_domain, "look"}, false, false, &Resources::look},
    };
    return resources;
}

Resources::Resources(asio::any_io_executor executor, AdminSources sources)
    : executor_(std::move(executor)),
      sources_(std::move(sources)),
      census_(executor_, sources_.store, sources_.clock),
      history_(sources_.socketmap),
      started_(sources_.clock.wall()) {}

Resources::Answer Resources::answer(Request request, Audience audience) {
    const Resource* found = nullptr;
    std::string allow;
    for (const Resource& resource : all()) {
        if (!fits(resource.path, request.path)) continue;
        if (audience != Audience::operators && !resource.for_scrapers) continue;
        allow += (allow.empty() ? "" : ", ") +
                 std::string(resource.method == "GET" ? "GET, HEAD" : resource.method);
        if (resource.method == request.method) found = &resource;
    }
    if (allow.empty()) co_return refusal(404, "there is nothing here");
    if (found == nullptr) {
        Response refused = refusal(405, "this takes " + allow);
        refused.allow = allow;
        co_return refused;
    }
    request.audience = audience;
    if (!request.body.empty() && !found->takes_body) co_return refusal(400, "this takes no body");
    if (found->path.size() > 2) {
        auto domain = read_mail_domain(request.path[2]);
        if (!domain) co_return refusal(400, "\"" + request.path[2] + "\" is no domain of mail");
        request.path[2] = std::move(*domain);
    }
    co_return co_await (this->*found->answer)(std::move(request));
}

const std::vector<WatchedDomain>& Resources::watched_domains() const {
    static const std::vector<WatchedDomain> none;
    return sources_.watch == nullptr ? none : sources_.watch->domains();
}

awaitable<AllFigures> Resources::figures() {
    const auto counts = co_await census_.counts();
    const AllFigures now{sources_.socketmap,
                         sources_.cache.figures(),
                         sources_.dns(),
                         sources_.https(),
                         sources_.store.figures(),
                         sources_.store.losses(),
                         counts,
                         sources_.version,
                         started_,
                         sources_.fleet(),
                         watched_domains()};
    co_return now;
}

Resources::Answer Resources::page(Request request) {
    const AllFigures now = co_await figures();
    StatusFacts facts{now,          sources_.clock.wall(),       answering_, history_.minutes(),
                      std::nullopt, dns_history_.lately(now.dns)};
    if (request.audience != Audience::scrapers)
        facts.named =
            StatusFacts::Named{census_.failing(), census_.ending(), sources_.cache.recent_decisions()};
    Response response;
    response.type = html_text;
    response.content_policy = status_content_policy;
    response.body = status_page(facts);
    co_return response;
}

Resources::Answer Resources::metrics(Request request) {
    const AllFigures now = co_await figures();
    Response response;
    response.type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = metrics_text(now, request.audience == Audience::scrapers ? Names::left_out : Names::told);
    co_return response;
}

// The resolve loop is alive, or this would not run.
awaitable<bool> Resources::answer_loop_lives() {
    struct Sign {
        explicit Sign(const asio::any_io_executor& executor) : timer(executor, sign_of_life_time) {}
        asio::steady_timer timer;
        bool given = false;
    };
    const auto sign = std::make_shared<Sign>(executor_);
    asio::post(sources_.answer_loop, [sign, executor = executor_] {
        asio::post(executor, [sign] {
            sign->given = true;
            sign->timer.cancel();
        });
    });
    if (!sign->given) co_await wait(sign->timer);
    co_return sign->given;
}

Resources::Answer Resources::healthz(Request) {
    const bool lives = co_await answer_loop_lives();
    Response response;
    response.status = lives ? 200 : 503;
    response.body = lives ? "ok\n" : "the loop that answers Postfix does not run\n";
    co_return response;
}

Resources::Answer Resources::readyz(Request) {
    Response response;
    response.status = answering_ ? 200 : 503;
    response.body = std::string("answers: ") + (answering_ ? "yes" : "no") + "\n";
    const StoreFigures store = sources_.store.figures();
    const std::string& trouble = store.write_trouble.empty() ? store.read_trouble : store.write_trouble;
    response.body += "disk: " + (trouble.empty() ? "ok" : printable(trouble)) + "\n";
    const DnsFigures dns = sources_.dns();
    for (const DnsServerState& server : dns.servers)
        response.body += "dns " + server.name + ": " + std::string(words_for(dns, server)) + "\n";
    if (dns.servers.empty()) response.body += "dns: there is no server to ask\n";
    if (const auto fleet = sources_.fleet())
        response.body +=
            "fleet: " + (fleet->working ? "ok, by " + fleet->server : printable(fleet->trouble)) + "\n";
    co_return response;
}

Resources::Answer Resources::status(Request) {
    const AllFigures now = co_await figures();
    json::object status = status_json(now, sources_.clock.wall(), answering_);
    status["listening"] = json::array(sources_.listening.begin(), sources_.listening.end());
    co_return of_json(status);
}

Resources::Answer Resources::policies(Request request) {
    const auto limit = page_size(request.parameter("limit"));
    if (!limit) co_return refusal(400, "limit is a number from 1 on");
    const PolicyText text = request.parameter("full") == "yes" ? PolicyText::given : PolicyText::left_out;
    // A page of records with their texts may be large, and is read in parts.
    constexpr std::size_t part = 50;
    std::string after(request.parameter("after"));
    std::string body;
    bool more = true;
    for (std::size_t listed = 0; more && listed < *limit && body.size() < max_page_bytes;) {
        const std::size_t wanted = std::min(part, *limit - listed);
        const auto records = sources_.store.list(after, wanted);
        if (!records) co_return refusal(503, records.error().detail);
        for (const DomainRecord& record : *records)
            body += (body.empty() ? "" : ",\n") + ascii_json(to_json(record, text));
        more = records->size() == wanted;
        listed += records->size();
        if (!records->empty()) after = records->back().domain;
        co_await asio::post(executor_, asio::use_awaitable);
    }
    Response response;
    response.type = json_text;
    response.body =
        "{\"policies\": [" + body + "],\n\"next\": " + (more ? "\"" + after + "\"" : "null") + "}\n";
    co_return response;
}

Resources::Answer Resources::import(Request request) {
    if (std::ranges::count(request.body, '\n') > static_cast<std::ptrdiff_t>(max_import_lines))
        co_return refusal(413, "more than " + std::to_string(max_import_lines) + " lines");
    BulkImport import(executor_, sources_.cache);
    const json::object result = co_await import.take(std::move(request.body), sources_.clock.wall());
    say(LogLevel::info, Topic::admin, "{} imported policies: {}", request.peer,
        ascii_json(BulkImport::summary_of(result)));
    co_return of_json(result);
}

Response Resources::report(const std::string& domain, const json::object& extra) {
    const auto report = sources_.cache.report(domain);
    if (!report) return refusal(status_of(report.error().code), report.error().detail);
    json::object object = to_json(*report);
    for (auto& [key, value] : extra) object[key] = value;
    Response response = of_json(object);
    if (!report->known() && extra.empty()) response.status = 404;
    return response;
}

Resources::Answer Resources::policy(Request request) {
    co_return report(request.path[2], {});
}

Resources::Answer Resources::forget(Request request) {
    const std::string& domain = request.path[2];
    const auto before = sources_.cache.report(domain);
    if (!before) co_return refusal(status_of(before.error().code), before.error().detail);
    const bool asked_twice = request.parameter("unexpired") == "yes";
    const bool protects = before->record.policy && before->record.policy->policy.mode == Mode::enforce &&
                          sources_.clock.wall() < before->record.policy->expires();
    if (protects && !asked_twice)
        co_return refusal(409, domain + " has an enforce policy until " +
                                   to_iso8601(before->record.policy->expires()) +
                                   "; ?unexpired=yes forgets it nevertheless");
    const auto forgotten = sources_.cache.forget(domain);
    if (!forgotten) co_return refusal(status_of(forgotten.error().code), forgotten.error().detail);
    if (!*forgotten) co_return refusal(404, "nothing is known of " + domain);
    say(protects ? LogLevel::warning : LogLevel::info, {Topic::admin, domain}, "{} had it forgotten{}",
        request.peer, protects ? ", with its enforce policy" : "");
    json::object said;
    said["forgotten"] = domain;
    co_return of_json(said);
}

Resources::Answer Resources::refresh(Request request) {
    const std::string& domain = request.path[2];
    const auto refreshed = co_await sources_.cache.refresh(domain);
    if (!refreshed) co_return refusal(status_of(refreshed.error().code), refreshed.error().detail);
    say(LogLevel::info, {Topic::admin, domain}, "{} had it refreshed: {}", request.peer,
        refreshed->fetched ? "fetched" : printable(refreshed->why));
    json::object extra;
    extra["refreshed"] = refreshed->fetched;
    if (!refreshed->fetched) extra["why"] = printable(refreshed->why);
    co_return report(domain, extra);
}

Resources::Answer Resources::learn(Request request) {
    const std::string& domain = request.path[2];
    const auto learnt = co_await sources_.cache.learn(domain);
    if (!learnt) co_return refusal(status_of(learnt.error().code), learnt.error().detail);
    json::object extra;
    extra["learnt"] = true;
    co_return report(domain, extra);
}

Resources::Answer Resources::watched(Request) {
    json::array domains;
    for (const WatchedDomain& one : watched_domains()) domains.push_back(to_json(one));
    json::object object;
    object["domains"] = std::move(domains);
    co_return of_json(object);
}

Resources::Answer Resources::look(Request request) {
    const std::string& domain = request.path[2];
    bool done = false;
    if (sources_.watch != nullptr) done = co_await sources_.watch->look(domain);
    const auto& all = watched_domains();
    const auto found = std::ranges::find(all, domain, &WatchedDomain::domain);
    if (found == all.end())
        co_return refusal(404, domain + " is not watched; name it in \"domains\" of [watch] and reload");
    if (!done) co_return refusal(503, "sternpostd ends");
    say(LogLevel::info, {Topic::admin, domain}, "{} had it looked at", request.peer);
    co_return of_json(to_json(*found));
}

}  // namespace sternpost
