// The resolver against servers that do as they are told (tests/support/dns_server.hpp).
#include "sternpost/dns/cares_resolver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <thread>

#include "dns/race.hpp"
#include "sternpost/loop/spawn.hpp"
#include "tests/support/captured_log.hpp"
#include "tests/support/dns_https_lab.hpp"
#include "tests/support/dns_server.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_dir.hpp"

namespace sternpost {
namespace {

using namespace std::chrono_literals;
using test::DnsMessage;
using test::DnsServer;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
namespace asio = boost::asio;
using Question = DnsServer::Question;
using Behaviour = DnsServer::Behaviour;
using Texts = Result<RecordSet<std::string>>;

void silent(const Question&) {}

Behaviour text(const std::string& value) {
    return [value](const Question& question) {
        question.reply(question.answer().answer(ns_t_txt, 300, test::txt_rdata({value})).bytes());
    };
}

// "AD bit set" in every answer.
void authentic(const Question& question) {
    question.reply(
        question.answer().answer(ns_t_txt, 300, test::txt_rdata({"a"})).on(DnsMessage::ad).bytes());
}

Behaviour failing(std::size_t rcode) {
    return [rcode](const Question& question) { question.reply(question.answer().rcode(rcode).bytes()); };
}

// Over UDP nothing but the TC bit.
Behaviour over_tcp_only(const Behaviour& behaviour) {
    return [behaviour](const Question& question) {
        if (question.tcp) return behaviour(question);
        question.reply(question.answer().on(DnsMessage::tc).bytes());
    };
}

// Each datagram: c-ares from 1.32 on sends a question again by itself, and takes no answer to the former one.
void reply_to_all(const DnsServer& server, const Behaviour& behaviour) {
    for (const Question& question : server.asked()) behaviour(question);
}

// However often c-ares has sent each.
std::size_t questions_to(const DnsServer& server) {
    std::set<std::pair<std::uint8_t, std::uint8_t>> ids;
    for (const Question& question : server.asked()) ids.emplace(question.query[0], question.query[1]);
    return ids.size();
}

class CaresResolverTest : public testing::Test {
protected:
    static constexpr const char* first = "127.0.0.1";
    static constexpr const char* second = "127.0.0.2";

    DnsServer& server(const std::string& address, Behaviour behaviour, std::uint16_t port = 53) {
        servers_.emplace_back(io, address, std::move(behaviour), port);
        options.servers.push_back(servers_.back().named());
        return servers_.back();
    }

    void start() { resolver.emplace(io.get_executor(), options); }

    Texts ask(const std::string& name = "_mta-sts.example.test") {
        if (!resolver) start();
        return test::run(io, resolver->txt(name));
    }

    // Asks without waiting; the answer goes to the end of `answers`.
    void ask_without_waiting(const std::string& name = "_mta-sts.example.test") {
        if (!resolver) start();
        asio::co_spawn(io, resolver->txt(name), [this](std::exception_ptr escaped, Texts answer) {
            ASSERT_FALSE(escaped);
            answers.push_back(std::move(answer));
        });
    }

    void run_until_answers(std::size_t count) {
        test::run_until(io, [&] { return answers.size() >= count; });
    }

    // After stop() nothing is left of any question, and no descriptor.
    void TearDown() override {
        if (resolver) resolver->stop();
        test::run_until(io, [] { return running() == 0; });
        resolver.reset();
    }

    static DnsOptions without_probes() {
        DnsOptions without;
        without.validation_wanted = false;
        return without;
    }

    asio::io_context io{1};
    DnsOptions options = without_probes();
    std::optional<CaresResolver> resolver;
    std::vector<Texts> answers;

private:
    std::deque<DnsServer> servers_;
};

TEST_F(CaresResolverTest, AnswersFromTheFirstServerAndAsksNoOther) {
    const auto& one = server(first, text("one"));
    const auto& two = server(second, text("two"));
    const auto answer = ask("_mta-sts.Example.test");
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, ElementsAre("one"));
    EXPECT_EQ(answer->ttl, 300s);
    EXPECT_EQ(answer->canonical_name, "_mta-sts.example.test");
    ASSERT_THAT(one.asked(), SizeIs(1));
    EXPECT_FALSE(one.asked()[0].tcp);
    EXPECT_THAT(two.asked(), IsEmpty());
}

TEST_F(CaresResolverTest, TellsNoneFromNoNameOverTheWire) {
    auto& one = server(first, [](const Question& question) {
        question.reply(question.answer().rcode(ns_r_nxdomain).soa("test", 3600, 60).bytes());
    });
    auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, IsEmpty());
    EXPECT_FALSE(answer->name_exists);
    EXPECT_EQ(answer->ttl, 60s);
    one.behave(
        [](const Question& question) { question.reply(question.answer().soa("test", 30, 60).bytes()); });
    answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, IsEmpty());
    EXPECT_TRUE(answer->name_exists);
    EXPECT_EQ(answer->ttl, 30s);
    EXPECT_THAT(one.asked(), SizeIs(2));  // nothing is remembered here (#29)
}

TEST_F(CaresResolverTest, AsksForMailExchangersAndAddresses) {
    server(first, [](const Question& question) {
        auto answer = question.answer();
        answer.answer(ns_t_mx, 300, test::mx_rdata(10, "MX.example.test"))
            .answer(ns_t_a, 300, test::address_rdata("192.0.2.1"))
            .answer(ns_t_aaaa, 300, test::address_rdata("2001:db8::1"));
        question.reply(answer.bytes());
    });
    start();
    const auto mx = test::run(io, resolver->mx("example.test", Servers::all));
    ASSERT_TRUE(mx) << mx.error().detail;
    EXPECT_THAT(mx->records, ElementsAre(MxRecord{10, "mx.example.test"}));
    const auto a = test::run(io, resolver->a("mx.example.test", Servers::all));
    ASSERT_TRUE(a) << a.error().detail;
    EXPECT_THAT(a->records, ElementsAre(asio::ip::make_address("192.0.2.1")));
    const auto aaaa = test::run(io, resolver->aaaa("mx.example.test", Servers::all));
    ASSERT_TRUE(aaaa) << aaaa.error().detail;
    EXPECT_THAT(aaaa->records, ElementsAre(asio::ip::make_address("2001:db8::1")));
}

TEST_F(CaresResolverTest, AsksServersOnAnyAddressAndPort) {
    struct Row {
        std::string address;
        std::uint16_t port;
    };
    const Row rows[] = {
        {"127.0.0.9", 5353}, {"::1", 53}, {test::lab_v4 + "53", 53}, {test::lab_v6 + "3", 5300}};
    for (const Row& row : rows) {
        options.servers.clear();
        server(row.address, text(row.address), row.port);
        start();
        const auto answer = ask();
        ASSERT_TRUE(answer) << row.address << ": " << answer.error().detail;
        EXPECT_THAT(answer->records, ElementsAre(row.address));
    }
}

TEST_F(CaresResolverTest, AsksTheNextServerAfterSilence) {
    options.timeout = 5s;
    const auto& one = server(first, silent);
    server(second, text("two"));
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, ElementsAre("two"));
    EXPECT_EQ(questions_to(one), 1U);
}

TEST_F(CaresResolverTest, ReachesTheLastServerOfManySilentOnes) {
    options.timeout = 4s;
    for (int host = 1; host <= 7; ++host) server("127.0.0." + std::to_string(host), silent);
    server("127.0.0.8", text("eight"));
    const auto& ninth = server("127.0.0.9", text("nine"));
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, ElementsAre("eight"));
    EXPECT_THAT(ninth.asked(), IsEmpty());
}

TEST_F(CaresResolverTest, AsksASingleServerAgainWhenAPacketIsLost) {
    options.timeout = 3s;
    auto& only = server(first, silent);
    only.behave([&only](const Question& question) {
        if (only.asked().size() > 1) text("at last")(question);
    });
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, ElementsAre("at last"));
    EXPECT_THAT(only.asked(), SizeIs(2));
}

TEST_F(CaresResolverTest, TakesALateAnswerOfTheFirstServer) {
    options.timeout = 5s;
    auto& one = server(first, silent);
    auto& two = server(second, silent);
    two.behave([&one](const Question&) { reply_to_all(one, text("one, late")); });
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, ElementsAre("one, late"));
}

// c-ares from 1.32 on gives a server that was fast a quarter of a second.
TEST_F(CaresResolverTest, WaitsForASlowAnswerOfAServerThatIsFastElse) {
    auto& only = server(first, text("fast"));
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(ask(std::to_string(i) + ".test"));
    for (const auto time : {600ms, 2500ms}) {
        only.forget_asked();
        only.behave(silent);
        asio::steady_timer looked_up(io, time);
        looked_up.async_wait([&](boost::system::error_code) { reply_to_all(only, text("slow")); });
        const auto answer = ask("slow.test");
        ASSERT_TRUE(answer) << answer.error().detail;
        EXPECT_THAT(answer->records, ElementsAre("slow"));
    }
}

// A failure is not hidden by the next server's answer: for DANE it may mean a bogus answer.
TEST_F(CaresResolverTest, SaysThatAnAnswerIsDisputed) {
    struct Row {
        std::string_view what;
        Behaviour first;
    };
    const Row rows[] = {
        {"SERVFAIL", failing(ns_r_servfail)},
        {"REFUSED", failing(ns_r_refused)},
        {"NOTIMP", failing(ns_r_notimpl)},
        {"FORMERR", failing(ns_r_formerr)},
        {"referral",
         [](const Question& question) {
             question.reply(
                 question.answer().authority("test", ns_t_ns, 300, test::wire_name("ns.test")).bytes());
         }},
        {"malformed",
         [](const Question& question) {
             question.reply(question.answer().answer(ns_t_txt, 300, {9}).bytes());
         }},
    };
    auto& one = server(first, silent);
    server(second, text("two"));
    for (const Row& row : rows) {
        one.behave(row.first);
        const auto answer = ask();
        ASSERT_TRUE(answer) << row.what << ": " << answer.error().detail;
        EXPECT_THAT(answer->records, ElementsAre("two")) << row.what;
    }
}

TEST_F(CaresResolverTest, NamesEveryCauseWhenAllServersFail) {
    auto& one = server(first, failing(ns_r_servfail));
    auto& two = server(second, failing(ns_r_refused));
    auto answer = ask();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::temporary);
    EXPECT_EQ(answer.error().detail, "SERVFAIL from 127.0.0.1:53, REFUSED from 127.0.0.2:53");
    EXPECT_THAT(one.asked(), SizeIs(1));  // a server that has failed is not asked again at once
    EXPECT_THAT(two.asked(), SizeIs(1));
}

TEST_F(CaresResolverTest, NamesTheSilentServersAsWellAndNobodyTwice) {
    options.timeout = 1s;
    server(first, failing(ns_r_servfail));
    server(second, silent);
    const auto answer = ask();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::temporary);
    EXPECT_EQ(answer.error().detail, "SERVFAIL from 127.0.0.1:53, no answer in time from 127.0.0.2:53");
}

TEST_F(CaresResolverTest, EndsWithinItsTimeout) {
    options.timeout = 300ms;
    server(first, silent);
    server(second, silent);
    const auto start = std::chrono::steady_clock::now();
    const auto answer = ask();
    const auto took = std::chrono::steady_clock::now() - start;
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::temporary);
    EXPECT_EQ(answer.error().detail,
              "no answer in time from 127.0.0.1:53, no answer in time from 127.0.0.2:53");
    EXPECT_GE(took, 280ms);
    EXPECT_LT(took, 3s);
}

// As by a slow disk, for longer than the timeout.
TEST_F(CaresResolverTest, WhatIsAnsweredWhileTheLoopStandsStillCounts) {
    options.timeout = 200ms;
    server(first, [](const Question& question) {
        text("one")(question);
        std::this_thread::sleep_for(500ms);
    });
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, ElementsAre("one"));
}

TEST_F(CaresResolverTest, WhoStoodStillDoesNotBlameTheServer) {
    options.timeout = 200ms;
    server(first, [](const Question&) { std::this_thread::sleep_for(longest_lag + 500ms); });
    const auto answer = ask();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::overloaded);
    EXPECT_EQ(answer.error().detail, "no answer in time from 127.0.0.1:53, while sternpostd stood still");
}

TEST_F(CaresResolverTest, EndsWithinItsTimeoutWhereTcpIsSilent) {
    options.timeout = 1s;
    const auto& one = server(first, over_tcp_only(silent));
    const auto answer = ask();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::temporary);
    EXPECT_EQ(answer.error().detail, "no answer in time from 127.0.0.1:53");
    EXPECT_TRUE(std::ranges::any_of(one.asked(), &Question::tcp));
}

// Without a descriptor for the question, or for watching it, it fails; it neither hangs nor harms later ones.
TEST_F(CaresResolverTest, EndsWithoutDescriptors) {
    options.timeout = 500ms;
    server(first, text("one"));
    ASSERT_TRUE(ask());
    for (const int left : {0, 1}) {
        start();
        {
            const test::FewDescriptors few(left);
            const auto answer = ask();
            ASSERT_FALSE(answer) << left;
            EXPECT_EQ(answer.error().code, Errc::overloaded) << left << ": " << answer.error().detail;
        }
        const auto answer = ask();
        ASSERT_TRUE(answer) << left << ": " << answer.error().detail;
        EXPECT_THAT(answer->records, ElementsAre("one"));
    }
}

TEST_F(CaresResolverTest, FailsAtOnceWhereNobodyListens) {
    options.timeout = 15s;
    options.servers = {{"127.0.0.77"}};
    const auto start = std::chrono::steady_clock::now();
    const auto answer = ask();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::temporary);
    EXPECT_EQ(answer.error().detail, "no connection to 127.0.0.77:53");
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST_F(CaresResolverTest, PassesOverAServerWhereNobodyListens) {
    options.timeout = 15s;
    options.servers = {{"127.0.0.77"}};
    server(second, text("two"));
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, ElementsAre("two"));
}

TEST_F(CaresResolverTest, SendsNoPacketForWhatIsNoName) {
    const auto& one = server(first, text("one"));
    const auto answer = ask(std::string(64, 'a') + ".test");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::temporary);
    EXPECT_THAT(answer.error().detail, HasSubstr("no question can be asked for"));
    EXPECT_THAT(one.asked(), IsEmpty());
}

// #33
TEST_F(CaresResolverTest, ComesByTcpAfterTruncation) {
    const auto& one = server(first, over_tcp_only([](const Question& question) {
                                 auto answer = question.answer();
                                 for (int i = 0; i < 200; ++i)
                                     answer.answer(ns_t_txt, 300, test::txt_rdata({std::string(250, 'x')}));
                                 question.reply(answer.bytes());
                             }));
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, AllOf(SizeIs(200), Each(std::string(250, 'x'))));
    ASSERT_THAT(one.asked(), SizeIs(2));
    EXPECT_TRUE(one.asked()[1].tcp);
    EXPECT_TRUE(one.asked()[1].has_edns());
}

TEST_F(CaresResolverTest, TakesUdpAnswersUpToItsOwnSize) {
    const auto& one = server(first, [](const Question& question) {
        auto answer = question.answer();
        for (int i = 0; i < 4; ++i) answer.answer(ns_t_txt, 300, test::txt_rdata({std::string(255, 'x')}));
        question.reply(answer.bytes());
    });
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, SizeIs(4));
    EXPECT_THAT(one.asked(), SizeIs(1));
}

TEST_F(CaresResolverTest, AsksTheNextServerWhereTcpIsShut) {
    auto& one = server(first, over_tcp_only(silent));
    one.close_listener();
    server(second, text("two"));
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, ElementsAre("two"));
}

TEST_F(CaresResolverTest, NeverTakesTheAnswerToAnotherQuestion) {
    struct Row {
        std::string_view what;
        std::function<void(const Question&)> forge;
        bool waits_on;  // for the right one
    };
    const auto other = [](const std::string& name, int type) {
        return [name, type](const Question& question) {
            DnsMessage message(name, type);
            message.id(test::get16(question.query, 0)).answer(ns_t_txt, 300, test::txt_rdata({"forged"}));
            question.reply(message.bytes());
        };
    };
    const auto forged = [](const Question& question) {
        return question.answer().answer(ns_t_txt, 300, test::txt_rdata({"forged"}));
    };
    const Row rows[] = {
        {"another name", other("other.test", ns_t_txt), true},
        {"another type", other("_mta-sts.example.test", ns_t_a), true},
        {"another id",
         [&](const Question& question) {
             question.reply(forged(question).id(test::get16(question.query, 0) ^ 1U).bytes());
         },
         true},
        {"no response",
         [&](const Question& question) { question.reply(forged(question).off(DnsMessage::qr).bytes()); },
         false},
        {"too short",
         [](const Question& question) {
             question.reply({question.query[0], question.query[1]});
         },
         false},
        {"nothing", [](const Question& question) { question.reply({}); }, false},
    };
    auto& one = server(first, silent);
    for (const Row& row : rows) {
        options.timeout = 300ms;
        start();
        one.behave(row.forge);
        const auto refused = ask();
        ASSERT_FALSE(refused) << row.what;
        EXPECT_EQ(refused.error().code, Errc::temporary);
        if (!row.waits_on) continue;

        options.timeout = 15s;
        start();
        one.behave([&row](const Question& question) {
            row.forge(question);
            text("right")(question);
        });
        const auto answer = ask();
        ASSERT_TRUE(answer) << row.what << ": " << answer.error().detail;
        EXPECT_THAT(answer->records, ElementsAre("right")) << row.what;
    }
}

TEST_F(CaresResolverTest, TakesNoAnswerFromAnotherAddress) {
    options.timeout = 500ms;
    asio::ip::udp::socket forger(io, {asio::ip::make_address("127.0.0.66"), 53});
    server(first, [&forger](const Question& question) {
        const auto forged = question.answer().answer(ns_t_txt, 300, test::txt_rdata({"forged"})).bytes();
        forger.send_to(asio::buffer(forged), question.from);
        text("right")(question);
    });
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, ElementsAre("right"));
}

// #191
TEST_F(CaresResolverTest, BelievesTheAdBitOfLoopbackOrWhereToldTo) {
    struct Row {
        std::string address;
        bool trust_ad;
        bool believed;
    };
    const Row rows[] = {
        {"127.0.0.1", false, true},
        {"127.0.0.200", false, true},
        {"::1", false, true},
        {test::lab_v4 + "53", false, false},
        {test::lab_v6 + "3", false, false},
        {test::lab_v4 + "54", true, true},
        {test::lab_v6 + "4", true, true},
        {"127.0.0.2", true, true},
    };
    for (const Row& row : rows) {
        options.servers.clear();
        options.trust_ad = row.trust_ad;
        server(row.address, authentic);
        start();
        const auto answer = ask();
        ASSERT_TRUE(answer) << row.address << ": " << answer.error().detail;
        EXPECT_EQ(answer->authentic, row.believed) << row.address;
    }
}

TEST_F(CaresResolverTest, BelievesOnlyTheAdBitOfTheServerThatAnswered) {
    server(first, failing(ns_r_refused));
    server(test::lab_v4 + "53", authentic);
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_FALSE(answer->authentic);
}

TEST_F(CaresResolverTest, AnswersHundredsOfQuestionsAtOnce) {
    auto& one = server(first, [](const Question& question) { text(question.name())(question); });
    for (int i = 0; i < 300; ++i) ask_without_waiting("d" + std::to_string(i) + ".test");
    run_until_answers(300);
    std::set<std::string> names;
    for (const auto& answer : answers) {
        ASSERT_TRUE(answer) << answer.error().detail;
        ASSERT_THAT(answer->records, SizeIs(1));
        EXPECT_EQ(answer->records[0], answer->canonical_name);
        names.insert(answer->records[0]);
    }
    EXPECT_THAT(names, SizeIs(300));
    std::set<std::size_t> ids;
    for (const auto& question : one.asked()) ids.insert(test::get16(question.query, 0));
    EXPECT_GT(ids.size(), 250U);  // drawn by chance, not counted up
    EXPECT_GT(*ids.rbegin() - *ids.begin(), 30000U);
}

TEST_F(CaresResolverTest, KeepsItsOtherQuestionsWhenATcpConnectionEnds) {
    options.timeout = 10s;
    std::optional<Question> kept;
    auto& one = server(first, [&kept](const Question& question) {
        if (question.name() == "slow.test") {
            if (kept)
                text("slow")(question);
            else
                kept = question;
        } else {
            over_tcp_only(text("big"))(question);
        }
    });
    ask_without_waiting("slow.test");
    test::run_until(io, [&] { return kept.has_value(); });
    const auto big = ask("big.test");
    ASSERT_TRUE(big) << big.error().detail;
    one.close_connections();
    run_until_answers(1);
    ASSERT_TRUE(answers[0]) << answers[0].error().detail;
    EXPECT_THAT(answers[0]->records, ElementsAre("slow"));
}

// RFC 6891 section 7: a server that knows no EDNS answers FORMERR, without an OPT record.
TEST_F(CaresResolverTest, AsksAServerThatKnowsNoEdnsWithoutIt) {
    server(first, [](const Question& question) {
        auto answer = DnsMessage::answer_to(question.query);
        if (question.has_edns()) return question.reply(answer.rcode(ns_r_formerr).bytes());
        question.reply(answer.answer(ns_t_txt, 300, test::txt_rdata({"plain"})).bytes());
    });
    for (int i = 0; i < 3; ++i) {
        const auto answer = ask("d" + std::to_string(i) + ".test");
        ASSERT_TRUE(answer) << i << ": " << answer.error().detail;
        EXPECT_THAT(answer->records, ElementsAre("plain"));
    }
    for (int i = 0; i < 20; ++i) ask_without_waiting("e" + std::to_string(i) + ".test");
    run_until_answers(20);
    for (const auto& answer : answers) ASSERT_TRUE(answer) << answer.error().detail;
}

TEST_F(CaresResolverTest, StopEndsEveryQuestion) {
    options.timeout = 60s;
    server(first, silent);
    server(second, over_tcp_only(silent));
    for (int i = 0; i < 100; ++i) ask_without_waiting("d" + std::to_string(i) + ".test");
    test::run_until(io, [&] { return running() >= 100; });
    resolver->stop();
    run_until_answers(100);
    for (const auto& answer : answers) {
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code, Errc::stopped);
    }
    const auto later = ask();
    ASSERT_FALSE(later);
    EXPECT_EQ(later.error().code, Errc::stopped);
    test::run_until(io, [] { return running() == 0; });
}

TEST_F(CaresResolverTest, StopEndsAlsoQuestionsToFormerServers) {
    options.timeout = 60s;
    const auto& old = server(first, silent);
    ask_without_waiting();
    test::run_until(io, [&] { return !old.asked().empty(); });
    options.servers.clear();
    server(second, text("two"));
    resolver->reconfigure(options);
    resolver->stop();
    run_until_answers(1);
    ASSERT_FALSE(answers[0]);
    EXPECT_EQ(answers[0].error().code, Errc::stopped);
}

TEST_F(CaresResolverTest, StaysStoppedWhenReconfigured) {
    const auto& one = server(first, text("one"));
    start();
    resolver->stop();
    resolver->reconfigure(options);
    const auto answer = ask();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::stopped);
    EXPECT_THAT(one.asked(), IsEmpty());
}

TEST_F(CaresResolverTest, ReconfiguredAsksTheNewServersAndLetsOldQuestionsEnd) {
    std::optional<Question> kept;
    const auto& old = server(first, [&kept](const Question& question) { kept = question; });
    ask_without_waiting("old.test");
    test::run_until(io, [&] { return kept.has_value(); });
    options.servers.clear();
    server(second, text("new"));
    resolver->reconfigure(options);
    const auto answer = ask("new.test");
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, ElementsAre("new"));
    EXPECT_THAT(old.asked(), SizeIs(1));
    text("old")(*kept);
    run_until_answers(1);
    ASSERT_TRUE(answers[0]) << answers[0].error().detail;
    EXPECT_THAT(answers[0]->records, ElementsAre("old"));
}

TEST_F(CaresResolverTest, FollowsResolvConfWhenItChanges) {
    const test::TempDir directory;
    options.resolv_conf = directory / "resolv.conf";
    server(test::lab_v4 + "53", authentic);
    server(second, text("two"));
    options.servers.clear();
    test::write_file(options.resolv_conf, "nameserver " + test::lab_v4 + "53\n");
    auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, ElementsAre("a"));
    EXPECT_FALSE(answer->authentic);

    test::write_file(options.resolv_conf, "nameserver " + test::lab_v4 + "53\noptions edns0 trust-ad\n");
    test::wait_until([&] { return ask()->authentic; }, "resolv.conf's trust-ad is seen");
    // Replaced by another file, as programs that manage it do.
    test::write_file(directory / "new", "nameserver 127.0.0.2\n");
    std::filesystem::rename(directory / "new", options.resolv_conf);
    test::wait_until([&] { return ask()->records == std::vector<std::string>{"two"}; },
                     "resolv.conf's new server is asked");
}

TEST_F(CaresResolverTest, TakesTheLocalServerWithoutResolvConf) {
    options.resolv_conf = "/nonexistent/resolv.conf";
    server(first, text("local"));
    options.servers.clear();
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, ElementsAre("local"));
}

TEST_F(CaresResolverTest, PassesOverAServerInResolvConfThatItCannotAsk) {
    const test::TempDir directory;
    options.resolv_conf = directory / "resolv.conf";
    server(first, text("one"));
    options.servers.clear();
    test::write_file(options.resolv_conf, "nameserver fe80::1%lo\nnameserver 127.0.0.1\n");
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, ElementsAre("one"));
}

// As routers advertise them (RFC 8106).
TEST_F(CaresResolverTest, AsksALinkLocalServer) {
    const test::TempDir directory;
    options.resolv_conf = directory / "resolv.conf";
    const auto& near = server("fe80::53%hole", over_tcp_only(text("near")));
    options.servers.clear();
    test::write_file(options.resolv_conf, "nameserver fe80::53%hole\n");
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_THAT(answer->records, ElementsAre("near"));
    EXPECT_FALSE(near.asked().empty());
}

// At boot the interface may come later than we do, and after a line was down it is another one.
TEST_F(CaresResolverTest, AsksALinkLocalServerWhenItsInterfaceIsThere) {
    const test::TempDir directory;
    const auto ip = [](std::vector<std::string> words) {
        words.insert(words.begin(), test::require_program("ip", "iproute2"));
        test::output_of(words);
    };
    const std::string interface = "late", text_of_it = "fe80::54%" + interface;
    const auto plug_in = [&] {
        ip({"link", "add", interface, "type", "veth", "peer", "name", "peer"});
        ip({"link", "set", interface, "arp", "off", "up"});
        ip({"link", "set", "peer", "up"});
        ip({"addr", "add", "fe80::54/64", "dev", interface, "nodad"});
    };
    test::write_file(directory / "resolv.conf", "nameserver " + text_of_it + "\n");
    const std::string file = directory / "resolv.conf";
    for (const std::string& source : {std::string("\"servers\" of [dns]"), file}) {
        const test::CapturedLog log;
        options.resolv_conf = file;
        if (source == file)
            options.servers.clear();
        else
            options.servers = {{text_of_it}};
        start();
        const auto answer = ask();
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().detail, "no server in " + source + " can be asked");
        resolver->reconfigure(options);
        for (int time = 0; time < 2; ++time) {
            plug_in();
            const DnsServer near(io, text_of_it, over_tcp_only(text("near")));
            test::wait_until([&] { return ask().has_value(); }, "the interface is seen");
            ip({"link", "del", interface});
        }
        EXPECT_EQ(log.count(source + ": \"" + text_of_it + "\" is left out"), 1U) << log.text();
        EXPECT_EQ(log.count("asking"), 1U) << log.text();
        TearDown();
    }
}

TEST_F(CaresResolverTest, AsksTheOthersWhenAServerCannotBeOpened) {
    const test::CapturedLog log;
    server(first, text("one"));
    options.servers.push_back({"fe80::54%away"});
    options.servers.push_back({"fe80::54"});
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_TRUE(log.has("\"fe80::54%away\" is left out until its interface is there"));
    EXPECT_TRUE(log.has("\"fe80::54\" is link-local and names no interface"));
}

TEST_F(CaresResolverTest, RefusesMoreQuestionsThanItsLimit) {
    options.timeout = 60s;
    auto& one = server(first, silent);
    for (std::size_t i = 0; i < max_questions; ++i) ask_without_waiting("d" + std::to_string(i) + ".test");
    test::run_until(io, [] { return running() >= max_questions; });
    one.behave(text("one"));
    const auto answer = ask();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::overloaded);
    EXPECT_THAT(answers, IsEmpty());
    resolver->stop();
    run_until_answers(max_questions);
}

TEST_F(CaresResolverTest, LeavesNoDescriptorBehind) {
    server(first, over_tcp_only(text("one")));
    server(second, silent);
    ASSERT_TRUE(ask());
    TearDown();
    const auto before = test::open_descriptors();
    for (std::size_t round = 1; round <= 5; ++round) {
        start();
        for (int i = 0; i < 40; ++i) ask_without_waiting("d" + std::to_string(i) + ".test");
        run_until_answers(40 * round - 39);
        resolver->stop();
        run_until_answers(40 * round);
        TearDown();
    }
    // The scripted server still holds its ends of the TCP connections until it reads their end.
    test::run_until(io, [&] { return test::open_descriptors() <= before; });
}

}  // namespace
}  // namespace sternpost
