// DANE before MTA-STS, maps and overrides: what the answer is, and when it is looked at again.
#include "sternpost/answer/answer.hpp"
#include "tests/resolve/answers_fixture.hpp"

namespace sternpost {
namespace {

const std::string dane_only = "12:OK dane-only,";

class DaneAnswersTest : public AnswersTest {
protected:
    DaneAnswersTest() {
        start();
        publish("good.test", "1", enforce("*.mx.test"));
        publish_hosts("good.test", {"a.mx.test"});
    }

    // A signed MX set of signed hosts.
    void publish_hosts(const std::string& domain, const std::vector<std::string>& hosts) {
        publish_mx(domain, hosts);
        resolver.mx_records.at(domain)->authentic = true;
        for (const std::string& host : hosts) {
            RecordSet<asio::ip::address> set;
            set.records.push_back(asio::ip::make_address("192.0.2.25"));
            set.authentic = true;
            set.ttl = 600s;
            set.canonical_name = host;
            resolver.a_records.insert_or_assign(host, set);
            set.records.clear();
            resolver.aaaa_records.insert_or_assign(host, set);
        }
    }
    void publish_tlsa(const std::string& host, std::uint16_t port = 25) {
        RecordSet<TlsaRecord> set;
        TlsaRecord record;
        record.usage = 3;
        record.selector = 1;
        record.matching_type = 1;
        record.data.assign(32, 1);
        set.records.push_back(std::move(record));
        set.authentic = true;
        set.ttl = 600s;
        resolver.tlsa_records.insert_or_assign(tlsa_name(host, port), set);
    }
    void break_tlsa(const std::string& host) {
        resolver.tlsa_records.insert_or_assign(tlsa_name(host, 25),
                                               failure(Errc::temporary, "SERVFAIL from 127.0.0.1:53"));
    }
    void remove_tlsa(const std::string& host) { resolver.tlsa_records.erase(tlsa_name(host, 25)); }
    static std::string tlsa_name(const std::string& host, std::uint16_t port) {
        return "_" + std::to_string(port) + "._tcp." + host;
    }
    // Of a domain that is known, at the next question.
    void let_the_next_fetch_hang() {
        options.deadline = 50ms;
        restart();
        ask("good.test");
        clock.advance(10min);
        publish_id("good.test", "2");
        fetcher.gate.shut();
    }
    int tlsa_questions(const std::string& host) { return resolver.tlsa_questions[tlsa_name(host, 25)]; }

    void put_override(const std::string& domain, Override::Action action,
                      std::optional<WallTime> until = {}) {
        Override made;
        made.domain = domain;
        made.action = action;
        made.until = until;
        made.pinned.mode = Mode::enforce;
        if (action == Override::Action::pin) made.pinned.mx.push_back(*MxPattern::from("*.pinned.test"));
        overrides.push_back(std::move(made));
        reconfigure();
    }
};

// Rows 1, 2, 3 and 6 of the decision table
TEST_F(DaneAnswersTest, DaneInForceComesFirst) {
    publish_hosts("good.test", {"a.mx.test", "b.mx.test", "c.mx.test"});
    EXPECT_EQ(ask("good.test"), secure("a.mx.test:b.mx.test:c.mx.test"));

    publish("mixed.test", "1", enforce("*.mx.test"));
    publish_hosts("mixed.test", {"a.mx.test", "b.mx.test"});
    publish_tlsa("b.mx.test");
    EXPECT_EQ(ask("mixed.test"), dane_only);
    publish("failing.test", "1", enforce("*.mx.test"));
    publish_hosts("failing.test", {"a.mx.test", "b.mx.test"});
    break_tlsa("a.mx.test");
    EXPECT_EQ(ask("failing.test"), dane_only);
}

// #143
TEST_F(DaneAnswersTest, AStaleListOfExactNamesIsTold) {
    publish("good.test", "1", enforce("old.mx.test"));
    EXPECT_EQ(ask("good.test"), secure("old.mx.test"));
    EXPECT_TRUE(logged("warning: policy good.test: no MX host passes it"));
    publish_tlsa("a.mx.test");
    clock.advance(10min);
    EXPECT_EQ(ask("good.test"), dane_only);
    EXPECT_TRUE(logged("MX hosts pass it again")) << "the policy does not decide any more";
}

// Promise 1: without a policy to enforce nothing is asked about hosts.
TEST_F(DaneAnswersTest, NothingIsLookedAtWithoutAPolicyToEnforce) {
    publish("testing.test", "1", "version: STSv1\nmode: testing\nmx: a.mx.test\nmax_age: 86400\n");
    publish("none.test", "1", "version: STSv1\nmode: none\nmax_age: 86400\n");
    publish_tlsa("a.mx.test");
    for (const char* domain : {"testing.test", "none.test", "nothing.test"}) {
        publish_hosts(domain, {"a.mx.test"});
        EXPECT_EQ(ask(domain), not_found) << domain;
        EXPECT_EQ(resolver.mx_questions[domain], 0) << domain;
    }
    EXPECT_EQ(tlsa_questions("a.mx.test"), 0);
}

TEST_F(DaneAnswersTest, UndecidedHostsAreLeftOutByName) {
    publish("good.test", "1",
            "version: STSv1\nmode: enforce\nmx: *.mx.test\nmx: exact.test\nmax_age: 86400\n");
    publish_hosts("good.test", {"a.mx.test", "exact.test", "c.mx.test", "not-in-policy.test"});
    break_tlsa("a.mx.test");
    EXPECT_EQ(ask("good.test"), secure("exact.test:c.mx.test"));
    EXPECT_EQ(
        ask("good.test", "sts-tlsrpt").substr(4),
        "OK secure match=exact.test:c.mx.test servername=hostname policy_type=sts policy_domain=good.test "
        "{ policy_string = version: STSv1 } { policy_string = mode: enforce } { policy_string = mx: "
        "*.mx.test } "
        "{ policy_string = mx: exact.test } { policy_string = max_age: 86400 } mx_host_pattern=exact.test "
        "mx_host_pattern=c.mx.test,");
}

// Where only undecided hosts pass the policy, there is nobody to name.
TEST_F(DaneAnswersTest, NothingIsSaidForUndecidedHostsAlone) {
    publish_hosts("good.test", {"a.mx.test", "not-in-policy.test"});
    break_tlsa("a.mx.test");
    EXPECT_NE(ask("good.test")
                  .find("TEMP dane: a.mx.test: TLSA at _25._tcp.a.mx.test: SERVFAIL from 127.0.0.1:53; "
                        "dane = \"off\" does without,"),
              std::string::npos);
}

// Rows 7 and 19, with the reason and the way out
TEST_F(DaneAnswersTest, DoubtAboutEveryHostDefers) {
    publish_hosts("good.test", {"a.mx.test", "b.mx.test"});
    break_tlsa("a.mx.test");
    break_tlsa("b.mx.test");
    EXPECT_NE(ask("good.test").find("TEMP dane: a.mx.test: TLSA at _25._tcp.a.mx.test: SERVFAIL"),
              std::string::npos);
    EXPECT_TRUE(logged("warning: dane good.test: not known; a.mx.test undecided"));
    clock.advance(10s);
    publish_tlsa("a.mx.test");
    EXPECT_EQ(ask("good.test"), dane_only) << "asked again after ten seconds";

    publish("no-mx.test", "1", enforce("*.mx.test"));
    resolver.mx_records.insert_or_assign("no-mx.test",
                                         failure(Errc::temporary, "SERVFAIL from 127.0.0.1:53"));
    EXPECT_NE(ask("no-mx.test").find("TEMP dane: MX of no-mx.test: SERVFAIL"), std::string::npos);
}

TEST_F(DaneAnswersTest, DeferringIsNeverRememberedForMoreThanThirtySeconds) {
    break_tlsa("a.mx.test");
    for (int i = 0; i < 10; ++i) {
        ask("good.test");
        clock.advance(30s);
    }
    EXPECT_EQ(tlsa_questions("a.mx.test"), 10);
}

// Nor where a host is proven that the policy does not have.
TEST_F(DaneAnswersTest, DeferringForOneHostIsNotRememberedLongerEither) {
    publish_hosts("good.test", {"a.mx.test", "other.test"});
    break_tlsa("a.mx.test");
    for (int i = 0; i < 10; ++i) {
        EXPECT_NE(ask("good.test").find("TEMP dane: a.mx.test"), std::string::npos);
        clock.advance(30s);
    }
    EXPECT_EQ(tlsa_questions("a.mx.test"), 10);
}

// Rows 20 and 24: Postfix has found a host, so its DNS says something else than ours.
TEST_F(DaneAnswersTest, NoMailHostInOurViewFailsClosed) {
    publish_hosts("good.test", {""});
    EXPECT_EQ(ask("good.test"), secure(std::string(no_host_passes)));
    publish("exact.test", "1", enforce("mx.exact.test"));
    EXPECT_EQ(ask("exact.test"), secure("mx.exact.test"));
}

TEST_F(DaneAnswersTest, AMapMayDoWithoutDane) {
    MapRules without;
    without.dane = false;
    maps["plain"] = without;
    reconfigure();
    publish_tlsa("a.mx.test");
    EXPECT_EQ(ask("good.test"), dane_only);
    EXPECT_EQ(ask("good.test", "plain"), secure("a.mx.test"));
    EXPECT_EQ(ask("good.test"), dane_only);
    EXPECT_EQ(tlsa_questions("a.mx.test"), 1);
    EXPECT_EQ(fetches("good.test"), 1);
}

TEST_F(DaneAnswersTest, EachPortAndBracketHasItsOwnState) {
    publish_tlsa("a.mx.test", 587);
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
    EXPECT_EQ(ask("good.test:587"), dane_only);
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
    publish("host.test", "1", enforce("host.test"));
    publish_hosts("host.test", {"host.test"});
    publish_tlsa("host.test", 465);
    EXPECT_EQ(ask("[host.test]"), secure("host.test"));
    EXPECT_EQ(ask("[host.test]:465"), dane_only);
    for (int port = 1; port < 100; ++port) ask("good.test:" + std::to_string(port));
    EXPECT_EQ(ask("good.test:587"), dane_only) << "looked at again after it was dropped";
}

// More than are kept, all in one flight.
TEST_F(DaneAnswersTest, ManyPortsAtOnceAreAllLookedAtOnce) {
    std::vector<std::shared_ptr<Pending>> pending;
    for (int port = 1; port <= 20; ++port) pending.push_back(begin("good.test:" + std::to_string(port)));
    settle();
    for (const auto& each : pending) {
        ASSERT_TRUE(each->done);
        EXPECT_EQ(*each->reply, secure("a.mx.test"));
    }
    EXPECT_EQ(resolver.mx_questions["good.test"], 20);
}

// Row 30: the state lives as long as the smallest TTL, within min-ttl and max-ttl.
TEST_F(DaneAnswersTest, DanePublishedLaterIsTakenUp) {
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
    publish_tlsa("a.mx.test");
    clock.advance(299s);
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
    clock.advance(2s);
    EXPECT_EQ(ask("good.test"), dane_only);
}

TEST_F(DaneAnswersTest, DaneThatRanOutIsAnsweredWhileItIsLookedAtAgain) {
    publish_tlsa("a.mx.test");
    EXPECT_EQ(ask("good.test"), dane_only);
    for (int i = 0; i < 2; ++i) {
        clock.advance(280s);
        ask("good.test");
        settle();
    }
    remove_tlsa("a.mx.test");
    clock.advance(601s);
    break_txt("good.test");
    resolver.tlsa_gate.shut();
    const auto pending = begin("good.test");
    settle();
    EXPECT_FALSE(pending->done) << "the TXT record is looked at in line";
    resolver.tlsa_gate.open();
    settle();
    EXPECT_EQ(*pending->reply, secure("a.mx.test"));
}

// In the last tenth of its time the state is looked at behind the answer.
TEST_F(DaneAnswersTest, NobodyWaitsForAStateThatIsAskedForAllTheTime) {
    options.recheck = 3600s;
    reconfigure();
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
    EXPECT_EQ(tlsa_questions("a.mx.test"), 1);
    clock.advance(275s);  // of 300: the denial's TTL
    EXPECT_TRUE(at_hand("good.test"));
    settle();
    EXPECT_EQ(tlsa_questions("a.mx.test"), 2);
    clock.advance(200s);
    EXPECT_TRUE(at_hand("good.test"));
}

TEST_F(DaneAnswersTest, TheDeadlineEndsTheWaitForDane) {
    options.deadline = 50ms;
    reconfigure();
    resolver.tlsa_gate.shut();
    EXPECT_NE(ask("good.test").find("TEMP dane: the MX hosts of good.test are being looked at"),
              std::string::npos);
    EXPECT_NE(ask("good.test").find("TEMP dane: the MX hosts of good.test"), std::string::npos) << "at once";
    resolver.tlsa_gate.open();
    settle();
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
}

// Longer than the two seconds that a known policy waits for news of itself.
TEST_F(DaneAnswersTest, TheDeadlineEndsTheWaitForTheDaneOfAKnownPolicyToo) {
    ask("good.test");
    options.deadline = 2100ms;
    restart();
    resolver.tlsa_gate.shut();
    EXPECT_NE(ask("good.test").find("TEMP dane: the MX hosts of good.test are being looked at"),
              std::string::npos);
}

TEST_F(DaneAnswersTest, AnswersDoNotWaitForAPolicyFileWhileDaneIsLookedAt) {
    publish_tlsa("a.mx.test");
    EXPECT_EQ(ask("good.test"), dane_only);
    publish_id("good.test", "2");
    fetcher.gate.shut();
    clock.advance(601s);
    EXPECT_EQ(ask("good.test"), dane_only);
    EXPECT_EQ(ask("good.test:587"), secure("a.mx.test")) << "who joins the flight later gets its own look";
    fetcher.gate.open();
    settle();
}

// Somebody else's policy host that hangs is no reason to hold mail to this domain back.
TEST_F(DaneAnswersTest, AQuestionLateInALongFlightHasTimeOfItsOwn) {
    let_the_next_fetch_hang();
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
    io.restart();
    io.run_for(100ms);
    EXPECT_EQ(ask("good.test:587"), secure("a.mx.test"));
    resolver.tlsa_gate.shut();
    EXPECT_NE(ask("good.test:24").find("TEMP dane: the MX hosts of good.test are being looked at"),
              std::string::npos);
}

TEST_F(DaneAnswersTest, WithoutDaneMxHostsThatDoNotComeLeaveWildcards) {
    options.deadline = 50ms;
    MapRules without;
    without.dane = false;
    maps["plain"] = without;
    reconfigure();
    resolver.mx_gate.shut();
    EXPECT_EQ(ask("good.test", "plain"), secure(".mx.test"));
    resolver.mx_gate.open();
    settle();
    EXPECT_EQ(ask("good.test", "plain"), secure("a.mx.test"));
    clock.advance(options.max_ttl + 1s);
    resolver.mx_gate.shut();
    EXPECT_EQ(ask("good.test", "plain"), secure("a.mx.test")) << "the hosts of before";
}

TEST_F(DaneAnswersTest, ADoubtfulHostIsLookedAtLessAndLessOften) {
    publish_hosts("good.test", {"a.mx.test", "b.mx.test"});
    break_tlsa("b.mx.test");
    constexpr int rounds = 10;
    for (int round = 0; round < rounds; ++round) {
        EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
        settle();
        clock.advance(31s);
    }
    EXPECT_LE(tlsa_questions("b.mx.test"), rounds * 2 / 3);
    break_tlsa("a.mx.test");
    clock.advance(options.max_ttl + 1s);
    const int before = tlsa_questions("b.mx.test");
    for (int round = 0; round < rounds; ++round) {
        EXPECT_NE(ask("good.test").find("TEMP dane: "), std::string::npos);
        settle();
        clock.advance(31s);
    }
    EXPECT_EQ(tlsa_questions("b.mx.test"), before + rounds) << "mail waits";
}

TEST_F(DaneAnswersTest, AQuestionBeforeTheEndOfALongFlightsPatienceHasTimeOfItsOwn) {
    let_the_next_fetch_hang();
    options.deadline = 2s;
    reconfigure();
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
    const auto run_for = [this](std::chrono::milliseconds time) {
        io.restart();
        io.run_for(time);
    };
    run_for(1s);
    resolver.tlsa_gate.shut();
    const auto end = std::chrono::steady_clock::now() + options.deadline;
    const auto pending = begin("good.test:587");
    run_for(1s);
    EXPECT_FALSE(pending->done && std::chrono::steady_clock::now() < end);
    resolver.tlsa_gate.open();
    settle();
    EXPECT_TRUE(pending->done);
}

TEST_F(DaneAnswersTest, ALookThatFailedIsRepeatedWithinALongFlight) {
    let_the_next_fetch_hang();
    break_tlsa("a.mx.test");
    EXPECT_NE(ask("good.test").find("TEMP dane: a.mx.test"), std::string::npos);
    remove_tlsa("a.mx.test");
    clock.advance(11s);
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
}

// Looks that take longer than what they find lives: each is made once, and then they are answered.
TEST_F(DaneAnswersTest, TwoNextHopsDoNotKeepEachOtherWaiting) {
    options.min_ttl = 1s;
    options.max_ttl = 1s;
    restart();
    resolver.on_tlsa = [this] { clock.advance(2s); };
    const auto one = begin("good.test");
    const auto other = begin("good.test:587");
    test::run_until(io, [&] { return one->done && other->done; });
    EXPECT_EQ(*one->reply, secure("a.mx.test"));
    EXPECT_EQ(*other->reply, secure("a.mx.test"));
    EXPECT_EQ(tlsa_questions("a.mx.test"), 1);
}

TEST_F(DaneAnswersTest, MemoryIsNotWeakerThanTheDisk) {
    publish("good.test", "1", "version: STSv1\nmode: testing\nmx: *.mx.test\nmax_age: 86400\n");
    EXPECT_EQ(ask("good.test"), not_found);
    publish("good.test", "2", enforce("*.mx.test"));
    resolver.tlsa_gate.shut();
    clock.advance(options.recheck - 5s);
    EXPECT_EQ(ask("good.test"), not_found) << "looked at behind the answer";
    settle();
    ASSERT_EQ(store.records.at("good.test").policy->policy.mode, Mode::enforce);
    const auto pending = begin("good.test");
    settle();
    EXPECT_FALSE(pending->done);
    resolver.tlsa_gate.open();
    test::run_until(io, [&] { return pending->done; });
    EXPECT_EQ(*pending->reply, secure("a.mx.test"));
    EXPECT_TRUE(at_hand("good.test"));
}

TEST_F(DaneAnswersTest, MemoryNamesNoHostsOfAPolicyThatIsReplaced) {
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
    publish("good.test", "2", enforce("new.mx.test"));
    resolver.tlsa_gate.shut();
    clock.advance(options.recheck - 5s);
    EXPECT_EQ(ask("good.test"), secure("a.mx.test")) << "looked at behind the answer";
    settle();
    ASSERT_EQ(store.records.at("good.test").policy->id, "2");
    const auto pending = begin("good.test");
    settle();
    EXPECT_FALSE(pending->done);
    resolver.tlsa_gate.open();
    test::run_until(io, [&] { return pending->done; });
    EXPECT_EQ(*pending->reply, secure("new.mx.test"));
}

TEST_F(DaneAnswersTest, APinThatEndsMeanwhileIsNoAnswer) {
    put_override("good.test", Override::Action::pin);
    resolver.tlsa_gate.shut();
    const auto pending = begin("good.test");
    settle();
    overrides.clear();
    reconfigure();
    resolver.tlsa_gate.open();
    test::run_until(io, [&] { return pending->done; });
    EXPECT_EQ(*pending->reply, secure("a.mx.test"));
}

// #158: what had DANE does not get less because the resolver stopped validating.
TEST_F(DaneAnswersTest, KnownDaneIsRememberedForADay) {
    publish_tlsa("a.mx.test");
    EXPECT_EQ(ask("good.test"), dane_only);
    publish("other.test", "1", enforce("*.mx.test"));
    publish_hosts("other.test", {"b.mx.test"});
    EXPECT_EQ(ask("other.test"), secure("b.mx.test"));

    restart();
    resolver.validates = Validation::no;
    EXPECT_NE(ask("good.test").find("TEMP dane: good.test had DANE"), std::string::npos);
    EXPECT_TRUE(logged("error: dane good.test"));
    EXPECT_EQ(ask("other.test"), secure("b.mx.test"));
    clock.advance(23h);
    EXPECT_NE(ask("good.test").find("TEMP dane: good.test had DANE"), std::string::npos);
    clock.advance(1h);
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
}

TEST_F(DaneAnswersTest, ValidationThatComesBackIsFoundWithinHalfAMinute) {
    publish_tlsa("a.mx.test");
    EXPECT_EQ(ask("good.test"), dane_only);
    restart();
    resolver.validates = Validation::no;
    EXPECT_NE(ask("good.test").find("TEMP dane: good.test had DANE"), std::string::npos);
    resolver.validates = Validation::yes;
    clock.advance(30s);
    EXPECT_EQ(ask("good.test"), dane_only);
}

TEST_F(DaneAnswersTest, DaneThatItsOwnerRemovedIsForgotten) {
    publish_tlsa("a.mx.test");
    EXPECT_EQ(ask("good.test"), dane_only);
    EXPECT_TRUE(store.records.at("good.test").dane_seen);
    remove_tlsa("a.mx.test");
    clock.advance(601s);
    ask("good.test");
    settle();
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
    EXPECT_FALSE(store.records.at("good.test").dane_seen);
    resolver.validates = Validation::no;
    clock.advance(601s);
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
}

// That there is none at another port, or at the domain itself as a host, proves nothing about the MX hosts' port 25.
TEST_F(DaneAnswersTest, DaneIsForgottenForWhatTheMxRecordSaysAlone) {
    publish_tlsa("a.mx.test");
    publish_hosts("good.test", {"a.mx.test"});
    for (const std::string key : {"good.test:587", "[good.test]:587"}) {
        EXPECT_EQ(ask("good.test"), dane_only);
        restart();
        ask(key);
        settle();
        restart();
        resolver.validates = Validation::no;
        EXPECT_NE(ask("good.test").find("TEMP dane: good.test had DANE"), std::string::npos) << key;
        resolver.validates = Validation::yes;
        clock.advance(30s);
    }
}

TEST_F(DaneAnswersTest, DaneThatLastsStaysRemembered) {
    publish_tlsa("a.mx.test");
    for (int hours = 0; hours < 48; ++hours) {
        ask("good.test");
        settle();
        clock.advance(1h);
    }
    ask("good.test");
    settle();
    restart();
    resolver.validates = Validation::no;
    clock.advance(22h);
    EXPECT_NE(ask("good.test").find("TEMP dane: good.test had DANE"), std::string::npos);
}

TEST_F(DaneAnswersTest, WhatNobodyKnowsYetDefers) {
    resolver.validates = Validation::unknown;
    EXPECT_NE(ask("good.test").find("TEMP dane: it is not known yet whether the DNS servers validate"),
              std::string::npos);
    clock.advance(30s);
    resolver.validates = Validation::yes;
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
}

TEST_F(DaneAnswersTest, ALookThatEndsInAnInternalErrorDefers) {
    resolver.tlsa_throws = true;
    EXPECT_NE(ask("good.test").find("TEMP dane: "), std::string::npos);
    EXPECT_TRUE(logged("internal error in \"dane\": a bug"));
    resolver.tlsa_throws = false;
    clock.advance(30s);
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
}

// ---- maps and overrides

TEST_F(DaneAnswersTest, AMapMayEnforceTestingPolicies) {
    MapRules testing;
    testing.enforce_testing = true;
    testing.tlsrpt = true;
    maps["strict"] = testing;
    reconfigure();
    publish("testing.test", "1", "version: STSv1\nmode: testing\nmx: a.mx.test\nmax_age: 86400\n");
    publish_hosts("testing.test", {"a.mx.test"});
    EXPECT_EQ(ask("testing.test"), not_found);
    EXPECT_NE(
        ask("testing.test", "strict").find("OK secure match=a.mx.test servername=hostname policy_type=sts"),
        std::string::npos);
    EXPECT_TRUE(answers->map("strict"));
    maps.clear();
    reconfigure();
    EXPECT_FALSE(answers->map("strict"));
}

TEST_F(DaneAnswersTest, IgnoreNeedsNoLookAtAnything) {
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
    put_override("good.test", Override::Action::ignore);
    EXPECT_TRUE(at_hand("good.test"));
    EXPECT_EQ(ask("good.test"), not_found);
    EXPECT_EQ(ask("[good.test]:587"), not_found);
    overrides.clear();
    reconfigure();
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
    EXPECT_EQ(txt_questions("good.test"), 1);
    EXPECT_EQ(fetches("good.test"), 1);
}

TEST_F(DaneAnswersTest, AnOverrideEndsByItself) {
    put_override("good.test", Override::Action::ignore, clock.wall() + 3600s);
    EXPECT_EQ(ask("good.test"), not_found);
    clock.advance(3599s);
    EXPECT_EQ(ask("good.test"), not_found);
    clock.advance(1s);
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
}

TEST_F(DaneAnswersTest, AnOverrideMayHoldForSubDomains) {
    publish("sub.good.test", "1", enforce("*.mx.test"));
    publish_hosts("sub.good.test", {"a.mx.test"});
    publish("notgood.test", "1", enforce("*.mx.test"));
    publish_hosts("notgood.test", {"a.mx.test"});
    put_override("sub.good.test", Override::Action::dane_only);
    put_override(".good.test", Override::Action::ignore);
    EXPECT_EQ(ask("good.test"), not_found);
    EXPECT_EQ(ask("sub.good.test"), dane_only) << "the first one that holds";
    EXPECT_EQ(ask("other.sub.good.test"), not_found);
    EXPECT_EQ(ask("notgood.test"), secure("a.mx.test"));
    EXPECT_EQ(resolver.txt_questions.size(), 1U);
}

TEST_F(DaneAnswersTest, ATestingPolicyMayBeEnforcedForOneDomain) {
    for (const char* domain : {"one.test", "two.test"}) {
        publish(domain, "1", "version: STSv1\nmode: testing\nmx: a.mx.test\nmax_age: 86400\n");
        publish_hosts(domain, {"a.mx.test"});
    }
    put_override("one.test", Override::Action::enforce_testing, clock.wall() + 60s);
    EXPECT_EQ(ask("one.test"), secure("a.mx.test"));
    EXPECT_EQ(ask("two.test"), not_found);
    clock.advance(60s);
    EXPECT_EQ(ask("one.test"), not_found);
}

TEST_F(DaneAnswersTest, APinStandsInThePlaceOfThePolicy) {
    publish_hosts("good.test", {"x.pinned.test", "a.mx.test", "y.z.pinned.test"});
    put_override("good.test", Override::Action::pin, clock.wall() + 3600s);
    EXPECT_EQ(ask("good.test"), secure("x.pinned.test"));
    EXPECT_EQ(ask("good.test", "sts-tlsrpt"), secure("x.pinned.test")) << "it is not the owner's policy";
    EXPECT_EQ(txt_questions("good.test"), 0);
    publish_tlsa("x.pinned.test");
    clock.advance(601s);
    EXPECT_EQ(ask("good.test"), dane_only);
    clock.advance(3600s);
    EXPECT_EQ(ask("good.test"), dane_only);
    EXPECT_EQ(txt_questions("good.test"), 1) << "the pin has ended";
}

TEST_F(DaneAnswersTest, DaneOfAPinLeavesThePolicyThatCouldNotBeRead) {
    EXPECT_EQ(ask("good.test"), secure("a.mx.test"));
    publish_hosts("good.test", {"x.pinned.test"});
    publish_tlsa("x.pinned.test");
    restart();
    put_override("good.test", Override::Action::pin);
    store.unreadable = true;
    EXPECT_EQ(ask("good.test"), dane_only);
    store.unreadable = false;
    EXPECT_TRUE(store.records.at("good.test").policy);
}

TEST_F(DaneAnswersTest, ADiskThatCannotBeReadForgetsNoDane) {
    publish_tlsa("a.mx.test");
    EXPECT_EQ(ask("good.test"), dane_only);
    settle();
    ASSERT_TRUE(store.records.at("good.test").dane_seen);
    break_policy_host("good.test");
    restart();
    store.unreadable = true;
    ask("good.test");
    clock.advance(25h);
    ask("good.test");
    settle();
    EXPECT_TRUE(store.records.at("good.test").dane_seen);
}

TEST_F(DaneAnswersTest, DaneOnlyIsNotLookedAt) {
    put_override("nothing.test", Override::Action::dane_only);
    EXPECT_TRUE(at_hand("nothing.test"));
    EXPECT_EQ(ask("nothing.test"), dane_only);
}

}  // namespace
}  // namespace sternpost
