#include "sternpost/socketmap/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "sternpost/answer/netstring.hpp"
#include "tests/support/captured_log.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/temp_dir.hpp"

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace sternpost {
namespace {

using namespace std::chrono_literals;

// Knows "ready.*" at once, and "big.*", whose answer is long; what else is asked waits until the test answers it.
class FakeAnswers final : public Answers {
public:
    std::optional<MapRules> map(std::string_view name) const override {
        return name == "sts" ? std::optional(MapRules()) : std::nullopt;
    }
    void expect(const NextHop& next_hop) override { told.push_back("expect " + next_hop.domain); }
    Reply at_once(const MapRules&, const NextHop& next_hop) override {
        told.push_back("answer " + next_hop.domain);
        if (next_hop.domain.starts_with("big.")) return big;
        return next_hop.domain.starts_with("ready.") ? framed("OK " + next_hop.domain) : nullptr;
    }
    void ask(const MapRules&, NextHop next_hop, OnReply on_reply) override {
        waiting.emplace_back(next_hop.domain, std::move(on_reply));
    }

    static Reply framed(const std::string& payload) { return Reply(to_netstring(payload)); }

    const Reply big = framed("OK " + std::string(95'000, 'x'));
    std::vector<std::pair<std::string, OnReply>> waiting;  // answer loop
    std::vector<std::string> told;                         // the same
};

class Client {
public:
    explicit Client(const asio::generic::stream_protocol::endpoint& endpoint) : socket_(*io_) {
        socket_.connect(endpoint);
        timeval limit{10, 0};
        ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    void send(std::string_view bytes) { asio::write(socket_, asio::buffer(bytes)); }
    void end_of_requests() { socket_.shutdown(asio::socket_base::shutdown_send); }
    std::string receive(std::size_t count) {
        std::string bytes(count, '\0');
        boost::system::error_code error;
        bytes.resize(asio::read(socket_, asio::buffer(bytes), error));
        return bytes;
    }
    // One reply, its netstring taken off.
    std::string receive_reply() {
        std::string length;
        for (std::string byte = receive(1); byte != ":"; byte = receive(1)) {
            if (byte.empty()) return "no reply";
            length += byte;
        }
        std::string payload = receive(std::stoul(length) + 1);
        if (!payload.ends_with(',')) return "no comma: " + payload;
        payload.pop_back();
        return payload;
    }
    std::string ask(const std::string& request) {
        send(to_netstring(request));
        return receive_reply();
    }
    std::string receive_all() {
        std::string bytes;
        boost::system::error_code error;
        asio::read(socket_, asio::dynamic_buffer(bytes), error);
        return error == asio::error::eof || error == asio::error::connection_reset ? bytes
                                                                                   : "still open: " + bytes;
    }
    std::size_t send_buffer() {
        asio::socket_base::send_buffer_size size;
        socket_.get_option(size);
        return static_cast<std::size_t>(size.value());
    }
    bool closed() { return receive_all().find("still open") == std::string::npos; }

private:
    std::unique_ptr<asio::io_context> io_ = std::make_unique<asio::io_context>();
    asio::generic::stream_protocol::socket socket_;
};

class ServerTest : public testing::Test {
protected:
    ServerTest() { path = folder_ / "s.sock"; }
    ~ServerTest() override {
        if (loop_.joinable()) stop();
    }

    void start(const ServerOptions& options = {}) {
        server.emplace(io.get_executor(), answers, clock, options);
        sockets.push_back(ListeningSocket::tcp("127.0.0.1", 0));
        sockets.push_back(ListeningSocket::unix_path(path));
        tcp_ = asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), port_of(sockets[0].name()));
        server->listen(sockets);
        loop_ = std::jthread([this] { io.run(); });
    }
    template <class Action>
    auto on_loop(Action action) {
        std::packaged_task<decltype(action())()> task(action);
        auto result = task.get_future();
        asio::post(io, [&task] { task(); });
        return result.get();
    }
    void stop() {
        on_loop([this] { server->stop(); });
        on_loop([this] {
            for (auto& [domain, on_reply] : std::exchange(answers.waiting, {})) on_reply(nullptr);
        });
        work_.reset();
        loop_.join();
    }
    // Waits until `count` questions have come in.
    void wait_for_questions(std::size_t count) {
        while (on_loop([this] { return answers.waiting.size(); }) < count) std::this_thread::yield();
    }
    void answer(std::size_t number, const Reply& reply) {
        on_loop([&] { answers.waiting[number].second(reply); });
    }
    std::uint64_t answered_from_memory() {
        return on_loop([this] { return server->figures().from_memory.value(); });
    }
    std::size_t connections() {
        return on_loop([this] { return server->connections(); });
    }
    Client connect() { return Client(tcp_); }
    Client connect_locally() { return Client{asio::local::stream_protocol::endpoint(path)}; }

    static std::uint16_t port_of(const std::string& name) {
        return static_cast<std::uint16_t>(std::stoi(name.substr(name.rfind(':') + 1)));
    }

    asio::io_context io{1};
    FakeAnswers answers;
    test::FakeClock clock;
    std::optional<SocketmapServer> server;
    std::vector<ListeningSocket> sockets;
    std::string path;

private:
    const test::TempDir folder_;
    asio::generic::stream_protocol::endpoint tcp_;
    asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io);
    std::jthread loop_;
};

TEST_F(ServerTest, AnswersOnTcpAndUnixSockets) {
    start();
    Client tcp = connect();
    Client local = connect_locally();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(tcp.ask("sts ready.test"), "OK ready.test");
        EXPECT_EQ(local.ask("sts ready.test"), "OK ready.test");
    }
    struct stat found {};
    ASSERT_EQ(::stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0666U);
}

TEST_F(ServerTest, KeysThatCanHaveNoPolicyAreNotFoundAtOnce) {  // #131, #133, #134
    start();
    Client client = connect();
    for (const std::string key : {".test", "[192.0.2.1]", "[IPv6:2001:db8::1]", "localhost", "/run/lmtp", "",
                                  "a b", "\xff\xfe", "bad..test"})
        EXPECT_EQ(client.ask("sts " + key), "NOTFOUND ") << key;
    EXPECT_EQ(client.ask("sts " + std::string(10'000, 'a')), "NOTFOUND ");
    EXPECT_EQ(client.ask("sts"), "NOTFOUND ");
}

TEST_F(ServerTest, AnUnknownMapIsAPermanentError) {
    start();
    Client client = connect();
    EXPECT_EQ(client.ask("nosuch ready.test"), "PERM unknown map \"nosuch\"");
    EXPECT_EQ(client.ask("STS ready.test"), "PERM unknown map \"STS\"");
    EXPECT_EQ(client.ask("\x1b[2J\n x"), R"(PERM unknown map "\x1b[2J\x0a")");
}

TEST_F(ServerTest, WhatClientsDoWrongFillsNoLog) {
    const test::CapturedLog log;
    start();
    for (int i = 0; i < 50; ++i) {
        Client client = connect();
        client.ask("map" + std::to_string(i) + " ready.test");
        client.send("no netstring");
        EXPECT_TRUE(client.closed());
    }
    EXPECT_EQ(log.count("unknown map"), 1U) << log.text();
    EXPECT_TRUE(log.has("warning: socketmap: asked for an unknown map \"map0\": see")) << log.text();
    EXPECT_EQ(log.count("does not send netstrings"), 1U) << log.text();
    on_loop([this] {
        clock.advance(1h);
        return true;
    });
    connect().ask("map50 ready.test");
    EXPECT_TRUE(log.has("50 failures since")) << log.text();
    EXPECT_EQ(log.count("unknown map"), 2U) << log.text();
}

TEST_F(ServerTest, ServesSlowBytes) {
    start();
    Client client = connect();
    for (const char byte : to_netstring("sts ready.test")) client.send(std::string_view(&byte, 1));
    EXPECT_EQ(client.receive_reply(), "OK ready.test");
}

TEST_F(ServerTest, AllThatIsAskedInATurnIsExpectedBeforeAnyIsAnswered) {
    start();
    std::array<Client, 2> clients{connect(), connect()};
    for (Client& client : clients) EXPECT_EQ(client.ask("sts ready.test"), "OK ready.test");
    on_loop([&] {
        answers.told.clear();
        for (Client& client : clients)
            client.send(to_netstring("sts ready.first") + to_netstring("sts ready.second"));
        return true;
    });
    for (Client& client : clients) {
        EXPECT_EQ(client.receive_reply(), "OK ready.first");
        EXPECT_EQ(client.receive_reply(), "OK ready.second");
    }
    EXPECT_THAT(on_loop([&] { return answers.told; }),
                testing::ElementsAre("expect ready.first", "expect ready.first", "answer ready.first",
                                     "answer ready.second", "answer ready.first", "answer ready.second"));
}

TEST_F(ServerTest, PipelinedRepliesComeInOrder) {  // #193
    start();
    Client client = connect();
    std::string requests;
    for (const char* domain : {"slow.a.test", "ready.b.test", "slow.c.test", "ready.d.test"})
        requests += to_netstring(std::string("sts ") + domain);
    client.send(requests);
    wait_for_questions(2);
    answer(1, FakeAnswers::framed("OK c"));
    answer(0, FakeAnswers::framed("OK a"));
    for (const char* reply : {"OK a", "OK ready.b.test", "OK c", "OK ready.d.test"})
        EXPECT_EQ(client.receive_reply(), reply);
}

TEST_F(ServerTest, ThousandsOfPipelinedRequestsAreAnsweredOnceEach) {
    start();
    Client client = connect();
    constexpr std::size_t count = 20'000;
    std::thread writer([&client] {
        std::string requests;
        for (std::size_t i = 0; i < count; ++i) requests += to_netstring("sts ready.test");
        client.send(requests);
    });
    std::string expected;
    for (std::size_t i = 0; i < count; ++i) expected += "13:OK ready.test,";
    EXPECT_EQ(client.receive(expected.size()), expected);
    writer.join();
}

TEST_F(ServerTest, NoRequestThatHasComeIsLeftUntilTheNextOne) {
    start();
    Client client = connect();
    // A long key makes the buffer hold more requests than max_pipelined.
    EXPECT_EQ(client.ask("sts " + std::string(10'000, 'a')), "NOTFOUND ");
    std::string requests;
    for (std::size_t i = 0; i < 4 * max_pipelined; ++i) requests += to_netstring("sts ready.test");
    client.send(requests);
    for (std::size_t i = 0; i < 4 * max_pipelined; ++i)
        ASSERT_EQ(client.receive_reply(), "OK ready.test") << i;
}

TEST_F(ServerTest, MoreQuestionsThanFitAreTakenAsRoomComes) {
    start();
    Client client = connect();
    std::string requests;
    for (std::size_t i = 0; i < max_pipelined + 10; ++i) requests += to_netstring("sts slow.test");
    client.send(requests);
    wait_for_questions(max_pipelined);
    EXPECT_EQ(on_loop([this] { return answers.waiting.size(); }), max_pipelined);
    for (std::size_t i = 0; i < max_pipelined; ++i) answer(i, FakeAnswers::framed("OK"));
    wait_for_questions(max_pipelined + 10);
    for (std::size_t i = max_pipelined; i < max_pipelined + 10; ++i) answer(i, FakeAnswers::framed("OK"));
    EXPECT_EQ(client.receive(5 * (max_pipelined + 10)).size(), 5 * (max_pipelined + 10));
}

TEST_F(ServerTest, WhoTakesNoRepliesIsNotReadFromForLong) {
    start();
    Client client = connect_locally();
    const std::string reply(*answers.big);
    const std::size_t held_by_the_kernel = client.send_buffer();
    const std::size_t questions = max_pipelined / 2;
    std::string requests;
    for (std::size_t i = 0; i < questions; ++i) requests += to_netstring("sts big.test");
    client.send(requests);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(connect_locally().ask("sts ready.test"), "OK ready.test");
    EXPECT_LE((answered_from_memory() - 3) * reply.size(),
              max_unsent_bytes + 2 * held_by_the_kernel + reply.size());
    for (std::size_t i = 0; i < questions; ++i) ASSERT_EQ(client.receive(reply.size()), reply) << i;
    EXPECT_EQ(client.ask("sts ready.test"), "OK ready.test");
}

TEST_F(ServerTest, LongRepliesComeWholeAndInOrder) {
    start();
    Client client = connect_locally();
    const std::string reply(*answers.big);
    std::string requests;
    for (std::size_t i = 0; i < max_pipelined; ++i)
        requests += to_netstring(i % 2 == 0 ? "sts slow.test" : "sts ready.test");
    client.send(requests);
    wait_for_questions(max_pipelined / 2);
    for (std::size_t i = max_pipelined / 2; i-- > 0;) answer(i, answers.big);
    for (std::size_t i = 0; i < max_pipelined / 2; ++i) {
        ASSERT_EQ(client.receive(reply.size()), reply) << i;
        ASSERT_EQ(client.receive_reply(), "OK ready.test") << i;
    }
}

TEST_F(ServerTest, RepliesBeforeAQuestionThatGetsNoneAreSent) {
    start();
    Client client = connect();
    client.send(to_netstring("sts slow.a.test") + to_netstring("sts slow.b.test"));
    wait_for_questions(2);
    answer(1, nullptr);
    answer(0, FakeAnswers::framed("OK a"));
    EXPECT_EQ(client.receive_all(), "4:OK a,");
}

TEST_F(ServerTest, AClientThatHasSaidItAllStillGetsItsReplies) {
    start();
    Client client = connect();
    client.send(to_netstring("sts slow.test") + to_netstring("sts ready.test"));
    client.end_of_requests();
    wait_for_questions(1);
    answer(0, FakeAnswers::framed("OK slow"));
    EXPECT_EQ(client.receive_all(), "7:OK slow,13:OK ready.test,");
}

TEST_F(ServerTest, MoreThanFitsIsAnsweredAlsoToAClientThatHasSaidItAll) {
    start();
    Client client = connect();
    std::string requests;
    for (std::size_t i = 0; i < max_pipelined + 10; ++i) requests += to_netstring("sts slow.test");
    client.send(requests);
    client.end_of_requests();
    wait_for_questions(max_pipelined);
    for (std::size_t i = 0; i < max_pipelined; ++i) answer(i, FakeAnswers::framed("OK"));
    wait_for_questions(max_pipelined + 10);
    for (std::size_t i = max_pipelined; i < max_pipelined + 10; ++i) answer(i, FakeAnswers::framed("OK"));
    EXPECT_EQ(client.receive_all().size(), 5 * (max_pipelined + 10));
}

TEST_F(ServerTest, GarbageClosesThatConnectionWithoutAReply) {  // #193
    start();
    Client bystander = connect();
    for (const char* bytes :
         {":,", "03:sts,", "99999:x", "3:sts;", "GET / HTTP/1.0\r\n\r\n", "\x16\x03\x01"}) {
        Client client = connect();
        client.send(bytes);
        EXPECT_EQ(client.receive_all(), "") << bytes;
    }
    EXPECT_EQ(bystander.ask("sts ready.test"), "OK ready.test");
}

TEST_F(ServerTest, ANullReplyClosesWithoutAnAnswer) {
    start();
    Client client = connect();
    client.send(to_netstring("sts slow.test"));
    wait_for_questions(1);
    answer(0, nullptr);
    EXPECT_EQ(client.receive_all(), "");
}

TEST_F(ServerTest, AClientThatLeavesEarlyHarmsNobody) {
    start();
    {
        Client client = connect();
        client.send(to_netstring("sts slow.test"));
        wait_for_questions(1);
    }
    answer(0, FakeAnswers::framed("OK " + std::string(90'000, 'x')));
    Client other = connect();
    EXPECT_EQ(other.ask("sts ready.test"), "OK ready.test");
}

TEST_F(ServerTest, TheLongestIdleConnectionMakesRoom) {
    ServerOptions options;
    options.connections = 3;
    start(options);
    Client asking = connect();
    asking.send(to_netstring("sts slow.test"));
    wait_for_questions(1);
    Client oldest = connect();
    EXPECT_EQ(oldest.ask("sts ready.test"), "OK ready.test");
    Client younger = connect();
    EXPECT_EQ(younger.ask("sts ready.test"), "OK ready.test");
    Client newest = connect();
    EXPECT_EQ(newest.ask("sts ready.test"), "OK ready.test");
    EXPECT_TRUE(oldest.closed());
    EXPECT_EQ(younger.ask("sts ready.test"), "OK ready.test");
    answer(0, FakeAnswers::framed("OK late"));
    EXPECT_EQ(asking.receive_reply(), "OK late");
    EXPECT_EQ(connections(), 3U);
}

TEST_F(ServerTest, AQuestionThatLiesUnreadKeepsItsConnection) {
    ServerOptions options;
    options.connections = 2;
    start(options);
    Client waiting = connect();
    waiting.send(to_netstring("sts slow.test"));
    wait_for_questions(1);
    // All in the backlog together, so that none was read from when the next one comes in.
    std::vector<Client> asking;
    on_loop([&] {
        for (int i = 0; i < 10; ++i) asking.emplace_back(connect()).send(to_netstring("sts ready.test"));
        return true;
    });
    for (Client& client : asking) EXPECT_EQ(client.receive_reply(), "OK ready.test");
}

TEST_F(ServerTest, EveryListenerHasItsShareHoweverManyWaitElsewhere) {
    const test::CapturedLog log;
    ServerOptions options;
    options.connections = 4;
    start(options);
    std::vector<Client> hoarding;
    for (std::size_t i = 0; i < options.connections; ++i)
        hoarding.emplace_back(connect()).send(to_netstring("sts slow.test"));
    wait_for_questions(4);
    hoarding[1].send(to_netstring("sts slow.test"));
    wait_for_questions(5);
    Client first = connect_locally();
    EXPECT_EQ(first.ask("sts ready.test"), "OK ready.test");
    EXPECT_TRUE(hoarding[1].closed()) << "it has asked most";
    first.send(to_netstring("sts slow.test"));
    wait_for_questions(6);
    Client second = connect_locally();
    second.send(to_netstring("sts slow.test"));
    wait_for_questions(7);
    EXPECT_TRUE(hoarding[0].closed()) << "it has waited longest";
    EXPECT_FALSE(log.has("cannot accept")) << log.text();
    // Each listener has its share now.
    Client third = connect_locally();
    third.send(to_netstring("sts ready.test"));
    while (!log.has("warning: socketmap: cannot accept connections: all 4 wait for answers"))
        std::this_thread::yield();
    answer(2, FakeAnswers::framed("OK late"));
    EXPECT_EQ(third.receive_reply(), "OK ready.test");
    EXPECT_EQ(hoarding[2].receive_reply(), "OK late");
    EXPECT_EQ(log.count("cannot accept connections"), 1U) << log.text();
    EXPECT_EQ(log.count("connections are accepted again"), 1U) << log.text();
}

TEST_F(ServerTest, ALowerLimitHoldsFromTheNextConnectionOn) {
    start();
    std::vector<Client> idle;
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(idle.emplace_back(connect()).ask("sts ready.test"), "OK ready.test");
    ServerOptions fewer;
    fewer.connections = 2;
    on_loop([&] { server->reconfigure(fewer); });
    EXPECT_EQ(connect().ask("sts ready.test"), "OK ready.test");
    EXPECT_LE(connections(), 2U);
    for (std::size_t i = 0; i + 1 < idle.size(); ++i) EXPECT_TRUE(idle[i].closed()) << i;
    EXPECT_EQ(idle.back().ask("sts ready.test"), "OK ready.test");
}

TEST_F(ServerTest, IdleConnectionsEndAndWaitingOnesDoNot) {  // #195
    ServerOptions options;
    options.idle = 50ms;
    start(options);
    Client waiting = connect();
    waiting.send(to_netstring("sts slow.test"));
    wait_for_questions(1);
    Client idle = connect();
    Client dripping = connect();
    dripping.send("1");
    EXPECT_TRUE(idle.closed());
    EXPECT_TRUE(dripping.closed());
    answer(0, FakeAnswers::framed("OK"));
    EXPECT_EQ(waiting.receive_reply(), "OK");
}

TEST_F(ServerTest, StopEndsIdleConnectionsAndFinishesReplies) {
    start();
    Client idle = connect();
    EXPECT_EQ(idle.ask("sts ready.test"), "OK ready.test");
    Client waiting = connect();
    waiting.send(to_netstring("sts slow.test"));
    wait_for_questions(1);
    on_loop([this] { server->stop(); });
    EXPECT_TRUE(idle.closed());
    answer(0, FakeAnswers::framed("OK in hand"));
    EXPECT_EQ(waiting.receive_all(), "10:OK in hand,");
}

TEST_F(ServerTest, UnixSocketsOfTheDeadAreReplacedAndOthersRefused) {
    { std::ofstream(path) << "a file"; }
    EXPECT_THROW(ListeningSocket::unix_path(path), std::runtime_error);
    EXPECT_TRUE(fs::exists(path)) << "what is no socket is left alone";
    fs::remove(path);
    {
        // A socket file whose process is gone.
        asio::io_context dead;
        asio::local::stream_protocol::acceptor acceptor(dead, path);
    }
    ASSERT_TRUE(fs::exists(path));
    {
        const auto living = ListeningSocket::unix_path(path);
        EXPECT_THROW(ListeningSocket::unix_path(path), std::runtime_error);
        EXPECT_TRUE(fs::exists(path));
    }
    EXPECT_FALSE(fs::exists(path)) << "it goes with its owner";
}

TEST_F(ServerTest, AnAddressThatIsTakenIsNamedWithTheRemedy) {
    const auto first = ListeningSocket::tcp("127.0.0.1", 0);
    try {
        ListeningSocket::tcp("127.0.0.1", port_of(first.name()));
        FAIL() << "bound twice";
    } catch (const std::runtime_error& error) {
        EXPECT_THAT(error.what(),
                    testing::AllOf(testing::HasSubstr(first.name()), testing::HasSubstr("another program")));
    }
}

}  // namespace
}  // namespace sternpost
