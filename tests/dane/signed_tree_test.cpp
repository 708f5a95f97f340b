// DANE as real servers tell it: Knot signs, Unbound validates.
#include <gtest/gtest.h>

#include "sternpost/dane/dane_lookup.hpp"
#include "sternpost/dns/cares_resolver.hpp"
#include "sternpost/loop/spawn.hpp"
#include "tests/support/dns_validating_resolver.hpp"
#include "tests/support/run.hpp"

namespace sternpost {
namespace {

using namespace std::chrono_literals;
using test::ValidatingResolver;
namespace asio = boost::asio;

const std::string digest = " TLSA 3 1 1 " + std::string(64, 'a') + "\n";

std::string zone_records() {
    std::string records = R"(usable.test. A 192.0.2.1
unusable.test. A 192.0.2.2
_25._tcp.unusable.test. TLSA 1 1 1 aabb
none.test. A 192.0.2.3
v6.test. AAAA 2001:db8::1
alias-to-usable.test. CNAME usable.test.
alias-to-none.test. CNAME none.test.
alias-out.test. CNAME host.unsigned.
bare-alias-out.test. CNAME host.unsigned.
alias-of-tlsa.test. A 192.0.2.4
_25._tcp.alias-of-tlsa.test. CNAME _25._tcp.usable.test.
tlsa-elsewhere.test. A 192.0.2.5
_25._tcp.tlsa-elsewhere.test. CNAME _25._tcp.host.unsigned.
broken-tlsa.test. A 192.0.2.6
_25._tcp.broken-tlsa.test. CNAME _25._tcp.host.bogus.
wild.test. A 192.0.2.7
host.unsigned. A 192.0.2.8
host.bogus. A 192.0.2.9
no-mx.test. A 192.0.2.10
null.test. MX 0 .
mixed.test. MX 10 none.test.
mixed.test. MX 20 usable.test.
partly.test. MX 10 host.bogus.
partly.test. MX 20 none.test.
alias-of-domain.test. CNAME mixed.test.
example.unsigned. MX 10 usable.test.
example.bogus. MX 10 usable.test.
)";
    for (const std::string host : {"usable.test", "alias-to-none.test", "alias-out.test", "host.unsigned",
                                   "host.bogus", "no-mx.test", "v6.test"})
        records += "_25._tcp." + host + "." + digest;
    records += "*._tcp.wild.test." + digest;
    for (const std::string host :
         {"usable.test", "unusable.test", "none.test", "alias-to-usable.test", "alias-to-none.test",
          "alias-out.test", "bare-alias-out.test", "alias-of-tlsa.test", "tlsa-elsewhere.test",
          "broken-tlsa.test", "wild.test", "host.unsigned", "host.bogus", "v6.test", "gone.test"})
        records += "at." + host + ".test. MX 10 " + host + ".\n";
    return records;
}

class SignedTreeTest : public testing::Test {
protected:
    static void SetUpTestSuite() { servers = std::make_unique<ValidatingResolver>(zone_records()); }
    static void TearDownTestSuite() { servers.reset(); }

    void TearDown() override {
        resolver.stop();
        test::run_until(io, [] { return running() == 0; });
    }

    DaneState look(const std::string& key) { return test::run(io, lookup.look(*read_next_hop(key))); }

    static DnsOptions options() {
        DnsOptions made;
        made.timeout = 15s;
        made.servers.push_back({ValidatingResolver::address});
        return made;
    }

    asio::io_context io{1};
    CaresResolver resolver{io.get_executor(), options()};
    DaneLookup lookup{resolver};
    static inline std::unique_ptr<ValidatingResolver> servers;
};

TEST_F(SignedTreeTest, JudgesEachHost) {
    struct Row {
        std::string_view what;
        std::string host;
        HostDane expected;
    };
    const Row rows[] = {
        {"row 1", "usable.test", HostDane::usable},
        {"row 1, by IPv6", "v6.test", HostDane::usable},
        {"row 4", "unusable.test", HostDane::unusable},
        {"row 3", "none.test", HostDane::none},
        {"row 13", "alias-to-usable.test", HostDane::usable},
        {"row 14", "alias-to-none.test", HostDane::usable},
        {"row 15, TLSA beside the alias", "alias-out.test", HostDane::usable},
        {"row 15, no TLSA beside the alias", "bare-alias-out.test", HostDane::none},
        {"row 16", "alias-of-tlsa.test", HostDane::usable},
        {"row 17", "tlsa-elsewhere.test", HostDane::none},
        {"row 6", "broken-tlsa.test", HostDane::undecided},
        {"a wildcard", "wild.test", HostDane::usable},
        {"row 10", "host.unsigned", HostDane::insecure},
        {"row 12", "host.bogus", HostDane::undecided},
        {"no such host", "gone.test", HostDane::none},
    };
    for (const Row& row : rows) {
        const DaneState state = look("at." + row.host + ".test");
        ASSERT_EQ(state.hosts.size(), 1U) << row.what;
        EXPECT_EQ(state.hosts[0].dane, row.expected) << row.what << ": " << state.hosts[0].why;
    }
}

TEST_F(SignedTreeTest, JudgesEachDomain) {
    struct Row {
        std::string_view what;
        std::string key;
        DomainDane expected;
        std::size_t hosts;
    };
    const Row rows[] = {
        {"row 2", "mixed.test", DomainDane::in_force, 2},
        {"row 6", "partly.test", DomainDane::doubtful, 2},
        {"row 8 and 9", "example.unsigned", DomainDane::absent, 1},
        {"row 19", "example.bogus", DomainDane::undecided, 0},
        {"row 20", "null.test", DomainDane::absent, 0},
        {"row 22", "no-mx.test", DomainDane::in_force, 1},
        {"row 24", "nowhere.test", DomainDane::absent, 0},
        {"row 25", "alias-of-domain.test", DomainDane::in_force, 2},
        {"row 26", "[usable.test]", DomainDane::in_force, 1},
        {"row 26, another port", "[usable.test]:587", DomainDane::absent, 1},
    };
    for (const Row& row : rows) {
        const DaneState state = look(row.key);
        EXPECT_EQ(state.verdict, row.expected) << row.what << ": " << state.why;
        EXPECT_EQ(state.hosts.size(), row.hosts) << row.what;
    }
}

}  // namespace
}  // namespace sternpost
