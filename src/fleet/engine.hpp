// What is asked of the engine, while it answers: commands one after the other on one connection, each with a timeout;
// and what it says unasked, on a second one.
//
// Ownership: shared with its coroutines, which touch nothing of others after stop().
// Threads:   one loop.
// Errors:    Errc::temporary when there is no reply in time, and from then on at once, until the engine shows that it
//            is alive, even if by a late reply; Errc::overloaded beyond max_fleet_commands. An error that the engine
//            replies is a reply.
#pragma once

#include <deque>
#include <functional>

#include "breaker.hpp"
#include "connector.hpp"
#include "sternpost/log/repeats.hpp"

namespace sternpost {

class Engine : public std::enable_shared_from_this<Engine> {
public:
    struct Calls {
        std::function<void()> back;                           // it answers, for the first time or again
        std::function<void()> alive;                          // it still does; called now and then
        std::function<void(std::string_view message)> heard;  // on the channel
    };

    // Its failures are logged through `repeats`, and so, now and then, are their counts.
    Engine(boost::asio::any_io_executor executor, const FleetOptions& options, const Clock& clock,
           Repeats& repeats, Calls calls);

    void start();
    void stop();
    boost::asio::awaitable<Result<RedisReply>> ask(Command command);
    bool working() const { return link_ != nullptr; }
    std::uint64_t outages() const { return outages_; }
    const std::string& server() const { return server_; }
    const std::string& trouble() const { return trouble_; }
    // Returns after the first try to connect.
    boost::asio::awaitable<void> first_try();

private:
    using ConnectionPtr = std::shared_ptr<RedisConnection>;
    // A command that waits for its reply, whether anybody waits for it or not.
    struct Question {
        explicit Question(const boost::asio::any_io_executor& executor) : done(executor) {}
        boost::asio::steady_timer done;  // cancelled when there is a reply
        std::optional<Result<RedisReply>> reply;
    };

    static boost::asio::awaitable<void> keep_connected(std::shared_ptr<Engine> self);
    static boost::asio::awaitable<void> read_replies(std::shared_ptr<Engine> self, ConnectionPtr link);
    static boost::asio::awaitable<void> listen(std::shared_ptr<Engine> self, ConnectionPtr link);
    boost::asio::awaitable<Result<void>> connect();
    boost::asio::awaitable<Error> listen_once(ConnectionPtr link);
    boost::asio::awaitable<Result<RedisReply>> send(Command command);
    boost::asio::awaitable<void> rest();
    boost::asio::awaitable<void> look_after_link();
    void note_failure(const Error& why);
    void lose(const ConnectionPtr& link, const Error& why);

    boost::asio::any_io_executor executor_;
    Connector connector_;
    const Clock& clock_;
    Repeats& repeats_;
    Calls calls_;
    std::chrono::milliseconds timeout_;
    std::chrono::milliseconds ping_interval_;
    std::string channel_;
    Breaker breaker_;
    ConnectionPtr link_;  // null: it does not answer
    ConnectionPtr listening_;
    std::deque<std::shared_ptr<Question>> questions_;
    boost::asio::steady_timer changed_;  // cancelled when the link is lost, or everything ends
    boost::asio::steady_timer tried_;    // cancelled after the first try
    bool has_tried_ = false;
    bool silent_ = false;    // a command on this link had no reply in time, and none has come since
    bool given_up_ = false;  // the breaker has opened since it worked
    bool stopped_ = false;
    std::uint64_t outages_ = 0;
    std::string server_;
    std::string trouble_ = "not connected yet";
};

}  // namespace sternpost
