#include "sternpost/dane/dane_lookup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <set>

#include "sternpost/loop/spawn.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/run.hpp"

namespace sternpost {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TlsaRecord tlsa_record(std::uint8_t usage, std::uint8_t selector, std::uint8_t matching_type,
                       std::size_t bytes) {
    TlsaRecord record;
    record.usage = usage;
    record.selector = selector;
    record.matching_type = matching_type;
    record.data.assign(bytes, 0xab);
    return record;
}

tl::unexpected<Error> servfail() {
    return failure(Errc::temporary, "SERVFAIL from 127.0.0.1:53");
}

enum class Signed { no, yes };

class DaneLookupTest : public testing::Test {
protected:
    void TearDown() override {
        test::run_until(io, [] { return running() == 0; });
    }
    void mx(std::vector<std::string> hosts, Signed sign = Signed::yes, std::string domain = "example.test") {
        RecordSet<MxRecord> set;
        std::uint16_t preference = 0;
        for (const std::string& host : hosts) {
            MxRecord record;
            record.preference = ++preference;
            record.host = host;
            set.records.push_back(record);
        }
        set.authentic = sign == Signed::yes;
        set.ttl = 3600s;
        set.canonical_name = domain;
        resolver.mx_records.insert_or_assign(domain, set);
    }
    // No address of the other family, as signed as the one that there is.
    void address(const std::string& host, const std::string& text, Signed sign = Signed::yes,
                 const std::string& canonical_name = "") {
        RecordSet<asio::ip::address> set;
        set.authentic = sign == Signed::yes;
        set.ttl = 3600s;
        set.canonical_name = canonical_name.empty() ? host : canonical_name;
        RecordSet<asio::ip::address> none = set;
        const auto parsed = asio::ip::make_address(text);
        set.records.push_back(parsed);
        resolver.a_records.insert_or_assign(host, parsed.is_v4() ? set : none);
        resolver.aaaa_records.insert_or_assign(host, parsed.is_v4() ? none : set);
    }
    void tlsa(const std::string& name, std::vector<TlsaRecord> records, Signed sign = Signed::yes) {
        RecordSet<TlsaRecord> set;
        set.records = std::move(records);
        set.authentic = sign == Signed::yes;
        set.ttl = 3600s;
        set.canonical_name = name;
        resolver.tlsa_records.insert_or_assign(name, set);
    }
    void good_tlsa(const std::string& name) {
        std::vector<TlsaRecord> records;
        records.push_back(tlsa_record(3, 1, 1, 32));
        tlsa(name, std::move(records));
    }
    void break_tlsa(const std::string& name) { resolver.tlsa_records.insert_or_assign(name, servfail()); }

    DaneState look(const std::string& key = "example.test") {
        return test::run(io, lookup.look(*read_next_hop(key)));
    }
    static std::vector<HostDane> verdicts(const DaneState& state) {
        std::vector<HostDane> all;
        for (const MxHost& host : state.hosts) all.push_back(host.dane);
        return all;
    }

    asio::io_context io{1};
    test::FakeResolver resolver{io};
    DaneLookup lookup{resolver};
};

// Row 1, row 3, row 5, rows 2 and 6: what each host is makes what the domain is.
TEST_F(DaneLookupTest, MakesOneVerdictOfThoseOfTheHosts) {
    struct Row {
        std::string_view what;
        std::vector<std::string> hosts;
        DomainDane expected;
    };
    const Row rows[] = {
        {"row 1", {"usable1", "usable2"}, DomainDane::in_force},
        {"row 2", {"none1", "usable1"}, DomainDane::in_force},
        {"row 3", {"none1", "none2"}, DomainDane::absent},
        {"row 4", {"unusable1", "unusable2"}, DomainDane::absent},
        {"row 5", {"unusable1", "usable1"}, DomainDane::in_force},
        {"row 6", {"usable1", "undecided1"}, DomainDane::in_force},
        {"row 6, none usable", {"none1", "undecided1"}, DomainDane::doubtful},
        {"row 7", {"undecided1", "undecided2"}, DomainDane::undecided},
        {"row 10", {"insecure1", "insecure2"}, DomainDane::absent},
        {"row 10 and 6", {"insecure1", "undecided1"}, DomainDane::doubtful},
        {"row 20", {""}, DomainDane::absent},
        {"row 21", {"", "usable1"}, DomainDane::in_force},
    };
    for (const std::string number : {"1", "2"}) {
        for (const std::string kind : {"usable", "unusable", "none", "undecided"})
            address(kind + number + ".test", "192.0.2.1");
        address("insecure" + number + ".test", "192.0.2.1", Signed::no);
        good_tlsa("_25._tcp.usable" + number + ".test");
        good_tlsa("_25._tcp.insecure" + number + ".test");
        tlsa("_25._tcp.unusable" + number + ".test", {tlsa_record(1, 1, 1, 32)});
        break_tlsa("_25._tcp.undecided" + number + ".test");
    }
    for (const Row& row : rows) {
        auto hosts = row.hosts;
        for (std::string& host : hosts)
            if (!host.empty()) host += ".test";
        mx(hosts);
        const DaneState state = look();
        EXPECT_EQ(state.verdict, row.expected) << row.what;
        EXPECT_TRUE(state.hosts_known) << row.what;
    }
}

// #162, #163, row 4
TEST_F(DaneLookupTest, TellsUsableRecordsFromOthers) {
    struct Row {
        TlsaRecord record;
        HostDane expected;
    };
    const Row rows[] = {
        {tlsa_record(3, 1, 1, 32), HostDane::usable},     {tlsa_record(3, 0, 1, 32), HostDane::usable},
        {tlsa_record(2, 0, 1, 32), HostDane::usable},     {tlsa_record(2, 1, 2, 64), HostDane::usable},
        {tlsa_record(3, 1, 1, 31), HostDane::unusable},   {tlsa_record(3, 1, 1, 33), HostDane::unusable},
        {tlsa_record(3, 1, 2, 32), HostDane::unusable},   {tlsa_record(3, 1, 1, 0), HostDane::unusable},
        {tlsa_record(0, 0, 1, 32), HostDane::unusable},   {tlsa_record(1, 1, 1, 32), HostDane::unusable},
        {tlsa_record(4, 1, 1, 32), HostDane::unusable},   {tlsa_record(255, 1, 1, 32), HostDane::unusable},
        {tlsa_record(3, 2, 1, 32), HostDane::unusable},   {tlsa_record(3, 255, 1, 32), HostDane::unusable},
        {tlsa_record(3, 1, 3, 32), HostDane::unusable},   {tlsa_record(3, 1, 7, 32), HostDane::unusable},
        {tlsa_record(3, 1, 255, 32), HostDane::unusable}, {tlsa_record(3, 1, 0, 32), HostDane::unusable},
        {tlsa_record(3, 0, 0, 0), HostDane::unusable},
    };
    mx({"mx.test"});
    address("mx.test", "192.0.2.1");
    for (const Row& row : rows) {
        tlsa("_25._tcp.mx.test", {row.record});
        EXPECT_EQ(verdicts(look()), std::vector(1, row.expected))
            << int{row.record.usage} << " " << int{row.record.selector} << " "
            << int{row.record.matching_type} << " of " << row.record.data.size();
    }
    tlsa("_25._tcp.mx.test", {tlsa_record(1, 1, 1, 32), tlsa_record(3, 1, 1, 31), tlsa_record(3, 1, 1, 32)});
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::usable)) << "one good record is enough";
}

// #164, rows 13 to 18
TEST_F(DaneLookupTest, TriesTheExpandedNameFirstThenTheOriginal) {
    mx({"alias.test"});
    address("alias.test", "192.0.2.1", Signed::yes, "real.test");
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::none));
    EXPECT_EQ(resolver.tlsa_questions["_25._tcp.real.test"], 1);
    EXPECT_EQ(resolver.tlsa_questions["_25._tcp.alias.test"], 1);

    good_tlsa("_25._tcp.alias.test");  // row 14
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::usable));
    tlsa("_25._tcp.real.test", {tlsa_record(1, 1, 1, 32)});
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::unusable)) << "the first RRset that there is counts";
    tlsa("_25._tcp.real.test", {tlsa_record(3, 1, 1, 32)}, Signed::no);  // row 17
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::usable));
    break_tlsa("_25._tcp.real.test");
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::undecided));
    good_tlsa("_25._tcp.real.test");  // row 13
    break_tlsa("_25._tcp.alias.test");
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::usable));
}

// Row 15: the alias is signed, what it points at is not.
TEST_F(DaneLookupTest, LooksBesideASecureAliasOfAnInsecureHost) {
    mx({"alias.test"});
    address("alias.test", "192.0.2.1", Signed::no, "host.unsigned");
    good_tlsa("_25._tcp.host.unsigned");
    good_tlsa("_25._tcp.alias.test");
    RecordSet<std::string> alias;
    alias.records.push_back("host.unsigned");
    alias.ttl = 60s;
    resolver.cname_records.insert_or_assign("alias.test", alias);
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::insecure));
    EXPECT_THAT(resolver.tlsa_questions, IsEmpty());

    alias.authentic = true;
    resolver.cname_records.insert_or_assign("alias.test", alias);
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::usable));
    EXPECT_EQ(resolver.tlsa_questions["_25._tcp.host.unsigned"], 0);
    resolver.tlsa_records.erase("_25._tcp.alias.test");
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::none)) << "that there are none beside it is proven";
    resolver.cname_records.insert_or_assign("alias.test", servfail());
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::undecided));
    resolver.cname_records.erase("alias.test");
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::insecure)) << "it is an alias no more";
}

// #160, row 10
TEST_F(DaneLookupTest, AsksNoTlsaOfAnInsecureHost) {
    mx({"mx.test"});
    address("mx.test", "192.0.2.1", Signed::no);
    good_tlsa("_25._tcp.mx.test");
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::insecure));
    EXPECT_THAT(resolver.tlsa_questions, IsEmpty());
}

// #161: which TLSA RRset counts cannot be known.
TEST_F(DaneLookupTest, DecidesNothingAtAnUnknownPort) {
    mx({"signed.test", "unsigned.test"});
    address("signed.test", "192.0.2.1");
    address("unsigned.test", "192.0.2.2", Signed::no);
    EXPECT_THAT(verdicts(look("example.test:our-relay")),
                ElementsAre(HostDane::undecided, HostDane::insecure));
    EXPECT_THAT(resolver.tlsa_questions, IsEmpty());
}

// #36: there can be no TLSA RRset at a name that is longer than names are.
TEST_F(DaneLookupTest, AHostWithTooLongANameForTlsaHasNone) {
    const std::string longest = std::string(63, 'a') + '.' + std::string(63, 'b') + '.' +
                                std::string(63, 'c') + '.' + std::string(56, 'd') + ".test";
    mx({longest});
    address(longest, "192.0.2.1");
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::none));
    EXPECT_THAT(resolver.tlsa_questions, IsEmpty());
}

// Rows 8, 9 and 23
TEST_F(DaneLookupTest, LooksAtNoHostOfAnInsecureMxSet) {
    mx({"b.test", "a.test"}, Signed::no);
    address("a.test", "192.0.2.1");
    good_tlsa("_25._tcp.a.test");
    const DaneState state = look();
    EXPECT_EQ(state.verdict, DomainDane::absent);
    EXPECT_THAT(verdicts(state), ElementsAre(HostDane::insecure, HostDane::insecure));
    EXPECT_EQ(state.hosts.front().name, "b.test");
    EXPECT_THAT(resolver.tlsa_questions, IsEmpty());
    mx({}, Signed::no);
    EXPECT_EQ(look().verdict, DomainDane::absent);
}

// Rows 11 and 12
TEST_F(DaneLookupTest, OneAddressFamilyIsEnough) {
    mx({"mx.test"});
    good_tlsa("_25._tcp.mx.test");
    address("mx.test", "192.0.2.1");
    resolver.aaaa_records.insert_or_assign("mx.test", servfail());
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::usable));
    address("mx.test", "2001:db8::1");
    resolver.a_records.insert_or_assign("mx.test", servfail());
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::usable));
    resolver.aaaa_records.insert_or_assign("mx.test", servfail());
    const DaneState state = look();
    EXPECT_EQ(state.verdict, DomainDane::undecided);
    EXPECT_THAT(state.hosts.at(0).why, HasSubstr("SERVFAIL from 127.0.0.1:53"));

    address("mx.test", "192.0.2.1");
    auto v6 = resolver.a_records.at("mx.test");
    v6->authentic = false;
    resolver.aaaa_records.insert_or_assign("mx.test", v6);
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::insecure)) << "row 11";
}

TEST_F(DaneLookupTest, NoAddressAndNoAnswerAboutTheOtherFamilyIsUndecided) {
    mx({"mx.test"});
    address("mx.test", "192.0.2.1");
    auto none = resolver.aaaa_records.at("mx.test");
    resolver.a_records.insert_or_assign("mx.test", none);
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::none));
    auto not_signed = none;
    not_signed->authentic = false;
    resolver.aaaa_records.insert_or_assign("mx.test", not_signed);
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::insecure))
        << "that there is no IPv6 one is not proven";
    resolver.a_records.insert_or_assign("mx.test", not_signed);
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::insecure)) << "nor that there is no IPv4 one";
    resolver.aaaa_records.insert_or_assign("mx.test", servfail());
    EXPECT_THAT(verdicts(look()), ElementsAre(HostDane::undecided));
}

// Rows 22 and 24
TEST_F(DaneLookupTest, ADomainWithoutMxIsItsOwnHost) {
    mx({});
    address("example.test", "192.0.2.1");
    good_tlsa("_25._tcp.example.test");
    const DaneState state = look();
    EXPECT_EQ(state.verdict, DomainDane::in_force);
    EXPECT_EQ(state.hosts.at(0).name, "example.test");

    resolver.mx_records.erase("example.test");
    EXPECT_THAT(look().hosts, IsEmpty());
    EXPECT_EQ(look().verdict, DomainDane::absent);
}

// Row 26
TEST_F(DaneLookupTest, ABracketedHostIsAskedForAtItsPort) {
    address("relay.test", "192.0.2.1");
    good_tlsa("_587._tcp.relay.test");
    EXPECT_EQ(look("[relay.test]:587").verdict, DomainDane::in_force);
    EXPECT_EQ(look("[relay.test]:submission").verdict, DomainDane::in_force);
    EXPECT_EQ(look("[relay.test]").verdict, DomainDane::absent);
    EXPECT_THAT(resolver.mx_questions, IsEmpty());
    mx({"relay.test"});
    EXPECT_EQ(look("example.test:587").verdict, DomainDane::in_force);
    EXPECT_EQ(look("example.test").verdict, DomainDane::absent);
}

// Row 19
TEST_F(DaneLookupTest, AnMxFailureIsUndecided) {
    resolver.mx_records.insert_or_assign("example.test", servfail());
    const DaneState state = look();
    EXPECT_EQ(state.verdict, DomainDane::undecided);
    EXPECT_FALSE(state.hosts_known);
    EXPECT_EQ(state.why, "MX of example.test: SERVFAIL from 127.0.0.1:53");
}

TEST_F(DaneLookupTest, TellsThatTheResolverIsStopped) {
    const auto stopped = failure(Errc::stopped, "the program ends");
    mx({"mx.test", "mx2.test"});
    address("mx.test", "192.0.2.1");
    address("mx2.test", "192.0.2.2");
    EXPECT_FALSE(look().stopped);
    resolver.tlsa_records.insert_or_assign("_25._tcp.mx.test", stopped);
    EXPECT_TRUE(look().stopped) << "at a host";
    EXPECT_EQ(look().verdict, DomainDane::doubtful);
    resolver.mx_records.insert_or_assign("example.test", stopped);
    EXPECT_TRUE(look().stopped) << "at the MX records";
    EXPECT_FALSE(look().hosts_known);
}

TEST(HostDane, HasAWordForEach) {
    std::set<std::string_view> words;
    for (const HostDane dane :
         {HostDane::usable, HostDane::unusable, HostDane::none, HostDane::insecure, HostDane::undecided})
        words.insert(to_string(dane));
    EXPECT_THAT(words, testing::UnorderedElementsAre("usable", "unusable", "none", "insecure", "undecided"));
}

// Row 27
TEST_F(DaneLookupTest, SaysNothingWhereNoServerValidates) {
    mx({"mx.test"});
    address("mx.test", "192.0.2.1");
    good_tlsa("_25._tcp.mx.test");
    resolver.validates = Validation::no;
    const DaneState state = look();
    EXPECT_EQ(state.verdict, DomainDane::unvalidated);
    EXPECT_TRUE(state.hosts_known);
    EXPECT_THAT(state.hosts, SizeIs(1));
    EXPECT_THAT(resolver.tlsa_questions, IsEmpty());
    resolver.validates = Validation::unknown;
    EXPECT_EQ(look().verdict, DomainDane::undecided);
    EXPECT_FALSE(look().hosts_known);
}

// Row 30
TEST_F(DaneLookupTest, KeepsTheSmallestTtl) {
    mx({"mx.test"});
    address("mx.test", "192.0.2.1");
    good_tlsa("_25._tcp.mx.test");
    EXPECT_EQ(look().ttl, 3600s);
    resolver.tlsa_records.at("_25._tcp.mx.test")->ttl = 7s;
    EXPECT_EQ(look().ttl, 7s);
    resolver.a_records.at("mx.test")->ttl = 6s;
    EXPECT_EQ(look().ttl, 6s);
    resolver.aaaa_records.at("mx.test")->ttl = 5s;
    EXPECT_EQ(look().ttl, 5s);
    resolver.mx_records.at("example.test")->ttl = 4s;
    EXPECT_EQ(look().ttl, 4s);
}

TEST_F(DaneLookupTest, LooksAtHostsInParallelButNotAtAllOfThem) {
    std::vector<std::string> hosts;
    for (int i = 0; i < 40; ++i) {
        hosts.push_back("mx" + std::to_string(i) + ".test");
        address(hosts.back(), "192.0.2.1");
    }
    good_tlsa("_25._tcp.mx39.test");
    mx(hosts);
    resolver.tlsa_gate.shut();
    std::optional<DaneState> state;
    asio::co_spawn(io, lookup.look(*read_next_hop("example.test")),
                   [&](std::exception_ptr, DaneState found) { state = std::move(found); });
    while (io.poll() > 0) io.restart();
    EXPECT_EQ(resolver.tlsa_questions.size(), dane_hosts_at_once);
    resolver.tlsa_gate.open();
    test::run_until(io, [&] { return state.has_value(); });
    EXPECT_EQ(resolver.tlsa_questions.size(), max_dane_hosts);
    EXPECT_EQ(state->verdict, DomainDane::doubtful) << "what was not looked at may have DANE";
    EXPECT_THAT(state->hosts, SizeIs(40));
    EXPECT_EQ(state->hosts.at(39).dane, HostDane::undecided);
}

TEST_F(DaneLookupTest, AsksNothingAboutWhatIsNoHostName) {
    mx({"192.0.2.1", "a\\032b.test", "mx.test", "mx.test"});
    address("mx.test", "192.0.2.1");
    const DaneState state = look();
    EXPECT_EQ(state.verdict, DomainDane::absent);
    EXPECT_THAT(state.hosts, SizeIs(3));
    EXPECT_THAT(resolver.tlsa_questions, SizeIs(1));
}

TEST(MxHosts, AreBoundedInNumberAndBytes) {
    RecordSet<MxRecord> many, vast;
    for (int i = 999; i >= 0; --i)
        many.records.push_back({static_cast<std::uint16_t>(i), "m" + std::to_string(i) + ".test"});
    for (int i = 0; i < 300; ++i)
        vast.records.push_back({10, std::string(1000, static_cast<char>('!' + i % 90)) + std::to_string(i)});
    const auto best = mx_hosts_of(many, "good.test");
    ASSERT_EQ(best.size(), max_mx_hosts);
    EXPECT_EQ(best.front(), "m0.test");
    EXPECT_EQ(best.back(), "m999.test");
    EXPECT_EQ(mx_hosts_of(vast, "good.test").size(), max_mx_bytes / 1002);
}

}  // namespace
}  // namespace sternpost
