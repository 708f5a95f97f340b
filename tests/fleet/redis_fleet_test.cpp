// An engine that answers as no Valkey or Redis should: it costs a moment, and nothing else.
#include "sternpost/fleet/redis_fleet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <map>
#include <optional>

#include "fleet/redis_connection.hpp"
#include "sternpost/loop/spawn.hpp"
#include "tests/support/captured_log.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_dir.hpp"

namespace sternpost {
namespace {

using namespace std::chrono_literals;
using test::FakeClock;
using testing::HasSubstr;
namespace asio = boost::asio;
using asio::ip::tcp;

const std::string nil = "$-1\r\n";
const std::string silence;

// Says what a test has put in for the first word of a command.
class ScriptedEngine {
public:
    explicit ScriptedEngine(asio::io_context& io)
        : acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
        spawn(io.get_executor(), "engine", serve(*this));
    }
    tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
    void stop() { acceptor_.close(); }

    std::map<std::string, std::string, std::less<>> replies{
        {"ROLE", "*1\r\n$6\r\nmaster\r\n"},
        {"PING", "+PONG\r\n"},
        {"SUBSCRIBE", "*3\r\n$9\r\nsubscribe\r\n$14\r\nsternpost:news\r\n:1\r\n"},
        {"MGET", "*2\r\n" + nil + nil},
        {"SET", "+OK\r\n"},
        {"GET", nil},
        {"EVAL", ":1\r\n"},
    };
    bool is_deaf = false;  // on a connection that has been subscribed
    int pings_to_news = 0;
    std::map<std::string, int, std::less<>> asked;

private:
    static asio::awaitable<void> serve(ScriptedEngine& engine) {
        for (;;) {
            auto [error, socket] =
                co_await engine.acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
            if (error) co_return;
            const auto executor = socket.get_executor();
            spawn(executor, "engine connection", talk(engine, std::move(socket)));
        }
    }
    static asio::awaitable<void> talk(ScriptedEngine& engine, tcp::socket socket) {
        const std::unique_ptr<redisReader, void (*)(redisReader*)> commands(redisReaderCreate(),
                                                                            redisReaderFree);
        std::array<char, 4096> bytes{};
        bool subscribed = false;
        for (;;) {
            const auto [error, count] =
                co_await socket.async_read_some(asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
            if (error) co_return;
            redisReaderFeed(commands.get(), bytes.data(), count);
            const std::string said = engine.replies_to(*commands, subscribed);
            const auto [broken, written] =
                co_await asio::async_write(socket, asio::buffer(said), asio::as_tuple(asio::use_awaitable));
            if (broken) co_return;
        }
    }
    std::string replies_to(redisReader& commands, bool& subscribed) {
        std::string said;
        void* found = nullptr;
        while (redisReaderGetReply(&commands, &found) == REDIS_OK && found != nullptr) {
            const RedisReply command(static_cast<redisReply*>(found));
            const std::string name(text_of(*command->element[0]));
            ++asked[name];
            if (subscribed && name == "PING") ++pings_to_news;
            if (!subscribed || !is_deaf) said += replies[name];
            subscribed = subscribed || name == "SUBSCRIBE";
        }
        return said;
    }

    tcp::acceptor acceptor_;
};

class RedisFleetTest : public testing::Test {
protected:
    RedisFleetTest() {
        std::ofstream(key_file_) << std::string(64, 'k');
        ::chmod(key_file_.c_str(), 0400);
        options.key_file = key_file_;
        options.servers.emplace_back().endpoint = engine.endpoint();
        options.timeout = 10s;
    }
    ~RedisFleetTest() override {
        if (fleet) fleet->stop();
        engine.stop();
        io.restart();
        io.run_for(100ms);
        fleet.reset();
    }

    void start() { fleet.emplace(io.get_executor(), options, clock); }
    void start_and_wait() {
        start();
        test::run_until(io, [&] { return fleet->figures().working; });
    }
    std::string trouble() {
        start();
        test::run_until(io, [&] { return fleet->figures().outages > 0; });
        return fleet->figures().trouble;
    }
    SharedDomain find() { return test::run(io, fleet->find("example.com")); }
    Lease lease() { return test::run(io, fleet->lease("example.com")); }

    test::CapturedLog log;
    asio::io_context io{1};
    FakeClock clock;
    ScriptedEngine engine{io};
    FleetOptions options;
    std::optional<RedisFleet> fleet;

private:
    const test::TempDir directory_;
    const std::string key_file_ = directory_ / "key";
};

TEST_F(RedisFleetTest, AsksAMasterThatAnswers) {
    start_and_wait();
    EXPECT_EQ(fleet->figures().outages, 0U);
    EXPECT_FALSE(find().policy);
    EXPECT_EQ(engine.asked["MGET"], 1);
    EXPECT_EQ(engine.asked["AUTH"], 0);
}

TEST_F(RedisFleetTest, DoesNotAskAReplica) {
    engine.replies["ROLE"] = "*1\r\n$5\r\nslave\r\n";
    EXPECT_THAT(trouble(), HasSubstr("is no master"));
}

TEST_F(RedisFleetTest, DoesNotAskWhatSpeaksAnotherProtocol) {
    engine.replies["ROLE"] = "220 mx.example.com ESMTP\r\n";
    EXPECT_THAT(trouble(), HasSubstr("no reply of Valkey or Redis"));
}

TEST_F(RedisFleetTest, ReadsNoReplyWithoutEnd) {
    engine.replies["ROLE"] = "$100000000\r\n" + std::string(2 * max_fleet_reply_bytes, 'x');
    EXPECT_THAT(trouble(), HasSubstr("longer than any should be"));
}

// Before a single element has come, hiredis makes room for all.
TEST_F(RedisFleetTest, ReadsNoListWithoutEnd) {
    engine.replies["ROLE"] = "*50000000\r\n";
    EXPECT_THAT(trouble(), HasSubstr("longer than any should be"));
}

TEST_F(RedisFleetTest, ReadsNoListWithoutEndInAList) {
    engine.replies["ROLE"] = "*2\r\n$6\r\nmaster\r\n*50000000\r\n";
    EXPECT_THAT(trouble(), HasSubstr("longer than any should be"));
}

TEST_F(RedisFleetTest, ReadsTheListsThatAMasterHas) {
    const std::string replica = "*3\r\n$9\r\n192.0.2.2\r\n$4\r\n6379\r\n$1\r\n0\r\n";
    engine.replies["ROLE"] = "*3\r\n$6\r\nmaster\r\n:0\r\n*20\r\n";
    for (int i = 0; i < 20; ++i) engine.replies["ROLE"] += replica;
    start_and_wait();
}

TEST_F(RedisFleetTest, TellsWhatSentinelsDoNotKnow) {
    options.sentinels = std::exchange(options.servers, {});
    options.master = "mymaster";
    engine.replies["SENTINEL"] = "*-1\r\n";
    EXPECT_THAT(trouble(), HasSubstr("knows no master mymaster"));
}

TEST_F(RedisFleetTest, TakesNoNameOfSentinels) {
    options.sentinels = std::exchange(options.servers, {});
    options.master = "mymaster";
    engine.replies["SENTINEL"] = "*2\r\n$18\r\nvalkey.example.com\r\n$4\r\n6379\r\n";
    EXPECT_THAT(trouble(), HasSubstr("valkey.example.com, which is no address"));
}

TEST_F(RedisFleetTest, WaitsButOnceForRepliesThatDoNotCome) {
    options.timeout = 300ms;
    start_and_wait();
    engine.replies["MGET"] = silence;
    EXPECT_FALSE(find().policy);
    engine.replies["PING"] = silence;
    EXPECT_EQ(lease(), Lease::unavailable);
    EXPECT_FALSE(find().policy);
    EXPECT_EQ(engine.asked["MGET"], 1);
    EXPECT_EQ(engine.asked["SET"], 0);
    test::run_until(io, [&] { return !fleet->figures().working; });
    EXPECT_THAT(fleet->figures().trouble, HasSubstr("no answer in time"));
}

TEST_F(RedisFleetTest, TakesNothingOfTheWrongKind) {
    start_and_wait();
    for (const std::string reply :
         {":1\r\n", "*1\r\n:1\r\n", "*2\r\n:1\r\n:2\r\n", "*2\r\n*-1\r\n$1\r\nx\r\n", "-ERR no\r\n"}) {
        engine.replies["MGET"] = reply;
        const SharedDomain found = find();
        EXPECT_FALSE(found.policy || found.failed) << reply;
    }
    EXPECT_TRUE(fleet->figures().working);
    EXPECT_EQ(fleet->figures().lookups.count(3), 3U);  // unanswered
    EXPECT_EQ(fleet->figures().ignored.count(0), 1U);  // forged
}

TEST_F(RedisFleetTest, HasALeaseOnlyWhereItIsGranted) {
    start_and_wait();
    EXPECT_EQ(lease(), Lease::held);
    engine.replies["SET"] = nil;
    EXPECT_EQ(lease(), Lease::elsewhere);
    engine.replies["SET"] = "-OOM command not allowed\r\n";
    EXPECT_EQ(lease(), Lease::unavailable);
    EXPECT_TRUE(log.has("refuses SET: OOM command not allowed"));
}

CachedPolicy policy_until(WallTime expiry) {
    CachedPolicy policy;
    policy.id = "1";
    policy.body = "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\nmax_age: 86400\r\n";
    policy.policy = read_policy(policy.body).value();
    policy.fetched = expiry - policy.policy.max_age;
    return policy;
}

TEST_F(RedisFleetTest, TellsWhatItCouldNotTell) {
    start_and_wait();
    engine.replies["EVAL"] = "-OOM command not allowed\r\n";
    fleet->publish("example.com", policy_until(clock.wall() + 1h));
    test::run_until(io, [&] { return fleet->figures().untold == 1; });
    engine.replies["EVAL"] = ":1\r\n";
    fleet->publish("example.com", policy_until(clock.wall() + 1h));
    test::run_until(io, [&] { return fleet->figures().untold == 0; });
    EXPECT_EQ(fleet->figures().publications.count(0), 1U);  // published
}

TEST_F(RedisFleetTest, HasNothingToTellOfAPolicyThatHasRunOut) {
    start_and_wait();
    EXPECT_EQ(lease(), Lease::held);
    fleet->publish("example.com", policy_until(clock.wall()));
    test::run_until(io, [&] { return engine.asked["EVAL"] == 1; });  // the lease ends
    EXPECT_EQ(fleet->figures().untold, 0U);
    EXPECT_EQ(fleet->figures().publications.count(2), 0U);  // failed
    EXPECT_EQ(engine.asked["GET"], 0);
}

TEST_F(RedisFleetTest, ForgetsToTellWhatHasRunOutMeanwhile) {
    start_and_wait();
    engine.replies["EVAL"] = "-OOM command not allowed\r\n";
    const CachedPolicy policy = policy_until(clock.wall() + 1h);
    fleet->publish("example.com", policy);
    test::run_until(io, [&] { return fleet->figures().untold == 1; });
    clock.advance(1h);
    fleet->publish("example.com", policy);
    test::run_until(io, [&] { return fleet->figures().untold == 0; });
    EXPECT_EQ(fleet->figures().publications.count(2), 1U);
}

TEST_F(RedisFleetTest, AsksWhetherTheConnectionForNewsLives) {
    options.ping_interval = 200ms;
    start_and_wait();
    test::run_until(io, [&] { return engine.pings_to_news == 5; });
    EXPECT_EQ(engine.asked["SUBSCRIBE"], 1);
}

TEST_F(RedisFleetTest, LeavesAConnectionForNewsThatDoesNotAnswer) {
    options.ping_interval = 50ms;
    engine.is_deaf = true;
    start_and_wait();
    test::run_until(io, [&] { return engine.asked["SUBSCRIBE"] == 2; });
    EXPECT_TRUE(log.has("no news of other relays"));
    EXPECT_TRUE(fleet->figures().working);
}

TEST_F(RedisFleetTest, AnswersAtOnceWithoutAnEngine) {
    engine.stop();
    start();
    EXPECT_FALSE(find().policy);
    EXPECT_EQ(lease(), Lease::unavailable);
    EXPECT_EQ(fleet->figures().lookups.count(3), 1U);
}

}  // namespace
}  // namespace sternpost
