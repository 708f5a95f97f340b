#include "admin/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "admin/status_json.hpp"

namespace sternpost {
namespace {

using testing::HasSubstr;
using testing::Not;

AllFigures figures_of(const SocketmapFigures& socketmap) {
    AllFigures figures{
        socketmap, {}, {}, {}, {}, 0, std::nullopt, "1.2.3", WallTime(std::chrono::seconds(1000))};
    return figures;
}

TEST(Metrics, EverySeriesIsThereFromTheStart) {
    const SocketmapFigures socketmap;
    AllFigures figures = figures_of(socketmap);
    figures.policies.emplace();
    const std::string text = metrics_text(figures);
    for (const std::string_view kind : answer_kinds)
        EXPECT_THAT(text, HasSubstr("sternpost_answers_total{answer=\"" + std::string(kind) + "\"} 0\n"));
    for (const std::string_view outcome : fetch_outcomes)
        EXPECT_THAT(
            text, HasSubstr("sternpost_policy_fetches_total{outcome=\"" + std::string(outcome) + "\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("sternpost_dns_questions_total{type=\"TLSA\",outcome=\"servfail\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("sternpost_policies{mode=\"enforce\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("sternpost_build_info{version=\"1.2.3\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("process_start_time_seconds 1000\n"));
}

TEST(Metrics, AnswersAreCountedByKindAndTime) {
    SocketmapFigures socketmap;
    socketmap.note_answer("41:OK secure match=a.test servername=hostname,", std::chrono::microseconds(50));
    socketmap.note_answer("12:OK dane-only,", std::chrono::microseconds(51));
    socketmap.note_answer("9:NOTFOUND ,", std::chrono::seconds(3));
    socketmap.note_answer("8:TEMP why,", std::chrono::seconds(20));
    socketmap.note_answer("8:PERM why,", std::chrono::seconds(21));
    socketmap.note_answer("", std::chrono::seconds(0));
    const std::string text = metrics_text(figures_of(socketmap));
    for (const std::string_view kind : answer_kinds)
        EXPECT_THAT(text, HasSubstr("sternpost_answers_total{answer=\"" + std::string(kind) + "\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("sternpost_answer_duration_seconds_count 6\n"));
    EXPECT_THAT(text, HasSubstr("_bucket{le=\"5e-05\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("_bucket{le=\"0.0002\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("_bucket{le=\"5\"} 4\n"));
    EXPECT_THAT(text, HasSubstr("_bucket{le=\"20\"} 5\n"));
    EXPECT_THAT(text, HasSubstr("_bucket{le=\"+Inf\"} 6\n"));
    EXPECT_THAT(text, HasSubstr("sternpost_answer_duration_seconds_sum 44.0001"));
}

TEST(Metrics, TheStateOfEachServerIsOneSeries) {
    const SocketmapFigures socketmap;
    AllFigures figures = figures_of(socketmap);
    figures.dns.servers = {{"127.0.0.1:53", Validation::yes}, {"[::1]:53", Validation::unknown}};
    const std::string text = metrics_text(figures);
    EXPECT_THAT(text,
                HasSubstr("sternpost_dns_server_validating{server=\"127.0.0.1:53\",state=\"yes\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("sternpost_dns_server_validating{server=\"127.0.0.1:53\",state=\"no\"} 0\n"));
    EXPECT_THAT(text,
                HasSubstr("sternpost_dns_server_validating{server=\"[::1]:53\",state=\"unknown\"} 1\n"));
}

TEST(Metrics, WhereDaneIsOffNoServerIsSaidToBeUnknown) {
    const SocketmapFigures socketmap;
    AllFigures figures = figures_of(socketmap);
    figures.dns.servers = {{"127.0.0.1:53", Validation::unknown}};
    figures.dns.validation_wanted = false;
    EXPECT_THAT(metrics_text(figures), Not(HasSubstr("sternpost_dns_server_validating")));
}

TEST(StatusJson, OfAServerItSaysWhatIsKnown) {
    const SocketmapFigures socketmap;
    AllFigures figures = figures_of(socketmap);
    const auto told = [&](Validation validation, bool believed, bool wanted) {
        figures.dns.servers = {{"127.0.0.1:53", validation, believed}};
        figures.dns.validation_wanted = wanted;
        const auto status = status_json(figures, WallTime(std::chrono::seconds(1000)), true);
        return boost::json::serialize(status.at("dns_servers").as_array().front());
    };
    EXPECT_THAT(told(Validation::yes, true, true), HasSubstr(R"("validates":true,"state":"validates")"));
    EXPECT_THAT(told(Validation::no, true, true),
                HasSubstr(R"("validates":false,"state":"does not validate")"));
    EXPECT_THAT(told(Validation::no, false, true), HasSubstr(R"("validates":null,"state":"is not believed)"));
    EXPECT_THAT(told(Validation::unknown, true, true),
                HasSubstr(R"("validates":null,"state":"has not said yet)"));
    EXPECT_THAT(told(Validation::no, false, false), HasSubstr(R"("validates":null,"state":"not asked)"));
}

TEST(Metrics, ADiskThatCannotBeReadCountsNoPolicies) {
    const SocketmapFigures socketmap;
    AllFigures figures = figures_of(socketmap);
    figures.store.read_trouble = "the cache cannot be read: disk I/O error";
    figures.store.failed_reads = 2;
    const std::string text = metrics_text(figures);
    EXPECT_THAT(text, Not(HasSubstr("sternpost_policies{")));
    EXPECT_THAT(text, HasSubstr("sternpost_cache_working{operation=\"read\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("sternpost_cache_working{operation=\"write\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("sternpost_cache_failures_total{operation=\"read\"} 2\n"));
}

TEST(Metrics, OnlyWhoHasAFleetTellsOfIt) {
    const SocketmapFigures socketmap;
    AllFigures figures = figures_of(socketmap);
    EXPECT_THAT(metrics_text(figures), Not(HasSubstr("sternpost_fleet_")));
    figures.fleet.emplace().untold = 3;
    figures.fleet->ignored.add("forged");
    const std::string text = metrics_text(figures);
    EXPECT_THAT(text, HasSubstr("sternpost_fleet_working 0\n"));
    EXPECT_THAT(text, HasSubstr("sternpost_fleet_untold 3\n"));
    EXPECT_THAT(text, HasSubstr("sternpost_fleet_entries_ignored_total{reason=\"forged\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("sternpost_fleet_leases_total{outcome=\"elsewhere\"} 0\n"));
}

TEST(Tally, AnUnknownNameCountsAsTheLast) {
    Tally<txt_outcomes.size()> tally(txt_outcomes);
    tally.add("present");
    tally.add("what nobody knows");
    EXPECT_EQ(tally.count(0), 1U);
    EXPECT_EQ(tally.count(txt_outcomes.size() - 1), 1U);
}

}  // namespace
}  // namespace sternpost
