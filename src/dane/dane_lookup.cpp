#include "sternpost/dane/dane_lookup.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <unordered_set>
#include <utility>

#include "host_look.hpp"
#include "sternpost/loop/spawn.hpp"
#include "sternpost/policy/host_name.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

DomainDane verdict_of(const std::vector<MxHost>& hosts) {
    const auto count = [&](HostDane dane) { return std::ranges::count(hosts, dane, &MxHost::dane); };
    if (count(HostDane::usable) > 0) return DomainDane::in_force;
    const auto undecided = count(HostDane::undecided);
    if (undecided == 0) return DomainDane::absent;
    return undecided == std::ssize(hosts) ? DomainDane::undecided : DomainDane::doubtful;
}

void add_host(DaneState& state, std::string name) {
    MxHost host;
    host.name = std::move(name);
    state.hosts.push_back(std::move(host));
}

void conclude_for_all(DaneState& state, HostDane dane, const std::string& why) {
    for (MxHost& host : state.hosts) {
        host.dane = dane;
        host.why = why;
    }
}

}  // namespace

std::string_view to_string(HostDane dane) {
    switch (dane) {
        case HostDane::usable:
            return "usable";
        case HostDane::unusable:
            return "unusable";
        case HostDane::none:
            return "none";
        case HostDane::insecure:
            return "insecure";
        case HostDane::undecided:
            break;
    }
    return "undecided";
}

std::vector<std::string> mx_hosts_of(RecordSet<MxRecord> answer, const std::string& domain) {
    std::ranges::stable_sort(answer.records, {}, &MxRecord::preference);
    std::vector<std::string> hosts;
    std::unordered_set<std::string> met;
    std::size_t bytes = 0;
    for (MxRecord& record : answer.records) {
        if (record.host.empty() || !met.insert(record.host).second) continue;
        bytes += record.host.size();
        if (hosts.size() == max_mx_hosts || bytes > max_mx_bytes) break;
        hosts.push_back(std::move(record.host));
    }
    if (answer.records.empty() && answer.name_exists) hosts.push_back(domain);
    return hosts;
}

// The hosts that are being looked at; shared by those who look.
std::vector<std::string> proven_names(const DaneState& state) {
    std::vector<std::string> proven;
    for (const MxHost& host : state.hosts)
        if (host.dane != HostDane::undecided) proven.push_back(host.name);
    return proven;
}

struct DaneLookup::Looks {
    Looks(const asio::any_io_executor& executor, std::vector<MxHost> hosts_, std::uint16_t port_)
        : hosts(std::move(hosts_)), port(port_), lookers(std::make_shared<Gathering>(executor)) {}

    std::vector<MxHost> hosts;
    std::uint16_t port;
    std::chrono::seconds ttl = std::chrono::seconds::max();
    std::size_t next = 0;
    bool stopped = false;
    std::shared_ptr<Gathering> lookers;
};

awaitable<DaneState> DaneLookup::look(NextHop next_hop) {
    DaneState state;
    state.ttl = std::chrono::seconds::max();
    const Validation validation = co_await resolver_.validation();
    if (validation == Validation::unknown) {
        state.why = "it is not known yet whether the DNS servers validate";
        co_return state;
    }
    const Servers whom = validation == Validation::yes ? Servers::validating : Servers::all;
    const bool secure = co_await find_hosts(next_hop, whom, state);
    if (whom == Servers::all) {
        state.verdict = DomainDane::unvalidated;
        conclude_for_all(state, HostDane::insecure, "no DNS server validates");
    } else if (state.hosts_known && !secure) {
        state.verdict = DomainDane::absent;
        conclude_for_all(state, HostDane::insecure, "the MX RRset is not signed");
    } else if (state.hosts_known) {
        co_await look_at_hosts(next_hop.port, state);
        state.verdict = verdict_of(state.hosts);
    }
    co_return state;
}

awaitable<bool> DaneLookup::find_hosts(NextHop next_hop, Servers whom, DaneState& state) {
    if (next_hop.bracketed) {
        add_host(state, next_hop.domain);
        state.hosts_known = true;
        co_return true;
    }
    auto answer = co_await resolver_.mx(next_hop.domain, whom);
    if (!answer) {
        state.why = "MX of " + next_hop.domain + ": " + answer.error().detail;
        state.stopped = answer.error().code == Errc::stopped;
        co_return false;
    }
    state.hosts_known = true;
    state.ttl = std::min(state.ttl, answer->ttl);
    const bool authentic = answer->authentic;
    for (std::string& host : mx_hosts_of(std::move(*answer), next_hop.domain))
        add_host(state, std::move(host));
    co_return authentic;
}

awaitable<void> DaneLookup::look_at_hosts(std::uint16_t port, DaneState& state) {
    if (state.hosts.empty()) co_return;
    const auto executor = co_await asio::this_coro::executor;
    const auto looks = std::make_shared<Looks>(executor, std::move(state.hosts), port);
    for (std::size_t i = std::min(looks->hosts.size(), dane_hosts_at_once); i > 0; --i)
        spawn(executor, "dane", look_at_some(resolver_, looks, looks->lookers->join()));
    co_await looks->lookers->all_ends();
    state.hosts = std::move(looks->hosts);
    state.stopped = looks->stopped;
    state.ttl = std::min(state.ttl, looks->ttl);
}

awaitable<void> DaneLookup::look_at_some(Resolver& resolver, std::shared_ptr<Looks> looks,
                                         Gathering::Member) {
    while (looks->next < looks->hosts.size()) {
        const std::size_t at = looks->next++;
        const std::string name = looks->hosts[at].name;
        HostLook look;
        if (at >= max_dane_hosts) {
            look.why =
                "not looked at, being beyond the first " + std::to_string(max_dane_hosts) + " MX hosts";
        } else if (!valid_host_name(name)) {
            look.dane = HostDane::none;
            look.why = "it is no host name";
        } else {
            look = co_await look_at_host(resolver, name, looks->port);
        }
        looks->hosts[at].dane = look.dane;
        looks->hosts[at].why = std::move(look.why);
        looks->hosts[at].tlsa_base = std::move(look.tlsa_base);
        looks->stopped = looks->stopped || look.stopped;
        looks->ttl = std::min(looks->ttl, look.ttl);
    }
}

}  // namespace sternpost
