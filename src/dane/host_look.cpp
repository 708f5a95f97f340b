#include "host_look.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "sternpost/policy/host_name.hpp"
#include "sternpost/policy/next_hop.hpp"
#include "tlsa.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

using Addresses = Result<RecordSet<asio::ip::address>>;

// What the address records say about a host.
struct AddressLook {
    bool any = false;     // there is an address
    bool secure = false;  // whatever was answered is signed
    std::string canonical_name;
    std::optional<Error> failure;  // why nothing is known
};

void conclude(HostLook& look, HostDane dane, std::string why) {
    look.dane = dane;
    look.why = std::move(why);
}

void conclude_undecided(HostLook& look, const std::string& about, const Error& error) {
    conclude(look, HostDane::undecided, about + ": " + error.detail);
    look.stopped = error.code == Errc::stopped;
}

template <class Record>
void keep_smallest_ttl(HostLook& look, const Result<RecordSet<Record>>& answer) {
    if (answer) look.ttl = std::min(look.ttl, answer->ttl);
}

// One family that answers with addresses is enough: servers that fail at AAAA are common, and the host is reached
// all the same.
AddressLook read_addresses(const Addresses& v4, const Addresses& v6) {
    AddressLook look;
    const bool any4 = v4 && !v4->records.empty();
    const bool any6 = v6 && !v6->records.empty();
    look.any = any4 || any6;
    if (!look.any && !(v4 && v6)) {
        look.failure = (v4 ? v6 : v4).error();
        return look;
    }
    look.canonical_name = (any4 || !any6 ? v4 : v6)->canonical_name;
    if (look.any) {
        look.secure = (!any4 || v4->authentic) && (!any6 || v6->authentic);
    } else {
        look.secure = v4->authentic && v6->authentic;
    }
    return look;
}

// The TLSA RRset at one candidate name. False: there is none, or none that is signed, and the next one counts.
awaitable<bool> look_at_tlsa(Resolver& resolver, std::string base, std::uint16_t port, HostLook& look) {
    if (port == unknown_port) {
        conclude(look, HostDane::undecided, "the port of that service is not known; write the number");
        co_return true;
    }
    const std::string name = "_" + std::to_string(port) + "._tcp." + base;
    if (name.size() > max_name_length) co_return false;  // no such name can exist
    const auto answer = co_await resolver.tlsa(name);
    keep_smallest_ttl(look, answer);
    if (!answer) {
        conclude_undecided(look, "TLSA at " + name, answer.error());
        co_return true;
    }
    if (answer->records.empty() || !answer->authentic) co_return false;
    look.tlsa_base = base;
    if (std::ranges::any_of(answer->records, usable)) {
        conclude(look, HostDane::usable, "TLSA at " + name);
    } else {
        conclude(look, HostDane::unusable, "no record of the TLSA RRset at " + name + " can be used");
    }
    co_return true;
}

// RFC 7672 section 2.2.2: first the fully expanded name, then the one in the MX record; none in between.
awaitable<void> look_at_candidates(Resolver& resolver, std::vector<std::string> bases, std::uint16_t port,
                                   HostLook& look) {
    for (const std::string& base : bases) {
        const bool counts = co_await look_at_tlsa(resolver, base, port, look);
        if (counts) co_return;
    }
    conclude(look, HostDane::none, "no TLSA RRset");
}

// An alias in a signed zone that points into an unsigned one: only TLSA records next to the alias can count, and only
// a question for the alias itself shows whether it is signed.
awaitable<void> look_behind_alias(Resolver& resolver, std::string host, std::uint16_t port, HostLook& look) {
    const auto alias = co_await resolver.cname(host);
    keep_smallest_ttl(look, alias);
    if (!alias) {
        conclude_undecided(look, "alias", alias.error());
    } else if (alias->records.empty() || !alias->authentic) {
        conclude(look, HostDane::insecure, "its addresses are not signed");
    } else {
        std::vector<std::string> bases;
        bases.push_back(std::move(host));
        co_await look_at_candidates(resolver, std::move(bases), port, look);
    }
}

}  // namespace

awaitable<HostLook> look_at_host(Resolver& resolver, std::string host, std::uint16_t port) {
    using asio::experimental::awaitable_operators::operator&&;
    HostLook look;
    auto [v4, v6] =
        co_await (resolver.a(host, Servers::validating) && resolver.aaaa(host, Servers::validating));
    keep_smallest_ttl(look, v4);
    keep_smallest_ttl(look, v6);
    const AddressLook addresses = read_addresses(v4, v6);
    const bool aliased = addresses.canonical_name != host;
    if (addresses.failure) {
        conclude_undecided(look, "addresses", *addresses.failure);
    } else if (!addresses.any) {
        conclude(look, addresses.secure ? HostDane::none : HostDane::insecure, "it has no address");
    } else if (addresses.secure) {
        std::vector<std::string> bases;
        if (aliased) bases.push_back(addresses.canonical_name);
        bases.push_back(std::move(host));
        co_await look_at_candidates(resolver, std::move(bases), port, look);
    } else if (aliased) {
        co_await look_behind_alias(resolver, std::move(host), port, look);
    } else {
        conclude(look, HostDane::insecure, "its addresses are not signed");
    }
    co_return look;
}

}  // namespace sternpost
