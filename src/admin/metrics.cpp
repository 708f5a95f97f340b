#include "metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <utility>
#include <vector>

namespace sternpost {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// Families in the making.
class Exposition {
public:
    MetricFamily& family(MetricType type, std::string name, std::string help) {
        MetricFamily& made = families_.emplace_back();
        made.type = type;
        made.name = std::move(name);
        made.help = std::move(help);
        return made;
    }
    void counter(std::string name, std::string help, double value) {
        add(family(MetricType::Counter, std::move(name), std::move(help)), {}, value);
    }
    void gauge(std::string name, std::string help, double value) {
        add(family(MetricType::Gauge, std::move(name), std::move(help)), {}, value);
    }
    template <std::size_t Count>
    void tally(std::string name, std::string help, const std::string& label, const Tally<Count>& tally) {
        MetricFamily& made = family(MetricType::Counter, std::move(name), std::move(help));
        for (std::size_t i = 0; i < Count; ++i)
            add(made, {{label, std::string(tally.names()[i])}}, static_cast<double>(tally.count(i)));
    }
    static void add(MetricFamily& to, Labels labels, double value) {
        ClientMetric& metric = to.metric.emplace_back();
        metric.label = std::move(labels);
        (to.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    }
    std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

private:
    std::vector<MetricFamily> families_;
};

double number(const Figure& figure) {
    return static_cast<double>(figure.value());
}

void add_process(Exposition& out, const AllFigures& figures) {
    MetricFamily& build =
        out.family(MetricType::Gauge, "sternpost_build_info", "The version of this program; always 1.");
    Exposition::add(build, {{"version", figures.version}}, 1);
    out.gauge("process_start_time_seconds", "When the process started, in seconds since 1970 (UTC).",
              static_cast<double>(figures.started.time_since_epoch().count()));
}

void add_answer_times(Exposition& out, const SocketmapFigures& socketmap) {
    ClientMetric& metric = out.family(MetricType::Histogram, "sternpost_answer_duration_seconds",
                                      "Time from a question of Postfix to its answer.")
                               .metric.emplace_back();
    for (std::size_t i = 0; i < socketmap.answers_by_time.size(); ++i) {
        ClientMetric::Bucket& bucket = metric.histogram.bucket.emplace_back();
        metric.histogram.sample_count += socketmap.answers_by_time[i].value();
        bucket.cumulative_count = metric.histogram.sample_count;
        bucket.upper_bound = i < answer_time_classes.size()
                                 ? std::chrono::duration<double>(answer_time_classes[i]).count()
                                 : std::numeric_limits<double>::infinity();
    }
    metric.histogram.sample_sum = number(socketmap.answer_nanoseconds) / 1e9;
}

void add_socketmap(Exposition& out, const SocketmapFigures& socketmap) {
    MetricFamily& answers =
        out.family(MetricType::Counter, "sternpost_answers_total",
                   "Questions of Postfix, by their answer; none: the connection was closed.");
    for (std::size_t i = 0; i < answer_kinds.size(); ++i)
        Exposition::add(answers, {{"answer", std::string(answer_kinds[i])}}, number(socketmap.answers[i]));
    MetricFamily& questions =
        out.family(MetricType::Counter, "sternpost_questions_total",
                   "Questions about domains: those with an answer in memory, and those that were looked up.");
    Exposition::add(questions, {{"answered_from", "memory"}}, number(socketmap.from_memory));
    Exposition::add(questions, {{"answered_from", "lookup"}}, number(socketmap.looked_up));
    add_answer_times(out, socketmap);
    out.gauge("sternpost_connections", "Open connections of Postfix.", number(socketmap.connections));
    out.counter("sternpost_connections_accepted_total", "Connections of Postfix.",
                number(socketmap.accepted));
    MetricFamily& closed = out.family(MetricType::Counter, "sternpost_connections_closed_total",
                                      "Connections that were closed on this side.");
    Exposition::add(closed, {{"reason", "idle"}}, number(socketmap.closed_idle));
    Exposition::add(closed, {{"reason", "room"}}, number(socketmap.closed_for_room));
    Exposition::add(closed, {{"reason", "protocol"}}, number(socketmap.closed_for_protocol));
}

void add_resolve(Exposition& out, const ResolveFigures& resolve) {
    out.tally("sternpost_txt_records_total", "Looks at the TXT record of a domain, by what came of them.",
              "outcome", resolve.txt);
    out.tally("sternpost_policy_fetches_total", "Fetches of a policy, by what came of them.", "outcome",
              resolve.fetches);
    out.tally("sternpost_dane_looks_total", "Looks at DANE at the MX hosts of a domain, by verdict.",
              "verdict", resolve.dane);
    out.gauge("sternpost_lookups_in_flight", "Domains that are being looked up.",
              static_cast<double>(resolve.lookups));
    out.gauge("sternpost_memory_domains", "Domains with answers in memory.",
              static_cast<double>(resolve.domains_in_memory));
}

void add_dns(Exposition& out, const DnsFigures& dns) {
    MetricFamily& questions = out.family(MetricType::Counter, "sternpost_dns_questions_total",
                                         "DNS questions, by type and by what came of them.");
    for (std::size_t type = 0; type < dns_types.size(); ++type)
        for (std::size_t i = 0; i < dns_outcomes.size(); ++i)
            Exposition::add(
                questions,
                {{"type", std::string(dns_types[type])}, {"outcome", std::string(dns_outcomes[i])}},
                static_cast<double>(dns.outcomes[type].count(i)));
    out.gauge("sternpost_dns_questions_in_flight", "Open DNS questions.",
              static_cast<double>(dns.open_questions));
    // Nobody is to be woken by what nobody has asked for.
    if (!dns.validation_wanted) return;
    MetricFamily& servers = out.family(MetricType::Gauge, "sternpost_dns_server_validating",
                                       "Whether a DNS server validates: 1 for the state that it is in.");
    for (const DnsServerState& server : dns.servers) {
        const auto state = [&](const char* name, Validation validation) {
            Exposition::add(servers, {{"server", server.name}, {"state", name}},
                            server.validation == validation ? 1 : 0);
        };
        state("yes", Validation::yes);
        state("no", Validation::no);
        state("unknown", Validation::unknown);
    }
}

void add_https(Exposition& out, const HttpsFigures& https) {
    out.gauge("sternpost_policy_fetches_in_flight", "Policy fetches under way.",
              static_cast<double>(https.fetching));
    out.gauge("sternpost_policy_fetches_queued", "Policy fetches that wait for their turn.",
              static_cast<double>(https.queued));
}

void add_policies(Exposition& out, const PolicyCounts& policies) {
    MetricFamily& by_mode =
        out.family(MetricType::Gauge, "sternpost_policies", "Unexpired policies on disk, by mode.");
    for (const Mode mode : {Mode::none, Mode::testing, Mode::enforce})
        Exposition::add(by_mode, {{"mode", std::string(to_string(mode))}},
                        static_cast<double>(policies.unexpired.at(static_cast<std::size_t>(mode))));
    out.gauge("sternpost_policies_expired", "Policies on disk that have run out.",
              static_cast<double>(policies.expired));
    out.gauge("sternpost_policies_failing",
              "Unexpired testing and enforce policies whose last fetch has failed.",
              static_cast<double>(policies.failing));
    out.gauge("sternpost_policies_ending",
              "Of sternpost_policies_failing those with less than a fifth of their time left.",
              static_cast<double>(policies.ending));
    out.gauge("sternpost_cache_domains", "Domains on disk, those without a policy included.",
              static_cast<double>(policies.domains));
}

void add_store(Exposition& out, const StoreFigures& store, unsigned losses) {
    MetricFamily& working = out.family(MetricType::Gauge, "sternpost_cache_working",
                                       "Whether the last operation on the cache file succeeded: 1, or 0.");
    Exposition::add(working, {{"operation", "read"}}, store.read_trouble.empty() ? 1 : 0);
    Exposition::add(working, {{"operation", "write"}}, store.write_trouble.empty() ? 1 : 0);
    MetricFamily& failures = out.family(MetricType::Counter, "sternpost_cache_failures_total",
                                        "Operations on the cache file that failed.");
    Exposition::add(failures, {{"operation", "read"}}, static_cast<double>(store.failed_reads));
    Exposition::add(failures, {{"operation", "write"}}, static_cast<double>(store.failed_writes));
    out.counter("sternpost_cache_commits_total", "Commits to the cache file.",
                static_cast<double>(store.commits));
    out.counter("sternpost_cache_losses_total", "Times that a broken or removed cache file was begun anew.",
                losses);
}

void add_fleet(Exposition& out, const FleetFigures& fleet) {
    out.gauge("sternpost_fleet_working", "Whether the fleet's shared memory is asked now: 1, or 0.",
              fleet.working ? 1 : 0);
    out.counter("sternpost_fleet_outages_total", "Times that the shared memory was given up for a while.",
                static_cast<double>(fleet.outages));
    out.tally("sternpost_fleet_lookups_total", "Questions to the fleet about a domain, by what came of them.",
              "outcome", fleet.lookups);
    out.tally("sternpost_fleet_entries_ignored_total", "Entries of the fleet that were not believed.",
              "reason", fleet.ignored);
    out.tally("sternpost_fleet_leases_total", "Wishes to make the one fetch of a domain.", "outcome",
              fleet.leases);
    out.tally("sternpost_fleet_publications_total", "Policies and failures that the others were told of.",
              "outcome", fleet.publications);
    out.counter("sternpost_fleet_news_total", "News of other relays.", static_cast<double>(fleet.news));
    out.gauge("sternpost_fleet_untold",
              "Domains that the others are to be told of when that is possible again.",
              static_cast<double>(fleet.untold));
}

void add_watch(Exposition& out, const std::vector<WatchedDomain>& watched, Names names) {
    MetricFamily& good = out.family(MetricType::Gauge, "sternpost_watch_good",
                                    "Whether a domain of one's own is in order: 1, or 0; none: not known.");
    MetricFamily& ends = out.family(
        MetricType::Gauge, "sternpost_watch_certificate_end_seconds",
        "When a certificate ends, in seconds since 1970 (UTC): that of the policy host, and of the MX host "
        "whose certificate ends first.");
    MetricFamily& looked = out.family(MetricType::Gauge, "sternpost_watch_looked_seconds",
                                      "When a domain was last looked at, in seconds since 1970 (UTC).");
    for (std::size_t i = 0; i < watched.size(); ++i) {
        const auto& survey = watched[i].survey;
        if (!survey) continue;
        const std::string domain = names == Names::told ? watched[i].domain : std::to_string(i + 1);
        const auto seconds = [](WallTime time) {
            return static_cast<double>(time.time_since_epoch().count());
        };
        for (std::size_t check = 0; check < check_names.size(); ++check)
            if (const auto said = survey->checks.at(check))
                Exposition::add(good, {{"domain", domain}, {"check", std::string(check_names.at(check))}},
                                *said ? 1 : 0);
        if (survey->certificate_end)
            Exposition::add(ends, {{"domain", domain}, {"of", "policy-host"}},
                            seconds(*survey->certificate_end));
        if (survey->mx_certificate_end)
            Exposition::add(ends, {{"domain", domain}, {"of", "mx"}}, seconds(*survey->mx_certificate_end));
        Exposition::add(looked, {{"domain", domain}}, seconds(watched[i].looked));
    }
}

}  // namespace

std::string metrics_text(const AllFigures& figures, Names names) {
    Exposition out;
    add_process(out, figures);
    add_socketmap(out, figures.socketmap);
    add_resolve(out, figures.resolve);
    add_dns(out, figures.dns);
    add_https(out, figures.https);
    if (figures.policies) add_policies(out, *figures.policies);
    add_store(out, figures.store, figures.cache_losses);
    if (figures.fleet) add_fleet(out, *figures.fleet);
    add_watch(out, figures.watched, names);
    return out.text();
}

}  // namespace sternpost
