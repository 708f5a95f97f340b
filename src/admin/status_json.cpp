#include "status_json.hpp"

#include "sternpost/base/printable.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

template <std::size_t Count>
json::object to_json(const Tally<Count>& tally) {
    json::object object;
    for (std::size_t i = 0; i < Count; ++i) object[tally.names()[i]] = tally.count(i);
    return object;
}

json::object to_json(const PolicyCounts& counts) {
    json::object object;
    for (const Mode mode : {Mode::enforce, Mode::testing, Mode::none})
        object[to_string(mode)] = counts.unexpired.at(static_cast<std::size_t>(mode));
    object["expired"] = counts.expired;
    object["failing"] = counts.failing;
    object["ending"] = counts.ending;
    object["domains"] = counts.domains;
    return object;
}

json::object to_json(const StoreFigures& store, unsigned losses) {
    json::object object;
    object["commits"] = store.commits;
    object["failed_reads"] = store.failed_reads;
    object["failed_writes"] = store.failed_writes;
    object["losses"] = losses;
    if (!store.read_trouble.empty()) object["read_trouble"] = printable(store.read_trouble);
    if (!store.write_trouble.empty()) object["write_trouble"] = printable(store.write_trouble);
    return object;
}

json::object to_json(const SocketmapFigures& socketmap) {
    json::object answers;
    for (std::size_t i = 0; i < answer_kinds.size(); ++i)
        answers[answer_kinds[i]] = socketmap.answers[i].value();
    json::object object;
    object["answers"] = std::move(answers);
    object["from_memory"] = socketmap.from_memory.value();
    object["looked_up"] = socketmap.looked_up.value();
    object["connections"] = socketmap.connections.value();
    return object;
}

json::array to_json(const DnsFigures& dns) {
    json::array servers;
    for (const DnsServerState& server : dns.servers) {
        json::object& one = servers.emplace_back(json::object()).as_object();
        one["server"] = server.name;
        const bool known =
            dns.validation_wanted && server.believed && server.validation != Validation::unknown;
        one["validates"] = known ? json::value(server.validation == Validation::yes) : json::value(nullptr);
        one["state"] = words_for(dns, server);
    }
    return servers;
}

json::object to_json(const FleetFigures& fleet) {
    json::object object;
    object["relay"] = fleet.relay;
    object["working"] = fleet.working;
    if (!fleet.server.empty()) object["server"] = fleet.server;
    if (!fleet.trouble.empty()) object["trouble"] = printable(fleet.trouble);
    object["outages"] = fleet.outages;
    object["untold"] = fleet.untold;
    object["news"] = fleet.news;
    object["lookups"] = to_json(fleet.lookups);
    object["ignored"] = to_json(fleet.ignored);
    object["leases"] = to_json(fleet.leases);
    object["publications"] = to_json(fleet.publications);
    return object;
}

}  // namespace

std::string_view words_for(const DnsFigures& dns, const DnsServerState& server) {
    if (!dns.validation_wanted) return "not asked whether it validates, as DANE is off";
    if (!server.believed) return "is not believed when it says that it validates ([dns] trust-ad)";
    switch (server.validation) {
        case Validation::yes:
            return "validates";
        case Validation::no:
            return "does not validate";
        case Validation::unknown:
            break;
    }
    return "has not said yet whether it validates";
}

json::object status_json(const AllFigures& figures, WallTime now, bool answering) {
    json::object object;
    object["version"] = figures.version;
    object["started"] = to_iso8601(figures.started);
    object["uptime"] = (now - figures.started).count();
    object["answering"] = answering;
    object["questions"] = to_json(figures.socketmap);
    object["domains_in_memory"] = figures.resolve.domains_in_memory;
    object["lookups"] = figures.resolve.lookups;
    object["fetching"] = figures.https.fetching;
    object["queued"] = figures.https.queued;
    object["txt_records"] = to_json(figures.resolve.txt);
    object["fetches"] = to_json(figures.resolve.fetches);
    object["dane"] = to_json(figures.resolve.dane);
    object["policies"] = figures.policies ? json::value(to_json(*figures.policies)) : json::value(nullptr);
    object["disk"] = to_json(figures.store, figures.cache_losses);
    object["dns_servers"] = to_json(figures.dns);
    if (figures.fleet) object["fleet"] = to_json(*figures.fleet);
    return object;
}

}  // namespace sternpost
