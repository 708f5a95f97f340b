#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "sternpost/policy/policy.hpp"
#include "sternpost/policy/record.hpp"

namespace sternpost {
namespace {

struct Published {
    std::string domain, txt, policy, source, verdict;
};

std::string unescaped(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out += text[i];
            continue;
        }
        ++i;
        const char c = text.at(i);
        out += c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
    }
    return out;
}

std::vector<Published> published() {
    std::ifstream file(STERNPOST_TEST_DATA "/real-policies.tsv");
    std::vector<Published> out;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        Published row;
        std::istringstream columns(line);
        for (auto* column : {&row.domain, &row.txt, &row.policy, &row.source, &row.verdict}) {
            std::getline(columns, *column, '\t');
        }
        row.policy = unescaped(row.policy);
        out.push_back(std::move(row));
    }
    return out;
}

std::string verdict_on(const Result<Policy>& policy) {
    if (!policy) return "invalid";
    return std::string(to_string(policy->mode)) + " mx=" + std::to_string(policy->mx.size()) +
           " max_age=" + std::to_string(policy->max_age.count()) + (policy->remarks.empty() ? "" : " remark");
}

TEST(RealPolicies, AreReadAsTheirOwnersMeantThem) {
    int policies = 0;
    for (const Published& row : published()) {
        if (row.policy.empty()) continue;
        ++policies;
        const auto policy = read_policy(row.policy);
        EXPECT_EQ(verdict_on(policy), row.verdict)
            << row.domain << ' ' << row.source << ' ' << (policy ? "" : policy.error().detail);
    }
    EXPECT_GE(policies, 60);
}

TEST(RealPolicies, RecordsAreRead) {
    int records = 0;
    for (const Published& row : published()) {
        if (row.txt.empty()) continue;
        ++records;
        const std::vector<std::string> texts{"v=spf1 -all", row.txt};
        const auto record = read_sts_record(texts);
        ASSERT_TRUE(record && *record) << row.domain << ' ' << row.txt;
        EXPECT_NE(row.txt.find("id=" + (*record)->id), std::string::npos) << row.domain;
    }
    EXPECT_GE(records, 10);
}

}  // namespace
}  // namespace sternpost
