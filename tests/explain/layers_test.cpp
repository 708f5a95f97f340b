// What each finding comes to, and all of them together. The whole of it against real servers: tests/e2e/test_explain.py.
#include "explain/layers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "explain/conclusion.hpp"
#include "sternpost/answer/answer.hpp"
#include "sternpost/explain/words.hpp"

namespace sternpost {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);
const std::string enforce = "version: STSv1\nmode: enforce\nmx: *.example.com\nmax_age: 604800\n";

template <class Record>
Result<RecordSet<Record>> found(std::vector<Record> records, bool exists = true) {
    RecordSet<Record> set;
    set.records = std::move(records);
    set.name_exists = exists;
    return set;
}

Texts texts(std::vector<std::string> records) {
    return found(std::move(records));
}

const Texts silence = failure(Errc::temporary, "SERVFAIL");

TEST(Layers, ARecordIsThereOrNotOrNotKnown) {
    EXPECT_EQ(record_layer(texts({})).verdict, Verdict::note);
    EXPECT_EQ(record_layer(texts({"v=spf1 -all"})).verdict, Verdict::note);
    EXPECT_EQ(record_layer(texts({"v=STSv1; id=1"})).verdict, Verdict::good);
    EXPECT_EQ(record_layer(texts({"v=STSv1; id=1"})).id, "1");
    EXPECT_EQ(record_layer(texts({"v=STSv1; id=_"})).verdict, Verdict::bad);
    EXPECT_EQ(record_layer(texts({"v=STSv1; id=1", "v=STSv1; id=2"})).verdict, Verdict::bad);
    EXPECT_EQ(record_layer(silence).verdict, Verdict::unknown);
}

TEST(Layers, RecordsHaveAnOrderOfTheirOwn) {
    const auto layer = record_layer(texts({"v=STSv1; id=1", "a"}));
    EXPECT_THAT(layer.records, ElementsAre(testing::Field(&SeenRecord::text, "a"),
                                           testing::Field(&SeenRecord::text, "v=STSv1; id=1")));
}

TEST(Layers, APolicyHostWithoutAddressMattersToWhoWantsIt) {
    const Addresses none = found<boost::asio::ip::address>({});
    const Addresses nobody = found<boost::asio::ip::address>({}, false);
    const Addresses failed = failure(Errc::temporary, "SERVFAIL");
    EXPECT_EQ(policy_host_without_address("h", none, none, true).verdict, Verdict::bad);
    EXPECT_EQ(policy_host_without_address("h", nobody, nobody, false).verdict, Verdict::note);
    EXPECT_EQ(policy_host_without_address("h", none, failed, true).verdict, Verdict::unknown);
    EXPECT_EQ(policy_host_without_address("h", failed, none, false).verdict, Verdict::note);
}

PolicyHostLayer judged(const Result<std::string>& body, WallTime certificate_ends,
                       std::string address = "192.0.2.1") {
    PolicyHostLayer layer;
    layer.fetch.address = std::move(address);
    layer.fetch.chain.emplace_back();
    layer.fetch.chain.front().not_after = certificate_ends;
    judge_policy_host(layer, body, true, now);
    return layer;
}

TEST(Layers, ACertificateNearItsEndIsAWarning) {
    EXPECT_EQ(judged(enforce, now + 14 * 24h).verdict, Verdict::good);
    EXPECT_EQ(judged(enforce, now + 14 * 24h - 1s).verdict, Verdict::warning);
    EXPECT_THAT(judged(enforce, now + 72h).summary, HasSubstr("3 days"));
}

TEST(Layers, AHostThatWasNotReachedIsNotABrokenOne) {
    const Result<std::string> timeout = failure(Errc::temporary, "no connection");
    const Result<std::string> untrusted = failure(Errc::untrusted, "expired");
    EXPECT_EQ(judged(timeout, now, "").verdict, Verdict::unknown);
    EXPECT_EQ(judged(timeout, now).verdict, Verdict::bad);
    EXPECT_EQ(judged(untrusted, now).verdict, Verdict::bad);
}

TEST(Layers, APolicyTellsWhereItIsWrong) {
    EXPECT_EQ(policy_layer(enforce).verdict, Verdict::good);
    EXPECT_THAT(policy_layer(enforce).summary, HasSubstr("7 days"));
    EXPECT_THAT(policy_layer("version: STSv1\nmode: test\n").summary, HasSubstr("line 2: mode must be"));
    EXPECT_THAT(policy_layer("version: STSv1\n").summary, HasSubstr("mode"));
    EXPECT_EQ(policy_layer("version: STSv1\nmode: none\nmax_age: 1\n").verdict, Verdict::note);
}

DaneState hosts(const std::vector<std::string>& names, DomainDane verdict = DomainDane::absent) {
    DaneState state;
    state.verdict = verdict;
    state.hosts_known = true;
    for (const std::string& name : names) {
        MxHost host;
        host.name = name;
        host.dane = verdict == DomainDane::in_force ? HostDane::usable : HostDane::none;
        state.hosts.push_back(std::move(host));
    }
    return state;
}

MxLayer covered(const DaneState& state, const std::string& policy = enforce) {
    const PolicyLayer layer = policy_layer(policy);
    return mx_layer(state, found<MxRecord>({}), {&*layer.review->policy, state.verdict});
}

TEST(Layers, HostsPassThePolicyOrNot) {
    EXPECT_EQ(covered(hosts({"a.example.com", "b.example.com"})).verdict, Verdict::good);
    EXPECT_EQ(covered(hosts({"a.example.com", "b.example.net"})).verdict, Verdict::warning);
    EXPECT_EQ(covered(hosts({"b.example.net", "a.b.example.com"})).verdict, Verdict::bad);
    EXPECT_EQ(covered(hosts({"a.example.com"})).hosts.front().passes_by, "*.example.com");
    EXPECT_EQ(mx_layer(hosts({"a.example.com"}), found<MxRecord>({}), {}).verdict, Verdict::note);
}

TEST(Layers, WhereDaneIsInForceThePolicyNeedNotCoverTheHosts) {
    EXPECT_EQ(covered(hosts({"b.example.net"}, DomainDane::in_force)).verdict, Verdict::warning);
}

StarttlsReport session(std::string chain_fault) {
    StarttlsReport report;
    report.tls_version = "TLSv1.3";
    report.chain_fault = std::move(chain_fault);
    return report;
}

TEST(Layers, WhereDaneDoesNotCountThePolicyMustCoverTheHosts) {
    const PolicyLayer policy = policy_layer(enforce);
    const auto layer = mx_layer(hosts({"b.example.net"}, DomainDane::in_force), found<MxRecord>({}),
                                {&*policy.review->policy, DomainDane::absent});
    EXPECT_EQ(layer.verdict, Verdict::bad);
}

TEST(Layers, WhereDaneIsMandatoryEachHostNeedsIt) {
    const Standard standard{nullptr, DomainDane::absent, true};
    DaneState some = hosts({"a.example.com", "b.example.com"}, DomainDane::in_force);
    const auto layer = [&] { return mx_layer(some, found<MxRecord>({}), standard); };
    EXPECT_EQ(layer().verdict, Verdict::good);
    some.hosts[0].dane = HostDane::none;
    EXPECT_EQ(layer().verdict, Verdict::warning);
    some.hosts[1].dane = HostDane::none;
    EXPECT_EQ(layer().verdict, Verdict::bad);
    some.hosts[1].dane = HostDane::undecided;
    EXPECT_EQ(layer().verdict, Verdict::unknown);
}

TEST(Layers, WithNothingToMeasureByAServerIsNotJudged) {
    MxLayer mx = mx_layer(hosts({"a.example.com"}), found<MxRecord>({}), {});
    mx.hosts[0].starttls = session("expired");
    judge_servers(mx, {});
    EXPECT_EQ(mx.hosts[0].lets_mail_through, std::nullopt);
}

TEST(Layers, ThereMayBeNoHost) {
    EXPECT_THAT(covered(hosts({})).summary, HasSubstr("null MX"));
    EXPECT_THAT(mx_layer(hosts({}), found<MxRecord>({}, false), {}).summary, HasSubstr("does not exist"));
    DaneState unknown;
    unknown.why = "SERVFAIL";
    EXPECT_EQ(mx_layer(unknown, failure(Errc::temporary, "SERVFAIL"), {}).verdict, Verdict::unknown);
}

TEST(Layers, AnMxRecordGivesItsPreference) {
    const auto layer = mx_layer(hosts({"a.example.com"}), found<MxRecord>({{20, "a.example.com"}}), {});
    EXPECT_EQ(layer.hosts.front().preference, 20);
    EXPECT_EQ(covered(hosts({"a.example.com"})).hosts.front().preference, std::nullopt) << "an implicit MX";
}

TEST(Layers, AServerLetsMailThroughByPolicyOrByDane) {
    for (const DomainDane state : {DomainDane::absent, DomainDane::in_force}) {
        MxLayer mx = covered(hosts({"a.example.com", "b.example.com", "c.example.net"}, state));
        for (MxHostSeen& host : mx.hosts) host.starttls = session("");
        mx.hosts[0].starttls = session("expired");
        mx.hosts[0].starttls->dane = StarttlsReport::Dane::matches;
        Standard standard;
        standard.dane = state;
        judge_servers(mx, standard);
        const bool by_dane = state == DomainDane::in_force;
        EXPECT_EQ(mx.hosts[0].lets_mail_through, by_dane);
        EXPECT_EQ(mx.hosts[1].lets_mail_through, !by_dane);
        EXPECT_EQ(mx.hosts[2].lets_mail_through, false);
        EXPECT_EQ(mx.verdict, Verdict::warning);
    }
}

TEST(Layers, DaneThatIsSwitchedOffIsButANote) {
    EXPECT_EQ(dane_layer(hosts({"a"}, DomainDane::in_force), true).verdict, Verdict::good);
    EXPECT_EQ(dane_layer(hosts({"a"}, DomainDane::in_force), false).verdict, Verdict::note);
    EXPECT_EQ(dane_layer(hosts({"a"}, DomainDane::undecided), true).verdict, Verdict::unknown);
    EXPECT_EQ(dane_layer(hosts({"a"}, DomainDane::undecided), false).verdict, Verdict::note);
    EXPECT_EQ(dane_layer(hosts({"a"}, DomainDane::doubtful), true).verdict, Verdict::warning);
    EXPECT_EQ(dane_layer(hosts({"a"}, DomainDane::unvalidated), true).verdict, Verdict::note);
}

TEST(Layers, TlsReports) {
    EXPECT_EQ(tls_report_layer(texts({"v=TLSRPTv1; rua=mailto:a@example.com"})).verdict, Verdict::good);
    EXPECT_EQ(tls_report_layer(texts({})).verdict, Verdict::note);
    EXPECT_EQ(tls_report_layer(texts({"v=TLSRPTv1;"})).verdict, Verdict::warning);
    EXPECT_EQ(tls_report_layer(silence).verdict, Verdict::unknown);
}

// A domain that is in order, to which one thing happens.
Explanation in_order(const std::string& reply) {
    Explanation told;
    told.domain = "example.com";
    told.record = record_layer(texts({"v=STSv1; id=1"}));
    told.policy = policy_layer(enforce);
    told.policy_host.verdict = Verdict::good;
    told.mx = covered(hosts({"a.example.com"}));
    told.dane = dane_layer(hosts({"a.example.com"}), true);
    MapAnswer answer;
    answer.reply = reply;
    told.answers.push_back(answer);
    return told;
}

Outcome outcome(Explanation told) {
    conclude(told);
    return told.outcome;
}

const std::string secure = "OK secure match=a.example.com servername=hostname";

TEST(Conclusion, OfAnAnswer) {
    EXPECT_EQ(outcome(in_order(secure)), Outcome::protects);
    EXPECT_EQ(outcome(in_order(dane_only_reply())), Outcome::protects);
    EXPECT_EQ(outcome(in_order("TEMP dane: x")), Outcome::unknown);
    EXPECT_EQ(outcome(in_order("")), Outcome::unknown);
    EXPECT_EQ(outcome(in_order(secure_reply(std::vector<std::string>()))), Outcome::broken);
    Explanation uncovered = in_order(secure);
    uncovered.mx = covered(hosts({"b.example.net"}));
    EXPECT_EQ(outcome(uncovered), Outcome::broken);
    Explanation turned_away = in_order(dane_only_reply());
    turned_away.mx.hosts.front().lets_mail_through = false;
    EXPECT_EQ(outcome(turned_away), Outcome::broken);
}

TEST(Conclusion, OfNotFound) {
    const std::string reply = not_found_reply();
    Explanation none = in_order(reply);
    none.record = record_layer(texts({}));
    EXPECT_EQ(outcome(none), Outcome::no_policy);
    Explanation silent = in_order(reply);
    silent.record = record_layer(silence);
    EXPECT_EQ(outcome(silent), Outcome::unknown);
    Explanation two = in_order(reply);
    two.record = record_layer(texts({"v=STSv1; id=1", "v=STSv1; id=2"}));
    EXPECT_EQ(outcome(two), Outcome::broken);
    Explanation unreached = in_order(reply);
    unreached.policy_host.verdict = Verdict::unknown;
    EXPECT_EQ(outcome(unreached), Outcome::unknown);
    Explanation invalid = in_order(reply);
    invalid.policy = policy_layer("junk");
    EXPECT_EQ(outcome(invalid), Outcome::broken);
    Explanation testing = in_order(reply);
    testing.policy = policy_layer("version: STSv1\nmode: testing\nmx: a.example.com\nmax_age: 1\n");
    EXPECT_EQ(outcome(testing), Outcome::no_policy);
    Explanation overridden = in_order(reply);
    overridden.action = Override::Action::ignore;
    EXPECT_EQ(outcome(overridden), Outcome::no_policy);
    EXPECT_EQ(outcome(Explanation()), Outcome::no_policy);
}

TEST(Conclusion, OfAnOverride) {
    Explanation dane_only = in_order(dane_only_reply());
    dane_only.action = Override::Action::dane_only;
    const auto with = [&](HostDane dane) {
        DaneState state = hosts({"a.example.com"});
        state.hosts.front().dane = dane;
        dane_only.mx = mx_layer(state, found<MxRecord>({}), {nullptr, DomainDane::absent, true});
        return outcome(dane_only);
    };
    EXPECT_EQ(with(HostDane::usable), Outcome::protects);
    EXPECT_EQ(with(HostDane::none), Outcome::broken);
    EXPECT_EQ(with(HostDane::undecided), Outcome::unknown);

    Explanation enforced = in_order(not_found_reply());
    enforced.action = Override::Action::enforce_testing;
    enforced.record = record_layer(silence);
    EXPECT_EQ(outcome(enforced), Outcome::unknown)
        << "the configuration does not say that there is no policy";
    enforced.record = record_layer(texts({"v=STSv1; id=_"}));
    EXPECT_EQ(outcome(enforced), Outcome::broken);

    Explanation pinned = in_order(secure);
    pinned.action = Override::Action::pin;
    pinned.mx = covered(hosts({"b.example.net"}));
    conclude(pinned);
    EXPECT_EQ(pinned.outcome, Outcome::broken);
    EXPECT_THAT(pinned.advice, testing::Contains(HasSubstr("the pin does not fit")));
}

TEST(Conclusion, OnlyAReplyThatNamesThePolicyBringsItIntoTlsReports) {
    EXPECT_THAT(effect_of(secure), testing::Not(HasSubstr("TLS reports")));
    EXPECT_THAT(effect_of(secure + " policy_type=sts policy_domain=example.com"), HasSubstr("TLS reports"));
}

TEST(Conclusion, AdvisesWhetherTestingMayEnd) {
    const auto advice = [](const std::vector<std::string>& names, std::optional<bool> through) {
        Explanation told = in_order(not_found_reply());
        const std::string testing = "version: STSv1\nmode: testing\nmx: *.example.com\nmax_age: 604800\n";
        told.policy = policy_layer(testing);
        told.mx = covered(hosts(names), testing);
        for (MxHostSeen& host : told.mx.hosts) host.lets_mail_through = through;
        conclude(told);
        return told.advice.back();
    };
    EXPECT_THAT(advice({"a.example.com", "b.example.net"}, std::nullopt),
                HasSubstr("1 of 2 MX hosts would not be used"));
    EXPECT_THAT(advice({"a.example.com"}, std::nullopt), HasSubstr("--probe"));
    EXPECT_THAT(advice({"a.example.com"}, false), HasSubstr("would get no mail"));
    EXPECT_THAT(advice({"a.example.com"}, true), HasSubstr("could go to enforce"));
}

TEST(Conclusion, PointsToDaneThatMainCfCouldObey) {
    Explanation told = in_order(not_found_reply());
    told.record = record_layer(texts({}));
    told.policy = PolicyLayer();
    told.dane = dane_layer(hosts({"a.example.com"}, DomainDane::in_force), true);
    conclude(told);
    EXPECT_THAT(told.advice, ElementsAre(HasSubstr("smtp_tls_security_level = dane")));
}

TEST(Words, HaveUnits) {
    EXPECT_EQ(in_words(0s), "0 seconds");
    EXPECT_EQ(in_words(1s), "1 second");
    EXPECT_EQ(in_words(119s), "119 seconds");
    EXPECT_EQ(in_words(2min), "2 minutes");
    EXPECT_EQ(in_words(24h), "24 hours");
    EXPECT_EQ(in_words(48h), "2 days");
    EXPECT_EQ(in_words(-1s), "0 seconds");
}

}  // namespace
}  // namespace sternpost
