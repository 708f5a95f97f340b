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
_25._tcp.mail.test. 90 TLSA 3 1 1 aabb
_25._tcp.mail.test. 90 TLSA 2 0 2 cc
_25._tcp.hosted.test. CNAME _25._tcp.mail.test.
_25._tcp.leaving.test. CNAME _25._tcp.mail.unsigned.
_25._tcp.broken.test. CNAME _25._tcp.mail.bogus.
*.anywhere.test. TLSA 3 1 1 dd
alias.test. CNAME mail.test.
chain.test. CNAME alias.test.
away.test. CNAME mail.unsigned.
astray.test. CNAME mail.bogus.
domain.test. CNAME mx.test.
mx.unsigned. MX 10 mail.test.
mail.unsigned. A 192.0.2.26
_25._tcp.mail.unsigned. TLSA 3 1 1 ee
alias.unsigned. CNAME mail.test.
mx.bogus. MX 10 mail.test.
mail.bogus. A 192.0.2.27
_25._tcp.mail.bogus. TLSA 3 1 1 ff
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

    // What DANE rests on is asked only of a server that is known to validate.
    void SetUp() override { ASSERT_EQ(test::run(io, resolver.validation()), Validation::yes); }

    void TearDown() override {
        resolver.stop();
        test::run_until(io, [] { return running() == 0; });
    }

    static DnsOptions options_for(const std::vector<std::string>& addresses) {
        DnsOptions options;
        options.timeout = 15s;
        for (const auto& address : addresses) options.servers.push_back({address});
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

// What is asked for, and what must come of it.
template <class Record>
struct Expected {
    std::string name;
    std::vector<Record> records;
    bool authentic = true;
    std::string canonical_name = name;
    bool name_exists = true;
};

template <class Record>
void check(const Result<RecordSet<Record>>& answer, const Expected<Record>& expected) {
    ASSERT_TRUE(answer) << expected.name << ": " << answer.error().detail;
    EXPECT_THAT(answer->records, testing::UnorderedElementsAreArray(expected.records)) << expected.name;
    EXPECT_EQ(answer->authentic, expected.authentic) << expected.name;
    EXPECT_EQ(answer->canonical_name, expected.canonical_name) << expected.name;
    EXPECT_EQ(answer->name_exists, expected.name_exists) << expected.name;
}

template <class Record>
void check_unknown(const Result<RecordSet<Record>>& answer, const std::string& name) {
    ASSERT_FALSE(answer) << name;
    EXPECT_EQ(answer.error().code, Errc::temporary) << name;
    EXPECT_EQ(answer.error().detail, std::string("SERVFAIL from ") + ValidatingResolver::address + ":53")
        << name;
}

TEST_F(ValidatingResolverTest, TellsSignedTlsaRecordsFromOthers) {
    const TlsaRecord of_key{3, 1, 1, {0xaa, 0xbb}};
    const TlsaRecord of_issuer{2, 0, 2, {0xcc}};
    const std::string mail = "_25._tcp.mail.test";
    const std::string away = "_25._tcp.mail.unsigned";
    const Expected<TlsaRecord> rows[] = {
        {mail, {of_key, of_issuer}},                                  // row 1
        {"_25._tcp.hosted.test", {of_key, of_issuer}, true, mail},    // row 16
        {"_25._tcp.leaving.test", {{3, 1, 1, {0xee}}}, false, away},  // row 17
        {"_25._tcp.any.anywhere.test", {{3, 1, 1, {0xdd}}}},
        {away, {{3, 1, 1, {0xee}}}, false},  // #159
    };
    for (const auto& row : rows) check(test::run(io, resolver.tlsa(row.name)), row);
    EXPECT_LE(test::run(io, resolver.tlsa("_25._tcp.hosted.test"))->ttl, 90s);
}

TEST_F(ValidatingResolverTest, TellsASecureDenialFromAnInsecureOne) {
    const std::string gone = "_25._tcp.empty.test";
    const std::string island = "_25._tcp.gone.unsigned";
    const Expected<TlsaRecord> rows[] = {
        {gone, {}, true, gone, false},  // row 3
        {"empty.test", {}},
        {"_tcp.mail.test", {}},              // an empty non-terminal
        {island, {}, false, island, false},  // row 18
        {"mail.unsigned", {}, false},
    };
    for (const auto& row : rows) check(test::run(io, resolver.tlsa(row.name)), row);
}

// #161, rows 7 and 12
TEST_F(ValidatingResolverTest, KnowsNothingOfDaneWhereItDoesNotValidate) {
    for (const std::string name : {"_25._tcp.mail.bogus", "_25._tcp.broken.test", "_25._tcp.gone.bogus"})
        check_unknown(test::run(io, resolver.tlsa(name)), name);
    for (const std::string name : {"mail.bogus", "astray.test"}) {
        check_unknown(test::run(io, resolver.a(name, Servers::validating)), name);
        check_unknown(test::run(io, resolver.aaaa(name, Servers::validating)), name);
    }
    check_unknown(test::run(io, resolver.cname("alias.bogus")), "alias.bogus");
    check_unknown(test::run(io, resolver.mx("mx.bogus", Servers::validating)), "mx.bogus");  // row 19
}

TEST_F(ValidatingResolverTest, TellsWhetherMailExchangersAreSigned) {
    const MxRecord first{10, "mail.test"};
    const Expected<MxRecord> rows[] = {
        {"mx.test", {first, {20, "backup.unsigned"}}},
        {"mx.unsigned", {first}, false},                                     // row 8
        {"null-mx.test", {{0, ""}}},                                         // row 20
        {"mail.test", {}},                                                   // row 22
        {"mail.unsigned", {}, false},                                        // row 23
        {"gone.test", {}, true, "gone.test", false},                         // row 24
        {"domain.test", {first, {20, "backup.unsigned"}}, true, "mx.test"},  // row 25
        {"alias.unsigned", {}, false, "mail.test"},                          // row 25
    };
    for (const auto& row : rows) check(test::run(io, resolver.mx(row.name, Servers::validating)), row);
}

TEST_F(ValidatingResolverTest, ExpandsTheNamesOfAliasedHosts) {
    const auto address = asio::ip::make_address("192.0.2.25");
    const Expected<asio::ip::address> rows[] = {
        {"mail.test", {address}},
        {"alias.test", {address}, true, "mail.test"},  // #164, rows 13 and 14
        {"chain.test", {address}, true, "mail.test"},
        {"away.test", {asio::ip::make_address("192.0.2.26")}, false, "mail.unsigned"},  // row 15
        {"alias.unsigned", {address}, false, "mail.test"},
        {"mail.unsigned", {asio::ip::make_address("192.0.2.26")}, false},  // #160, row 10
    };
    for (const auto& row : rows) check(test::run(io, resolver.a(row.name, Servers::validating)), row);
    const Expected<asio::ip::address> no_v6{"away.test", {}, false, "mail.unsigned"};
    check(test::run(io, resolver.aaaa(no_v6.name, Servers::validating)), no_v6);  // row 11
}

// Row 15: the alias of a name may be signed where what it leads to is not.
TEST_F(ValidatingResolverTest, TellsWhetherAnAliasItselfIsSigned) {
    const Expected<std::string> rows[] = {
        {"away.test", {"mail.unsigned"}},
        {"astray.test", {"mail.bogus"}},
        {"chain.test", {"alias.test"}},  // the first link alone
        {"alias.unsigned", {"mail.test"}, false},
        {"mail.test", {}},
        {"mail.unsigned", {}, false},
        {"gone.test", {}, true, "gone.test", false},
    };
    for (const auto& row : rows) check(test::run(io, resolver.cname(row.name)), row);
}

// #166, row 27: an authoritative server does not set the AD bit.
TEST_F(ValidatingResolverTest, AsksNothingAboutDaneOfAServerThatDoesNotValidate) {
    CaresResolver blind(io.get_executor(), options_for({ValidatingResolver::authority}));
    EXPECT_EQ(test::run(io, blind.validation()), Validation::no);
    const auto tlsa = test::run(io, blind.tlsa("_25._tcp.mail.test"));
    ASSERT_FALSE(tlsa);
    EXPECT_EQ(tlsa.error().detail, "no DNS server validates");
    const auto mx = test::run(io, blind.mx("mx.test", Servers::all));
    ASSERT_TRUE(mx) << mx.error().detail;
    EXPECT_THAT(mx->records, SizeIs(2));
    EXPECT_FALSE(mx->authentic);
}

// #161: what is bogus stays so where another server would have answered.
TEST_F(ValidatingResolverTest, TakesNoAnswerAboutDaneFromTheOtherServer) {
    const std::string validating = ValidatingResolver::address;
    const std::string other = ValidatingResolver::authority;
    for (const auto& addresses : {std::vector{validating, other}, std::vector{other, validating}}) {
        CaresResolver both(io.get_executor(), options_for(addresses));
        EXPECT_EQ(test::run(io, both.validation()), Validation::yes);
        check_unknown(test::run(io, both.tlsa("_25._tcp.mail.bogus")), addresses.front());
        const Expected<TlsaRecord> other_zone{"_25._tcp.mail.unsigned", {{3, 1, 1, {0xee}}}, false};
        check(test::run(io, both.tlsa(other_zone.name)), other_zone);
    }
}

}  // namespace
}  // namespace sternpost
