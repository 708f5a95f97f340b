// A relay among others: what they know counts here, and nothing of it can make this one worse.
#include <gmock/gmock.h>

#include "answers_fixture.hpp"

namespace sternpost {
namespace {

using test::FakeFleet;

constexpr const char* domain = "example.com";
const std::string mx1 = secure("mx1.example.com");
const std::string mx2 = secure("mx2.example.com");

class SharingTest : public AnswersTest {
protected:
    SharingTest() {
        fleet = &others;
        dane = false;
        publish_mx(domain, {"mx1.example.com", "mx2.example.com"});
        start();
        answers->begin_upkeep();
        settle();
    }
    ~SharingTest() override {
        others.gate.open();
        others.change.open();
    }

    CachedPolicy policy(const std::string& id, const std::string& mx, WallTime fetched,
                        int max_age = 604800) {
        CachedPolicy made;
        made.id = id;
        made.body = enforce(mx, max_age);
        made.policy = read_policy(made.body).value();
        made.fetched = fetched;
        made.learnt_by = "relay2";
        return made;
    }
    void others_know(const CachedPolicy& known) { others.known[domain].policy = known; }
    // As a relay does that has fetched it.
    void others_tell(const CachedPolicy& known) {
        others_know(known);
        others.ears.news(domain, known.fetched);
        settle();
    }
    void others_failed(const std::string& id, bool proven) {
        SharedFailure& failed = others.known[domain].failed.emplace();
        failed.failed.id = id;
        failed.failed.count = 1;
        failed.failed.next_try = clock.wall() + 300s;
        failed.failed.reason = "HTTP status 404 instead of 200 (told by relay2)";
        failed.at = clock.wall();
        failed.proven = proven;
    }
    void others_end_their_fetch() {
        others.fetched_elsewhere.clear();
        others.change.open();
    }

    FakeFleet others{io};
};

TEST_F(SharingTest, APolicyThatOthersKnowIsCommittedAndEnforcedWithoutAFetch) {
    publish_id(domain, "1");
    others_know(policy("1", "mx1.example.com", clock.wall() - 1h));
    EXPECT_EQ(ask(domain), mx1);
    EXPECT_EQ(fetches(domain), 0);
    ASSERT_TRUE(store.records.contains(domain));
    EXPECT_EQ(store.records[domain].policy->learnt_by, "relay2");
    EXPECT_EQ(store.records[domain].policy->fetched, clock.wall() - 1h);
    EXPECT_TRUE(logged("source=fleet"));
}

// RFC 8461 section 10.2: who hides the record, or the policy host, hides nothing from a relay whose fleet knows it.
TEST_F(SharingTest, WhatOthersKnowCannotBeHidden) {
    others_know(policy("1", "mx1.example.com", clock.wall() - 1h));
    break_txt(domain);
    EXPECT_EQ(ask(domain), mx1);
    settle();
    EXPECT_EQ(ask(domain), mx1);
}

TEST_F(SharingTest, AnAnswerByTheFleetDoesNotWaitForDns) {
    others_know(policy("1", "mx1.example.com", clock.wall() - 1h));
    resolver.gate.shut();
    EXPECT_EQ(ask(domain), mx1);
}

// RFC 8461 section 3.1: the record says whether there is something newer.
TEST_F(SharingTest, AModeThatProtectsNobodyWaitsForTheRecord) {
    CachedPolicy testing = policy("1", "mx1.example.com", clock.wall() - 1h);
    testing.body = "version: STSv1\nmode: testing\nmx: mx1.example.com\nmax_age: 604800\n";
    testing.policy = read_policy(testing.body).value();
    others_know(testing);
    publish(domain, "2", enforce("mx2.example.com"));
    EXPECT_EQ(ask(domain), mx2);
    publish_id(domain, "1");
    ASSERT_TRUE(answers->forget(domain).value());
    others_know(testing);
    EXPECT_EQ(ask(domain), not_found);
    EXPECT_EQ(fetches(domain), 1);
}

TEST_F(SharingTest, NorDoesItCountWhileANewerPolicyIsFetched) {
    options.deadline = 50ms;
    answers->reconfigure(options, rules());
    CachedPolicy testing = policy("1", "mx1.example.com", clock.wall() - 1h);
    testing.body = "version: STSv1\nmode: testing\nmx: mx1.example.com\nmax_age: 604800\n";
    testing.policy = read_policy(testing.body).value();
    others_know(testing);
    publish(domain, "2", enforce("mx2.example.com"));
    fetcher.gate.shut();
    EXPECT_EQ(ask(domain), "43:TEMP policy of example.com is being fetched,");
    fetcher.gate.open();
    settle();
    EXPECT_EQ(ask(domain), mx2);
}

TEST_F(SharingTest, WhatIsFetchedIsToldAfterItsCommit) {
    publish(domain, "1", enforce("mx1.example.com"));
    store.gate.shut();
    const auto pending = begin(domain);
    settle();
    EXPECT_EQ(others.publications[domain], 0);
    store.gate.open();
    test::run_until(io, [&] { return pending->done; });
    EXPECT_EQ(*pending->reply, mx1);
    EXPECT_EQ(others.publications[domain], 1);
    EXPECT_TRUE(others.known[domain].policy->learnt_by.empty());
    EXPECT_TRUE(others.held.empty());
}

TEST_F(SharingTest, OneRelayFetchesForAll) {
    publish(domain, "1", enforce("mx1.example.com"));
    others.fetched_elsewhere.insert(domain);
    const auto pending = begin(domain);
    settle();
    EXPECT_FALSE(pending->done);
    others_know(policy("1", "mx1.example.com", clock.wall()));
    others_end_their_fetch();
    test::run_until(io, [&] { return pending->done; });
    EXPECT_EQ(*pending->reply, mx1);
    EXPECT_EQ(fetches(domain), 0);
    EXPECT_EQ(others.publications[domain], 0);
}

TEST_F(SharingTest, WhoFetchesMayDie) {
    publish(domain, "1", enforce("mx1.example.com"));
    others.fetched_elsewhere.insert(domain);
    const auto pending = begin(domain);
    settle();
    others_end_their_fetch();  // its lease has run out, and nothing came of it
    test::run_until(io, [&] { return pending->done; });
    EXPECT_EQ(*pending->reply, mx1);
    EXPECT_EQ(fetches(domain), 1);
}

// Nor does a lease say who made it.
TEST_F(SharingTest, AnotherRelaysFetchIsWaitedForWithinTheDeadline) {
    publish(domain, "1", enforce("mx1.example.com"));
    others.fetched_elsewhere.insert(domain);
    const auto pending = begin(domain);
    settle();
    ASSERT_FALSE(pending->done);
    clock.advance(std::chrono::duration_cast<std::chrono::seconds>(options.deadline) / 2);
    others.change.open();
    test::run_until(io, [&] { return pending->done; });
    EXPECT_EQ(*pending->reply, mx1);
    EXPECT_EQ(fetches(domain), 1);
}

TEST_F(SharingTest, AFleetThatIsDownCostsNothing) {
    publish(domain, "1", enforce("mx1.example.com"));
    others.down = true;
    EXPECT_EQ(ask(domain), mx1);
    EXPECT_EQ(fetches(domain), 1);
}

TEST_F(SharingTest, AnOlderPolicyChangesNothing) {
    publish(domain, "2", enforce("mx2.example.com"));
    EXPECT_EQ(ask(domain), mx2);
    others_tell(policy("1", "mx1.example.com", clock.wall() - 1h));
    EXPECT_EQ(ask(domain), mx2);
    EXPECT_EQ(store.records[domain].policy->id, "2");
    // Nor when ours has run out.
    store.records[domain].policy->policy.max_age = 1s;
    clock.advance(6min);
    fleet = nullptr;
    restart();
    fleet = &others;
    restart();
    others_know(policy("1", "mx1.example.com", clock.wall() - 1h));
    EXPECT_EQ(ask(domain), mx2);
    EXPECT_EQ(fetches(domain), 2);
}

TEST_F(SharingTest, ANewIdOfAnotherRelayIsFollowedAtOnce) {
    publish(domain, "1", enforce("mx1.example.com"));
    EXPECT_EQ(ask(domain), mx1);
    const int asked_before = txt_questions(domain);
    clock.advance(60s);
    others_tell(policy("2", "mx2.example.com", clock.wall()));
    EXPECT_TRUE(at_hand(domain));
    EXPECT_EQ(ask(domain), mx2);
    EXPECT_EQ(fetches(domain), 1);
    EXPECT_EQ(txt_questions(domain), asked_before);
    // Our DNS server still has the old record in its cache: that is nothing new.
    clock.advance(600s);
    EXPECT_EQ(ask(domain), mx2);
    settle();
    EXPECT_GT(txt_questions(domain), asked_before);
    EXPECT_EQ(fetches(domain), 1);
    publish(domain, "3", enforce("mx1.example.com"));
    clock.advance(600s);
    EXPECT_EQ(ask(domain), mx1);
}

TEST_F(SharingTest, ARollbackToTheFormerIdIsSeen) {
    publish(domain, "1", enforce("mx1.example.com"));
    EXPECT_EQ(ask(domain), mx1);
    clock.advance(60s);
    others_tell(policy("2", "mx2.example.com", clock.wall()));
    publish_id(domain, "2");
    clock.advance(600s);
    EXPECT_EQ(ask(domain), mx2);
    settle();
    publish_id(domain, "1");
    clock.advance(600s);
    ask(domain);
    settle();
    EXPECT_EQ(ask(domain), mx1);
}

TEST_F(SharingTest, NoDnsServerShowsTheFormerRecordForEver) {
    publish(domain, "1", enforce("mx1.example.com"));
    EXPECT_EQ(ask(domain), mx1);
    clock.advance(60s);
    others_tell(policy("2", "mx2.example.com", clock.wall()));
    clock.advance(options.max_ttl - 1s);
    ask(domain);
    settle();
    EXPECT_EQ(ask(domain), mx2);
    EXPECT_EQ(fetches(domain), 1);
    clock.advance(options.recheck);
    ask(domain);
    settle();
    EXPECT_EQ(ask(domain), mx1);
}

TEST_F(SharingTest, NewsOfWhatNobodyAsksForHereAreNothing) {
    others_tell(policy("1", "mx1.example.com", clock.wall()));
    EXPECT_EQ(others.finds[domain], 0);
    EXPECT_FALSE(store.records.contains(domain));
}

TEST_F(SharingTest, NewsDuringALookAreNotLost) {
    publish(domain, "1", enforce("mx1.example.com"));
    EXPECT_EQ(ask(domain), mx1);
    clock.advance(301s);
    resolver.gate.shut();
    const auto pending = begin(domain);
    settle();
    others_tell(policy("2", "mx2.example.com", clock.wall()));
    resolver.gate.open();
    test::run_until(io, [&] { return pending->done; });
    settle();
    EXPECT_EQ(ask(domain), mx2);
}

TEST_F(SharingTest, NewsThatNothingIsBehindAreALookAtTheRecord) {
    publish(domain, "1", enforce("mx1.example.com"));
    EXPECT_EQ(ask(domain), mx1);
    others.known.clear();
    publish(domain, "2", enforce("mx2.example.com"));
    clock.advance(60s);
    others.ears.news(domain, clock.wall());
    settle();
    EXPECT_EQ(ask(domain), mx2);
}

// RFC 8461 section 3.3: no further try for five minutes, by none of the relays.
TEST_F(SharingTest, AFailureOfThePolicyHostIsThatOfAllRelays) {
    publish(domain, "1", enforce("mx1.example.com"));
    others_failed("1", true);
    EXPECT_EQ(ask(domain), not_found);
    EXPECT_EQ(fetches(domain), 0);
    clock.advance(301s);
    settle();
    ask(domain);
    settle();
    EXPECT_EQ(fetches(domain), 1);
    EXPECT_EQ(ask(domain), mx1);
}

TEST_F(SharingTest, AFailureOnTheWayOfAnotherRelayIsNotOurs) {
    publish(domain, "1", enforce("mx1.example.com"));
    others_failed("1", false);
    EXPECT_EQ(ask(domain), mx1);
    EXPECT_EQ(fetches(domain), 1);
}

// It may put our own try off while a policy is in force, but not beyond its end.
TEST_F(SharingTest, AFailureOnTheWayOfAnotherRelayTakesNoPolicyAway) {
    publish(domain, "1", enforce("mx1.example.com", 3000));
    EXPECT_EQ(ask(domain), mx1);
    clock.advance(2000s);
    publish(domain, "2", enforce("mx2.example.com"));
    others_failed("2", false);
    const int fetched = fetches(domain);
    others.fetched_elsewhere.insert(domain);
    ask(domain);
    settle();
    others_end_their_fetch();
    settle();
    EXPECT_EQ(ask(domain), mx1);
    EXPECT_EQ(fetches(domain), fetched);
    EXPECT_FALSE(store.records[domain].failed) << "it is not ours";
    clock.advance(1001s);
    EXPECT_EQ(ask(domain), mx2) << "as if nobody had failed";
}

TEST_F(SharingTest, NorDoesItPutATryOffBeyondTheEndOfThePolicy) {
    publish(domain, "1", enforce("mx1.example.com", 3000));
    EXPECT_EQ(ask(domain), mx1);
    clock.advance(2800s);
    publish(domain, "2", enforce("mx2.example.com"));
    others_failed("2", false);
    ask(domain);
    settle();
    EXPECT_EQ(ask(domain), mx2);
}

TEST_F(SharingTest, AFailureIsTold) {
    publish(domain, "1", "");
    fetcher.bodies.insert_or_assign("mta-sts.example.com",
                                    failure(Errc::temporary, "HTTP status 404 instead of 200", "status"));
    EXPECT_EQ(ask(domain), not_found);
    ASSERT_TRUE(others.known[domain].failed);
    EXPECT_EQ(others.known[domain].failed->failed.id, "1");
    EXPECT_TRUE(others.known[domain].failed->proven);
    EXPECT_TRUE(others.held.empty());
}

TEST_F(SharingTest, TheDailyRefreshIsOneForAll) {
    publish(domain, "1", enforce("mx1.example.com"));
    EXPECT_EQ(ask(domain), mx1);
    others.known.clear();
    clock.advance(24h);
    others_know(policy("1", "mx1.example.com", clock.wall() - 60s));
    others.fetched_elsewhere.insert(domain);
    clock.advance(1s);
    restart();
    answers->begin_upkeep();
    test::run_until(io, [&] { return store.records[domain].policy->learnt_by == "relay2"; });
    settle();
    EXPECT_EQ(fetches(domain), 1);
    EXPECT_GT(*store.records[domain].refresh_at, clock.wall());
}

TEST_F(SharingTest, TheDailyRefreshIsMadeWhereNobodyElseHasMadeIt) {
    publish(domain, "1", enforce("mx1.example.com"));
    EXPECT_EQ(ask(domain), mx1);
    clock.advance(24h + 1s);
    restart();
    answers->begin_upkeep();
    test::run_until(io, [&] { return fetches(domain) == 2; });
    settle();
    EXPECT_EQ(others.leases[domain], 2);
    EXPECT_EQ(others.known[domain].policy->fetched, clock.wall());
    EXPECT_TRUE(others.held.empty());
}

TEST_F(SharingTest, WhatWasLearntAloneIsTold) {
    publish(domain, "1", enforce("mx1.example.com"));
    EXPECT_EQ(ask(domain), mx1);
    others.known.clear();
    others.ears.untold(domain);
    EXPECT_TRUE(others.known[domain].policy);
}

TEST_F(SharingTest, WhatIsForgottenIsLookedUpAnew) {
    publish(domain, "1", enforce("mx1.example.com"));
    EXPECT_EQ(ask(domain), mx1);
    ASSERT_TRUE(answers->forget(domain).value());
    EXPECT_EQ(ask(domain), mx1);
    EXPECT_EQ(fetches(domain), 2);
}

TEST_F(SharingTest, ACachedAnswerAsksNobody) {
    publish(domain, "1", enforce("mx1.example.com"));
    EXPECT_EQ(ask(domain), mx1);
    const int finds = others.finds[domain];
    for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(domain), mx1);
    EXPECT_EQ(others.finds[domain], finds);
}

}  // namespace
}  // namespace sternpost
