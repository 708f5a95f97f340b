// RFC 8460 section 3; #180.
#include "sternpost/policy/tls_report_record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sternpost {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Texts = std::vector<std::string>;

TEST(TlsReportRecord, NamesWhereReportsGo) {
    const std::pair<Texts, Texts> rows[] = {
        {{"v=TLSRPTv1;rua=mailto:reports@example.com"}, {"mailto:reports@example.com"}},
        {{"v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt"},
         {"https://reporting.example.com/v1/tlsrpt"}},
        {{"v=TLSRPTv1 \t; rua=mailto:a@example.com , https://example.com/r ; ext=1;"},
         {"mailto:a@example.com", "https://example.com/r"}},
        {{"v=spf1 -all", "v=TLSRPTv1; rua=mailto:a@example.com"}, {"mailto:a@example.com"}},
        {{"v=TLSRPTv1; rua=MAILTO:a@example.com,HttpS://example.com/r"},
         {"MAILTO:a@example.com", "HttpS://example.com/r"}},
        {{"v=TLSRPTv1; rua=mailto:a@example.com ;"}, {"mailto:a@example.com"}},
        {{"v=TLSRPTv1; ext=1; rua=mailto:a@example.com?subject=x"}, {"mailto:a@example.com?subject=x"}},
    };
    for (const auto& [texts, rua] : rows) {
        const auto read = read_tls_report_record(texts);
        ASSERT_TRUE(read) << texts.front() << ": " << read.error().detail;
        ASSERT_TRUE(*read) << texts.front();
        EXPECT_EQ((*read)->rua, rua);
    }
}

TEST(TlsReportRecord, MayBeAbsent) {
    for (const Texts& texts : {Texts(), Texts{"v=spf1 -all"}, Texts{"v=TLSRPTv2; rua=mailto:a@b"},
                               Texts{" v=TLSRPTv1; rua=mailto:a@b"}, Texts{"V=TLSRPTv1; rua=mailto:a@b"}}) {
        const auto read = read_tls_report_record(texts);
        ASSERT_TRUE(read);
        EXPECT_FALSE(*read);
    }
}

TEST(TlsReportRecord, IsRefusedWithAReason) {
    const std::pair<Texts, const char*> rows[] = {
        {{"v=TLSRPTv1; rua=mailto:a@b", "v=TLSRPTv1; rua=mailto:c@d"}, "only one"},
        {{"v=TLSRPTv1;"}, "no rua"},
        {{"v=TLSRPTv1; ext=1"}, "no rua"},
        {{"v=TLSRPTv1; rua="}, "URIs"},
        {{"v=TLSRPTv1; rua=a@example.com"}, "URIs"},
        {{"v=TLSRPTv1; rua=mailto:a@b,"}, "URIs"},
        {{"v=TLSRPTv1; rua=mailto:a@b c"}, "URIs"},
        {{"v=TLSRPTv1; rua=mailto:"}, "URIs"},
        {{"v=TLSRPTv1; rua=mailto:a@b "}, "URIs"},
        {{"v=TLSRPTv1; rua=mailto:a@b; ext=1\t"}, "grammar"},
        {{"v=TLSRPTv1; rua= mailto:a@b"}, "URIs"},
        {{"v=TLSRPTv1; rua=mailto:a\tc@b"}, "URIs"},
        {{"v=TLSRPTv1; rua=mailto:a\x7f@b"}, "URIs"},
        {{"v=TLSRPTv1; rua=mailto:\xc3\xa4@b"}, "URIs"},
        {{"v=TLSRPTv1; rua=mailto:a@b!10m"}, "URIs"},
        {{"v=TLSRPTv1; rua=mailto:a@b;;"}, "grammar"},
        {{"v=TLSRPTv1; junk; rua=mailto:a@b"}, "grammar"},
        {{"v=TLSRPTv1; _a=1; rua=mailto:a@b"}, "grammar"},
        {{"v=TLSRPTv1; rua=mailto:a@b; a=1=2"}, "grammar"},
    };
    for (const auto& [texts, why] : rows) {
        const auto read = read_tls_report_record(texts);
        ASSERT_FALSE(read) << texts.front();
        EXPECT_EQ(read.error().code, Errc::invalid);
        EXPECT_THAT(read.error().detail, HasSubstr(why)) << texts.front();
    }
}

}  // namespace
}  // namespace sternpost
