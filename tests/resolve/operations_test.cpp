// What an operator sees and does: report, refresh, learn, forget, import.
#include <gmock/gmock.h>

#include <array>

#include "tests/resolve/answers_fixture.hpp"

namespace sternpost {
namespace {

using testing::HasSubstr;

class OperationsTest : public AnswersTest {
protected:
    OperationsTest() {
        dane = false;
        start();
        publish("good.test", "1", enforce("mail.good.test"));
    }

    DomainReport report(const std::string& domain) { return answers->report(domain).value(); }
    Refreshed refresh(const std::string& domain) { return test::run(io, answers->refresh(domain)).value(); }
    Imported import(DomainRecord record, Origin origin) {
        return test::run(io, answers->import(std::move(record), origin)).value();
    }
    DomainRecord imported(const std::string& body, std::chrono::seconds age = 1h) {
        DomainRecord record;
        record.domain = "good.test";
        record.policy.emplace();
        record.policy->id = "7";
        record.policy->body = body;
        record.policy->policy = read_policy(body).value();
        record.policy->fetched = clock.wall() - age;
        record.last_used = clock.wall();
        return record;
    }
    std::string reply_of(const DomainReport& report, const std::string& map) {
        for (const KnownAnswer& answer : report.answers)
            if (answer.map == map) return answer.reply.value_or("not known");
        return "no such map";
    }
};

TEST_F(OperationsTest, AReportLooksNothingUp) {
    EXPECT_FALSE(report("good.test").known());
    EXPECT_EQ(reply_of(report("good.test"), "sts"), "not known");
    EXPECT_EQ(txt_questions("good.test"), 0);
    ask("good.test");
    const DomainReport known = report("good.test");
    EXPECT_TRUE(known.in_memory && known.on_disk && known.known());
    EXPECT_EQ(known.record.policy->id, "1");
    EXPECT_EQ(known.txt, "present");
    EXPECT_EQ(known.txt_due, 300s);
    EXPECT_EQ(reply_of(known, "sts"), "OK secure match=mail.good.test servername=hostname");
    EXPECT_THAT(reply_of(known, "sts-tlsrpt"), HasSubstr("policy_domain=good.test"));
    EXPECT_EQ(txt_questions("good.test"), 1);
    EXPECT_EQ(fetches("good.test"), 1);
}

TEST_F(OperationsTest, AReportKnowsWhatTheDiskKnows) {
    ask("good.test");
    restart();
    const DomainReport known = report("good.test");
    EXPECT_FALSE(known.in_memory);
    EXPECT_TRUE(known.on_disk);
    EXPECT_EQ(known.txt, "unasked");
    EXPECT_EQ(reply_of(known, "sts"), "OK secure match=mail.good.test servername=hostname");
    store.unreadable = true;
    EXPECT_FALSE(answers->report("good.test"));
}

TEST_F(OperationsTest, AReportTellsOfAnOverride) {
    const std::pair<Override::Action, std::string_view> rows[] = {
        {Override::Action::enforce_testing, "enforce-testing"},
        {Override::Action::pin, "pin"},
        {Override::Action::dane_only, "dane-only"},
        {Override::Action::ignore, "ignore"},
    };
    for (const auto& [action, word] : rows) {
        overrides.assign(1, Override{"good.test", action, std::nullopt, {}});
        reconfigure();
        EXPECT_EQ(report("good.test").override_action, word);
    }
    EXPECT_EQ(reply_of(report("good.test"), "sts"), "NOTFOUND ");
}

TEST_F(OperationsTest, AReportTellsWhatTheTxtRecordSaid) {
    ask("without.test");
    EXPECT_EQ(report("without.test").txt, "absent");
    break_txt("broken.test");
    ask("broken.test");
    const DomainReport broken = report("broken.test");
    EXPECT_EQ(broken.txt, "failed");
    EXPECT_THAT(broken.txt_why, HasSubstr("SERVFAIL"));
}

TEST_F(OperationsTest, AReportTellsWhatWasLearntOfDane) {
    dane = true;
    reconfigure();
    std::vector<std::string> hosts;
    for (int i = 0; i < 9; ++i) hosts.push_back("mx" + std::to_string(i) + ".good.test");
    publish_mx("good.test", hosts);
    ask("good.test");
    ask("[good.test]:587");
    const DomainReport known = report("good.test");
    ASSERT_EQ(known.dane.size(), 2U);
    EXPECT_EQ(known.dane.front().port, 25);
    EXPECT_EQ(known.dane.front().state.hosts.size(), 9U);
    EXPECT_TRUE(known.dane.back().bracketed);
    EXPECT_EQ(known.dane.back().port, 587);
    EXPECT_TRUE(logged(", ...")) << "a line of the log has not room for all hosts";
}

TEST_F(OperationsTest, ARefreshPassesByBackOffAndInterval) {
    break_policy_host("good.test");
    ask("good.test");
    EXPECT_EQ(fetches("good.test"), 1);
    EXPECT_FALSE(refresh("good.test").fetched);
    EXPECT_THAT(refresh("good.test").why, HasSubstr("HTTP status 500"));
    EXPECT_EQ(fetches("good.test"), 3);
    EXPECT_EQ(fetcher.last_queue, Queue::passed_by);
    publish("good.test", "1", enforce("other.good.test"));
    for (std::size_t i = 0; i <= max_fetches_an_hour; ++i) EXPECT_TRUE(refresh("good.test").fetched);
    EXPECT_EQ(ask("good.test"), secure("other.good.test"));
    EXPECT_EQ(fetcher.last_queue, Queue::passed_by);
}

TEST_F(OperationsTest, ARefreshThatFailsKeepsThePolicy) {
    ask("good.test");
    break_policy_host("good.test");
    const WallTime end = store.records.at("good.test").policy->expires();
    EXPECT_FALSE(refresh("good.test").fetched);
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    EXPECT_EQ(store.records.at("good.test").policy->expires(), end);
}

TEST_F(OperationsTest, ARefreshThatFindsNoAddressSaysWhy) {
    using Addresses = Result<RecordSet<asio::ip::address>>;
    const Addresses none = RecordSet<asio::ip::address>();
    const Addresses unknown = failure(Errc::temporary, "SERVFAIL from 127.0.0.1:53");
    const std::string host = "mta-sts.good.test";
    const Addresses known = resolver.a_records.at(host);
    struct Row {
        Addresses v4, v6;
        const char* why;
    };
    const Row rows[] = {
        {unknown, none, "DNS has no answer about the addresses of mta-sts.good.test: SERVFAIL"},
        {none, unknown, "DNS has no answer about the addresses of mta-sts.good.test: SERVFAIL"},
        {none, none, "mta-sts.good.test has no address"},
    };
    for (const Row& row : rows) {
        resolver.a_records.insert_or_assign(host, row.v4);
        resolver.aaaa_records.insert_or_assign(host, row.v6);
        EXPECT_THAT(refresh("good.test").why, HasSubstr(row.why));
    }
    resolver.a_records.insert_or_assign(host, known);
    resolver.aaaa_records.insert_or_assign(host, unknown);
    EXPECT_TRUE(refresh("good.test").fetched) << "one family is enough";
    resolver.a_records.erase(host);
    resolver.aaaa_records.erase(host);
    EXPECT_THAT(refresh("good.test").why, HasSubstr("mta-sts.good.test does not exist"));
}

TEST_F(OperationsTest, WhatWasReadKindlyIsLogged) {
    publish("kind.test", "1", enforce("mail.kind.test") + "\n");
    EXPECT_EQ(ask("kind.test"), secure("mail.kind.test"));
    EXPECT_TRUE(logged("blank lines are not part of the format"));
}

TEST_F(OperationsTest, ARefreshOfWhatHasNoPolicySaysSo) {
    const Refreshed refreshed = refresh("without.test");
    EXPECT_FALSE(refreshed.fetched);
    EXPECT_EQ(refreshed.why, "there is no TXT record _mta-sts.without.test");
    break_txt("without.test");
    EXPECT_THAT(refresh("without.test").why, HasSubstr("SERVFAIL"));
    EXPECT_EQ(fetches("without.test"), 0);
}

TEST_F(OperationsTest, ARefreshWaitsForTheLookupUnderWay) {
    fetcher.gate.shut();
    const auto question = begin("good.test");
    std::optional<Refreshed> refreshed;
    asio::co_spawn(io, answers->refresh("good.test"),
                   [&](const std::exception_ptr&, Result<Refreshed> result) { refreshed = *result; });
    settle();
    EXPECT_EQ(fetches("good.test"), 1);
    fetcher.gate.open();
    test::run_until(io, [&] { return refreshed.has_value(); });
    EXPECT_TRUE(question->done);
    EXPECT_TRUE(refreshed->fetched);
    EXPECT_EQ(fetches("good.test"), 2);
}

// #114
TEST_F(OperationsTest, ARefreshLeavesRoomForANewId) {
    ask("good.test");
    for (std::size_t i = 0; i <= max_fetches_an_hour; ++i) EXPECT_TRUE(refresh("good.test").fetched);
    publish("good.test", "2", enforce("new.good.test"));
    clock.advance(options.recheck);
    EXPECT_EQ(ask("good.test"), secure("new.good.test"));
}

TEST_F(OperationsTest, WhatIsLearntIsAtHandAndInUse) {
    ASSERT_TRUE(test::run(io, answers->learn("good.test")));
    EXPECT_TRUE(at_hand("good.test"));
    EXPECT_EQ(store.records.at("good.test").last_used, clock.wall());
    EXPECT_EQ(answers->figures().domains_in_memory, 1U);
}

TEST_F(OperationsTest, WhatIsForgottenIsLookedUpAnew) {  // #184
    ask("good.test");
    EXPECT_TRUE(answers->forget("good.test").value());
    EXPECT_FALSE(at_hand("good.test"));
    EXPECT_FALSE(report("good.test").known());
    EXPECT_TRUE(store.records.empty());
    EXPECT_FALSE(answers->forget("good.test").value());
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    EXPECT_EQ(txt_questions("good.test"), 2);
    EXPECT_EQ(fetches("good.test"), 2);
}

TEST_F(OperationsTest, ALookupUnderWayBringsNothingForgottenBack) {
    ask("good.test");
    clock.advance(1h);
    publish_id("good.test", "2");
    fetcher.gate.shut();
    const auto question = begin("good.test");
    settle();
    EXPECT_EQ(fetches("good.test"), 2);
    EXPECT_TRUE(answers->forget("good.test").value());
    settle();
    // Who waits boards another lookup, which knows nothing of before.
    publish("good.test", "3", enforce("new.good.test"));
    fetcher.gate.open();
    test::run_until(io, [&] { return question->done; });
    settle();
    EXPECT_EQ(*question->reply, secure("new.good.test"));
    EXPECT_EQ(store.records.at("good.test").policy->policy.mx.front().text(), "new.good.test");
}

TEST_F(OperationsTest, WhatTheDiskDoesNotForgetIsNotForgotten) {
    ask("good.test");
    store.full = true;
    EXPECT_FALSE(answers->forget("good.test"));
    EXPECT_TRUE(at_hand("good.test"));
}

TEST_F(OperationsTest, AnImportedPolicyIsOnDiskAndInForce) {
    EXPECT_EQ(ask("good.test").find("OK secure match=mail"), 3U);
    EXPECT_TRUE(answers->forget("good.test").value());
    break_txt("good.test");
    EXPECT_EQ(ask("good.test"), not_found);  // which memory then knows
    EXPECT_EQ(import(imported(enforce("a.good.test")), Origin::own_export), Imported::taken);
    EXPECT_EQ(ask("good.test"), secure("a.good.test"));
    EXPECT_EQ(store.records.at("good.test").policy->id, "7");
    EXPECT_GT(store.records.at("good.test").refresh_at.value(), clock.wall());
}

TEST_F(OperationsTest, WhatComesFromElsewhereIsFetchedSoon) {
    EXPECT_EQ(import(imported(enforce("a.good.test")), Origin::elsewhere), Imported::taken);
    EXPECT_EQ(store.records.at("good.test").refresh_at.value(), clock.wall());
}

TEST_F(OperationsTest, WhatWasToBeFetchedSoonStillIs) {
    DomainRecord record = imported(enforce("a.good.test"));
    record.refresh_at = clock.wall();
    EXPECT_EQ(import(record, Origin::own_export), Imported::taken);
    EXPECT_EQ(store.records.at("good.test").refresh_at.value(), clock.wall());
}

TEST_F(OperationsTest, WhatComesFromElsewhereIsKnownAsSuchUntilItIsFetched) {
    EXPECT_EQ(import(imported(enforce("a.good.test")), Origin::elsewhere), Imported::taken);
    EXPECT_EQ(report("good.test").record.policy->learnt_by, by_import);
    EXPECT_TRUE(refresh("good.test").fetched);
    EXPECT_EQ(store.records.at("good.test").policy->learnt_by, "");
}

TEST_F(OperationsTest, AnImportIsCommittedOrFails) {
    store.full = true;
    EXPECT_FALSE(test::run(io, answers->import(imported(enforce("a.good.test")), Origin::own_export)));
    EXPECT_FALSE(report("good.test").known());
}

TEST_F(OperationsTest, AnImportWeakensAndShortensNothing) {
    ask("good.test");
    const auto testing = "version: STSv1\nmode: testing\nmx: a.good.test\nmax_age: 31557600\n";
    clock.advance(2h);
    EXPECT_EQ(import(imported(testing, 0h), Origin::own_export), Imported::kept);
    EXPECT_EQ(import(imported(enforce("a.good.test", 3600), 0h), Origin::own_export), Imported::kept);
    EXPECT_EQ(import(imported(enforce("a.good.test"), 3h), Origin::own_export), Imported::kept);
    EXPECT_EQ(import(imported(enforce("a.good.test"), 0h), Origin::elsewhere), Imported::kept);
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    EXPECT_EQ(import(imported(enforce("a.good.test"), 1h), Origin::own_export), Imported::taken);
    EXPECT_EQ(import(imported(enforce("a.good.test", 60)), Origin::own_export), Imported::expired);
    publish_id("good.test", "7");
    EXPECT_EQ(ask("good.test"), secure("a.good.test"));
}

// Neither what the disk has nor what is on its way there, whatever memory still says.
TEST_F(OperationsTest, AnImportWeakensNothingThatWasLearntJustNow) {
    const auto testing = "version: STSv1\nmode: testing\nmx: a.good.test\nmax_age: 31557600\n";
    publish("good.test", "1", testing);
    EXPECT_EQ(ask("good.test"), not_found);
    publish("good.test", "2", enforce("*.good.test"));
    clock.advance(10min);
    resolver.mx_gate.shut();
    const auto pending = begin("good.test");
    settle();
    ASSERT_EQ(store.records.at("good.test").policy->policy.mode, Mode::enforce);
    EXPECT_EQ(import(imported(testing, 0h), Origin::own_export), Imported::kept);
    resolver.mx_gate.open();
    test::run_until(io, [&] { return pending->done; });
    EXPECT_EQ(store.records.at("good.test").policy->policy.mode, Mode::enforce);
}

TEST_F(OperationsTest, OfTwoImportsOfADomainTheStrongerStays) {
    const auto testing = "version: STSv1\nmode: testing\nmx: a.good.test\nmax_age: 31557600\n";
    store.gate.shut();
    std::vector<Imported> outcomes;
    for (const std::string& body : {enforce("a.good.test"), std::string(testing)}) {
        asio::co_spawn(
            io, answers->import(imported(body), Origin::own_export),
            [&](std::exception_ptr, Result<Imported> outcome) { outcomes.push_back(outcome.value()); });
        settle();
    }
    store.gate.open();
    test::run_until(io, [&] { return outcomes.size() == 2; });
    EXPECT_THAT(outcomes, testing::UnorderedElementsAre(Imported::taken, Imported::kept));
    EXPECT_EQ(store.records.at("good.test").policy->policy.mode, Mode::enforce);
}

TEST_F(OperationsTest, FiguresTellWhatCameOfLookups) {
    const auto count = [](const auto& tally, std::string_view name) {
        for (std::size_t i = 0; i < tally.names().size(); ++i)
            if (tally.names()[i] == name) return tally.count(i);
        throw std::invalid_argument("no such name");
    };
    dane = true;
    reconfigure();
    ask("good.test");
    ask("without.test");
    break_txt("broken.test");
    ask("broken.test");
    publish("invalid.test", "1", "version: STSv1\n");
    ask("invalid.test");
    publish_id("no-host.test", "1");
    ask("no-host.test");
    const ResolveFigures figures = answers->figures();
    EXPECT_EQ(count(figures.txt, "present"), 3U);
    EXPECT_EQ(count(figures.txt, "absent"), 1U);
    EXPECT_EQ(count(figures.txt, "failed"), 1U);
    EXPECT_EQ(count(figures.fetches, "fetched"), 1U);
    EXPECT_EQ(count(figures.fetches, "invalid-policy"), 1U);
    EXPECT_EQ(count(figures.fetches, "no-address"), 1U);
    EXPECT_EQ(count(figures.dane, "absent"), 1U);
    EXPECT_EQ(figures.domains_in_memory, 5U);
    EXPECT_EQ(figures.lookups, 0U);
}

// Recent decisions

TEST_F(OperationsTest, DecisionsAreRememberedWithTheirReasons) {
    publish("testing.test", "5", "version: STSv1\nmode: testing\nmx: a.test\nmax_age: 86400\n");
    publish("broken.test", "6", "");
    break_policy_host("broken.test");
    break_txt("silent.test");
    publish_txt("odd.test", {"v=STSv1; id=;"});
    for (const std::string domain :
         {"good.test", "testing.test", "broken.test", "silent.test", "odd.test", "none.test"})
        ask(domain);
    ask("[good.test]:587");
    const auto decisions = answers->recent_decisions();
    const std::vector<std::array<std::string, 3>> expected{
        {"[good.test]:587", "OK secure match=mail.good.test servername=hostname",
         "enforce policy, id 1, until "},
        {"none.test", "NOTFOUND ", "no TXT record"},
        {"odd.test", "NOTFOUND ", "its TXT record is not used: "},
        {"silent.test", "NOTFOUND ", "no answer about its TXT record: SERVFAIL from 127.0.0.1:53"},
        {"broken.test", "NOTFOUND ", "policy not fetched: HTTP status 500 instead of 200"},
        {"testing.test", "NOTFOUND ", "testing policy, id 5, until "},
        {"good.test", "OK secure match=mail.good.test servername=hostname", "enforce policy, id 1, until "}};
    ASSERT_EQ(decisions.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(decisions[i].next_hop, expected[i][0]);
        EXPECT_EQ(decisions[i].reply, expected[i][1]) << expected[i][0];
        EXPECT_THAT(decisions[i].why, testing::StartsWith(expected[i][2])) << expected[i][0];
        EXPECT_EQ(decisions[i].at, clock.wall());
    }
}

TEST_F(OperationsTest, OnlyAnotherAnswerIsADecision) {
    ask("good.test");
    clock.advance(301s);
    ask("good.test");
    ask("good.test");
    EXPECT_EQ(answers->recent_decisions().size(), 1U);
    publish("good.test", "2", enforce("other.good.test"));
    refresh("good.test");
    const auto decisions = answers->recent_decisions();
    ASSERT_EQ(decisions.size(), 2U);
    EXPECT_THAT(decisions.front().reply, HasSubstr("match=other.good.test "));
}

TEST_F(OperationsTest, DecisionsAreBounded) {
    for (std::size_t i = 0; i < max_decisions + 10; ++i) ask("d" + std::to_string(i) + ".test");
    const auto decisions = answers->recent_decisions();
    ASSERT_EQ(decisions.size(), max_decisions);
    EXPECT_EQ(decisions.front().next_hop, "d" + std::to_string(max_decisions + 9) + ".test");
    std::string body = "version: STSv1\nmode: enforce\nmax_age: 86400\n";
    for (int i = 0; i < 200; ++i) body += "mx: a-rather-long-name-" + std::to_string(i) + ".test\n";
    publish("long.test", "1", body);
    ask("long.test");
    EXPECT_EQ(answers->recent_decisions().front().reply.size(), max_decision_bytes);
}

TEST_F(OperationsTest, WhoWaitsAfterwardsHasNoMoreTimeThanBefore) {
    options.deadline = 2s;
    restart();
    fetcher.gate.shut();
    const auto first = begin("good.test");
    io.restart();
    io.run_for(1s);
    ASSERT_TRUE(answers->forget("good.test"));
    const auto second = begin("good.test");
    test::run_until(io, [&] { return first->done; });
    EXPECT_THAT(std::string(*first->reply), HasSubstr("TEMP policy of good.test is being fetched"));
    EXPECT_FALSE(second->done);
}

// What the record does not name any more is not tried again.
TEST_F(OperationsTest, AReportHasNoNextTryThatDoesNotCome) {
    ask("good.test");
    publish_id("good.test", "2");
    break_policy_host("good.test");
    clock.advance(options.recheck);
    ask("good.test");
    settle();
    EXPECT_TRUE(report("good.test").record.failed);
    publish_id("good.test", "1");
    clock.advance(options.recheck);
    ask("good.test");
    settle();
    EXPECT_FALSE(report("good.test").record.failed);
}

TEST_F(OperationsTest, ARefreshThatIsBrokenOffSaysSo) {
    ask("good.test");
    const auto broken_off_by = [this](const std::function<void()>& what) {
        fetcher.gate.shut();
        std::optional<Result<Refreshed>> refreshed;
        asio::co_spawn(io, answers->refresh("good.test"),
                       [&](std::exception_ptr, Result<Refreshed> result) { refreshed = std::move(result); });
        settle();
        EXPECT_FALSE(refreshed);
        what();
        fetcher.gate.open();
        test::run_until(io, [&] { return refreshed.has_value(); });
        EXPECT_FALSE(*refreshed);
        EXPECT_THAT(refreshed->error().detail, HasSubstr("broken off"));
    };
    broken_off_by([this] { EXPECT_TRUE(answers->forget("good.test").value()); });
    broken_off_by([this] { answers->stop(); });
    EXPECT_EQ(test::run(io, answers->refresh("good.test")).error().code, Errc::stopped);
}

TEST_F(OperationsTest, ARefreshThatWaitsForAnotherLookupEndsWithTheProgram) {
    fetcher.gate.shut();
    const auto question = begin("good.test");
    std::optional<Result<Refreshed>> refreshed;
    asio::co_spawn(io, answers->refresh("good.test"),
                   [&](std::exception_ptr, Result<Refreshed> result) { refreshed = std::move(result); });
    settle();
    answers->stop();
    test::run_until(io, [&] { return refreshed.has_value(); });
    ASSERT_FALSE(*refreshed);
    EXPECT_EQ(refreshed->error().code, Errc::stopped);
    fetcher.gate.open();
}

}  // namespace
}  // namespace sternpost
