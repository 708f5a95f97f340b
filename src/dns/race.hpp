// One question put to several servers, one after the other and in the end side by side: the first to answer wins.
//
// Threads: one loop, that of the servers.
// Errors:  as Resolver says; the first failure of each server is given, "SERVFAIL from 127.0.0.1:53". Errc::overloaded
//          if this process itself stood still meanwhile, because of a slow disk or a debugger.
// Limits:  attempts_in_a_timeout, or as many as there are servers.
#pragma once

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server.hpp"
#include "sternpost/dns/resolver.hpp"
#include "sternpost/loop/lag.hpp"
#include "sternpost/loop/spawn.hpp"

namespace sternpost {

// Attempts at one question, or as many as there are servers. If one has no answer within its share of the
// timeout, the next one starts beside it.
inline constexpr std::size_t attempts_in_a_timeout = 5;

template <class Record>
using AnswerReader = Result<RecordSet<Record>> (*)(std::span<const std::uint8_t>, const std::string&);

template <class Record>
struct Question {
    std::string name;
    int type = 0;  // an ns_t_ value
    AnswerReader<Record> read = nullptr;
    Servers whom = Servers::all;
};

// One question put to several servers; the attempts share it until the last of them ends.
template <class Record>
struct Race {
    Race(const boost::asio::any_io_executor& executor, Question<Record> asked)
        : question(std::move(asked)), changed(executor) {}

    const Question<Record> question;

    boost::asio::steady_timer changed;  // cancelled when an attempt ends
    std::optional<RecordSet<Record>> won;
    bool stopped = false;
    bool overloaded = false;             // an attempt met a limit of ours
    std::string_view cause = "timeout";  // of the first failure; none: no answer came at all
    std::size_t open = 0;
    std::map<std::string, std::string>
        failures;  // the first one of each server, "SERVFAIL from 127.0.0.1:53"
};

template <class Record>
boost::asio::awaitable<Result<RecordSet<Record>>> ask_one(Server& server, const Question<Record>& question) {
    const auto bytes = co_await server.ask(question.name, question.type);
    if (!bytes) co_return tl::unexpected(bytes.error());
    auto answer = question.read(*bytes, question.name);
    if (!answer)
        co_return failure(Errc::temporary, answer.error().detail + " from " + server.name(),
                          answer.error().cause);
    answer->authentic = answer->authentic && server.believes_ad();
    if (question.whom == Servers::validating && !answer->authentic) {
        co_await server.confirm();
        if (server.validation() != Validation::yes)
            co_return failure(Errc::temporary, server.name() + " has stopped validating");
    }
    co_return std::move(*answer);
}

template <class Record>
boost::asio::awaitable<void> attempt(std::shared_ptr<Server> server, std::shared_ptr<Race<Record>> race) {
    auto answer = co_await ask_one(*server, race->question);
    --race->open;
    if (!answer) {
        race->stopped = race->stopped || answer.error().code == Errc::stopped;
        race->overloaded = race->overloaded || answer.error().code == Errc::overloaded;
        if (race->failures.empty()) race->cause = answer.error().cause;
        race->failures.try_emplace(server->name(), answer.error().detail);
    } else if (!race->won) {
        race->won = std::move(*answer);
    }
    race->changed.cancel();
}

template <class Record>
Error why_lost(const Race<Record>& race, const std::vector<std::shared_ptr<Server>>& servers) {
    bool overloaded = race.overloaded;
    std::string detail;
    for (const auto& server : servers) {
        const auto failed = race.failures.find(server->name());
        const bool unheard = failed == race.failures.end() && server->lacks_descriptor();
        overloaded = overloaded || unheard;
        detail += detail.empty() ? "" : ", ";
        detail += failed != race.failures.end() ? failed->second
                  : unheard                     ? no_descriptor_for(server->name())
                                                : "no answer in time from " + server->name();
    }
    return {overloaded ? Errc::overloaded : Errc::temporary, detail, race.cause};
}

// The next attempt starts when the last one has failed, or has had its share of the time.
template <class Record>
boost::asio::awaitable<Result<RecordSet<Record>>> ask_in_turn(boost::asio::any_io_executor executor,
                                                              Question<Record> question,
                                                              std::vector<std::shared_ptr<Server>> servers,
                                                              std::chrono::milliseconds timeout) {
    const auto race = std::make_shared<Race<Record>>(executor, std::move(question));
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    const std::size_t most = std::max(attempts_in_a_timeout, servers.size());
    const auto share = timeout / static_cast<std::int64_t>(most);
    bool stood_still = false;
    for (std::size_t tried = 0; !race->won && !race->stopped;) {
        const bool all_failed = race->open == 0 && tried >= servers.size();
        if (all_failed) break;
        if (std::chrono::steady_clock::now() >= deadline) {
            // An answer that came while the loop stood still has been read, but not handed over yet.
            co_await boost::asio::post(executor, boost::asio::use_awaitable);
            break;
        }
        auto wait_until = deadline;
        if (tried < most) {
            ++race->open;
            spawn(executor, "dns question", attempt<Record>(servers[tried % servers.size()], race));
            ++tried;
            wait_until = std::min(deadline, std::chrono::steady_clock::now() + share);
        }
        race->changed.expires_at(wait_until);
        boost::system::error_code ignored;
        co_await race->changed.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
        stood_still = stood_still || std::chrono::steady_clock::now() >= wait_until + longest_lag;
    }
    if (race->won) co_return std::move(*race->won);
    Error lost = why_lost(*race, servers);
    if (stood_still) {
        lost.code = Errc::overloaded;
        lost.detail += ", while sternpostd stood still";
    }
    co_return tl::unexpected(std::move(lost));
}

}  // namespace sternpost
