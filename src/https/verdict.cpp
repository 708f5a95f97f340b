#include "verdict.hpp"

#include <openssl/x509.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>
#include <sstream>

#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/base/trimmed.hpp"

namespace sternpost {

namespace {

// One too large for libcurl counts as none there, and what came before the end as the whole.
bool is_length(std::string_view text) {
    constexpr std::size_t most_digits = std::numeric_limits<std::int64_t>::digits10;
    const std::size_t zeros = std::min(text.find_first_not_of('0'), text.size());
    return !text.empty() && std::ranges::all_of(text, is_digit) && text.size() - zeros <= most_digits;
}

// RFC 9112 section 6.3: with anything else there is no telling where the body ends.
bool one_length(const std::vector<std::string>& lengths) {
    return std::ranges::all_of(
        lengths, [&](const std::string& length) { return length == lengths.front() && is_length(length); });
}

// RFC 9110 sections 5.6.1 and 8.4: an empty element of the list is none.
bool names_a_coding(const std::string& content_encoding) {
    std::istringstream elements(content_encoding);
    for (std::string element; std::getline(elements, element, ',');) {
        const std::string_view coding = trimmed(element);
        if (!coding.empty() && !equal_ignoring_case(coding, "identity")) return true;
    }
    return false;
}

std::string seconds_text(std::chrono::milliseconds time) {
    return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s"
                                    : std::to_string(time.count()) + " ms";
}

Error cut_short(const TransferOutcome& outcome, const std::string& how) {
    return {Errc::temporary,
            "the connection to " + outcome.host + " ended before the whole answer had come (" + how + ")",
            "cut-short"};
}

Error too_late(const TransferOutcome& outcome) {
    const bool connecting = outcome.took < outcome.timeout;
    const std::string what = connecting ? "no connection to " : "no complete answer from ";
    const auto limit = connecting ? outcome.connect_timeout : outcome.timeout;
    return {Errc::temporary,
            what + outcome.host + " within " + seconds_text(limit) + " (" + outcome.reason + ")", "timeout"};
}

bool is_want_of_ours(int socket_error) {
    return socket_error == EMFILE || socket_error == ENFILE || socket_error == ENOBUFS ||
           socket_error == ENOMEM;
}

Error fault_of_failure(const TransferOutcome& outcome) {
    const std::string why = " (" + outcome.reason + ")";
    switch (outcome.code) {
        case CURLE_PEER_FAILED_VERIFICATION:
            return {Errc::untrusted,
                    "the certificate of " + outcome.host + " is not valid: " +
                        (outcome.verified != X509_V_OK ? X509_verify_cert_error_string(outcome.verified)
                                                       : outcome.reason),
                    "certificate"};
        case CURLE_OPERATION_TIMEDOUT:
            return too_late(outcome);
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
        case CURLE_RECV_ERROR:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
            return cut_short(outcome, outcome.reason);
        case CURLE_COULDNT_CONNECT:
            if (is_want_of_ours(outcome.socket_error))
                return {Errc::overloaded,
                        "no socket for a connection to " + outcome.host + ": " +
                            std::strerror(outcome.socket_error),
                        "overloaded"};
            return {Errc::temporary, "no connection to " + outcome.host + why, "connect"};
        case CURLE_SSL_CONNECT_ERROR:
            return {Errc::temporary, "no TLS session with " + outcome.host + why, "tls"};
        case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9, which is anything
        case CURLE_WEIRD_SERVER_REPLY:
            return {Errc::temporary, "no HTTP answer from " + outcome.host + why};
        default:
            return {Errc::temporary, "no answer from " + outcome.host + why};
    }
}

std::optional<Error> fault_of_answer(const TransferOutcome& outcome) {
    if (!outcome.has_proven_end) return cut_short(outcome, "no close_notify");
    if (!one_length(outcome.lengths))
        return Error(Errc::temporary, "the answer's Content-Length is no number, or several that differ",
                     "cut-short");
    const auto coded = std::ranges::find_if(outcome.codings, names_a_coding);
    if (coded != outcome.codings.end())
        return Error(
            Errc::invalid,
            "the answer has the content coding \"" + printable(*coded, 60) + "\", which was not asked for",
            "media-type");
    return {};
}

}  // namespace

std::optional<Error> fault_of(const TransferOutcome& outcome) {
    if (!outcome.passed_limit.empty()) return Error(Errc::temporary, outcome.passed_limit, "too-large");
    const std::string status = "HTTP status " + std::to_string(outcome.status);
    if (outcome.status >= 300 && outcome.status < 400 && !outcome.location.empty())
        return Error(Errc::temporary,
                     status + ", a redirect to \"" + printable(outcome.location, 120) +
                         "\", which RFC 8461 forbids to follow",
                     "redirect");
    if (outcome.status >= 200 && outcome.status != http_ok)
        return Error(Errc::temporary, status + " instead of 200", "status");
    return outcome.code == CURLE_OK ? fault_of_answer(outcome) : fault_of_failure(outcome);
}

}  // namespace sternpost
