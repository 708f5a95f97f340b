// What curl_fetcher_test cannot bring about; the rest is there.
#include "https/verdict.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>

namespace sternpost {
namespace {

using namespace std::chrono_literals;

TransferOutcome failed(CURLcode code) {
    TransferOutcome outcome;
    outcome.code = code;
    outcome.host = "mta-sts.example.test";
    outcome.reason = "so";
    outcome.timeout = 60s;
    outcome.connect_timeout = 1500ms;
    return outcome;
}

TEST(Verdict, WantOfOursIsOverload) {
    for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
        TransferOutcome outcome = failed(CURLE_COULDNT_CONNECT);
        outcome.socket_error = error;
        EXPECT_EQ(fault_of(outcome)->code, Errc::overloaded) << error;
        EXPECT_EQ(fault_of(outcome)->cause, "overloaded") << error;
    }
    TransferOutcome outcome = failed(CURLE_COULDNT_CONNECT);
    outcome.socket_error = EAFNOSUPPORT;
    EXPECT_EQ(fault_of(outcome)->code, Errc::temporary);
    EXPECT_EQ(fault_of(outcome)->detail, "no connection to mta-sts.example.test (so)");
}

TEST(Verdict, ATimeoutNamesTheLimitThatWasPassed) {
    TransferOutcome outcome = failed(CURLE_OPERATION_TIMEDOUT);
    outcome.took = 1500ms;
    EXPECT_EQ(fault_of(outcome)->detail, "no connection to mta-sts.example.test within 1500 ms (so)");
    outcome.took = 60s;
    EXPECT_EQ(fault_of(outcome)->detail, "no complete answer from mta-sts.example.test within 60 s (so)");
}

TEST(Verdict, ACertificateIsAtFaultInTheWordsOfWhoSaysSo) {
    TransferOutcome outcome = failed(CURLE_PEER_FAILED_VERIFICATION);
    EXPECT_EQ(fault_of(outcome)->detail, "the certificate of mta-sts.example.test is not valid: so");
    outcome.verified = X509_V_ERR_CERT_HAS_EXPIRED;
    EXPECT_EQ(fault_of(outcome)->detail,
              "the certificate of mta-sts.example.test is not valid: certificate has expired");
    EXPECT_EQ(fault_of(outcome)->code, Errc::untrusted);
}

TEST(Verdict, AnAnswerIsJudgedBeforeTheFailureThatEndedIt) {
    TransferOutcome outcome = failed(CURLE_WRITE_ERROR);
    outcome.status = 404;
    EXPECT_EQ(fault_of(outcome)->detail, "HTTP status 404 instead of 200");
    outcome.passed_limit = "too large";
    EXPECT_EQ(fault_of(outcome)->detail, "too large");
}

TEST(Verdict, ALengthIsOneThatCanBeReached) {
    TransferOutcome outcome;
    outcome.status = http_ok;
    for (const std::string right : {"0", "61", "00000000000000000000000061", "999999999999999999"}) {
        outcome.lengths = {right, right};
        EXPECT_FALSE(fault_of(outcome)) << right;
    }
    for (const std::string wrong : {"", "-1", "61,61", "99999999999999999999"}) {
        outcome.lengths = {wrong};
        EXPECT_TRUE(fault_of(outcome)) << wrong;
    }
}

TEST(Verdict, CodingsAreAList) {
    TransferOutcome outcome;
    outcome.status = http_ok;
    for (const std::string none : {"", ",", "identity", "Identity , ,identity"}) {
        outcome.codings = {"identity", none};
        EXPECT_FALSE(fault_of(outcome)) << none;
    }
    for (const std::string coded : {"gzip", ", gzip", "identity,br", "identity gzip"}) {
        outcome.codings = {"", coded};
        ASSERT_TRUE(fault_of(outcome)) << coded;
        EXPECT_EQ(fault_of(outcome)->code, Errc::invalid) << coded;
    }
}

}  // namespace
}  // namespace sternpost
