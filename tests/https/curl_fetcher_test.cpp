// The fetcher against a policy host that misbehaves as its names say (tests/support/policy_host.py).
#include "sternpost/https/curl_fetcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>

#include "sternpost/policy/policy.hpp"
#include "tests/support/https_nginx.hpp"
#include "tests/support/https_policy_host.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_dir.hpp"

namespace sternpost {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::black_hole_v4;
using test::black_hole_v6;
using test::lab_v4;
using test::lab_v6;
using test::PolicyHost;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
namespace asio = boost::asio;
using Fetched = Result<std::string>;

// The same in every test; what they are for.
const std::string live_v4 = lab_v4 + "10";
const std::string live_v6 = lab_v6 + "1";
const std::string dead_v4 = lab_v4 + "99";  // nobody listens
const std::string dead_v6 = lab_v6 + "9";
const std::string lost_v4 = black_hole_v4 + "1";  // no answer ever
const std::string lost_v6 = black_hole_v6 + "1";
const std::string loopback = "127.0.0.10";

std::vector<std::string> served_addresses() {
    std::vector<std::string> addresses{live_v6, loopback};
    for (int host = 10; host < 60; ++host) addresses.push_back(lab_v4 + std::to_string(host));
    return addresses;
}

class CurlFetcherTest : public testing::Test {
protected:
    static void SetUpTestSuite() { host = std::make_unique<PolicyHost>(served_addresses()); }
    static void TearDownTestSuite() { host.reset(); }

    CurlFetcherTest() { options.ca_file = host->ca_file(); }

    void start() { fetcher.emplace(io.get_executor(), options); }

    static std::vector<asio::ip::address> parsed(const std::vector<std::string>& addresses) {
        std::vector<asio::ip::address> out;
        for (const auto& address : addresses) out.push_back(asio::ip::make_address(address));
        return out;
    }

    Fetched fetch(const std::string& name, const std::vector<std::string>& addresses = {live_v4}) {
        if (!fetcher) start();
        return test::run(io, fetcher->fetch(name, parsed(addresses), Queue::kept), 60s);
    }

    // Fetches without waiting; the result goes to the end of `results`.
    void fetch_without_waiting(const std::string& name, const std::string& address = live_v4,
                               Queue queue = Queue::kept) {
        if (!fetcher) start();
        asio::co_spawn(io, fetcher->fetch(name, parsed({address}), queue),
                       [this](std::exception_ptr escaped, Fetched result) {
                           ASSERT_FALSE(escaped);
                           results.push_back(std::move(result));
                       });
    }

    void run_until_results(std::size_t count) {
        test::run_until(
            io, [&] { return results.size() >= count; }, 60s);
    }
    void run_until_connections(const std::string& name, std::size_t count) {
        test::run_until(
            io, [&] { return host->connections(name) >= count; }, 60s);
    }

    asio::io_context io{1};
    HttpsOptions options;
    std::optional<CurlFetcher> fetcher;
    std::vector<Fetched> results;
    static inline std::unique_ptr<PolicyHost> host;
};

void expect_policy(const Fetched& fetched, const std::string& name, const std::string& what) {
    ASSERT_TRUE(fetched) << what << ": " << fetched.error().detail;
    EXPECT_EQ(*fetched, PolicyHost::policy_of(name)) << what;
}

TEST_F(CurlFetcherTest, GetsThePolicy) {
    struct Row {
        std::string item;
        std::string behaviour;
    };
    const Row rows[] = {
        {"#38", "ok"},
        {"#44", "cert-wildcard"},
        {"#44", "cert-upper-case"},
        {"#41", "cert-intermediate"},
        {"#47", "cert-rsa"},
        {"#47", "tls12-only"},
        {"#47", "tls13-only"},
        {"#52", "alt-svc"},
        {"#53", "type-charset"},
        {"#53", "type-upper"},
        {"#53", "type-space"},
        {"#54", "type-latin1"},
        {"#56", "type-twice-same"},
        {"#56", "type-twice-parameters"},
        {"#53", "type-folded"},
        {"#57", "chunked"},
        {"#58", "drip-fast"},
        {"#59", "close-delimited"},
        {"#60", "http10"},
        {"#61", "coding-empty"},
        {"#49", "early-hints"},
        {"#56", "trailer-type"},
    };
    for (const Row& row : rows) {
        const std::string name = "mta-sts." + row.behaviour + ".test";
        expect_policy(fetch(name), name, row.item + " " + row.behaviour);
        EXPECT_EQ(host->connections(name), 1U) << row.behaviour;
    }
}

TEST_F(CurlFetcherTest, TellsWhyThereIsNoPolicy) {
    struct Row {
        std::string item;
        std::string behaviour;
        Errc code;
        std::vector<std::string> words;
    };
    const auto temporary = Errc::temporary;
    const auto untrusted = Errc::untrusted;
    const auto invalid = Errc::invalid;
    const Row rows[] = {
        {"#41", "cert-self-signed", untrusted, {"certificate", "self-signed"}},
        {"#41", "cert-other-ca", untrusted, {"certificate", "issuer"}},
        {"#41", "cert-no-intermediate", untrusted, {"certificate", "issuer"}},
        {"#42", "cert-expired", untrusted, {"certificate", "expired"}},
        {"#42", "cert-not-yet-valid", untrusted, {"certificate", "not yet valid"}},
        {"#43", "cert-wrong-name", untrusted, {"certificate", "hostname mismatch"}},
        {"#43", "cert-domain-only", untrusted, {"certificate", "hostname mismatch"}},
        {"#44", "cert-partial-wildcard", untrusted, {"certificate", "hostname mismatch"}},
        {"#44", "cert-double-wildcard.deep", untrusted, {"certificate", "hostname mismatch"}},
        {"#44", "cert-high-wildcard.deep", untrusted, {"certificate", "hostname mismatch"}},
        {"#44", "cert-inner-wildcard.deep", untrusted, {"certificate", "hostname mismatch"}},
        {"#45", "cert-cn-only", untrusted, {"certificate", "hostname mismatch"}},
        {"#45", "cert-cn-and-other-name", untrusted, {"certificate", "hostname mismatch"}},
        {"#47", "tls11-only", temporary, {"TLS"}},
        {"#47", "close-before-tls", temporary, {"TLS"}},
        {"#49", "status-201", temporary, {"HTTP status 201 instead of 200"}},
        {"#49", "status-202", temporary, {"HTTP status 202 instead of 200"}},
        {"#49", "status-203", temporary, {"HTTP status 203 instead of 200"}},
        {"#49", "status-204", temporary, {"HTTP status 204 instead of 200"}},
        {"#49", "status-206", temporary, {"HTTP status 206 instead of 200"}},
        {"#49", "status-304", temporary, {"HTTP status 304 instead of 200"}},
        {"#50", "status-300", temporary, {"HTTP status 300", "redirect", "/elsewhere/mta-sts.txt"}},
        {"#50", "status-301", temporary, {"HTTP status 301", "redirect", "/elsewhere/mta-sts.txt"}},
        {"#50", "status-302", temporary, {"HTTP status 302", "redirect", "/elsewhere/mta-sts.txt"}},
        {"#50", "status-303", temporary, {"HTTP status 303", "redirect", "/elsewhere/mta-sts.txt"}},
        {"#50", "status-307", temporary, {"HTTP status 307", "redirect", "/elsewhere/mta-sts.txt"}},
        {"#50", "status-308", temporary, {"HTTP status 308", "redirect", "/elsewhere/mta-sts.txt"}},
        {"#51", "status-400", temporary, {"HTTP status 400 instead of 200"}},
        {"#51", "status-401", temporary, {"HTTP status 401 instead of 200"}},
        {"#51", "status-403", temporary, {"HTTP status 403 instead of 200"}},
        {"#51", "status-404", temporary, {"HTTP status 404 instead of 200"}},
        {"#51", "status-407", temporary, {"HTTP status 407 instead of 200"}},
        {"#51", "status-410", temporary, {"HTTP status 410 instead of 200"}},
        {"#51", "status-429", temporary, {"HTTP status 429 instead of 200"}},
        {"#51", "status-500", temporary, {"HTTP status 500 instead of 200"}},
        {"#51", "status-503", temporary, {"HTTP status 503 instead of 200"}},
        {"#51", "status-600", temporary, {"HTTP status 600 instead of 200"}},
        {"#55", "type-html", invalid, {"media type", "text/html", "text/plain is required"}},
        {"#55", "type-octet-stream", invalid, {"application/octet-stream", "text/plain is required"}},
        {"#55", "type-plain-xml", invalid, {"text/plain+xml", "text/plain is required"}},
        {"#55", "type-missing", invalid, {"no Content-Type", "text/plain is required"}},
        {"#55", "type-empty", invalid, {"media type", "text/plain is required"}},
        {"#56", "type-twice-differ", invalid, {"Content-Type", "contradict"}},
        {"#56", "type-behind-http", invalid, {"Content-Type", "contradict"}},
        {"#57", "body-over", temporary, {"policy file", "larger than 65536 bytes"}},
        {"#57", "chunked-endless", temporary, {"policy file", "larger than 65536 bytes"}},
        {"#59", "length-long", temporary, {"ended before the whole answer"}},
        {"#59", "chunked-unfinished", temporary, {"ended before the whole answer"}},
        {"#59", "close-truncated", temporary, {"ended before the whole answer"}},
        {"#59", "close-at-once", temporary, {"ended before the whole answer"}},
        {"#59", "length-garbage", temporary, {"no HTTP answer"}},
        {"#59", "lengths-differ", temporary, {"Content-Length"}},
        {"#59", "length-list", temporary, {"Content-Length"}},
        {"#59", "lying-truncated", temporary, {}},  // libcurl 8.14 refuses it by itself
        {"#59", "identity-truncated", temporary, {"ended before the whole answer"}},
        {"#59", "http2-differs", temporary, {}},
        {"#59", "http2-truncated", temporary, {"ended before the whole answer"}},
        {"#59", "http2-reset", temporary, {}},
        {"#59", "http2-goaway", temporary, {"ended before the whole answer"}},
        {"#60", "http09", temporary, {"no HTTP answer"}},
        {"#60", "garbage", temporary, {"no HTTP answer"}},
        {"#61", "gzip", invalid, {"content coding", "gzip"}},
        {"#61", "coding-twice", invalid, {"content coding", "gzip"}},
        {"#61", "coding-folded", invalid, {"content coding", "gzip"}},
        {"#187", "header-large", temporary, {"headers", "larger than 16384 bytes"}},
        {"#187", "header-many", temporary, {"headers", "larger than 16384 bytes"}},
        {"#187", "header-endless", temporary, {"headers", "larger than 16384 bytes"}},
        {"#187", "trailer-endless", temporary, {"headers", "larger than 16384 bytes"}},
    };
    for (const Row& row : rows) {
        const std::string name = "mta-sts." + row.behaviour + ".test";
        const auto fetched = fetch(name);
        ASSERT_FALSE(fetched) << row.item << " " << row.behaviour;
        EXPECT_EQ(fetched.error().code, row.code)
            << row.item << " " << row.behaviour << ": " << fetched.error().detail;
        for (const auto& word : row.words)
            EXPECT_THAT(fetched.error().detail, HasSubstr(word)) << row.item << " " << row.behaviour;
        EXPECT_LT(fetched.error().detail.size(), 400U) << row.behaviour;
        EXPECT_LE(host->requests(name), 1U) << row.behaviour;
        EXPECT_LE(host->connections(name), 2U) << row.behaviour;
    }
    EXPECT_THAT(host->log("GET "), Each(testing::EndsWith(" /.well-known/mta-sts.txt")));  // #50, #181
}

// #57
TEST_F(CurlFetcherTest, TakesABodyOfTheLargestSizeAndNoByteMore) {
    const auto largest = fetch("mta-sts.body-max.test");
    ASSERT_TRUE(largest) << largest.error().detail;
    EXPECT_EQ(largest->size(), max_policy_bytes);
    const auto larger = fetch("mta-sts.body-over.test");
    ASSERT_FALSE(larger);
    // It says to be ten bytes long: no more are read, so the rest never counts.
    const auto lying = fetch("mta-sts.length-short.test");
    ASSERT_TRUE(lying) << lying.error().detail;
    EXPECT_EQ(*lying, "version: S");
}

// #70: what it says is for the reader of policies to judge.
TEST_F(CurlFetcherTest, GetsAnEmptyBody) {
    const auto fetched = fetch("mta-sts.body-empty.test");
    ASSERT_TRUE(fetched) << fetched.error().detail;
    EXPECT_EQ(*fetched, "");
}

// #38, #40, #52, #61, #63
TEST_F(CurlFetcherTest, AsksForNothingButThePolicy) {
    const std::string name = "mta-sts.ok.request.test";
    expect_policy(fetch(name), name, "first");
    expect_policy(fetch(name), name, "second");
    EXPECT_THAT(host->log("GET " + name + " "),
                ElementsAre("/.well-known/mta-sts.txt", "/.well-known/mta-sts.txt"));
    EXPECT_EQ(host->connections(name), 2U);                            // no connection is used again,
    EXPECT_THAT(host->log("tls " + name + " "), Each("TLSv1.3 new"));  // and no session
    const auto headers = host->log("header " + name + " ");
    EXPECT_THAT(headers, Contains("host: " + name).Times(2));
    EXPECT_THAT(headers, Contains(StartsWith("user-agent: sternpost")).Times(2));
    for (const char* unwanted : {"accept-encoding:", "cookie:", "authorization:", "if-none-match:",
                                 "if-modified-since:", "referer:", "upgrade:", "range:", "te:"})
        EXPECT_THAT(headers, Each(Not(StartsWith(unwanted))));
}

// #63
TEST_F(CurlFetcherTest, IgnoresItsEnvironment) {
    const test::TempDir home;
    test::write_file(home / ".netrc", "default login me password secret\n");
    const std::vector<std::pair<std::string, std::string>> environment{
        {"https_proxy", "http://" + live_v4 + ":3128"},
        {"HTTPS_PROXY", "http://" + live_v4 + ":3128"},
        {"all_proxy", "socks5://" + live_v4},
        {"ALL_PROXY", "socks5://" + live_v4},
        {"HOME", home.path().string()},
        {"SSL_CERT_FILE", "/dev/null"},
        {"CURL_CA_BUNDLE", "/dev/null"},
    };
    std::vector<std::optional<std::string>> before;
    for (const auto& [name, value] : environment) {
        const char* old = std::getenv(name.c_str());
        before.push_back(old != nullptr ? std::optional<std::string>(old) : std::nullopt);
        ::setenv(name.c_str(), value.c_str(), 1);
    }
    const std::string name = "mta-sts.ok.environment.test";
    const auto fetched = fetch(name);
    for (std::size_t i = 0; i < environment.size(); ++i)
        if (before[i])
            ::setenv(environment[i].first.c_str(), before[i]->c_str(), 1);
        else
            ::unsetenv(environment[i].first.c_str());
    expect_policy(fetched, name, "with proxies in the environment");
    EXPECT_THAT(host->log("header " + name + " "), Each(Not(StartsWith("authorization:"))));
}

// #59, #60: libcurl 7.88 cannot tell whether such an answer is whole.
TEST_F(CurlFetcherTest, GetsAnHttp2AnswerOfUnknownLength) {
    const std::string name = "mta-sts.http2.test";
    expect_policy(fetch(name), name, "http2");
    EXPECT_LE(host->connections(name), 2U);
}

// #60
TEST_F(CurlFetcherTest, GetsTheSameFromWhoSpeaksNothingButHttp2) {
    for (const std::string behaviour : {"http2-only", "http2-alone-403", "http2-alone-505"}) {
        const std::string name = "mta-sts." + behaviour + ".test";
        expect_policy(fetch(name), name, behaviour);
        EXPECT_LE(host->connections(name), 3U) << behaviour;
    }
}

// libcurl 8.14 shuts such a connection down in its own time, when its transfer is no more.
TEST_F(CurlFetcherTest, EndsBeforeTheOtherSideHasClosed) {
    for (int i = 0; i < 5; ++i) {
        const std::string name = "mta-sts.keep-alive.test";
        expect_policy(fetch(name), name, "keep-alive");
        asio::steady_timer timer(io, 100ms);
        timer.async_wait([](const boost::system::error_code&) {});
        io.restart();
        io.run_one_for(1s);
    }
}

// #60
TEST_F(CurlFetcherTest, SpeaksHttp2) {
    const std::string address = lab_v4 + "200";
    std::vector<test::Nginx::Site> sites{
        {"mta-sts.ok.h2.test", "", PolicyHost::policy_of("mta-sts.ok.h2.test"), ""},
        {"mta-sts.ok.h2-gzip.test", "", PolicyHost::policy_of("mta-sts.ok.h2-gzip.test"),
         "gzip on; gzip_min_length 1; gzip_types text/plain;"},
        {"mta-sts.ok.h2-max.test", "", std::string(max_policy_bytes, 'x'), ""},
        {"mta-sts.ok.h2-over.test", "", std::string(max_policy_bytes + 1, 'x'), ""},
        {"mta-sts.ok.h2-moved.test", "", "", "return 301 https://mta-sts.ok.h2.test/;"},
        {"mta-sts.ok.h2-gone.test", "", "", "return 410;"},
        {"mta-sts.ok.h2-html.test", "", "<html>", "default_type text/html;"},
        {"mta-sts.ok.h2-headers.test", "", "x", ""},
    };
    for (int i = 0; i < 20; ++i)
        sites.back().settings += "add_header X-" + std::to_string(i) + " " + std::string(1000, 'x') + ";\n";
    for (auto& site : sites) {
        ASSERT_TRUE(fetch(site.host));  // the policy host makes the certificate
        site.certificate_file = host->certificate_file(site.host);
    }
    const test::Nginx nginx(address, sites);
    const auto fetch_from_nginx = [&](const std::string& name) {
        return fetch("mta-sts.ok." + name + ".test", {address});
    };
    expect_policy(fetch_from_nginx("h2"), "mta-sts.ok.h2.test", "h2");
    // nginx logs a request when it is done with it, which may be after the answer has come.
    test::run_until(io, [&] { return !nginx.access_log().empty(); });
    EXPECT_THAT(nginx.access_log(), HasSubstr("mta-sts.ok.h2.test HTTP/2.0 /.well-known/mta-sts.txt"));
    expect_policy(fetch_from_nginx("h2-gzip"), "mta-sts.ok.h2-gzip.test", "h2-gzip");  // #61
    const auto largest = fetch_from_nginx("h2-max");                                   // #57
    ASSERT_TRUE(largest) << largest.error().detail;
    EXPECT_EQ(largest->size(), max_policy_bytes);

    struct Row {
        std::string item;
        std::string name;
        Errc code;
        std::string words;
    };
    const Row rows[] = {
        {"#50", "h2-moved", Errc::temporary, "HTTP status 301, a redirect"},
        {"#51", "h2-gone", Errc::temporary, "HTTP status 410 instead of 200"},
        {"#55", "h2-html", Errc::invalid, "text/html"},
        {"#57", "h2-over", Errc::temporary, "larger than 65536 bytes"},
        {"#187", "h2-headers", Errc::temporary, "larger than 16384 bytes"},
    };
    for (const Row& row : rows) {
        const auto fetched = fetch_from_nginx(row.name);
        ASSERT_FALSE(fetched) << row.item << " " << row.name;
        EXPECT_EQ(fetched.error().code, row.code) << row.item << " " << row.name;
        EXPECT_THAT(fetched.error().detail, HasSubstr(row.words)) << row.item << " " << row.name;
    }
}

// #55: Warn-only is permitted.
TEST_F(CurlFetcherTest, TakesAnotherMediaTypeWhereAllowed) {
    options.require_text_plain = false;
    for (const std::string behaviour : {"type-html", "type-missing", "type-twice-differ"}) {
        const std::string name = "mta-sts." + behaviour + ".warn.test";
        expect_policy(fetch(name), name, behaviour);
    }
    EXPECT_FALSE(fetch("mta-sts.gzip.warn.test"));
}

// #58
TEST_F(CurlFetcherTest, EndsAtItsTimeout) {
    options.timeout = 600ms;
    for (const std::string behaviour : {"hang-before-tls", "hang", "hang-after-head", "drip"}) {
        const auto start = std::chrono::steady_clock::now();
        const auto fetched = fetch("mta-sts." + behaviour + ".slow.test");
        const auto took = std::chrono::steady_clock::now() - start;
        ASSERT_FALSE(fetched) << behaviour;
        EXPECT_EQ(fetched.error().code, Errc::temporary) << behaviour;
        EXPECT_THAT(fetched.error().detail, HasSubstr("no complete answer")) << behaviour;
        EXPECT_THAT(fetched.error().detail, HasSubstr("within 600 ms")) << behaviour;
        EXPECT_GE(took, 500ms) << behaviour;
        EXPECT_LT(took, 10s) << behaviour;
    }
}

// Nothing of it counts as headers or as body, and libcurl does not pause while there is more.
TEST_F(CurlFetcherTest, EndsAFlood) {
    options.timeout = 50s;
    for (const std::string behaviour : {"http2-flood", "chunk-extension-endless"}) {
        const auto fetched = fetch("mta-sts." + behaviour + ".test");
        ASSERT_FALSE(fetched) << behaviour;
        EXPECT_THAT(fetched.error().detail, HasSubstr("more than any answer needs")) << behaviour;
        EXPECT_EQ(fetched.error().cause, "too-large") << behaviour;
    }
}

// Answers one request with key updates (RFC 8446 section 4.6.3) until the client has gone.
class KeyUpdater {
public:
    KeyUpdater(const std::string& address, const std::string& certificate_file)
        : context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free),
          acceptor_(io_, {asio::ip::make_address(address), 443}) {
        SSL_CTX_use_certificate_chain_file(context_.get(), certificate_file.c_str());
        SSL_CTX_use_PrivateKey_file(context_.get(), certificate_file.c_str(), SSL_FILETYPE_PEM);
        std::signal(SIGPIPE, SIG_IGN);
        thread_ = std::jthread([this] { serve(); });
    }

private:
    void serve() {
        asio::ip::tcp::socket socket(io_);
        acceptor_.accept(socket);
        const std::unique_ptr<SSL, decltype(&SSL_free)> session(SSL_new(context_.get()), &SSL_free);
        SSL_set_fd(session.get(), socket.native_handle());
        std::array<char, 4096> request{};
        bool connected = SSL_accept(session.get()) == 1 &&
                         SSL_read(session.get(), request.data(), static_cast<int>(request.size())) > 0;
        while (connected)
            connected = SSL_key_update(session.get(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
                        SSL_do_handshake(session.get()) == 1;
    }

    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    asio::io_context io_;
    asio::ip::tcp::acceptor acceptor_;
    std::jthread thread_;
};

TEST_F(CurlFetcherTest, EndsAFloodOfKeyUpdates) {
    const std::string name = "mta-sts.ok.key-updates.test";
    expect_policy(fetch(name), name, "its certificate is made");
    const std::string flooder = lab_v4 + "77";
    const KeyUpdater server(flooder, host->certificate_file(name));
    options.timeout = 50s;
    start();
    const auto fetched = fetch(name, {flooder});
    ASSERT_FALSE(fetched);
    EXPECT_THAT(fetched.error().detail, HasSubstr("more than any answer needs"));
}

// #58
TEST_F(CurlFetcherTest, GivesUpAConnectionSooner) {
    options.timeout = 50s;
    options.connect_timeout = 600ms;
    struct Row {
        std::string name;
        std::string address;
    };
    const Row rows[] = {{"mta-sts.ok.lost4.test", lost_v4},
                        {"mta-sts.ok.lost6.test", lost_v6},
                        {"mta-sts.hang-before-tls.connect.test", live_v4}};
    for (const Row& row : rows) {
        const auto start = std::chrono::steady_clock::now();
        const auto fetched = fetch(row.name, {row.address});
        ASSERT_FALSE(fetched) << row.name;
        EXPECT_EQ(fetched.error().code, Errc::temporary) << row.name;
        EXPECT_THAT(fetched.error().detail,
                    AllOf(HasSubstr("no connection to " + row.name), HasSubstr("within 600 ms")));
        EXPECT_LT(std::chrono::steady_clock::now() - start, 10s) << row.name;
    }
}

// #62
TEST_F(CurlFetcherTest, ReachesAnyAddressThatLives) {
    struct Row {
        std::string what;
        std::vector<std::string> addresses;
    };
    const Row rows[] = {
        {"IPv6 only", {live_v6}},
        {"A refused, AAAA lives", {dead_v4, live_v6}},
        {"A lives, AAAA refused", {live_v4, dead_v6}},
        {"A lost, AAAA lives", {lost_v4, live_v6}},
        {"A lives, AAAA lost", {live_v4, lost_v6}},
        {"first refused", {dead_v4, live_v4}},
        {"first lost", {lost_v4, live_v4}},
        {"last of eight",
         {dead_v4, dead_v6, lab_v4 + "98", lab_v4 + "97", lab_v4 + "96", lab_v6 + "8", lab_v6 + "7",
          live_v4}},
    };
    options.connect_timeout = 3s;
    int number = 0;
    for (const Row& row : rows) {
        const std::string name = "mta-sts.ok.a" + std::to_string(++number) + ".test";
        expect_policy(fetch(name, row.addresses), name, row.what);
    }
}

TEST_F(CurlFetcherTest, NamesTheHostWhereNobodyListens) {
    const auto fetched = fetch("mta-sts.ok.dead.test", {dead_v4, dead_v6});
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().code, Errc::temporary);
    EXPECT_THAT(fetched.error().detail, HasSubstr("no connection to mta-sts.ok.dead.test"));
}

TEST_F(CurlFetcherTest, TriesNoMoreThanEightAddresses) {
    std::vector<std::string> addresses;
    for (int dead = 90; dead < 98; ++dead) addresses.push_back(lab_v4 + std::to_string(dead));
    addresses.push_back(live_v4);
    EXPECT_FALSE(fetch("mta-sts.ok.ninth.test", addresses));
    EXPECT_EQ(host->connections("mta-sts.ok.ninth.test"), 0U);
}

// #62
TEST_F(CurlFetcherTest, ReachesOneFamilyThoughTheOtherHasManyAddresses) {
    std::vector<std::string> addresses(2 * max_addresses, dead_v6);
    addresses.push_back(live_v4);
    const std::string name = "mta-sts.ok.many-v6.test";
    expect_policy(fetch(name, addresses), name, "IPv6 does not work");
    addresses.assign(2 * max_addresses, dead_v4);
    addresses.push_back(live_v6);
    const std::string other = "mta-sts.ok.many-v4.test";
    expect_policy(fetch(other, addresses), other, "IPv4 does not work");
}

TEST_F(CurlFetcherTest, AsksAtTheAddressesOfEachFetchOnly) {
    const std::string name = "mta-sts.ok.moved.test";
    expect_policy(fetch(name, {live_v4}), name, "before the move");
    EXPECT_FALSE(fetch(name, {dead_v4}));  // nothing of the first fetch is remembered
    expect_policy(fetch(name, {live_v6}), name, "after the move");
    const auto nowhere = fetch(name, {});
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().code, Errc::temporary);
    EXPECT_THAT(nowhere.error().detail, HasSubstr(name + " has no address"));
}

// #182
TEST_F(CurlFetcherTest, ConnectsToNoSpecialAddress) {
    const std::string name = "mta-sts.ok.special.test";
    for (const std::string& address :
         {loopback, "::1"s, "::ffff:" + loopback, "10.0.0.1"s, "169.254.169.254"s, "fd00::1"s, "0.0.0.0"s}) {
        const auto fetched = fetch(name, {address});
        ASSERT_FALSE(fetched) << address;
        EXPECT_EQ(fetched.error().code, Errc::temporary) << address;
        EXPECT_THAT(fetched.error().detail, AllOf(HasSubstr("special addresses"), HasSubstr(address),
                                                  HasSubstr("allow-private-addresses")));
    }
    EXPECT_FALSE(fetch(name, {loopback, dead_v4}));
    EXPECT_EQ(host->connections(name), 0U);
    expect_policy(fetch(name, {loopback, live_v4}), name, "one of two");

    options.allow_private_addresses = true;
    fetcher->reconfigure(options);
    expect_policy(fetch(name, {loopback}), name, "allowed");
}

TEST_F(CurlFetcherTest, NeedsItsTrustAnchors) {
    const test::TempDir directory;
    test::write_file(directory / "empty.pem", "");
    test::write_file(directory / "garbage.pem",
                     "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    for (const std::string& file : {std::string("/nonexistent.pem"), std::string(directory / "empty.pem"),
                                    std::string(directory / "garbage.pem"), directory.path().string()}) {
        options.ca_file = file;
        try {
            start();
            FAIL() << file;
        } catch (const std::runtime_error& error) {
            EXPECT_THAT(error.what(), HasSubstr(file));
        }
    }
}

TEST_F(CurlFetcherTest, TrustsTheSystemsAnchorsByDefault) {
    options.ca_file.clear();
    const auto fetched = fetch("mta-sts.ok.system.test");
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().code, Errc::untrusted);
}

TEST_F(CurlFetcherTest, KeepsItsOldOptionsWhenTheNewOnesAreBroken) {
    const std::string name = "mta-sts.ok.reload.test";
    expect_policy(fetch(name), name, "before");
    HttpsOptions broken = options;
    broken.ca_file = "/nonexistent.pem";
    broken.require_text_plain = false;
    EXPECT_THROW(fetcher->reconfigure(broken), std::runtime_error);
    expect_policy(fetch(name), name, "after");
    EXPECT_FALSE(fetch("mta-sts.type-html.reload.test"));
    options.require_text_plain = false;
    fetcher->reconfigure(options);
    EXPECT_TRUE(fetch("mta-sts.type-html.reload.test"));
}

TEST_F(CurlFetcherTest, TakesUpTrustAnchorsThatChangeOnDisk) {
    const test::TempDir directory;
    const std::string file = directory / "anchors.pem";
    const std::string right = test::read_file(host->ca_file());
    const std::string wrong = test::read_file("/etc/ssl/certs/ca-certificates.crt");
    ASSERT_FALSE(wrong.empty()) << "apt install ca-certificates";
    const auto replace = [&](const std::string& text) {
        static int age = 100;
        test::write_file(directory / "new", text);
        // Two writes within one tick of the file system's clock have the same time.
        std::filesystem::last_write_time(
            directory / "new", std::filesystem::file_time_type::clock::now() - std::chrono::seconds(--age));
        std::filesystem::rename(directory / "new", file);
    };
    replace(wrong);
    options.ca_file = file;
    const std::string name = "mta-sts.ok.anchors.test";
    const auto before = fetch(name);
    ASSERT_FALSE(before);
    EXPECT_EQ(before.error().code, Errc::untrusted);
    replace(right);
    expect_policy(fetch(name), name, "with the new anchors");
    replace("");  // as while it is being written
    expect_policy(fetch(name), name, "with anchors that cannot be read");
    std::filesystem::remove(file);
    expect_policy(fetch(name), name, "without a file");
    replace(wrong);
    EXPECT_FALSE(fetch(name));
}

TEST_F(CurlFetcherTest, FetchesManyAtOnce) {
    for (int i = 0; i < 100; ++i)
        fetch_without_waiting("mta-sts.ok.m" + std::to_string(i) + ".test",
                              lab_v4 + std::to_string(10 + i % 50));
    run_until_results(100);
    for (const auto& result : results) EXPECT_TRUE(result) << result.error().detail;
}

TEST_F(CurlFetcherTest, KeepsToItsLimitAndServesTheQueue) {
    options.fetches = 3;
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 9; ++i)
        fetch_without_waiting("mta-sts.held.limit.n" + std::to_string(i) + ".test",
                              lab_v4 + std::to_string(10 + i));
    const auto connections = [] {
        std::size_t count = 0;
        for (int i = 0; i < 9; ++i)
            count += host->connections("mta-sts.held.limit.n" + std::to_string(i) + ".test");
        return count;
    };
    test::run_until(io, [&] { return connections() >= 3; });
    EXPECT_TRUE(connections() == 3 || std::chrono::steady_clock::now() - began >= young_fetch);
    EXPECT_THAT(results, IsEmpty());
    const auto release = [&] {
        host->release();
        return results.size() == 9;
    };
    test::run_until(io, release, 60s);
    for (const auto& result : results) EXPECT_TRUE(result) << result.error().detail;
}

TEST_F(CurlFetcherTest, DoesNotLetSlowHostsKeepOthersWaiting) {
    options.fetches = 2;
    for (int i = 0; i < 4; ++i)
        fetch_without_waiting("mta-sts.hang.lane.n" + std::to_string(i) + ".test",
                              lab_v4 + std::to_string(10 + i));
    const std::string name = "mta-sts.ok.lane.test";
    expect_policy(fetch(name), name, "behind four that hang");
    EXPECT_THAT(results, IsEmpty());
    fetcher->stop();
    run_until_results(4);
}

TEST_F(CurlFetcherTest, NeverGivesUpWhatAnOperatorAskedFor) {
    const std::string urgent = "mta-sts.held.word.test";
    fetch_without_waiting(urgent, live_v4, Queue::passed_by);
    run_until_connections(urgent, 1);
    constexpr std::size_t slow = max_slow_fetches_an_address + max_fetches_an_address;
    for (std::size_t i = 0; i < slow; ++i) fetch_without_waiting("mta-sts.hang.word.test");
    run_until_results(1);
    ASSERT_FALSE(results[0]);
    EXPECT_EQ(results[0].error().cause, "given-up");
    const auto released = [&] {
        host->release();
        return std::ranges::any_of(results, [](const Fetched& result) { return result.has_value(); });
    };
    test::run_until(io, released, 60s);
    fetcher->stop();
    run_until_results(slow + 1);
}

TEST_F(CurlFetcherTest, RefusesMoreThanItsQueueHolds) {
    options.fetches = 1;
    // More than one too many: on a slow machine some leave the queue meanwhile, as the first is young no longer.
    constexpr std::size_t too_many = 100;
    for (std::size_t i = 0; i < 1 + max_queued_fetches + too_many; ++i)
        fetch_without_waiting("mta-sts.hang.full.test");
    test::run_until(io, [&] { return host->connections("mta-sts.hang.full.test") > 0; });
    ASSERT_THAT(results, AllOf(Not(IsEmpty()), SizeIs(testing::Le(too_many))));
    for (const auto& result : results) {
        ASSERT_EQ(result.error().code, Errc::overloaded);
        ASSERT_THAT(result.error().detail, HasSubstr("too many policy fetches are waiting"));
    }
    const std::string urgent = "mta-sts.ok.urgent.test";
    expect_policy(test::run(io, fetcher->fetch(urgent, parsed({live_v4}), Queue::passed_by), 60s), urgent,
                  "at an operator's word, past the full queue");
    const std::size_t refused = results.size();
    fetcher->stop();
    run_until_results(1 + max_queued_fetches + too_many);
    for (std::size_t i = refused; i < results.size(); ++i) ASSERT_EQ(results[i].error().code, Errc::stopped);
}

TEST_F(CurlFetcherTest, StopEndsEveryFetch) {
    const char* const behaviours[] = {"hang", "hang-before-tls", "hang-after-head", "drip",
                                      "chunked-endless"};
    for (int i = 0; i < 45; ++i)
        fetch_without_waiting(
            std::string("mta-sts.") + behaviours[i % 4] + ".stop" + std::to_string(i) + ".test",
            lab_v4 + std::to_string(10 + i));
    for (int i = 0; i < 5; ++i) fetch_without_waiting("mta-sts.ok.stop.test", lost_v4);
    test::run_until(io, [] {
        std::size_t connections = 0;
        for (const auto& name : host->log("connection "))
            connections += name.find(".stop") != std::string::npos;
        return connections >= 45;
    });
    ASSERT_THAT(results, IsEmpty());
    fetcher->stop();
    run_until_results(50);
    for (const auto& result : results) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, Errc::stopped);
    }
    const auto later = fetch("mta-sts.ok.stop.test");
    ASSERT_FALSE(later);
    EXPECT_EQ(later.error().code, Errc::stopped);
    fetcher->reconfigure(options);
    EXPECT_FALSE(fetch("mta-sts.ok.stop.test"));
}

// The loop may have a call of libcurl's timer in hand already when the fetcher goes.
TEST_F(CurlFetcherTest, GoesWhileItsTimerIsDue) {
    for (int turns = 0; turns < 12; ++turns) {
        start();
        fetch_without_waiting("mta-sts.hang.gone.test");
        for (int turn = 0; turn < turns; ++turn) io.run_one_for(20ms);
        asio::post(io, [this] {
            const auto due = std::chrono::steady_clock::now() + 3ms;
            while (std::chrono::steady_clock::now() < due) continue;
            asio::post(io, [this] {
                fetcher->stop();
                fetcher.reset();
            });
        });
        run_until_results(results.size() + 1);
        EXPECT_EQ(results.back().error().code, Errc::stopped);
    }
}

// Without a descriptor for the connection, or for watching it, a fetch ends all the same, and harms no later one.
// Its group is the server's choice, and so is what that costs us.
TEST_F(CurlFetcherTest, OffersNoFiniteFieldDiffieHellman) {
    constexpr const char* ecdhe_rsa_aes128_gcm = "c02f";
    const std::string name = "mta-sts.ok.groups.test";
    expect_policy(fetch(name), name, "");
    const auto offered = host->log("ciphers " + name + " ");
    ASSERT_THAT(offered, SizeIs(1));
    EXPECT_THAT(offered.front(), HasSubstr(ecdhe_rsa_aes128_gcm));
    for (const char* dhe_rsa : {"0033", "0039", "0067", "006b", "009e", "009f", "ccaa"})
        EXPECT_THAT(offered.front(), Not(HasSubstr(dhe_rsa)));
}

TEST_F(CurlFetcherTest, EndsWithoutDescriptors) {
    options.connect_timeout = 600ms;
    const std::string name = "mta-sts.ok.descriptors.test";
    expect_policy(fetch(name), name, "before");
    {
        const test::FewDescriptors none(0);
        const auto fetched = fetch(name);
        ASSERT_FALSE(fetched);
        EXPECT_EQ(fetched.error().code, Errc::overloaded);
        EXPECT_THAT(fetched.error().detail, HasSubstr("no socket for a connection to " + name));
    }
    {
        const test::FewDescriptors one(1);
        const auto fetched = fetch(name);
        ASSERT_FALSE(fetched);
        EXPECT_EQ(fetched.error().code, Errc::overloaded);
        EXPECT_EQ(fetched.error().detail, "no descriptor is left to wait for a policy host");
    }
    expect_policy(fetch(name), name, "after");
}

TEST_F(CurlFetcherTest, LeavesNothingBehind) {
    const auto fetch_all = [this](int count) {
        const std::size_t done = results.size();
        const char* const behaviours[] = {"ok",          "status-404",       "cert-expired",
                                          "length-long", "close-before-tls", "body-over"};
        for (int i = 0; i < count; ++i)
            fetch_without_waiting(std::string("mta-sts.") + behaviours[i % 6] + ".left.test",
                                  i % 7 == 6 ? dead_v4 : live_v4);
        run_until_results(done + static_cast<std::size_t>(count));
    };
    fetch_all(7);
    const auto before = test::open_descriptors();
    fetch_all(200);
    EXPECT_EQ(test::open_descriptors(), before);
}

// What a report says of a fetch, be it good or not.

struct Reported {
    Fetched body;
    FetchReport seen;
};

class FetchReportTest : public CurlFetcherTest {
protected:
    Reported look(const std::string& name, const std::vector<std::string>& addresses = {live_v4}) {
        if (!fetcher) start();
        const auto report = std::make_shared<FetchReport>();
        Fetched body = test::run(io, fetcher->fetch_and_report(name, parsed(addresses), report), 60s);
        return Reported{std::move(body), *report};
    }
};

TEST_F(FetchReportTest, TellsAddressSessionChainAndAnswer) {
    const Reported good = look("mta-sts.ok.report.test");
    ASSERT_TRUE(good.body);
    EXPECT_EQ(good.seen.address, live_v4);
    EXPECT_THAT(good.seen.tls_version, StartsWith("TLSv1."));
    ASSERT_THAT(good.seen.chain, SizeIs(1));
    EXPECT_THAT(good.seen.chain.front().names, ElementsAre("mta-sts.ok.report.test"));
    EXPECT_EQ(good.seen.chain.front().issuer, "Test CA");
    EXPECT_LT(good.seen.chain.front().not_before, good.seen.chain.front().not_after);
    EXPECT_EQ(good.seen.chain_fault, "");
    EXPECT_EQ(good.seen.status, 200);
    EXPECT_THAT(good.seen.content_types, ElementsAre("text/plain"));
    EXPECT_THAT(look("mta-sts.cert-intermediate.report.test").seen.chain, SizeIs(2));
}

TEST_F(FetchReportTest, TellsWhatIsWrongWithACertificate) {
    const std::pair<const char*, const char*> rows[] = {
        {"cert-expired", "certificate has expired"},
        {"cert-wrong-name", "hostname mismatch"},
        {"cert-self-signed", "self-signed certificate"},
        {"cert-no-intermediate", "unable to get local issuer certificate"},
    };
    for (const auto& [behaviour, fault] : rows) {
        const Reported bad = look("mta-sts." + std::string(behaviour) + ".report.test");
        ASSERT_FALSE(bad.body) << behaviour;
        EXPECT_EQ(bad.body.error().code, Errc::untrusted) << behaviour;
        EXPECT_EQ(bad.seen.chain_fault, fault);
        EXPECT_FALSE(bad.seen.chain.empty()) << behaviour;
        EXPECT_EQ(bad.seen.status, 0) << behaviour;
    }
}

TEST_F(FetchReportTest, TellsStatusAndRedirect) {
    const Reported moved = look("mta-sts.status-301.report.test");
    EXPECT_EQ(moved.seen.status, 301);
    EXPECT_THAT(moved.seen.location, HasSubstr("/elsewhere/"));
    EXPECT_EQ(look("mta-sts.status-404.report.test").seen.status, 404);
}

TEST_F(FetchReportTest, HasNoAddressWhereNobodyAnswers) {
    EXPECT_EQ(look("mta-sts.ok.nobody.test", {dead_v4}).seen.address, "");
    EXPECT_EQ(look("mta-sts.close-before-tls.report.test").seen.address, live_v4);
}

}  // namespace
}  // namespace sternpost
