// The resolver with a real validating one (Unbound) behind it, and real signed zones (Knot) behind that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sternpost/dns/cares_resolver.hpp"
#include "sternpost/loop/spawn.hpp"
#include "tests/support/dns_validating_resolver.hpp"
#include "tests/support/run.hpp"

namespace sternpost {
namespace {

using namespace std::chrono_literals;
using test::ValidatingResolver;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
namespace asio = boost::asio;

std::string zone_records() {
    std::string records = R"(_mta-sts.plain.test. TXT "v=STSv1; id=1"
_mta-sts.strings.test. TXT "v=STSv1;" " id=" "2"
_mta-sts.alias.test. CNAME _mta-sts.plain.test.
_mta-sts.chain.test. CNAME _mta-sts.alias.test.
_mta-sts.leaves.test. CNAME _mta-sts.plain.unsigned.
_mta-sts.broken.test. CNAME _mta-sts.plain.bogus.
_mta-sts.nowhere.test. CNAME gone.test.
_mta-sts.loop.test. CNAME loop2.test.
loop2.test. CNAME _mta-sts.loop.test.
tree.test. DNAME plain.test.
*.wild.test. TXT "wild"
empty.test. A 192.0.2.1
null-mx.test. MX 0 .
mx.test. 120 MX 10 Mail.test.
mx.test. 120 MX 20 backup.unsigned.
mail.test. A 192.0.2.25
mail.test. AAAA 2001:db8::25
_mta-sts.plain.unsigned. TXT "v=STSv1; id=3"
_mta-sts.plain.bogus. TXT "v=STSv1; id=4"
)";
    for (int i = 0; i < 12; ++i)
        records += "_mta-sts.big.test. TXT \"" + std::to_string(i) + std::string(200, 'x') + "\"\n";
    return records;
}

class ValidatingResolverTest : public testing::Test {
protected:
    static void SetUpTestSuite() { servers = std::make_unique<ValidatingResolver>(zone_records()); }
    static void TearDownTestSuite() { servers.reset(); }

    void TearDown() override {
        resolver.stop();
        test::run_until(io, [] { return running() == 0; });
    }

    static DnsOptions options_for(const std::vector<std::string>& addresses) {
        DnsOptions options;
        options.timeout = 15s;
        for (const auto& address : addresses)
            options.servers.emplace_back(asio::ip::make_address(address), 53);
        return options;
    }

    asio::io_context io{1};
    CaresResolver resolver{io.get_executor(), options_for({ValidatingResolver::address})};
    static inline std::unique_ptr<ValidatingResolver> servers;
};

TEST_F(ValidatingResolverTest, TellsSignedFromUnsigned) {
    struct Row {
        std::string name;
        std::vector<std::string> records;
        bool authentic;
        std::string canonical_name;
    };
    const Row rows[] = {
        {"_mta-sts.plain.test", {"v=STSv1; id=1"}, true, "_mta-sts.plain.test"},
        {"_mta-sts.strings.test", {"v=STSv1; id=2"}, true, "_mta-sts.strings.test"},       // #15
        {"_mta-sts.alias.test", {"v=STSv1; id=1"}, true, "_mta-sts.plain.test"},           // #27
        {"_mta-sts.chain.test", {"v=STSv1; id=1"}, true, "_mta-sts.plain.test"},           // #27
        {"_mta-sts.tree.test", {"v=STSv1; id=1"}, true, "_mta-sts.plain.test"},            // #27, by a DNAME
        {"_mta-sts.anything.wild.test", {"wild"}, true, "_mta-sts.anything.wild.test"},    // #37
        {"_mta-sts.plain.unsigned", {"v=STSv1; id=3"}, false, "_mta-sts.plain.unsigned"},  // #191
        {"_mta-sts.leaves.test", {"v=STSv1; id=3"}, false, "_mta-sts.plain.unsigned"},
    };
    for (const Row& row : rows) {
        const auto answer = test::run(io, resolver.txt(row.name));
        ASSERT_TRUE(answer) << row.name << ": " << answer.error().detail;
        EXPECT_EQ(answer->records, row.records) << row.name;
        EXPECT_EQ(answer->authentic, row.authentic) << row.name;
        EXPECT_EQ(answer->canonical_name, row.canonical_name) << row.name;
        EXPECT_TRUE(answer->name_exists) << row.name;
        EXPECT_THAT(answer->ttl, AllOf(testing::Gt(0s), testing::Le(300s))) << row.name;
    }
}

// #28, #29
TEST_F(ValidatingResolverTest, TellsWhatIsNotThere) {
    struct Row {
        std::string name;
        bool name_exists;
        bool authentic;
    };
    const Row rows[] = {
        {"_mta-sts.nothing.test", false, true},      {"empty.test", true, true},
        {"_mta-sts.nowhere.test", false, true},      {"plain.test", true, true},  // an empty non-terminal
        {"_mta-sts.nothing.unsigned", false, false}, {"unsigned", true, false},
    };
    for (const Row& row : rows) {
        const auto answer = test::run(io, resolver.txt(row.name));
        ASSERT_TRUE(answer) << row.name << ": " << answer.error().detail;
        EXPECT_THAT(answer->records, IsEmpty()) << row.name;
        EXPECT_EQ(answer->name_exists, row.name_exists) << row.name;
        EXPECT_EQ(answer->authentic, row.authentic) << row.name;
        EXPECT_THAT(answer->ttl, AllOf(testing::Gt(0s), testing::Le(60s))) << row.name;  // the SOA's minimum
    }
}

// #30, #32: a bogus answer is "don't know".
TEST_F(ValidatingResolverTest, KnowsNothingOfWhatDoesNotValidate) {
    for (const std::string name :
         {"_mta-sts.plain.bogus", "_mta-sts.broken.test", "_mta-sts.nothing.bogus"}) {
        const auto answer = test::run(io, resolver.txt(name));
        ASSERT_FALSE(answer) << name;
        EXPECT_EQ(answer.error().code, Errc::temporary) << name;
        EXPECT_EQ(answer.error().detail, std::string("SERVFAIL from ") + ValidatingResolver::address + ":53")
            << name;
    }
}

// #28
TEST_F(ValidatingResolverTest, FailsAtAnAliasLoop) {
    const auto answer = test::run(io, resolver.txt("_mta-sts.loop.test"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::temporary);
}

// #33
TEST_F(ValidatingResolverTest, GetsALargeSetOverTcp) {
    const auto answer = test::run(io, resolver.txt("_mta-sts.big.test"));
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, AllOf(SizeIs(12), Each(HasSubstr(std::string(200, 'x')))));
    EXPECT_TRUE(answer->authentic);
}

TEST_F(ValidatingResolverTest, GetsMailExchangersAndTheirAddresses) {
    const auto mx = test::run(io, resolver.mx("mx.test", Servers::all));
    ASSERT_TRUE(mx) << mx.error().detail;
    EXPECT_THAT(mx->records,
                testing::UnorderedElementsAre(MxRecord{10, "mail.test"}, MxRecord{20, "backup.unsigned"}));
    EXPECT_TRUE(mx->authentic);
    EXPECT_LE(mx->ttl, 120s);
    const auto null_mx = test::run(io, resolver.mx("null-mx.test", Servers::all));
    ASSERT_TRUE(null_mx) << null_mx.error().detail;
    EXPECT_THAT(null_mx->records, ElementsAre(MxRecord{0, ""}));
    const auto a = test::run(io, resolver.a("mail.test", Servers::all));
    ASSERT_TRUE(a) << a.error().detail;
    EXPECT_THAT(a->records, ElementsAre(asio::ip::make_address("192.0.2.25")));
    const auto aaaa = test::run(io, resolver.aaaa("mail.test", Servers::all));
    ASSERT_TRUE(aaaa) << aaaa.error().detail;
    EXPECT_THAT(aaaa->records, ElementsAre(asio::ip::make_address("2001:db8::25")));
}

}  // namespace
}  // namespace sternpost
