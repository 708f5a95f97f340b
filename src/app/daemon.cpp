#include "daemon.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include "descriptors.hpp"
#include "logging.hpp"
#include "service_manager.hpp"
#include "sternpost/base/joined.hpp"
#include "sternpost/explain/look.hpp"
#include "sternpost/log/log.hpp"
#include "sternpost/loop/spawn.hpp"
#include "sternpost/loop/wait.hpp"
#include "sternpost/policy/next_hop.hpp"
#include "sternpost/settings/settings.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

// A stop ends within 5 s; this is the part of it in which work under way may end by itself.
constexpr std::chrono::milliseconds grace{3000};
constexpr std::chrono::milliseconds longest_stop{4000};
constexpr std::chrono::milliseconds grace_step{10};
// A changed main.cf is noticed within this time.
constexpr std::chrono::seconds postfix_interval{5};

// A configuration may have several faults, one a line.
void log_lines(std::string_view head, const std::string& lines) {
    std::istringstream stream(lines);
    for (std::string line; std::getline(stream, line);)
        say(LogLevel::error, Topic::daemon, "{}{}", head, line);
}

std::vector<std::string> names_of(const std::vector<ListenAddress>& addresses) {
    std::vector<std::string> names;
    for (const ListenAddress& address : addresses) names.push_back(to_string(address));
    std::ranges::sort(names);
    return names;
}

std::vector<std::string> names_of(const std::vector<ListeningSocket>& sockets) {
    std::vector<std::string> names;
    for (const ListeningSocket& socket : sockets) names.push_back(socket.name());
    std::ranges::sort(names);
    return names;
}

ServerOptions server_options(const Config& config) {
    ServerOptions options;
    options.connections = connections_with_room(config.limits.connections);
    options.idle = config.limits.idle;
    return options;
}

// A log that cannot be opened again, such as one whose directory is root's, is no reason to refuse the rest.
std::optional<LineWriter> log_writer_if_any(const LogConfig& config) try {
    return log_writer(config);
} catch (const std::runtime_error& error) {
    say(LogLevel::error, Topic::daemon, "{}; the log that is open goes on", error.what());
    return {};
}

// A thread that waits for its disk takes no signal, nor does any other in its place.
void leave_signals_to_other_threads() {
    sigset_t ours;
    sigemptyset(&ours);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&ours, signal);
    ::pthread_sigmask(SIG_BLOCK, &ours, nullptr);
}

void warn_of_dane_only(const Config& config, PostfixDnssec::Answer postfix) {
    if (!goes_by_postfix(config) || postfix != PostfixDnssec::Answer::otherwise) return;
    for (const OverrideConfig& entry : config.overrides)
        if (entry.action == OverrideAction::dane_only)
            say(LogLevel::warning, Topic::daemon,
                "[[override]] for \"{}\": Postfix defers its mail, as dane-only needs DNSSEC there",
                entry.domain);
}

}  // namespace

Daemon::Daemon(Config config, std::string config_file, std::vector<ListeningSocket> sockets,
               AdminSockets admin)
    : config_(std::move(config)),
      started_with_(config_),
      metrics_in_force_(config_.admin.metrics),
      config_file_(std::move(config_file)),
      signals_(resolve_loop_, SIGTERM, SIGINT, SIGHUP),
      end_signals_(answer_loop_, SIGTERM, SIGINT),
      end_(answer_loop_),
      watchdog_(answer_loop_.get_executor(), resolve_loop_.get_executor(), notify_alive),
      next_look_at_postfix_(resolve_loop_),
      store_(resolve_loop_.get_executor(), config_.cache.path, clock_),
      resolver_(resolve_loop_.get_executor(), dns_options(config_, PostfixDnssec::Answer::otherwise)),
      fetcher_(resolve_loop_.get_executor(), https_options(config_)),
      eyes_(std::make_shared<Eyes>(config_.https.ca_file)),
      answers_(answer_loop_.get_executor(), resolve_loop_.get_executor(), sources(), resolve_options(config_),
               rules(config_, postfix_.answer()), config_.cache.memory_entries),
      server_(answer_loop_.get_executor(), answers_, clock_, server_options(config_)),
      sockets_(std::move(sockets)),
      watch_(resolve_loop_.get_executor(), clock_, watch_sources()),
      admin_(resolve_loop_.get_executor(), admin_sources()) {
    serve_operators(std::move(admin.operators));
    serve_metrics(std::move(admin.metrics));
}

Sources Daemon::sources() {
    if (config_.fleet.on()) fleet_.emplace(resolve_loop_.get_executor(), fleet_options(config_), clock_);
    return {resolver_, fetcher_, store_, clock_, fleet_ ? &*fleet_ : nullptr};
}

AdminSources Daemon::admin_sources() {
    return {answers_,
            store_,
            clock_,
            server_.figures(),
            [this] { return resolver_.figures(); },
            [this] { return fetcher_.figures(); },
            answer_loop_.get_executor(),
            STERNPOST_VERSION,
            names_of(sockets_),
            [this] { return fleet_ ? std::optional(fleet_->figures()) : std::nullopt; },
            &watch_};
}

WatchSources Daemon::watch_sources() {
    const auto remembered = [this](const std::string& domain) -> std::optional<Edition> {
        const auto record = store_.find(domain);
        if (!record || !*record || !(*record)->policy) return std::nullopt;
        return Edition{(*record)->policy->id, (*record)->policy->body};
    };
    return {[this](std::string domain) { return look_at_own(std::move(domain)); }, remembered};
}

awaitable<Published> Daemon::look_at_own(std::string domain) {
    const auto eyes = eyes_;  // a reload may take them away meanwhile
    const LookTools tools{resolver_, fetcher_, clock_, &eyes->probe};
    const NextHop next_hop = read_next_hop(domain).value();
    co_return co_await look_at(tools, next_hop, true);
}

void Daemon::serve_operators(std::optional<ListeningSocket> socket) {
    serves_operators_ = socket.has_value();
    if (socket) say(LogLevel::info, Topic::admin, "serving operators at {}", socket->name());
    admin_.serve_operators(std::move(socket));
}

void Daemon::serve_metrics(std::optional<ListeningSocket> socket) {
    if (socket) say(LogLevel::info, Topic::admin, "serving metrics at {}", socket->name());
    admin_.serve_metrics(std::move(socket));
}

std::vector<ListeningSocket> Daemon::open_sockets(const Config& config) {
    auto sockets = passed_sockets();
    const auto wanted = names_of(config.listen);
    if (!sockets.empty()) {
        const auto passed = names_of(sockets);
        if (!std::ranges::includes(passed, wanted))
            say(LogLevel::warning, Topic::daemon,
                "listening on the sockets that systemd passed ({}), not on those of \"listen\" ({})",
                joined(passed), joined(wanted));
        return sockets;
    }
    for (const ListenAddress& address : config.listen)
        sockets.push_back(address.host.empty() ? ListeningSocket::unix_path(address.path)
                                               : ListeningSocket::tcp(address.host, address.port));
    return sockets;
}

int Daemon::run() {
    const auto keep_answering = asio::make_work_guard(answer_loop_);
    end_in_time();
    std::jthread answer_thread([this] { answer_loop_.run(); });
    leave_signals_to_other_threads();
    spawn(resolve_loop_.get_executor(), "signals", follow_signals());
    spawn(resolve_loop_.get_executor(), "postfix", follow_postfix());
    // As sd_watchdog_enabled(3) advises: twice as often as necessary.
    watchdog_.start(watchdog_limit() / 2);
    try {
        resolve_loop_.run();
    } catch (const std::exception& error) {
        failure_ = fmt::format("internal error: {} (please report it)", error.what());
        answer_loop_.stop();
    }
    answer_thread.join();
    if (failure_.empty())
        say(LogLevel::info, Topic::daemon, "sternpostd has stopped");
    else
        say(LogLevel::error, Topic::daemon, "{}", failure_);
    return failure_.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

// The resolve loop stops, unless its disk or its log stands still.
void Daemon::end_in_time() {
    end_signals_.async_wait([this](boost::system::error_code error, int) {
        if (error) return;
        end_.expires_after(longest_stop);
        end_.async_wait([](boost::system::error_code stopped) {
            if (!stopped) ::_exit(EXIT_FAILURE);
        });
    });
}

// No question is taken before it is known whether DANE is to be looked at.
awaitable<void> Daemon::follow_postfix() {
    for (bool first = true; !stopping_; first = false) {
        bool changed = false;
        if (goes_by_postfix(config_)) changed = co_await postfix_.look();
        if (changed) take_over_dane(config_);
        if (stopping_) co_return;
        if (first) begin_to_answer();
        next_look_at_postfix_.expires_after(postfix_interval);
        co_await wait(next_look_at_postfix_);
    }
}

// What depends on whether DANE is looked at.
void Daemon::take_over_dane(const Config& config) {
    resolver_.reconfigure(dns_options(config, postfix_.answer()));
    answers_.reconfigure(resolve_options(config), rules(config, postfix_.answer()));
    warn_of_dane_only(config, postfix_.answer());
}

// Whoever is told that we are ready may connect at once.
void Daemon::begin_to_answer() {
    asio::post(answer_loop_, [this] {
        try {
            server_.listen(sockets_);
        } catch (const std::exception& error) {
            failure_ = fmt::format("cannot start: {}", error.what());
        }
        asio::post(resolve_loop_, [this] { answering(); });
    });
}

void Daemon::answering() {
    if (stopping_) return;
    if (!failure_.empty()) {
        ::kill(::getpid(), SIGTERM);
        return;
    }
    answers_.begin_upkeep();
    admin_.set_answering(true);
    watch_.watch(config_.watch.domains);
    say(LogLevel::info, Topic::daemon, "sternpostd {} answers on {}", STERNPOST_VERSION,
        joined(names_of(sockets_)));
    notify_ready();
}

awaitable<void> Daemon::follow_signals() {
    for (;;) {
        const auto [error, signal] = co_await signals_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (error) co_return;
        if (signal != SIGHUP) break;
        reload();
    }
    co_await stop();
}

// First nothing new is let in, then whatever waits is let go, then the tools are put down.
awaitable<void> Daemon::stop() {
    say(LogLevel::info, Topic::daemon, "stopping");
    notify_stopping();
    stopping_ = true;
    watchdog_.stop();
    next_look_at_postfix_.cancel();
    admin_.set_answering(false);
    admin_.stop();
    asio::post(answer_loop_, [this] { server_.stop(); });
    answers_.stop();
    watch_.stop();
    resolver_.stop();
    fetcher_.stop();
    if (fleet_) fleet_->stop();
    asio::steady_timer step(resolve_loop_);
    const auto end = std::chrono::steady_clock::now() + grace;
    constexpr std::size_t this_coroutine = 1;
    while (running() > this_coroutine && std::chrono::steady_clock::now() < end) {
        step.expires_after(grace_step);
        co_await wait(step);
    }
    store_.close();
    answer_loop_.stop();
    resolve_loop_.stop();
}

void Daemon::reload() {
    notify_reloading();
    auto config = read_config_file(config_file_);
    if (config) {
        try {
            apply(std::move(*config));
            say(LogLevel::info, Topic::daemon, "reloaded {}", config_file_);
        } catch (const std::exception& error) {
            say(LogLevel::error, Topic::daemon, "reload failed: {}; the former configuration stays in force",
                error.what());
        }
    } else {
        log_lines("reload failed: ", config.error().detail);
        say(LogLevel::error, Topic::daemon, "reload failed; the former configuration stays in force");
    }
    notify_ready();
}

// What can fail comes before any change.
void Daemon::apply(Config config) {
    const auto& metrics_wanted = config.admin.metrics;
    const bool change_metrics = metrics_wanted != metrics_in_force_;
    const bool metrics_in_the_way =
        change_metrics && metrics_wanted && metrics_in_force_ && overlap(*metrics_wanted, *metrics_in_force_);
    const bool other_metrics = change_metrics && !metrics_in_the_way;
    const bool other_socket = config.admin.socket != config_.admin.socket || !serves_operators_ ||
                              ::access(config.admin.socket.c_str(), F_OK) != 0;
    auto metrics = other_metrics ? open_metrics_socket(config.admin) : std::nullopt;
    auto operators = other_socket ? open_operators_socket(config.admin) : std::nullopt;
    auto eyes = std::make_shared<Eyes>(config.https.ca_file);
    // Read anew each time: the key may be another one.
    if (fleet_ && config.fleet.on()) fleet_->reconfigure(fleet_options(config));
    // From here on nothing fails: it reads the authorities that were good for `eyes`.
    fetcher_.reconfigure(https_options(config));
    const std::optional<LineWriter> log = log_writer_if_any(config.log);
    if (log)
        write_log_with(config.log.level, *log);
    else
        hear(config.log.level);
    eyes_ = std::move(eyes);
    take_over_dane(config);
    if (other_metrics) {
        metrics_in_force_ = config.admin.metrics;
        serve_metrics(std::move(metrics));
    }
    if (other_socket) serve_operators(std::move(operators));
    asio::post(answer_loop_, [this, options = server_options(config)] { server_.reconfigure(options); });
    const bool needs_restart = config.listen != started_with_.listen || config.user != started_with_.user ||
                               config.cache.path != started_with_.cache.path ||
                               config.cache.memory_entries != started_with_.cache.memory_entries ||
                               config.fleet.on() != fleet_.has_value() || metrics_in_the_way;
    if (needs_restart)
        say(LogLevel::warning, Topic::daemon,
            "\"listen\", \"user\", [cache], whether there is a [fleet], and \"metrics\" at another address "
            "of the same port, are taken over at the next start only");
    config_ = std::move(config);
    watch_.watch(config_.watch.domains);
    postfix_.forget();
    next_look_at_postfix_.cancel();
}

}  // namespace sternpost
