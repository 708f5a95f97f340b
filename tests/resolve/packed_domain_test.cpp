#include "resolve/packed_domain.hpp"

#include <gtest/gtest.h>

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
    return cached;
}

DaneLook dane_look(std::uint16_t port) {
    DaneLook look;
    look.route.port = port;
    look.state.verdict = DomainDane::in_force;
    look.state.hosts = {
        {"mx.example.com", HostDane::usable, "TLSA at _25._tcp.mx.example.com", "mx.example.com"},
        {"mx.example.net", HostDane::undecided, "SERVFAIL", ""}};
    look.state.hosts_known = true;
    look.state.ttl = std::chrono::seconds(300);
    look.failures = 3;
    look.due = SteadyTime(std::chrono::hours(5));
    return look;
}

KnownDomain everything() {
    KnownDomain known;
    known.domain = "example.com";
    known.policy = policy();
    known.failed = FailedFetch{"20261127", 2, WallTime(std::chrono::seconds(5)), "HTTP status 404"};
    known.on_disk = false;
    known.fetches = {WallTime(std::chrono::seconds(1)), WallTime(std::chrono::seconds(2))};
    known.txt.state = TxtState::present;
    known.txt.id = "20261127";
    known.txt.due = SteadyTime(std::chrono::hours(1));
    known.mx.hosts = {"mx.example.com", "a.example.net"};
    known.mx.failures = 7;
    known.refresh_at = WallTime(std::chrono::seconds(8));
    known.last_used = WallTime(std::chrono::seconds(9));
    known.dane = {dane_look(25), dane_look(587)};
    known.dane_seen = WallTime(std::chrono::seconds(10));
    return known;
}

TEST(PackedDomain, GivesBackAllOfIt) {
    const PackedDomain packed(everything());
    const KnownDomain known = packed.unpack("example.com");
    EXPECT_EQ(known.domain, "example.com");
    EXPECT_EQ(known.policy->body, policy()->body);
    EXPECT_EQ(known.policy->policy.mx, policy()->policy.mx);
    EXPECT_EQ(known.policy->policy.remarks, policy()->policy.remarks);
    EXPECT_EQ(known.policy->expires(), policy()->expires());
    EXPECT_EQ(known.failed->reason, "HTTP status 404");
    EXPECT_FALSE(known.on_disk);
    EXPECT_EQ(known.txt.due, everything().txt.due);
    EXPECT_EQ(known.mx.hosts, everything().mx.hosts);
    ASSERT_EQ(known.dane.size(), 2U);
    EXPECT_EQ(known.dane[1].route.port, 587);
    EXPECT_EQ(known.dane[0].state.hosts[1].why, "SERVFAIL");
    EXPECT_EQ(known.dane_seen, everything().dane_seen);
    EXPECT_EQ(PackedDomain(known), packed) << "what is not looked at above";
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
