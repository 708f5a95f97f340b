#include "dns/message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "tests/support/dns_message.hpp"

namespace sternpost {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::address_rdata;
using test::DnsMessage;
using test::joined;
using test::mx_rdata;
using test::txt_rdata;
using test::wire_name;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view asked = "_mta-sts.example.test";

DnsMessage txt_answer() {
    return {asked, ns_t_txt};
}

Result<RecordSet<std::string>> read_txt(const DnsMessage& message) {
    return sternpost::read_txt(message.bytes(), std::string(asked));
}

std::string why_not_read(const DnsMessage& message) {
    const auto read = read_txt(message);
    if (read) return "it was read";
    EXPECT_EQ(read.error().code, Errc::temporary);
    return read.error().detail;
}

// RFC 1035 section 4.1.1 with RFC 4035 section 3.2.3
TEST(DnsQuery, AsksOneAbsoluteNameWithAuthenticDataWanted) {
    const auto query = make_query("_mta-sts.Example.test", ns_t_txt, 0xabcd);
    ASSERT_TRUE(query);
    Bytes expected{0xab, 0xcd, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 1};   // RD and AD set, CD clear (#32)
    expected = joined(expected, wire_name("_mta-sts.Example.test"));  // ends in the root: no search list (#1)
    expected = joined(expected, {0, ns_t_txt, 0, ns_c_in});
    expected = joined(expected, {0, 0, ns_t_opt, 0x04, 0xd0, 0, 0, 0, 0, 0, 0});  // EDNS, 1232 bytes (#33)
    EXPECT_EQ(*query, expected);
}

TEST(DnsQuery, TakesAFinalDotAsPartOfNoLabel) {
    const auto with_dot = make_query("example.test.", ns_t_mx, 7);
    ASSERT_TRUE(with_dot);
    EXPECT_EQ(*with_dot, *make_query("example.test", ns_t_mx, 7));
}

TEST(DnsQuery, DoesWithoutEdnsForServersThatKnowNone) {
    const auto query = make_query("example.test", ns_t_mx, 7, 0);
    ASSERT_TRUE(query);
    Bytes expected{0, 7, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 0};
    expected = joined(joined(expected, wire_name("example.test")), {0, ns_t_mx, 0, ns_c_in});
    EXPECT_EQ(*query, expected);

    EXPECT_TRUE(rejects_edns(txt_answer().rcode(ns_r_formerr).bytes()));
    EXPECT_TRUE(rejects_edns(txt_answer().questions(0).rcode(ns_r_formerr).bytes()));
    EXPECT_FALSE(
        rejects_edns(txt_answer().rcode(ns_r_formerr).opt().bytes()));  // it has something else in mind
    EXPECT_FALSE(rejects_edns(txt_answer().rcode(ns_r_servfail).bytes()));
    EXPECT_FALSE(rejects_edns(txt_answer().bytes()));
    EXPECT_FALSE(rejects_edns({}));
}

// #36
TEST(DnsQuery, RefusesWhatIsNoName) {
    const std::string label(63, 'a');
    const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
    EXPECT_TRUE(make_query(longest, ns_t_txt, 1));
    for (const std::string& name : {longest + "a", std::string(64, 'a') + ".test", "a..test"s, ".test"s}) {
        const auto query = make_query(name, ns_t_txt, 1);
        ASSERT_FALSE(query) << name;
        EXPECT_THAT(query.error().detail, HasSubstr("no question can be asked for"));
    }
}

// #15, #16
TEST(DnsAnswer, JoinsTheStringsOfARecordButNotTheRecords) {
    const auto read = read_txt(txt_answer()
                                   .answer(ns_t_txt, 300, txt_rdata({"v=ST", "Sv1; id=", "2016"}))
                                   .answer(ns_t_txt, 300, txt_rdata({"v=spf1 -all"}))
                                   .answer(ns_t_txt, 300, txt_rdata({""}))
                                   .answer(ns_t_txt, 300, txt_rdata({std::string("\0\"\\\xff", 4)}))
                                   .answer(ns_t_txt, 300, txt_rdata({std::string(255, 'x'), "", "y"})));
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_THAT(read->records, ElementsAre("v=STSv1; id=2016", "v=spf1 -all", "",
                                           std::string("\0\"\\\xff", 4), std::string(255, 'x') + "y"));
    EXPECT_TRUE(read->name_exists);
    EXPECT_EQ(read->canonical_name, asked);
}

TEST(DnsAnswer, HasTheSmallestTtlOfChainAndRecords) {
    struct Row {
        std::string_view what;
        std::uint32_t alias;
        std::uint32_t first;
        std::uint32_t second;
        std::chrono::seconds ttl;
    };
    const Row rows[] = {
        {"the alias", 60, 3600, 7200, 60s},
        {"the first record", 3600, 61, 7200, 61s},
        {"the second record", 3600, 7200, 0, 0s},
        {"the largest", 0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffffs},
        {"top bit set", 300, 0x80000000, 300, 0s},
        {"all bits set", 0xffffffff, 300, 300, 0s},
    };
    for (const Row& row : rows) {
        const auto read = read_txt(txt_answer()
                                       .cname(asked, "sts.provider.test", row.alias)
                                       .answer("sts.provider.test", ns_t_txt, row.first, txt_rdata({"a"}))
                                       .answer("sts.provider.test", ns_t_txt, row.second, txt_rdata({"b"})));
        ASSERT_TRUE(read) << row.what;
        EXPECT_EQ(read->ttl, row.ttl) << row.what;
    }
}

// #27
TEST(DnsAnswer, FollowsAliases) {
    struct Row {
        std::string_view what;
        DnsMessage message;
    };
    const auto record = txt_rdata({"v=STSv1; id=1"});
    const Row rows[] = {
        {"one", txt_answer().cname(asked, "end.test").answer("end.test", ns_t_txt, 300, record)},
        {"a chain", txt_answer()
                        .cname(asked, "a.test")
                        .cname("a.test", "b.test")
                        .cname("b.test", "end.test")
                        .answer("end.test", ns_t_txt, 300, record)},
        {"a chain in no order", txt_answer()
                                    .answer("end.test", ns_t_txt, 300, record)
                                    .cname("b.test", "end.test")
                                    .cname("a.test", "b.test")
                                    .cname(asked, "a.test")},
        {"upper case",
         txt_answer().cname("_MTA-STS.Example.TEST", "END.test").answer("End.Test", ns_t_txt, 300, record)},
        {"made from a DNAME", txt_answer()
                                  .answer("example.test", ns_t_dname, 300, wire_name("test"))
                                  .cname(asked, "end.test", 0)
                                  .answer("end.test", ns_t_txt, 300, record)},
        {"with signatures", txt_answer()
                                .cname(asked, "end.test")
                                .answer(asked, ns_t_rrsig, 1, Bytes(40))
                                .answer("end.test", ns_t_txt, 300, record)
                                .answer("end.test", ns_t_rrsig, 1, Bytes(40))},
    };
    for (const Row& row : rows) {
        const auto read = read_txt(row.message);
        ASSERT_TRUE(read) << row.what << ": " << read.error().detail;
        EXPECT_THAT(read->records, ElementsAre("v=STSv1; id=1")) << row.what;
        EXPECT_EQ(read->canonical_name, "end.test") << row.what;
    }
}

TEST(DnsAnswer, TakesRecordsOfTheChainsEndOnly) {
    const auto read = read_txt(txt_answer()
                                   .answer("other.test", ns_t_txt, 1, txt_rdata({"foreign"}))
                                   .answer("example.test", ns_t_txt, 1, txt_rdata({"parent"}))
                                   .answer(ns_t_spf, 1, txt_rdata({"another type"}))
                                   .record(0, wire_name(asked), ns_t_txt, ns_c_chaos, 1, txt_rdata({"chaos"}))
                                   .answer(ns_t_txt, 300, txt_rdata({"mine"}))
                                   .additional(asked, ns_t_txt, 1, txt_rdata({"additional"})));
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_THAT(read->records, ElementsAre("mine"));
    EXPECT_EQ(read->ttl, 300s);

    const auto aliased = read_txt(txt_answer()
                                      .cname(asked, "end.test")
                                      .answer(asked, ns_t_txt, 300, txt_rdata({"beside the alias"}))
                                      .answer("end.test", ns_t_txt, 300, txt_rdata({"at its end"})));
    ASSERT_TRUE(aliased) << aliased.error().detail;
    EXPECT_THAT(aliased->records, ElementsAre("at its end"));
}

TEST(DnsAnswer, MatchesTheQuestionInAnyCase) {
    DnsMessage shouting("_MTA-sts.eXAMPLE.tESt", ns_t_txt);
    shouting.answer(ns_t_txt, 300, txt_rdata({"a"}));
    const auto read = read_txt(shouting);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_THAT(read->records, ElementsAre("a"));

    const auto upper = sternpost::read_txt(shouting.bytes(), "_MTA-STS.EXAMPLE.TEST");
    ASSERT_TRUE(upper) << upper.error().detail;
    EXPECT_EQ(upper->canonical_name, asked);
}

// #28, #29: NXDOMAIN and NODATA both say "none", for the negative TTL of RFC 2308 section 5.
TEST(DnsAnswer, SaysThatThereIsNone) {
    struct Row {
        std::string_view what;
        DnsMessage message;
        bool name_exists;
        std::chrono::seconds ttl;
    };
    const auto soa = [](std::uint32_t ttl, std::uint32_t minimum) {
        return txt_answer().soa("test", ttl, minimum);
    };
    const Row rows[] = {
        {"NODATA, minimum smaller", soa(3600, 60), true, 60s},
        {"NODATA, SOA's TTL smaller", soa(30, 60), true, 30s},
        {"NODATA without SOA", txt_answer(), true, 0s},
        {"NXDOMAIN", soa(3600, 60).rcode(ns_r_nxdomain), false, 60s},
        {"NXDOMAIN without SOA", txt_answer().rcode(ns_r_nxdomain), false, 0s},
        {"NXDOMAIN with name servers",
         txt_answer().rcode(ns_r_nxdomain).authority("test", ns_t_ns, 300, wire_name("ns.test")), false, 0s},
        {"top bit of the SOA's TTL set", soa(0x80000001, 60), true, 0s},
        {"top bit of minimum set", soa(3600, 0x80000001), true, 0s},
        {"SOA among other records",
         txt_answer()
             .authority("test", ns_t_ns, 5, wire_name("ns.test"))
             .soa("test", 3600, 60)
             .authority("test", ns_t_nsec, 5, wire_name("z.test")),
         true, 60s},
        {"signatures without SOA", txt_answer().authority("test", ns_t_rrsig, 300, Bytes(40)), true, 0s},
        {"alias to nowhere", soa(3600, 60).cname(asked, "gone.test", 300).rcode(ns_r_nxdomain), false, 60s},
        {"alias with the smaller TTL", soa(3600, 60).cname(asked, "gone.test", 20).rcode(ns_r_nxdomain),
         false, 20s},
        {"alias to a name with other records", soa(3600, 60).cname(asked, "empty.test", 300), true, 60s},
        {"alias to the root", soa(3600, 60).cname(asked, ".", 300), true, 60s},
        {"records of another type only", soa(3600, 60).answer(ns_t_a, 5, address_rdata("192.0.2.1")), true,
         60s},
        {"EDNS", soa(3600, 60).opt(), true, 60s},
    };
    for (const Row& row : rows) {
        const auto read = read_txt(row.message);
        ASSERT_TRUE(read) << row.what << ": " << read.error().detail;
        EXPECT_THAT(read->records, IsEmpty()) << row.what;
        EXPECT_EQ(read->name_exists, row.name_exists) << row.what;
        EXPECT_EQ(read->ttl, row.ttl) << row.what;
    }
}

TEST(DnsAnswer, CarriesTheAuthenticDataBit) {
    const auto record = txt_rdata({"a"});
    EXPECT_TRUE(read_txt(txt_answer().answer(ns_t_txt, 1, record).on(DnsMessage::ad))->authentic);
    EXPECT_FALSE(read_txt(txt_answer().answer(ns_t_txt, 1, record))->authentic);
    EXPECT_TRUE(read_txt(txt_answer().rcode(ns_r_nxdomain).on(DnsMessage::ad))->authentic);
    EXPECT_FALSE(read_txt(txt_answer().rcode(ns_r_nxdomain).on(DnsMessage::cd))->authentic);
}

// #30: "don't know" is never "none".
TEST(DnsAnswer, ThatFailsNamesItsRcode) {
    struct Row {
        std::size_t rcode;
        std::string_view name;
    };
    const Row rows[] = {{1, "FORMERR"},   {2, "SERVFAIL"},  {4, "NOTIMP"},    {5, "REFUSED"},
                        {6, "YXDOMAIN"},  {7, "YXRRSET"},   {8, "NXRRSET"},   {9, "NOTAUTH"},
                        {10, "NOTZONE"},  {11, "rcode 11"}, {12, "rcode 12"}, {13, "rcode 13"},
                        {14, "rcode 14"}, {15, "rcode 15"}};
    for (const Row& row : rows) {
        EXPECT_EQ(why_not_read(txt_answer().rcode(row.rcode)), row.name);
        EXPECT_EQ(why_not_read(txt_answer().soa("test", 300, 300).rcode(row.rcode)), row.name);
        EXPECT_EQ(why_not_read(txt_answer().answer(ns_t_txt, 300, txt_rdata({"a"})).rcode(row.rcode)),
                  row.name);
        EXPECT_EQ(why_not_read(txt_answer().questions(0).rcode(row.rcode)), row.name);
    }
}

// RFC 6891 section 6.1.3: the upper bits of the rcode are in the OPT record.
TEST(DnsAnswer, ThatFailsByAnExtendedRcodeIsNotNone) {
    EXPECT_EQ(why_not_read(txt_answer().opt(1)), "BADVERS");
    EXPECT_EQ(why_not_read(txt_answer().rcode(7).opt(1)), "rcode 23");
    EXPECT_EQ(why_not_read(txt_answer().rcode(3).opt(1)), "rcode 19");
}

TEST(DnsAnswer, MustAnswerTheQuestion) {
    const auto record = txt_rdata({"a"});
    const auto good = txt_answer().answer(ns_t_txt, 300, record);
    ASSERT_TRUE(read_txt(good));
    struct Row {
        std::string_view what;
        DnsMessage message;
    };
    const Row rows[] = {
        {"another name", DnsMessage("_mta-sts.other.test", ns_t_txt).answer(ns_t_txt, 300, record)},
        {"a longer name", DnsMessage("x._mta-sts.example.test", ns_t_txt).answer(ns_t_txt, 300, record)},
        {"a shorter name", DnsMessage("example.test", ns_t_txt).answer(ns_t_txt, 300, record)},
        {"the root", DnsMessage(".", ns_t_txt).answer(ns_t_txt, 300, record)},
        {"another type", DnsMessage(asked, ns_t_mx).answer(ns_t_txt, 300, record)},
        {"another class", DnsMessage(good).question_class(ns_c_chaos)},
        {"no response", DnsMessage(good).off(DnsMessage::qr)},
        {"a response to a NOTIFY", DnsMessage(good).on(0x2000)},
        {"no question", DnsMessage(good).questions(0)},
        {"two questions", DnsMessage(good).questions(2)},
    };
    for (const Row& row : rows)
        EXPECT_EQ(why_not_read(row.message), "answer to another question") << row.what;
}

TEST(DnsAnswer, ThatIsCutShortIsNotRead) {
    EXPECT_EQ(why_not_read(txt_answer().answer(ns_t_txt, 300, txt_rdata({"a"})).on(DnsMessage::tc)),
              "truncated answer");
    EXPECT_EQ(why_not_read(txt_answer().on(DnsMessage::tc)), "truncated answer");
}

// #28
TEST(DnsAnswer, WithAnAliasLoopIsAFailure) {
    EXPECT_THAT(why_not_read(txt_answer().cname(asked, asked)), HasSubstr("CNAME loop"));
    EXPECT_THAT(why_not_read(txt_answer().cname(asked, "a.test").cname("a.test", asked)),
                HasSubstr("CNAME loop"));
    EXPECT_THAT(
        why_not_read(txt_answer().cname(asked, "a.test").cname("a.test", "b.test").cname("b.test", "A.test")),
        HasSubstr("CNAME loop"));
    EXPECT_THAT(why_not_read(txt_answer().cname(asked, asked).answer(ns_t_txt, 300, txt_rdata({"a"}))),
                HasSubstr("CNAME loop"));
}

TEST(DnsAnswer, ThatRefersToOtherServersIsAFailure) {
    EXPECT_THAT(why_not_read(txt_answer().authority("test", ns_t_ns, 300, wire_name("ns.test"))),
                HasSubstr("referral"));
    EXPECT_THAT(why_not_read(txt_answer()
                                 .cname(asked, "elsewhere.test")
                                 .authority("test", ns_t_ns, 300, wire_name("ns.test"))),
                HasSubstr("referral"));
}

TEST(DnsAnswer, WithAMalformedRecordIsRefusedAsAWhole) {
    const auto good = txt_rdata({"good"});
    struct Row {
        std::string_view what;
        DnsMessage message;
    };
    const Row txts[] = {
        {"a string longer than its record", txt_answer().answer(ns_t_txt, 300, {5, 'a', 'b'})},
        {"the last string longer", txt_answer().answer(ns_t_txt, 300, {1, 'a', 2, 'b'})},
        {"a length without string", txt_answer().answer(ns_t_txt, 300, {1, 'a', 1})},
        {"no string at all", txt_answer().answer(ns_t_txt, 300, {})},
        {"a bad one behind a good one", txt_answer().answer(ns_t_txt, 300, good).answer(ns_t_txt, 300, {9})},
        {"an alias without target", txt_answer().answer(ns_t_cname, 300, {})},
        {"an alias that is cut short", txt_answer().answer(ns_t_cname, 300, {5, 'a', 'b'})},
        {"an alias whose name runs on",
         txt_answer().answer(ns_t_cname, 300, {1, 'a'}).answer("", ns_t_a, 1, {})},
        {"an alias with bytes behind its name", txt_answer().answer(ns_t_cname, 300, {1, 'a', 0, 0})},
        {"an alias that points to itself", txt_answer().answer(ns_t_cname, 300, {0xc0, 51})},
        {"an alias that points outside", txt_answer().answer(ns_t_cname, 300, {0xff, 0xff})},
        {"an alias with a reserved label type", txt_answer().answer(ns_t_cname, 300, {0x80, 1, 0})},
        {"an SOA too short for its numbers", txt_answer().authority("test", ns_t_soa, 300, Bytes(21))},
        {"an owner that points to itself", txt_answer().record(0, {0xc0, 39}, ns_t_txt, ns_c_in, 300, good)},
        {"two owners that point to each other", txt_answer()
                                                    .record(0, {0xc0, 55}, ns_t_txt, ns_c_in, 300, good)
                                                    .record(0, {0xc0, 39}, ns_t_txt, ns_c_in, 300, good)},
    };
    for (const Row& row : txts) EXPECT_THAT(why_not_read(row.message), HasSubstr("malformed")) << row.what;
}

TEST(DnsAnswer, OfMailExchangers) {
    const std::string domain = "example.test";
    DnsMessage message(domain, ns_t_mx);
    Bytes compressed{0, 20, 4, 'm', 'a', 'i', 'l', 0xc0, 12};
    message.answer(ns_t_mx, 300, mx_rdata(10, "MX1.Example.TEST"))
        .answer(ns_t_mx, 300, compressed)
        .answer(ns_t_mx, 200, mx_rdata(65535, "."))
        .answer(ns_t_mx, 300, mx_rdata(0, "back_up.xn--bcher-kva.example"));
    const auto read = read_mx(message.bytes(), domain);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_THAT(read->records,
                ElementsAre(MxRecord{10, "mx1.example.test"}, MxRecord{20, "mail.example.test"},
                            MxRecord{65535, ""}, MxRecord{0, "back_up.xn--bcher-kva.example"}));
    EXPECT_EQ(read->ttl, 200s);
}

TEST(DnsAnswer, OfMailExchangersMayBeTheNullMx) {
    DnsMessage message("example.test", ns_t_mx);
    message.answer(ns_t_mx, 300, mx_rdata(0, "."));
    const auto read = read_mx(message.bytes(), "example.test");
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_THAT(read->records, ElementsAre(MxRecord{0, ""}));
}

TEST(DnsAnswer, OfMailExchangersRefusesMalformedOnes) {
    const Bytes rdatas[] = {{},
                            {0},
                            {0, 10},
                            {0, 10, 3, 'm', 'x'},
                            {0, 10, 0, 0},
                            {0, 10, 2, 'm', 'x'},
                            {0, 10, 0xc0},
                            {0, 10, 0xc0, 0xff},
                            {0, 10, 0x40, 0}};
    for (const Bytes& rdata : rdatas) {
        DnsMessage message("example.test", ns_t_mx);
        message.answer(ns_t_mx, 300, rdata).answer("", ns_t_a, 1, {});
        const auto read = read_mx(message.bytes(), "example.test");
        ASSERT_FALSE(read) << testing::PrintToString(rdata);
        EXPECT_EQ(read.error().code, Errc::temporary);
        EXPECT_THAT(read.error().detail, HasSubstr("malformed"));
    }
}

TEST(DnsAnswer, OfAddresses) {
    const std::string host = "mta-sts.example.test";
    const auto a = read_a(DnsMessage(host, ns_t_a)
                              .cname(host, "web.test", 30)
                              .answer("web.test", ns_t_a, 300, address_rdata("192.0.2.1"))
                              .answer("web.test", ns_t_aaaa, 300, address_rdata("2001:db8::9"))
                              .answer("web.test", ns_t_a, 300, address_rdata("192.0.2.2"))
                              .bytes(),
                          host);
    ASSERT_TRUE(a) << a.error().detail;
    EXPECT_THAT(a->records, ElementsAre(boost::asio::ip::make_address("192.0.2.1"),
                                        boost::asio::ip::make_address("192.0.2.2")));
    EXPECT_EQ(a->ttl, 30s);
    const auto aaaa = read_aaaa(
        DnsMessage(host, ns_t_aaaa).answer(ns_t_aaaa, 300, address_rdata("2001:db8::1")).bytes(), host);
    ASSERT_TRUE(aaaa) << aaaa.error().detail;
    EXPECT_THAT(aaaa->records, ElementsAre(boost::asio::ip::make_address("2001:db8::1")));
}

TEST(DnsAnswer, OfAddressesRefusesThoseOfAnotherSize) {
    for (const std::size_t size : {0U, 1U, 3U, 5U, 16U}) {
        const auto read =
            read_a(DnsMessage("a.test", ns_t_a).answer(ns_t_a, 300, Bytes(size)).bytes(), "a.test");
        ASSERT_FALSE(read) << size;
        EXPECT_THAT(read.error().detail, HasSubstr("malformed"));
    }
    for (const std::size_t size : {0U, 4U, 15U, 17U}) {
        const auto read =
            read_aaaa(DnsMessage("a.test", ns_t_aaaa).answer(ns_t_aaaa, 300, Bytes(size)).bytes(), "a.test");
        ASSERT_FALSE(read) << size;
        EXPECT_THAT(read.error().detail, HasSubstr("malformed"));
    }
}

// RFC 6698 section 2.1
TEST(DnsAnswer, OfTlsaRecords) {
    const std::string name = "_25._tcp.mx.example.test";
    DnsMessage message(name, ns_t_tlsa);
    const Bytes digest(32, 0xab);
    message.answer(ns_t_tlsa, 300, joined({3, 1, 1}, digest))
        .answer(ns_t_tlsa, 200, {2, 0, 0, 0x30})
        .answer(ns_t_tlsa, 300, {255, 254, 253, 1, 2})  // unknown values are kept (#162)
        .answer(ns_t_tlsa, 300, {3, 1, 1});
    const auto read = read_tlsa(message.bytes(), name);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_THAT(read->records, ElementsAre(TlsaRecord{3, 1, 1, digest}, TlsaRecord{2, 0, 0, {0x30}},
                                           TlsaRecord{255, 254, 253, {1, 2}}, TlsaRecord{3, 1, 1, {}}));
    EXPECT_EQ(read->ttl, 200s);
}

TEST(DnsAnswer, OfTlsaRecordsRefusesShortOnes) {
    for (const Bytes& rdata : {Bytes{}, Bytes{3}, Bytes{3, 1}}) {
        DnsMessage message("_25._tcp.mx.test", ns_t_tlsa);
        message.answer(ns_t_tlsa, 300, {3, 1, 1, 0xab}).answer(ns_t_tlsa, 300, rdata);
        const auto read = read_tlsa(message.bytes(), "_25._tcp.mx.test");
        ASSERT_FALSE(read) << rdata.size();
        EXPECT_EQ(read.error().code, Errc::temporary);
        EXPECT_THAT(read.error().detail, HasSubstr("malformed"));
    }
}

// Row 16
TEST(DnsAnswer, OfTlsaRecordsFollowsAliases) {
    const std::string name = "_25._tcp.mx.test";
    const auto read = read_tlsa(DnsMessage(name, ns_t_tlsa)
                                    .cname(name, "DANE.Provider.test", 30)
                                    .answer("dane.provider.test", ns_t_tlsa, 300, {3, 1, 1, 0xab})
                                    .answer(name, ns_t_tlsa, 300, {3, 1, 1, 0xcd})  // beside the alias
                                    .on(DnsMessage::ad)
                                    .bytes(),
                                name);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_THAT(read->records, ElementsAre(TlsaRecord{3, 1, 1, {0xab}}));
    EXPECT_EQ(read->canonical_name, "dane.provider.test");
    EXPECT_EQ(read->ttl, 30s);
    EXPECT_TRUE(read->authentic);
}

// Row 15: what is asked for is the alias itself.
TEST(DnsAnswer, OfAnAliasIsItsFirstLink) {
    const std::string name = "mx.example.test";
    const Bytes compressed{4, 'n', 'e', 'x', 't', 0xc0, 15};  // to "example.test" in the question
    const auto read = read_cname(DnsMessage(name, ns_t_cname)
                                     .answer(ns_t_cname, 300, compressed)
                                     .cname("next.example.test", "END.test", 20)
                                     .on(DnsMessage::ad)
                                     .bytes(),
                                 "MX.Example.test");
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_THAT(read->records, ElementsAre("next.example.test"));
    EXPECT_EQ(read->canonical_name, name);
    EXPECT_EQ(read->ttl, 300s);
    EXPECT_TRUE(read->authentic);

    const auto none = read_cname(DnsMessage(name, ns_t_cname).soa("test", 3600, 60).bytes(), name);
    ASSERT_TRUE(none) << none.error().detail;
    EXPECT_THAT(none->records, IsEmpty());
    EXPECT_TRUE(none->name_exists);
    EXPECT_EQ(none->ttl, 60s);

    const auto malformed =
        read_cname(DnsMessage(name, ns_t_cname).answer(ns_t_cname, 300, {0xff, 0xff}).bytes(), name);
    ASSERT_FALSE(malformed);
    EXPECT_THAT(malformed.error().detail, HasSubstr("malformed"));
}

// The probe
TEST(DnsAnswer, OfNameServersOfTheRoot) {
    const auto read = read_ns(DnsMessage(".", ns_t_ns)
                                  .answer(ns_t_ns, 300, wire_name("A.Root.test"))
                                  .answer(ns_t_ns, 300, {1, 'b', 0xc0, 29})
                                  .on(DnsMessage::ad)
                                  .bytes(),
                              ".");
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_THAT(read->records, ElementsAre("a.root.test", "b.a.root.test"));
    EXPECT_TRUE(read->authentic);
    EXPECT_FALSE(
        read_ns(DnsMessage(".", ns_t_ns).authority(".", ns_t_ns, 300, wire_name("a.test")).bytes(), "."));
}

TEST(DnsAnswer, AboutDaneMustAnswerTheQuestion) {
    const std::string name = "_25._tcp.mx.test";
    const Bytes record{3, 1, 1, 0xab};
    EXPECT_TRUE(read_tlsa(DnsMessage(name, ns_t_tlsa).answer(ns_t_tlsa, 300, record).bytes(), name));
    const DnsMessage others[] = {
        DnsMessage("_25._tcp.other.test", ns_t_tlsa).answer(name, ns_t_tlsa, 300, record),
        DnsMessage("mx.test", ns_t_tlsa).answer(name, ns_t_tlsa, 300, record),
        DnsMessage(name, ns_t_cname).answer(ns_t_tlsa, 300, record),
    };
    for (const DnsMessage& other : others) {
        const auto read = read_tlsa(other.bytes(), name);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().detail, "answer to another question");
    }
    const auto alias = read_cname(DnsMessage(name, ns_t_a).cname(name, "forged.test").bytes(), name);
    ASSERT_FALSE(alias);
    EXPECT_EQ(alias.error().detail, "answer to another question");
}

// Everything that the readers meet in an answer, for cutting and mutating.
std::vector<Bytes> valid_messages() {
    return {
        txt_answer().answer(ns_t_txt, 300, txt_rdata({"v=STSv1;", " id=1"})).opt().bytes(),
        txt_answer()
            .cname(asked, "a.test")
            .cname("a.test", "b.test")
            .answer("b.test", ns_t_txt, 1, txt_rdata({"x"}))
            .bytes(),
        txt_answer().rcode(ns_r_nxdomain).soa("test", 3600, 60).opt().bytes(),
        DnsMessage("example.test", ns_t_mx).answer(ns_t_mx, 300, {0, 5, 2, 'm', 'x', 0xc0, 12}).bytes(),
        DnsMessage("h.test", ns_t_a).answer(ns_t_a, 300, address_rdata("192.0.2.1")).bytes(),
        DnsMessage("h.test", ns_t_aaaa).answer(ns_t_aaaa, 300, address_rdata("2001:db8::1")).bytes(),
        DnsMessage("h.test", ns_t_tlsa).answer(ns_t_tlsa, 300, {3, 1, 1, 0xab}).bytes(),
        DnsMessage("h.test", ns_t_cname).answer(ns_t_cname, 300, {1, 'i', 0xc0, 12}).bytes(),
        DnsMessage(".", ns_t_ns).answer(ns_t_ns, 300, wire_name("a.test")).bytes(),
    };
}

// All readers on a copy of just the right size, so that a read beyond its end is seen.
int read_all(const Bytes& message) {
    const Bytes exact(message.begin(), message.end());
    int read = 0;
    if (sternpost::read_txt(exact, std::string(asked))) ++read;
    if (read_mx(exact, "example.test")) ++read;
    if (read_a(exact, "h.test")) ++read;
    if (read_aaaa(exact, "h.test")) ++read;
    if (read_tlsa(exact, "h.test")) ++read;
    if (read_cname(exact, "h.test")) ++read;
    if (read_ns(exact, ".")) ++read;
    return read;
}

TEST(DnsAnswer, CutAnywhereIsMalformed) {
    for (const Bytes& whole : valid_messages()) {
        ASSERT_EQ(read_all(whole), 1);
        for (std::size_t length = 0; length < whole.size(); ++length) {
            const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
            EXPECT_EQ(read_all(cut), 0) << length << " bytes of " << whole.size();
        }
        EXPECT_EQ(read_all(joined(whole, {0})), 0) << "a byte too many";
    }
}

TEST(DnsAnswer, OfHostileBytesIsReadWithinItsBounds) {
    std::mt19937 random(1035);
    const auto below = [&random](std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
    };
    const auto seeds = valid_messages();
    int read = 0;
    for (int i = 0; i < 60'000; ++i) {
        Bytes message = seeds[below(seeds.size())];
        for (std::size_t edits = 1 + below(3); edits > 0; --edits)
            message[below(message.size())] = static_cast<std::uint8_t>(below(256));
        if (below(8) == 0) message.resize(below(message.size()));
        read += read_all(message);
        Bytes noise(below(64));
        for (auto& byte : noise) byte = static_cast<std::uint8_t>(below(256));
        read += read_all(noise);
    }
    EXPECT_GT(read, 1000);  // or the mutations would test nothing but the first check
}

// A message of the largest size, full of the smallest records, is read in no time worth mentioning.
TEST(DnsAnswer, WithThousandsOfAliasesIsReadQuickly) {
    DnsMessage message(asked, ns_t_txt);
    const auto name = [](int i) { return std::to_string(i) + ".x"; };
    constexpr int count = 2000;
    for (int i = count; i > 0; --i) message.cname(name(i), name(i + 1));
    message.cname(asked, name(1));
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THAT(why_not_read(message), HasSubstr("CNAME"));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
}

}  // namespace
}  // namespace sternpost
