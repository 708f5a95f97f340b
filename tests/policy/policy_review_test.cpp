#include "sternpost/policy/policy_review.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/policy/mutations.hpp"

namespace sternpost {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Verdict = PolicyLine::Verdict;

const std::string good = "version: STSv1\nmode: enforce\nmx: mx.example.com\nmax_age: 604800\n";

std::vector<Verdict> verdicts_of(const PolicyReview& review) {
    std::vector<Verdict> verdicts;
    for (const PolicyLine& line : review.lines) verdicts.push_back(line.verdict);
    return verdicts;
}

TEST(PolicyReview, JudgesEachLine) {
    const PolicyReview review = review_policy(
        "version: STSv1\r\nmode: enforce\r\n\r\nmx: a.example.com.\r\nx-a: b\r\nmode: none\r\n"
        "mx: A.example.com\r\nmax_age: 604800");
    EXPECT_THAT(verdicts_of(review),
                ElementsAre(Verdict::good, Verdict::good, Verdict::doubtful, Verdict::doubtful,
                            Verdict::ignored, Verdict::ignored, Verdict::ignored, Verdict::good));
    ASSERT_TRUE(review.policy);
    EXPECT_THAT(review.faults, IsEmpty());
    EXPECT_THAT(review.advice, IsEmpty());
    EXPECT_EQ(review.lines[3].number, 4U);
    EXPECT_EQ(review.lines[3].text, "mx: a.example.com.");
}

TEST(PolicyReview, GoesOnAfterAFault) {
    const PolicyReview review = review_policy("version: 1\nmode: on\nmx: *\nmax_age: 1d\n");
    EXPECT_THAT(verdicts_of(review),
                ElementsAre(Verdict::wrong, Verdict::wrong, Verdict::wrong, Verdict::wrong));
    EXPECT_FALSE(review.policy);
    EXPECT_THAT(review.faults, IsEmpty()) << "what is there, and wrong, is not missing";
}

TEST(PolicyReview, TellsAllThatIsMissing) {
    EXPECT_THAT(review_policy("mode: testing\n").faults,
                ElementsAre(HasSubstr("version"), HasSubstr("max_age"), HasSubstr("mx")));
    EXPECT_THAT(review_policy("version: STSv1\nmode: none\nmax_age: 1\n").faults, IsEmpty());
}

TEST(PolicyReview, SuggestsWhatMayHaveBeenMeant) {
    const std::pair<const char*, const char*> rows[] = {
        {"mode: test", "\"testing\"?"},      {"mode: enforced", "\"enforce\"?"},
        {"mode: Enforce", "\"enforce\"?"},   {"nmx: a.example", "\"mx\"?"},
        {"max-age: 1", "\"max_age\"?"},      {"maxage: 1", "\"max_age\"?"},
        {"versions: STSv1", "\"version\"?"},
    };
    for (const auto& [line, suggestion] : rows)
        EXPECT_THAT(review_policy(line).lines.front().why, HasSubstr(suggestion)) << line;
    for (const char* line : {"x-contact: a", "m: a", "mode: report", "comment: a"})
        EXPECT_THAT(review_policy(line).lines.front().why, testing::Not(HasSubstr("did you mean"))) << line;
}

TEST(PolicyReview, Advises) {
    const auto advice = [](const std::string& mode, const std::string& max_age) {
        return review_policy("version: STSv1\nmode: " + mode + "\nmx: a.example\nmax_age: " + max_age).advice;
    };
    EXPECT_THAT(advice("enforce", "604800"), IsEmpty());
    EXPECT_THAT(advice("enforce", "604799"), ElementsAre(HasSubstr("a week")));
    EXPECT_THAT(advice("enforce", "86399"), ElementsAre(HasSubstr("a day")));
    EXPECT_THAT(advice("testing", "60"), ElementsAre(HasSubstr("testing")));
    EXPECT_THAT(advice("none", "60"), ElementsAre(HasSubstr("none")));
    EXPECT_THAT(review_policy(good + "mx: 192.0.2.1\n").advice, ElementsAre(HasSubstr("an address")));
}

TEST(PolicyReview, HasNoLinesOfWhatIsNoText) {
    for (const std::string& body :
         {std::string(), std::string("<html>"), std::string("\xef\xbb\xbfversion: STSv1"),
          std::string(max_policy_bytes + 1, 'a')}) {
        const PolicyReview review = review_policy(body);
        EXPECT_THAT(review.lines, IsEmpty());
        EXPECT_THAT(review.faults, SizeIs(1));
        EXPECT_FALSE(review.policy);
    }
}

TEST(PolicyReview, AgreesWithWhatSendersRead) {
    Mutations mutations;
    const std::string_view seeds[] = {good, "version:STSv1\r\nmode:none\r\nmax_age:1\r\nx-a: b: c\r\n"};
    std::size_t usable = 0;
    for (int round = 0; round < 20'000; ++round) {
        const std::string body = mutations.damaged(seeds);
        const PolicyReview review = review_policy(body);
        const auto read = read_policy(body);
        ASSERT_EQ(review.policy.has_value(), read.has_value()) << body;
        if (!read) continue;
        ++usable;
        ASSERT_EQ(review.policy->mode, read->mode) << body;
        ASSERT_EQ(review.policy->mx, read->mx) << body;
        ASSERT_EQ(review.policy->max_age, read->max_age) << body;
    }
    EXPECT_GT(usable, 100U);
}

}  // namespace
}  // namespace sternpost
