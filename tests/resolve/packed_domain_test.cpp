#include "resolve/packed_domain.hpp"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sternpost/policy/host_name.hpp"

namespace sternpost {
namespace {

std::shared_ptr<const CachedPolicy> policy() {
    auto cached = std::make_shared<CachedPolicy>();
    cached->id = "20261126";
    cached->body =
        "version: STSv1\nmode: enforce\nmx: mx.example.com\nmx: *.example.net\nmx: 192.0.2.1\n\nmax_age: "
        "86400\n" +
        std::string(1000, '\n');
    cached->policy = read_policy(cached->body).value();
    cached->fetched = WallTime(std::chrono::seconds(1'790'000'000));
    cached->learnt_by = "relay2";
    return cached;
}

DaneLook dane_look(std::uint16_t port) {
    DaneLook look;
    look.route = {true, port};
    look.state.verdict = DomainDane::in_force;
    look.state.hosts = {
        {"mx.example.com", HostDane::usable, "TLSA at _25._tcp.mx.example.com", "mx.example.com"},
        {"mx.example.net", HostDane::none, "no TLSA RRset", ""}};
    look.state.hosts_known = true;
    look.state.stopped = true;
    look.state.why = "SERVFAIL";
    look.state.ttl = std::chrono::seconds(300);
    look.failures = 3;
    look.asked = SteadyTime(std::chrono::hours(4));
    look.due = SteadyTime(std::chrono::hours(5));
    return look;
}

// Nothing in it is as it is by itself, but `uncommitted`.
KnownDomain everything() {
    KnownDomain known;
    known.domain = "example.com";
    known.policy = policy();
    known.failed = FailedFetch{"20261127", 2, WallTime(std::chrono::seconds(5)), "HTTP status 404"};
    known.failed_elsewhere = true;
    known.replaced_id = "20261125";
    known.replaced = SteadyTime(std::chrono::hours(7));
    known.on_disk = false;
    known.disk_unread = true;
    known.overloaded = true;
    known.forgotten = true;
    known.just_fetched = true;
    known.fetches = {WallTime(std::chrono::seconds(1)), WallTime(std::chrono::seconds(2))};
    known.txt.state = TxtState::present;
    known.txt.id = "20261127";
    known.txt.why = "REFUSED";
    known.txt.overloaded = true;
    known.txt.failures = 6;
    known.txt.asked = SteadyTime(std::chrono::minutes(1));
    known.txt.due = SteadyTime(std::chrono::hours(1));
    known.mx.hosts = {"mx.example.com", "a.example.net"};
    known.mx.failures = 7;
    known.mx.overloaded = true;
    known.mx.asked = SteadyTime(std::chrono::minutes(2));
    known.mx.due = SteadyTime(std::chrono::hours(2));
    known.refresh_at = WallTime(std::chrono::seconds(8));
    known.last_used = WallTime(std::chrono::seconds(9));
    known.dane = {dane_look(26), dane_look(587)};
    known.dane_seen = WallTime(std::chrono::seconds(10));
    return known;
}

// What each value is made of, down to what can be compared. Each member is named: with a new one, this does not compile.
auto parts(const Policy& value) {
    const auto& [mode, max_age, mx, remarks] = value;
    return std::tuple(mode, max_age, mx, remarks);
}
auto parts(const CachedPolicy& value) {
    const auto& [id, policy, body, fetched, learnt_by] = value;
    return std::tuple(id, parts(policy), body, fetched, learnt_by);
}
auto parts(const FailedFetch& value) {
    const auto& [id, count, next_try, reason] = value;
    return std::tuple(id, count, next_try, reason);
}
auto parts(const TxtLook& value) {
    const auto& [state, id, why, overloaded, failures, asked, due] = value;
    return std::tuple(state, id, why, overloaded, failures, asked, due);
}
auto parts(const MxLook& value) {
    const auto& [hosts, failures, overloaded, asked, due] = value;
    return std::tuple(hosts, failures, overloaded, asked, due);
}
auto parts(const MxHost& value) {
    const auto& [name, dane, why, tlsa_base] = value;
    return std::tuple(name, dane, why, tlsa_base);
}
auto parts(const std::vector<MxHost>& values) {
    std::vector<decltype(parts(values.front()))> all;
    for (const MxHost& value : values) all.push_back(parts(value));
    return all;
}
auto parts(const DaneState& value) {
    const auto& [verdict, hosts, hosts_known, stopped, why, ttl] = value;
    return std::tuple(verdict, parts(hosts), hosts_known, stopped, why, ttl);
}
auto parts(const DaneLook& value) {
    const auto& [route, state, failures, asked, due] = value;
    return std::tuple(route, parts(state), failures, asked, due);
}
auto parts(const std::vector<DaneLook>& values) {
    std::vector<decltype(parts(values.front()))> all;
    for (const DaneLook& value : values) all.push_back(parts(value));
    return all;
}
auto parts(const KnownDomain& value) {
    const auto& [domain, policy, failed, failed_elsewhere, replaced_id, replaced, on_disk, uncommitted,
                 disk_unread, overloaded, forgotten, just_fetched, fetches, txt, mx, refresh_at, last_used,
                 dane, dane_seen] = value;
    return std::tuple(domain, parts(policy ? *policy : CachedPolicy{}), parts(failed.value_or(FailedFetch{})),
                      failed_elsewhere, replaced_id, replaced, on_disk, disk_unread, overloaded, forgotten,
                      just_fetched, fetches, parts(txt), parts(mx), refresh_at, last_used, parts(dane),
                      dane_seen);
}

// Which members are the same in both, each a character.
template <class Parts>
std::string in_common(const Parts& one, const Parts& other) {
    return [&]<std::size_t... i>(std::index_sequence<i...>) {
        return std::string{(std::get<i>(one) == std::get<i>(other) ? '=' : '-')...};
    }
    (std::make_index_sequence<std::tuple_size_v<Parts>>());
}

template <class Value>
std::string left_as_it_was(const Value& filled) {
    const std::string same = in_common(parts(filled), parts(Value{}));
    return same.find('=') == std::string::npos ? "" : same;
}

TEST(PackedDomain, IsTestedWithAllThatThereIs) {
    EXPECT_EQ(left_as_it_was(everything()), "");
    EXPECT_EQ(left_as_it_was(*everything().policy), "");
    EXPECT_EQ(left_as_it_was(everything().policy->policy), "");
    EXPECT_EQ(left_as_it_was(*everything().failed), "");
    EXPECT_EQ(left_as_it_was(everything().txt), "");
    EXPECT_EQ(left_as_it_was(everything().mx), "");
    EXPECT_EQ(left_as_it_was(dane_look(26)), "");
    EXPECT_EQ(left_as_it_was(dane_look(26).state), "");
    EXPECT_EQ(left_as_it_was(dane_look(26).state.hosts.front()), "");
}

TEST(PackedDomain, GivesBackAllOfIt) {
    const PackedDomain packed(everything());
    const KnownDomain known = packed.unpack("example.com");
    const std::string same = in_common(parts(known), parts(everything()));
    EXPECT_EQ(same, std::string(same.size(), '='));
    EXPECT_EQ(PackedDomain(known), packed);
}

TEST(PackedDomain, KeepsAPolicyThatItsTextDoesNotSay) {
    KnownDomain known = everything();
    auto other = std::make_shared<CachedPolicy>(*policy());
    other->policy.max_age = std::chrono::seconds(1);
    other->policy.mx.pop_back();
    known.policy = other;
    const KnownDomain back = PackedDomain(known).unpack(known.domain);
    EXPECT_EQ(back.policy->policy.max_age, other->policy.max_age);
    EXPECT_EQ(back.policy->policy.mx, other->policy.mx);
}

TEST(PackedDomain, NothingStaysNothing) {
    KnownDomain known;
    known.domain = std::string(max_name_length, 'a');
    const KnownDomain back = PackedDomain(known).unpack(known.domain);
    EXPECT_EQ(back.domain, known.domain);
    EXPECT_EQ(back.policy, nullptr);
    EXPECT_FALSE(back.failed || back.mx.hosts || back.refresh_at || back.dane_seen);
    EXPECT_EQ(back.txt.state, TxtState::unasked);
}

}  // namespace
}  // namespace sternpost
