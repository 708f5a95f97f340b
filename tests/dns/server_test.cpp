// Which servers validate, and what they alone are asked, against servers that do as they are told
// (tests/support/dns_server.hpp).
#include "dns/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <set>

#include "sternpost/dns/cares_resolver.hpp"
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
using testing::ElementsAre;
using testing::SizeIs;
namespace asio = boost::asio;
using Question = DnsServer::Question;

const std::string signed_name = "_25._tcp.signed.test";
const std::string unsigned_name = "_25._tcp.unsigned.test";
const std::string says_no = "does not validate DNSSEC";
const std::string says_yes = "validates DNSSEC";

// A resolver as the test wants it: with the AD bit in what it says about the root and about `signed_name`, as
// long as it validates.
struct Script {
    explicit Script(bool validates_) : validates(validates_) {}

    bool validates;
    std::set<int> silent;               // no answer to these types
    std::map<int, std::size_t> rcodes;  // these types fail so

    void play(const Question& question) const {
        const int type = question.type();
        if (silent.contains(type)) return;
        auto answer = question.answer();
        if (const auto found = rcodes.find(type); found != rcodes.end()) {
            question.reply(answer.rcode(found->second).bytes());
            return;
        }
        if (type == ns_t_ns) answer.answer(ns_t_ns, 300, test::wire_name("ns.test"));
        if (type == ns_t_tlsa) answer.answer(ns_t_tlsa, 300, {3, 1, 1, 0xab});
        if (type == ns_t_mx) answer.answer(ns_t_mx, 300, test::mx_rdata(10, "mx.test"));
        if (validates && (question.name().empty() || question.name() == signed_name))
            answer.on(DnsMessage::ad);
        question.reply(answer.bytes());
    }
};

class ServerTest : public testing::Test {
protected:
    static constexpr const char* first = "127.0.0.1";
    static constexpr const char* second = "127.0.0.2";
    static inline const std::string remote = test::lab_v4 + "53";

    ServerTest() { options.timeout = 15s; }

    // They last until the test has been torn down.
    Script& validating() { return scripts_.emplace_back(true); }
    Script& not_validating() { return scripts_.emplace_back(false); }

    DnsServer& server(const std::string& address, const Script& script) {
        servers_.emplace_back(io, address, [&script](const Question& question) { script.play(question); });
        options.servers.push_back(servers_.back().named());
        return servers_.back();
    }

    void start() { resolver.emplace(io.get_executor(), options); }

    Validation validation() { return test::run(io, resolver->validation()); }
    // A resolver whose first probes have ended.
    Validation start_and_look() {
        start();
        return validation();
    }

    Result<RecordSet<TlsaRecord>> tlsa(const std::string& name) {
        return test::run(io, resolver->tlsa(name));
    }
    // "signed", "unsigned" or what has failed.
    std::string answer_about(const std::string& name) {
        const auto answer = tlsa(name);
        if (!answer) return answer.error().detail;
        EXPECT_THAT(answer->records, ElementsAre(TlsaRecord{3, 1, 1, {0xab}}));
        return answer->authentic ? "signed" : "unsigned";
    }

    // How many questions of this type came.
    static std::size_t asked(const DnsServer& whom, int type) {
        return static_cast<std::size_t>(std::ranges::count_if(
            whom.asked(), [type](const Question& question) { return question.type() == type; }));
    }
    static std::size_t probes(const DnsServer& whom) { return asked(whom, ns_t_ns); }

    void run_until_probed(const DnsServer& whom, std::size_t times) {
        test::run_until(io, [&] { return probes(whom) >= times; });
    }

    // How often.
    std::size_t logged(const std::string& what) const { return log_.count(what); }

    // After stop() nothing is left of any question or probe.
    void TearDown() override {
        if (resolver) resolver->stop();
        test::run_until(io, [] { return running() == 0; });
        resolver.reset();
        if (HasFailure()) ADD_FAILURE() << log_.text();
    }

    asio::io_context io{1};
    DnsOptions options;
    std::optional<CaresResolver> resolver;

private:
    test::CapturedLog log_;
    std::deque<Script> scripts_;
    std::deque<DnsServer> servers_;
};

TEST_F(ServerTest, IsProbedAtTheStartWithTheAdBit) {
    const auto& script = validating();
    const auto& one = server(first, script);
    start();
    run_until_probed(one, 1);
    const auto& probe = one.asked().front();
    EXPECT_EQ(probe.name(), "");
    EXPECT_EQ(test::get16(probe.query, 2), DnsMessage::rd | DnsMessage::ad);  // #166
    EXPECT_EQ(validation(), Validation::yes);
    EXPECT_EQ(validation(), Validation::yes);
    EXPECT_EQ(probes(one), 1U);
    EXPECT_EQ(logged("info: dns: 127.0.0.1:53 validates DNSSEC"), 1U);
}

TEST_F(ServerTest, IsProbedAgainAndAgain) {
    auto& script = validating();
    options.probe_interval = 10ms;
    script.rcodes = {{ns_t_ns, ns_r_servfail}};
    const auto& one = server(first, script);
    start();
    run_until_probed(one, 3);
    script.rcodes.clear();
    test::run_until(io, [&] { return logged(says_yes) == 1; });
    script.validates = false;
    test::run_until(io, [&] { return logged(says_no) == 1; });
    script.validates = true;
    test::run_until(io, [&] { return logged(says_yes) == 2; });
}

TEST_F(ServerTest, IsNotProbedWhereNobodyWantsToKnow) {
    const auto& script = validating();
    const auto& one = server(first, script);
    options.validation_wanted = false;
    start();
    ASSERT_TRUE(test::run(io, resolver->mx("example.test", Servers::all)));
    EXPECT_EQ(probes(one), 0U);
    options.validation_wanted = true;
    resolver->reconfigure(options);
    run_until_probed(one, 1);
}

// Row 27
TEST_F(ServerTest, ThatDoesNotValidateIsAskedNothingAboutDane) {
    const auto& script = not_validating();
    const auto& one = server(first, script);
    const auto& two = server(second, script);
    EXPECT_EQ(start_and_look(), Validation::no);
    EXPECT_EQ(answer_about(signed_name), "no DNS server validates");
    EXPECT_EQ(asked(one, ns_t_tlsa) + asked(two, ns_t_tlsa), 0U);
    EXPECT_EQ(logged("warning: dns: 127.0.0.1:53 " + says_no), 1U);
    EXPECT_EQ(logged("warning: dns: 127.0.0.2:53 " + says_no), 1U);
    resolver->reconfigure(options);
    run_until_probed(one, 2);
    run_until_probed(two, 2);
    EXPECT_EQ(validation(), Validation::no);
    EXPECT_EQ(logged(says_no), 2U);
}

// The next three: a server that validates is never replaced by one that does not (#159, #161).
TEST_F(ServerTest, ThatValidatesAloneIsAskedAboutDane) {
    for (const bool validating_first : {true, false}) {
        auto& sound = validating();
        const auto& blind = not_validating();
        options.servers.clear();
        auto& one = server(validating_first ? first : "127.0.0.3", sound);
        auto& two = server(validating_first ? "127.0.0.4" : second, blind);
        if (!validating_first) std::ranges::reverse(options.servers);
        EXPECT_EQ(start_and_look(), Validation::yes);
        run_until_probed(two, 1);
        EXPECT_EQ(answer_about(signed_name), "signed");
        EXPECT_EQ(answer_about(unsigned_name), "unsigned");
        EXPECT_TRUE(test::run(io, resolver->mx("example.test", Servers::validating)));
        sound.rcodes = {{ns_t_tlsa, ns_r_servfail}};
        std::ostringstream endpoint;
        endpoint << one.endpoint();
        EXPECT_EQ(answer_about(signed_name), "SERVFAIL from " + endpoint.str());  // final
        EXPECT_EQ(asked(two, ns_t_tlsa) + asked(two, ns_t_mx), 0U);
    }
}

TEST_F(ServerTest, ThatFailsHasTheOtherOneThatValidatesAsked) {
    auto& failing = validating();
    failing.rcodes = {{ns_t_tlsa, ns_r_servfail}};
    const auto& script = validating();
    const auto& one = server(first, failing);
    const auto& two = server(second, script);
    EXPECT_EQ(start_and_look(), Validation::yes);
    test::run_until(io, [&] { return logged(says_yes) == 2; });
    EXPECT_EQ(answer_about(signed_name), "signed");
    EXPECT_EQ(asked(one, ns_t_tlsa), 1U);
    EXPECT_EQ(asked(two, ns_t_tlsa), 1U);
    // A failure of one type says nothing about the others.
    EXPECT_TRUE(test::run(io, resolver->mx("example.test", Servers::validating)));
    EXPECT_EQ(asked(two, ns_t_mx), 0U);
}

TEST_F(ServerTest, ThatIsSilentHoldsUpNoVerdictOfTheOthers) {
    options.timeout = 60s;
    auto& silent = validating();
    silent.silent = {ns_t_ns, ns_t_tlsa};
    const auto& script = validating();
    const auto& one = server(first, silent);
    server(second, script);
    EXPECT_EQ(start_and_look(), Validation::yes);
    EXPECT_EQ(answer_about(signed_name), "signed");
    EXPECT_EQ(asked(one, ns_t_tlsa), 0U);
}

// A dead server in the list is a common sight.
TEST_F(ServerTest, ThatIsSilentDecidesNothingWhereAnotherSaysNo) {
    auto& silent = validating();
    silent.silent = {ns_t_ns, ns_t_tlsa};
    auto& script = validating();
    script.validates = false;
    options.timeout = 500ms;
    server(first, silent);
    server(second, script);
    EXPECT_EQ(start_and_look(), Validation::no);
}

// #159, #191
TEST_F(ServerTest, WhoseAdBitIsNotBelievedIsAskedNothingAboutDane) {
    const auto& script = validating();
    const auto& one = server(remote, script);
    EXPECT_EQ(start_and_look(), Validation::no);
    EXPECT_EQ(answer_about(signed_name), "no DNS server validates");
    test::run_until(io, [&] { return logged("warning: dns: the AD bit of " + remote + ":53 is not") == 1; });
    const auto mx = test::run(io, resolver->mx(signed_name, Servers::all));
    ASSERT_TRUE(mx) << mx.error().detail;
    EXPECT_FALSE(mx->authentic);

    options.trust_ad = true;
    resolver->reconfigure(options);
    EXPECT_EQ(validation(), Validation::yes);
    EXPECT_EQ(answer_about(signed_name), "signed");
    EXPECT_EQ(asked(one, ns_t_tlsa), 1U);
}

TEST_F(ServerTest, WhoseAdBitIsNotBelievedNeedNotAnswerToBeKnown) {
    auto& silent = validating();
    silent.silent = {ns_t_ns};
    options.timeout = 60s;
    server(remote, silent);
    EXPECT_EQ(start_and_look(), Validation::no);
}

TEST_F(ServerTest, OfResolvConfIsBelievedWhereItsTrustAdOrAnOptionSaysSo) {
    const test::TempDir directory;
    const auto& script = validating();
    server(remote, script);
    options.servers.clear();
    options.resolv_conf = directory / "resolv.conf";
    test::write_file(options.resolv_conf, "nameserver " + remote + "\n");
    EXPECT_EQ(start_and_look(), Validation::no);

    options.trust_resolv_conf_ad = true;
    EXPECT_EQ(start_and_look(), Validation::yes);
    options.trust_resolv_conf_ad = false;
    resolver->reconfigure(options);
    EXPECT_EQ(validation(), Validation::no);
    test::write_file(options.resolv_conf, "nameserver " + remote + "\noptions trust-ad\n");
    test::wait_until([&] { return validation() == Validation::yes; }, "resolv.conf's trust-ad is seen");
    EXPECT_EQ(answer_about(signed_name), "signed");

    // Those named in the configuration are not those of resolv.conf.
    options.servers.push_back({remote});
    options.trust_resolv_conf_ad = true;
    EXPECT_EQ(start_and_look(), Validation::no);
}

// #159
TEST_F(ServerTest, IsProbedBeforeAnUnsignedAnswerIsBelieved) {
    const auto& script = validating();
    const auto& one = server(first, script);
    EXPECT_EQ(start_and_look(), Validation::yes);
    EXPECT_EQ(answer_about(signed_name), "signed");
    EXPECT_EQ(probes(one), 1U);
    for (std::size_t i = 2; i < 5; ++i) {
        EXPECT_EQ(answer_about(unsigned_name), "unsigned");
        EXPECT_EQ(probes(one), i);
    }
}

TEST_F(ServerTest, ManyUnsignedAnswersShareAProbeThatBeginsAfterThem) {
    const auto& script = validating();
    std::vector<Question> kept;
    auto& one = server(first, script);
    EXPECT_EQ(start_and_look(), Validation::yes);
    one.behave([&](const Question& question) {
        if (question.type() == ns_t_ns) return kept.push_back(question);
        script.play(question);
    });
    std::size_t unsigned_answers = 0;
    for (int i = 0; i < 20; ++i)
        asio::co_spawn(io, resolver->tlsa(unsigned_name),
                       [&](const std::exception_ptr& escaped, auto answer) {
                           ASSERT_FALSE(escaped);
                           ASSERT_TRUE(answer) << answer.error().detail;
                           EXPECT_FALSE(answer->authentic);
                           ++unsigned_answers;
                       });
    test::run_until(io, [&] { return asked(one, ns_t_tlsa) >= 20 && !kept.empty(); });
    EXPECT_EQ(answer_about(signed_name), "signed");  // needs no probe
    EXPECT_EQ(unsigned_answers, 0U);
    script.play(kept.front());
    test::run_until(io, [&] { return kept.size() == 2; });
    EXPECT_LT(unsigned_answers, 20U) << "what came while the first one ran";
    script.play(kept.back());
    test::run_until(io, [&] { return unsigned_answers == 20; });
    EXPECT_THAT(kept, SizeIs(2));
    one.behave([](const Question&) {});
}

TEST_F(ServerTest, ThatHasStoppedValidatingIsFoundOutByAnUnsignedAnswer) {
    auto& script = validating();
    const auto& one = server(first, script);
    EXPECT_EQ(start_and_look(), Validation::yes);
    script.validates = false;
    EXPECT_EQ(answer_about(signed_name), "127.0.0.1:53 has stopped validating");
    EXPECT_EQ(asked(one, ns_t_tlsa), 1U);
    EXPECT_EQ(validation(), Validation::no);
    EXPECT_EQ(answer_about(signed_name), "no DNS server validates");
    EXPECT_EQ(asked(one, ns_t_tlsa), 1U);
    EXPECT_EQ(logged(says_no), 1U);

    script.validates = true;
    resolver->reconfigure(options);
    test::run_until(io, [&] { return logged(says_yes) == 2; });
    EXPECT_EQ(answer_about(signed_name), "signed");
}

TEST_F(ServerTest, ThatHasStoppedValidatingLeavesTheQuestionToTheNext) {
    auto& script = validating();
    const auto& other = validating();
    server(first, script);
    server(second, other);
    EXPECT_EQ(start_and_look(), Validation::yes);
    test::run_until(io, [&] { return logged(says_yes) == 2; });
    script.validates = false;
    EXPECT_EQ(answer_about(signed_name), "signed");
    EXPECT_EQ(validation(), Validation::yes);
}

TEST_F(ServerTest, KeepsItsVerdictWhenAProbeFails) {
    for (const std::size_t rcode : {ns_r_servfail, ns_r_refused, ns_r_formerr, ns_r_notimpl}) {
        auto& script = validating();
        options.servers.clear();
        auto& one = server("127.0.1." + std::to_string(rcode), script);
        EXPECT_EQ(start_and_look(), Validation::yes);
        script.rcodes = {{ns_t_ns, rcode}};
        EXPECT_EQ(answer_about(unsigned_name), "unsigned") << rcode;
        EXPECT_EQ(probes(one), 2U) << rcode;
        EXPECT_EQ(validation(), Validation::yes) << rcode;
    }
}

TEST_F(ServerTest, KeepsItsVerdictWhenAProbeIsNotAnswered) {
    options.timeout = 500ms;
    auto& script = validating();
    const auto& one = server(first, script);
    start();
    test::wait_until([&] { return validation() == Validation::yes; }, "it is known to validate");
    const auto before = probes(one);
    script.silent = {ns_t_ns};
    EXPECT_EQ(answer_about(unsigned_name), "unsigned");
    EXPECT_EQ(probes(one), before + 1);
    EXPECT_EQ(validation(), Validation::yes);
}

TEST_F(ServerTest, ThatIsUnknownIsProbedAgainOnDemand) {
    auto& script = validating();
    script.rcodes = {{ns_t_ns, ns_r_servfail}};
    server(first, script);
    EXPECT_EQ(start_and_look(), Validation::unknown);
    EXPECT_EQ(answer_about(signed_name), "no DNS server validates");
    EXPECT_EQ(validation(), Validation::unknown);
    EXPECT_EQ(logged(says_no), 0U);
    script.rcodes.clear();
    EXPECT_EQ(validation(), Validation::yes);
    EXPECT_EQ(answer_about(signed_name), "signed");
}

TEST_F(ServerTest, ThatRefusesAProbeDecidesNothingUntilItAnswersOne) {
    const auto& blind = not_validating();
    auto& script = validating();
    script.rcodes = {{ns_t_ns, ns_r_refused}};
    server(first, blind);
    server(second, script);
    EXPECT_EQ(start_and_look(), Validation::no);
    script.rcodes.clear();
    resolver->reconfigure(options);
    test::run_until(io, [&] { return logged(says_yes) == 1; });
    EXPECT_EQ(validation(), Validation::yes);
}

TEST_F(ServerTest, KeepsItsVerdictWhenReconfigured) {
    auto& script = validating();
    const auto& one = server(first, script);
    EXPECT_EQ(start_and_look(), Validation::yes);
    script.silent = {ns_t_ns};
    resolver->reconfigure(options);
    EXPECT_EQ(validation(), Validation::yes);
    EXPECT_EQ(answer_about(signed_name), "signed");
    run_until_probed(one, 2);  // though silent, the new entry is probed
    EXPECT_EQ(logged(says_yes), 1U);
}

TEST_F(ServerTest, IsProbedWhenItComesWhileOthersAre) {
    auto& silent = validating();
    silent.silent = {ns_t_ns};
    options.timeout = 300ms;
    const auto& script = validating();
    const auto& one = server(first, silent);
    start();
    run_until_probed(one, 1);
    options.servers.clear();
    const auto& two = server(second, script);
    resolver->reconfigure(options);
    run_until_probed(two, 1);
}

TEST_F(ServerTest, IsProbedWhenResolvConfNamesIt) {
    const test::TempDir directory;
    const auto& blind = not_validating();
    const auto& script = validating();
    server(first, blind);
    server(second, script);
    options.servers.clear();
    options.resolv_conf = directory / "resolv.conf";
    test::write_file(options.resolv_conf, "nameserver 127.0.0.1\n");
    EXPECT_EQ(start_and_look(), Validation::no);
    test::write_file(options.resolv_conf, "nameserver 127.0.0.2\n");
    test::wait_until([&] { return validation() == Validation::yes; }, "resolv.conf's new server is probed");
    EXPECT_EQ(logged("127.0.0.2:53 validates DNSSEC"), 1U);
}

// #159: whoever answers another question is not answered.
TEST_F(ServerTest, MustAnswerTheQuestionAboutDane) {
    const auto& script = validating();
    auto& one = server(first, script);
    EXPECT_EQ(start_and_look(), Validation::yes);
    options.timeout = 100ms;
    resolver->reconfigure(options);
    struct Row {
        std::string name;
        int type;
    };
    const Row rows[] = {
        {"_25._tcp.other.test", ns_t_tlsa}, {signed_name, ns_t_mx}, {signed_name, ns_t_a}, {"", ns_t_tlsa}};
    for (const Row& row : rows) {
        one.behave([row](const Question& question) {
            if (question.type() == row.type && question.name() == row.name) return;
            DnsMessage forged(row.name, row.type);
            forged.id(test::get16(question.query, 0))
                .on(DnsMessage::ad)
                .answer(question.name(), ns_t_tlsa, 300, {3, 1, 1, 0xff})
                .answer(question.name(), ns_t_mx, 300, test::mx_rdata(10, "forged.test"))
                .answer(question.name(), ns_t_cname, 300, test::wire_name("forged.test"));
            question.reply(forged.bytes());
        });
        EXPECT_FALSE(tlsa(signed_name)) << row.name << " " << row.type;
        EXPECT_FALSE(test::run(io, resolver->cname(signed_name))) << row.name << " " << row.type;
        EXPECT_FALSE(test::run(io, resolver->mx(signed_name, Servers::validating)))
            << row.name << " " << row.type;
    }
}

TEST_F(ServerTest, StopEndsProbesAndWhatWaitsForThem) {
    auto& script = validating();
    options.timeout = 60s;
    const auto& one = server(first, script);
    const auto before = test::open_descriptors();
    EXPECT_EQ(start_and_look(), Validation::yes);
    script.silent = {ns_t_ns};
    std::vector<Error> errors;
    for (int i = 0; i < 5; ++i)
        asio::co_spawn(io, resolver->tlsa(unsigned_name),
                       [&](const std::exception_ptr& escaped, auto answer) {
                           ASSERT_FALSE(escaped);
                           ASSERT_FALSE(answer);
                           errors.push_back(answer.error());
                       });
    run_until_probed(one, 2);
    resolver->reconfigure(options);
    run_until_probed(one, 3);
    resolver->stop();
    test::run_until(io, [&] { return errors.size() == 5; });
    for (const Error& error : errors) EXPECT_EQ(error.code, Errc::stopped) << error.detail;
    TearDown();
    EXPECT_EQ(test::open_descriptors(), before);
}

TEST_F(ServerTest, StopEndsAlsoTheFirstProbe) {
    auto& script = validating();
    script.silent = {ns_t_ns};
    options.timeout = 60s;
    const auto& one = server(first, script);
    start();
    run_until_probed(one, 1);
    std::optional<Validation> verdict;
    asio::co_spawn(io, resolver->validation(),
                   [&](const std::exception_ptr&, Validation found) { verdict = found; });
    io.poll();
    resolver->stop();
    test::run_until(io, [&] { return verdict.has_value(); });
    EXPECT_EQ(verdict, Validation::unknown);
    test::run_until(io, [] { return running() == 0; });
    EXPECT_EQ(validation(), Validation::unknown);
    EXPECT_EQ(probes(one), 1U);
}

TEST_F(ServerTest, IsProbedNoMoreWhenTheResolverHasGone) {
    const auto& script = validating();
    server(first, script);
    EXPECT_EQ(start_and_look(), Validation::yes);
    resolver.reset();
    test::run_until(io, [] { return running() == 0; });
}

}  // namespace
}  // namespace sternpost
