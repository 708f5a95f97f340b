#include "engine.hpp"

#include "sternpost/base/printable.hpp"
#include "sternpost/log/log.hpp"
#include "sternpost/loop/spawn.hpp"
#include "sternpost/loop/wait.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

constexpr auto never = asio::steady_timer::time_point::max();
constexpr int pings_without_answer = 3;
// Before the breaker opens.
constexpr std::chrono::milliseconds pause_between_tries{100};
const Trouble outage{{Topic::fleet}, "engine"};
const Trouble deaf{{Topic::fleet}, "news"};
const Error another_is_asked(Errc::temporary, "another server is asked");

}  // namespace

Engine::Engine(asio::any_io_executor executor, const FleetOptions& options, const Clock& clock,
               Repeats& repeats, Calls calls)
    : executor_(std::move(executor)),
      connector_(executor_, options),
      clock_(clock),
      repeats_(repeats),
      calls_(std::move(calls)),
      timeout_(options.timeout),
      ping_interval_(options.ping_interval),
      channel_(options.prefix + ":news"),
      changed_(executor_, never),
      tried_(executor_, never) {}

void Engine::start() {
    spawn(executor_, "fleet", keep_connected(shared_from_this()));
}

void Engine::stop() {
    stopped_ = true;
    changed_.cancel();
    tried_.cancel();
    if (listening_) listening_->close();
    if (link_) lose(link_, Error(Errc::stopped, "the program stops"));
}

awaitable<void> Engine::first_try() {
    while (!has_tried_ && !stopped_) co_await wait(tried_);
}

awaitable<void> Engine::keep_connected(std::shared_ptr<Engine> self) {
    while (!self->stopped_) {
        const auto connected = co_await self->connect();
        self->has_tried_ = true;
        self->tried_.cancel();
        if (self->stopped_) break;
        if (!connected) self->note_failure(connected.error());
        while (self->link_) co_await self->look_after_link();
        if (!self->stopped_) co_await self->rest();
    }
    if (self->link_) self->lose(self->link_, Error(Errc::stopped, "the program stops"));
}

// Finally checks whether it answers in time: an engine that can be reached but is slow is down for us.
awaitable<Result<void>> Engine::connect() {
    auto connected = co_await connector_.connect();
    if (!connected) co_return tl::unexpected(connected.error());
    const ConnectionPtr link = *connected;
    link->limit(timeout_);
    Command ping = command("PING");
    const auto answered = co_await link->ask(std::move(ping));
    link->no_limit();
    if (!answered) co_return tl::unexpected(answered.error());
    if (stopped_) co_return failure(Errc::stopped, "the program stops");
    link_ = link;
    silent_ = given_up_ = false;
    server_ = to_string(link->address());
    trouble_.clear();
    breaker_.note_success();
    repeats_.mended(outage, "the fleet can be asked again");
    say(LogLevel::info, Topic::fleet, "asking {}", server_);
    spawn(executor_, "fleet replies", read_replies(shared_from_this(), link));
    spawn(executor_, "fleet news", listen(shared_from_this(), link));
    calls_.back();
    co_return Result<void>();
}

awaitable<void> Engine::rest() {
    repeats_.tell_counts();
    const auto rest = breaker_.rest(clock_.steady());
    changed_.expires_after(std::max<asio::steady_timer::duration>(rest, pause_between_tries));
    co_await wait(changed_);
}

// Asks now and then, so that the state of the engine is known before a question depends on it.
awaitable<void> Engine::look_after_link() {
    changed_.expires_after(silent_ ? pause_between_tries : ping_interval_);
    co_await wait(changed_);
    if (!link_) co_return;
    repeats_.tell_counts();
    Command ping = command("PING");
    // Whoever reads notices what could not be sent.
    if (listening_) static_cast<void>(listening_->send(ping));
    const auto answered = co_await send(std::move(ping));
    if (answered) calls_.alive();
}

awaitable<void> Engine::read_replies(std::shared_ptr<Engine> self, ConnectionPtr link) {
    for (;;) {
        auto reply = co_await link->read();
        if (self->link_ != link) co_return;
        if (!reply) {
            const Error why = reply.error();
            self->note_failure(why);
            co_return self->lose(link, why);
        }
        // A master that has become a replica: the new one is asked for.
        const bool demoted = (*reply)->type == REDIS_REPLY_ERROR && text_of(**reply).starts_with("READONLY");
        if (self->questions_.empty() || demoted) {
            const Error why(Errc::temporary, self->server_ + (demoted ? " is no master any more"
                                                                      : " replies more than it was asked"));
            self->note_failure(why);
            co_return self->lose(link, why);
        }
        self->silent_ = false;
        self->trouble_.clear();
        const auto question = self->questions_.front();
        self->questions_.pop_front();
        question->reply.emplace(std::move(*reply));
        question->done.cancel();
    }
}

// After one reply that does not come, further questions do not wait.
awaitable<Result<RedisReply>> Engine::ask(Command command) {
    if (!link_ || silent_) co_return failure(Errc::temporary, trouble_);
    co_return co_await send(std::move(command));
}

awaitable<Result<RedisReply>> Engine::send(Command command) {
    if (questions_.size() >= max_fleet_commands)
        co_return failure(Errc::overloaded, "too many commands wait for their reply");
    const auto sent = link_->send(command);
    if (!sent) co_return tl::unexpected(sent.error());
    const auto question = std::make_shared<Question>(executor_);
    questions_.push_back(question);
    question->done.expires_after(timeout_);
    const ConnectionPtr asked = link_;
    co_await wait(question->done);
    if (question->reply) {
        if (*question->reply) breaker_.note_success();
        co_return std::move(*question->reply);
    }
    const Error why(Errc::temporary, server_ + ": no answer in time");
    if (link_ == asked) {
        // It is looked after more often from now on.
        if (!std::exchange(silent_, true)) changed_.cancel();
        note_failure(why);
    }
    co_return tl::unexpected(why);
}

void Engine::note_failure(const Error& why) {
    if (stopped_) return;
    trouble_ = why.detail;
    if (!breaker_.note_failure(clock_.steady())) return;
    if (!std::exchange(given_up_, true)) ++outages_;
    repeats_.failed(outage, LogLevel::warning, static_cast<unsigned>(why.code),
                    "the fleet cannot be asked; this relay goes on alone: " + printable(why.detail));
    if (link_) lose(link_, why);
}

void Engine::lose(const ConnectionPtr& link, const Error& why) {
    link->close();
    if (link_ != link) return;
    if (listening_) listening_->close();
    link_.reset();
    if (trouble_.empty()) trouble_ = why.detail;
    for (const auto& question : std::exchange(questions_, {})) {
        question->reply.emplace(tl::unexpected(why));
        question->done.cancel();
    }
    changed_.cancel();
}

// As long as the other connection is there. News that is missed meanwhile is not lost: see change_of().
awaitable<void> Engine::listen(std::shared_ptr<Engine> self, ConnectionPtr link) {
    while (self->link_ == link) {
        const auto ended = co_await self->listen_once(link);
        if (self->link_ != link) co_return;
        self->repeats_.failed(deaf, LogLevel::warning, static_cast<unsigned>(ended.code),
                              "no news of other relays: " + printable(ended.detail));
        asio::steady_timer pause(self->executor_, Breaker::first_rest);
        co_await wait(pause);
    }
}

awaitable<Error> Engine::listen_once(ConnectionPtr link) {
    const auto connected = co_await connector_.connect_to(link->address());
    if (!connected) co_return connected.error();
    const ConnectionPtr& listening = *connected;
    if (link_ != link) {
        listening->close();
        co_return another_is_asked;
    }
    listening_ = listening;
    const Command subscribe = command("SUBSCRIBE", channel_);
    const auto sent = listening->send(subscribe);
    if (!sent) co_return sent.error();
    while (link_ == link) {
        listening->limit(pings_without_answer * ping_interval_);
        const auto told = co_await listening->read();
        if (!told) co_return told.error();
        const redisReply& message = **told;
        if (message.type == REDIS_REPLY_ERROR)
            co_return Error(Errc::temporary,
                            server_ + " refuses SUBSCRIBE: " + std::string(text_of(message)));
        repeats_.mended(deaf, "news of other relays comes again");
        const bool is_message = message.type == REDIS_REPLY_ARRAY && message.elements == 3 &&
                                text_of(*message.element[0]) == "message";
        if (is_message) calls_.heard(text_of(*message.element[2]));
    }
    co_return another_is_asked;
}

}  // namespace sternpost
