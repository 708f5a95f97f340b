// The admin server over real sockets: what it serves to whom, and where its bounds are.
#include "sternpost/admin/admin_server.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <tuple>

#include "admin/exchange.hpp"
#include "tests/resolve/answers_fixture.hpp"
#include "tests/support/temp_dir.hpp"

namespace sternpost {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// A peer that sends what it likes.
class Peer {
public:
    Peer(asio::io_context& io, const asio::generic::stream_protocol::endpoint& server)
        : io_(io), socket_(io) {
        socket_.connect(server);
        read();
    }

    void send(const std::string& bytes) {
        const auto data = std::make_shared<std::string>(bytes);
        asio::async_write(socket_, asio::buffer(*data), [data](boost::system::error_code, std::size_t) {});
    }
    // One whole response.
    std::string response() {
        test::run_until(io_, [this] { return whole() > 0 || closed_; });
        const std::string taken = received_.substr(0, whole());
        received_.erase(0, taken.size());
        return taken;
    }
    std::string ask(const std::string& request) {
        send(request);
        return response();
    }
    void wait_until_closed() {
        test::run_until(
            io_, [this] { return closed_; }, 60s);
    }
    bool closed() const { return closed_; }

private:
    void read() {
        socket_.async_read_some(
            asio::buffer(buffer_),
            [this, alive = std::weak_ptr(alive_)](boost::system::error_code error, std::size_t count) {
                if (alive.expired()) return;
                received_.append(buffer_.data(), count);
                closed_ = static_cast<bool>(error);
                if (!error) read();
            });
    }
    // The length of the first response, 0 while it is not there.
    std::size_t whole() const {
        const std::string mark = "Content-Length: ";
        const std::size_t head = received_.find("\r\n\r\n"), length = received_.find(mark);
        if (head == std::string::npos || length == std::string::npos) return 0;
        const std::size_t size = head + 4 + std::stoul(received_.substr(length + mark.size()));
        return received_.size() >= size ? size : 0;
    }

    asio::io_context& io_;
    asio::generic::stream_protocol::socket socket_;
    std::array<char, 65536> buffer_{};
    std::string received_;
    bool closed_ = false;
    const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class AdminServerTest : public AnswersTest {
protected:
    AdminServerTest() {
        dane = false;
        path = folder_ / "admin.sock";
        start();
        start_admin();
        publish("good.test", "1", enforce("mail.good.test"));
    }
    ~AdminServerTest() override {
        admin->stop();
        settle();
        admin.reset();
    }

    void start_admin() {
        if (admin) {
            admin->stop();
            settle();
        }
        AdminSources sources{*answers,
                             store,
                             clock,
                             socketmap,
                             [] { return DnsFigures(); },
                             [] { return HttpsFigures(); },
                             io.get_executor(),
                             "1.2.3"};
        admin.emplace(io.get_executor(), std::move(sources), options_of_admin);
        admin->serve_operators(ListeningSocket::unix_path(path, ListeningSocket::Access::owner_and_group));
    }
    Peer operators() { return Peer(io, asio::local::stream_protocol::endpoint(path)); }
    Peer scraper(const std::string& address = "127.0.0.1") {
        auto socket = ListeningSocket::tcp(address, 0, "metrics");
        const std::string name = socket.name();
        admin->serve_metrics(std::move(socket));
        const auto port = static_cast<std::uint16_t>(std::stoul(name.substr(name.rfind(':') + 1)));
        return Peer(io, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), port));
    }
    static std::string request(const std::string& line, const std::string& host = "localhost") {
        return line + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
    }
    static std::string post(const std::string& target, const std::string& body) {
        return "POST " + target + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\n\r\n" + body;
    }
    std::string get(const std::string& target) {
        Peer peer = operators();
        return peer.ask(request("GET " + target));
    }

    SocketmapFigures socketmap;
    AdminOptions options_of_admin;
    std::string path;
    std::optional<AdminServer> admin;

private:
    const test::TempDir folder_;
};

constexpr const char* ok = "HTTP/1.1 200 ";

TEST_F(AdminServerTest, TheSocketIsItsOwnersAndItsGroups) {
    struct stat found {};
    ASSERT_EQ(::stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0660U);
}

TEST_F(AdminServerTest, HealthAndReadiness) {
    EXPECT_THAT(get("/healthz"), AllOf(StartsWith(ok), HasSubstr("\r\n\r\nok\n")));
    EXPECT_THAT(get("/readyz"), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("answers: no\n")));
    admin->set_answering(true);
    EXPECT_THAT(get("/readyz"), AllOf(StartsWith(ok), HasSubstr("answers: yes\ndisk: ok\n")));
}

TEST_F(AdminServerTest, MetricsAreServed) {
    ask("good.test");
    EXPECT_THAT(get("/metrics"), AllOf(StartsWith(ok), HasSubstr("Content-Type: text/plain; version=0.0.4"),
                                       HasSubstr("sternpost_policies{mode=\"enforce\"} 1\n"),
                                       HasSubstr("sternpost_policy_fetches_total{outcome=\"fetched\"} 1\n")));
}

TEST_F(AdminServerTest, ThePageNamesDomainsOnThisHostAlone) {
    ask("good.test");
    EXPECT_THAT(get("/"), AllOf(StartsWith(ok), HasSubstr("Content-Type: text/html; charset=utf-8\r\n"),
                                HasSubstr("Content-Security-Policy: default-src 'none'; style-src 'sha256-"),
                                HasSubstr("good.test")));
    EXPECT_THAT(scraper().ask(request("GET /")), HasSubstr("good.test"));
    EXPECT_THAT(scraper("0.0.0.0").ask(request("GET /")), AllOf(StartsWith(ok), Not(HasSubstr("good.test"))));
    EXPECT_THAT(scraper().ask(request("POST /")), StartsWith("HTTP/1.1 405 "));
    store.unreadable = true;
    clock.advance(1h);
    EXPECT_THAT(get("/"), StartsWith(ok));
}

TEST_F(AdminServerTest, ThePageTellsTheLastHourMinuteByMinute) {
    options_of_admin.minute = 50ms;
    start_admin();
    const testing::Matcher<const std::string&> told =
        testing::ContainsRegex("<title>[0-9]+ min ago: [0-9]+ dane-only</title>");
    Peer peer = operators();
    std::string page;
    for (int i = 0; i < 10'000 && !Matches(told)(page); ++i) {
        socketmap.note_answer("12:OK dane-only,", 1ms);
        page = peer.ask(request("GET /"));
    }
    EXPECT_THAT(page, told);
}

TEST_F(AdminServerTest, AConnectionServesSeveralRequestsAlsoAtOnce) {
    Peer peer = operators();
    peer.send(request("GET /healthz") + request("GET /readyz") + request("HEAD /metrics"));
    EXPECT_THAT(peer.response(), HasSubstr("ok\n"));
    EXPECT_THAT(peer.response(), HasSubstr("answers: no\n"));
}

TEST_F(AdminServerTest, ADomainIsShownListedAndForgotten) {
    EXPECT_THAT(get("/v1/policies/good.test"), StartsWith("HTTP/1.1 404 "));
    EXPECT_EQ(txt_questions("good.test"), 0);
    ask("good.test");
    EXPECT_THAT(get("/v1/policies/GOOD.test."), AllOf(StartsWith(ok), HasSubstr("\"mode\":\"enforce\"")));
    EXPECT_THAT(get("/v1/policies"),
                AllOf(HasSubstr("\"good.test\""), HasSubstr("\"next\": null"), Not(HasSubstr("STSv1"))));
    EXPECT_THAT(get("/v1/policies?full=yes"), HasSubstr("STSv1"));
    EXPECT_THAT(get("/v1/policies?limit=1"), HasSubstr("\"next\": \"good.test\""));
    EXPECT_THAT(get("/v1/policies?after=good.test"), HasSubstr("\"policies\": []"));
    Peer peer = operators();
    EXPECT_THAT(peer.ask(request("DELETE /v1/policies/good.test")), StartsWith("HTTP/1.1 409 "));
    EXPECT_TRUE(at_hand("good.test"));
    EXPECT_THAT(peer.ask(request("DELETE /v1/policies/good.test?unexpired=yes")), StartsWith(ok));
    EXPECT_FALSE(at_hand("good.test"));
    EXPECT_TRUE(logged("admin good.test: uid " + std::to_string(::geteuid()) +
                       " had it forgotten, with its enforce policy"));
    EXPECT_THAT(peer.ask(request("DELETE /v1/policies/good.test")), StartsWith("HTTP/1.1 404 "));
}

TEST_F(AdminServerTest, ADomainIsLearntAndRefreshed) {
    Peer peer = operators();
    EXPECT_THAT(peer.ask(post("/v1/policies/good.test/learn", "")),
                AllOf(StartsWith(ok), HasSubstr("\"enforce\"")));
    EXPECT_THAT(peer.ask(post("/v1/policies/good.test/refresh", "")), HasSubstr("\"refreshed\":true"));
    break_policy_host("good.test");
    EXPECT_THAT(peer.ask(post("/v1/policies/good.test/refresh", "")),
                AllOf(HasSubstr("\"refreshed\":false"), HasSubstr("HTTP status 500")));
    EXPECT_EQ(fetches("good.test"), 3);
}

TEST_F(AdminServerTest, AnImportCountsWhatItTookAndNamesWhatItRefused) {
    Peer peer = operators();
    const std::string lines =
        "{\"domain\": \"a.test\", \"id\": \"1\", \"mode\": \"enforce\", \"mx\": [\"mx.a.test\"], "
        "\"max_age\": 86400}\n"
        "\n{\"domain\": \"b\"}\nnonsense\n";
    EXPECT_THAT(peer.ask(post("/v1/policies", lines)),
                AllOf(StartsWith(ok), HasSubstr("\"taken\":1"), HasSubstr("\"line\":3"),
                      HasSubstr("\"line\":4"), HasSubstr("it is no domain of mail")));
    EXPECT_TRUE(store.records.contains("a.test"));
    EXPECT_EQ(store.records.size(), 1U);
    EXPECT_THAT(peer.ask(post("/v1/policies", std::string(max_import_lines + 1, '\n'))),
                StartsWith("HTTP/1.1 413 "));
}

TEST_F(AdminServerTest, WhatIsNotThereAndWhatIsNotDoneThere) {
    EXPECT_THAT(get("/nothing"), StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(get("/v1/policies/good.test/nothing"), StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(get("/v1/policies/[good.test]"), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(get("/v1/policies/a%2eb"), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(get("/v1/policies?limit=0"), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(get("/v1/policies?limit=many"), StartsWith("HTTP/1.1 400 "));
    Peer peer = operators();
    EXPECT_THAT(peer.ask(request("DELETE /metrics")),
                AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD\r\n")));
    EXPECT_THAT(peer.ask(request("PATCH /v1/policies")),
                AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD, POST\r\n")));
    EXPECT_THAT(peer.ask(post("/v1/policies/good.test/refresh", "x")), StartsWith("HTTP/1.1 400 "));
}

// ---- the address for Prometheus

TEST_F(AdminServerTest, AScraperSeesFiguresAndHealthAlone) {
    Peer peer = scraper();
    for (const char* target : {"/metrics", "/healthz"})
        EXPECT_THAT(peer.ask(request(std::string("GET ") + target)), StartsWith(ok));
    EXPECT_THAT(peer.ask(request("GET /readyz")), StartsWith("HTTP/1.1 503 "));
    for (const char* line :
         {"GET /v1/status", "GET /v1/policies", "GET /v1/policies/good.test",
          "DELETE /v1/policies/good.test?unexpired=yes", "POST /v1/policies/good.test/refresh"})
        EXPECT_THAT(peer.ask(request(line)), StartsWith("HTTP/1.1 404 ")) << line;
    EXPECT_THAT(peer.ask(post("/metrics", "x")), StartsWith("HTTP/1.1 413 "));
}

// DNS rebinding: a web page whose name points to this address.
TEST_F(AdminServerTest, AnAddressOnLoopbackIsServedByItsOwnNameAlone) {
    Peer peer = scraper();
    EXPECT_THAT(peer.ask(request("GET /metrics", "evil.test:9461")), StartsWith("HTTP/1.1 421 "));
    EXPECT_THAT(peer.ask(request("GET /metrics", "localhost.evil.test")), StartsWith("HTTP/1.1 421 "));
    EXPECT_THAT(peer.ask(request("GET /metrics", "127.0.0.1:9461")), StartsWith(ok));
    EXPECT_THAT(peer.ask(request("GET /metrics", "[::1]:9461")), StartsWith(ok));
    EXPECT_THAT(peer.ask("GET /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
    Peer elsewhere = scraper("0.0.0.0");
    EXPECT_THAT(elsewhere.ask(request("GET /metrics", "mail.example.com:9461")), StartsWith(ok));
}

TEST_F(AdminServerTest, ATargetMayNameTheHostWhichCountsThen) {
    EXPECT_THAT(get("http://x/healthz"), StartsWith(ok));
    Peer peer = scraper();
    EXPECT_THAT(peer.ask(request("GET http://evil.test/metrics")), StartsWith("HTTP/1.1 421 "));
    EXPECT_THAT(peer.ask(request("GET http://127.0.0.1:9461/metrics", "evil.test")), StartsWith(ok));
    EXPECT_THAT(peer.ask("GET http://localhost/metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(AdminServerTest, AnEmptyLineBeforeARequestIsPassedOver) {
    Peer peer = operators();
    EXPECT_THAT(peer.ask("\r\n" + request("GET /healthz")), StartsWith(ok));
    peer.send("\r");
    peer.send("\n" + request("GET /healthz") + "\r\n" + request("GET /healthz"));
    EXPECT_THAT(peer.response(), StartsWith(ok));
    EXPECT_THAT(peer.response(), StartsWith(ok));
    EXPECT_THAT(peer.ask("\r\n\r\n" + request("GET /healthz")), StartsWith("HTTP/1.1 400 "));
}

TEST_F(AdminServerTest, AnotherAddressTakesThePlaceOfTheFormer) {
    Peer former = scraper();
    EXPECT_THAT(former.ask(request("GET /healthz")), StartsWith(ok));
    Peer peer = scraper();
    former.wait_until_closed();
    EXPECT_THAT(peer.ask(request("GET /healthz")), StartsWith(ok));
}

// ---- bounds

TEST_F(AdminServerTest, WhatIsNoHttpIsRefused) {
    for (const std::string& bytes :
         {std::string("\x16\x03\x01\x02"), std::string("GET\r\n\r\n"), std::string("GET / HTTP/3.0\r\n\r\n"),
          std::string("GET / HTTP/1.1\r\nHost x\r\n\r\n"),
          std::string("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
          std::string("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
          std::string(100, '\0')}) {
        Peer peer = operators();
        EXPECT_THAT(peer.ask(bytes), StartsWith("HTTP/1.1 400 ")) << bytes;
        peer.wait_until_closed();
    }
    EXPECT_THAT(get("/healthz"), StartsWith(ok));
}

TEST_F(AdminServerTest, HeadersHaveABound) {
    const std::string fits(max_request_header_bytes - 200, 'a');
    Peer peer = operators();
    EXPECT_THAT(peer.ask("GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + fits + "\r\n\r\n"), StartsWith(ok));
    EXPECT_THAT(peer.ask("GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + fits + fits),
                StartsWith("HTTP/1.1 431 "));
    Peer endless = operators();
    EXPECT_THAT(endless.ask("GET /" + std::string(10 * max_request_header_bytes, 'a')),
                StartsWith("HTTP/1.1 431 "));
}

TEST_F(AdminServerTest, ABodyHasABound) {
    Peer told = operators();
    EXPECT_THAT(told.ask("POST /v1/policies HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n"),
                StartsWith("HTTP/1.1 413 "));
    Peer chunked = operators();
    const std::string chunk = "80000\r\n" + std::string(0x80000, ' ') + "\r\n";
    EXPECT_THAT(chunked.ask("POST /v1/policies HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
                            chunk + chunk + chunk),
                StartsWith("HTTP/1.1 413 "));
}

TEST_F(AdminServerTest, TheLongestWaitingConnectionMakesRoom) {
    Peer first = operators();
    EXPECT_THAT(first.ask(request("GET /healthz")), StartsWith(ok));
    std::vector<std::unique_ptr<Peer>> others;
    for (std::size_t i = 0; i < max_admin_connections; ++i)
        others.push_back(std::make_unique<Peer>(io, asio::local::stream_protocol::endpoint(path)));
    EXPECT_THAT(others.back()->ask(request("GET /healthz")), StartsWith(ok));
    EXPECT_TRUE(first.closed());
    EXPECT_FALSE(others.front()->closed());
}

TEST_F(AdminServerTest, WhoIsTooSlowIsToldSo) {
    options_of_admin.request_time = 300ms;
    start_admin();
    Peer silent = operators();
    Peer slow = operators();
    slow.send("GET /healthz HTTP/1.1\r\nHo");
    EXPECT_THAT(slow.response(), StartsWith("HTTP/1.1 408 "));
    silent.wait_until_closed();
    EXPECT_EQ(silent.response(), "");
}

TEST_F(AdminServerTest, StoppingClosesWhatWaits) {
    Peer peer = operators();
    EXPECT_THAT(peer.ask(request("GET /healthz")), StartsWith(ok));
    admin->stop();
    peer.wait_until_closed();
    EXPECT_FALSE(fs::exists(path));
}

TEST(Target, IsReadIntoParts) {
    Request request;
    ASSERT_TRUE(read_target("/v1/policies/a.test?unexpired=yes&x", request));
    EXPECT_THAT(request.path, testing::ElementsAre("v1", "policies", "a.test"));
    EXPECT_EQ(request.parameter("unexpired"), "yes");
    EXPECT_EQ(request.parameter("x"), "");
    for (const char* bad :
         {"", "*", "metrics", "/a b", "/a%20", "/\x7f", "/\"", "/\xc3\xa9", "https://x/metrics",
          "http:///metrics", "http://", "http://a@x/metrics", "http://\xc3\xa9/", "http:/x"})
        EXPECT_FALSE(read_target(bad, request)) << bad;
}

TEST(Target, MayNameTheHost) {
    for (const auto& [target, host, parts] :
         {std::tuple("http://x.test:80/v1/status", "x.test:80", 2U),
          std::tuple("HTTP://[::1]/metrics?a=b/c", "[::1]", 1U), std::tuple("http://x?a=b", "x", 0U),
          std::tuple("http://x", "x", 0U), std::tuple("/http://x", "own", 3U)}) {
        Request request;
        request.host = "own";
        ASSERT_TRUE(read_target(target, request)) << target;
        EXPECT_EQ(request.host, host) << target;
        EXPECT_EQ(request.path.size(), parts) << target;
    }
}

TEST(Host, NamesLoopbackOrNot) {
    for (const char* host : {"localhost", "localhost:9461", "LOCALHOST", "Localhost:9461", "127.0.0.1",
                             "127.9.9.9:1", "[::1]", "[::1]:9461"})
        EXPECT_TRUE(names_loopback(host)) << host;
    for (const char* host : {"", "evil.test", "localhost.evil.test", "localhos", "127.0.0.1.evil.test",
                             "192.0.2.1:9461", "[2001:db8::1]", "[", ":"})
        EXPECT_FALSE(names_loopback(host)) << host;
}

}  // namespace
}  // namespace sternpost
