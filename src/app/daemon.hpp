// The running daemon: every long-lived object by value, in an order in which each depends on those before it.
//
// Threads: made, run and ended on the main thread, which is the resolve loop's; run() starts the answer
//          loop's.
// Errors:  the constructor throws std::runtime_error, with the remedy, for what cannot be opened.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin_sockets.hpp"
#include "postfix_watch.hpp"
#include "sternpost/admin/admin_server.hpp"
#include "sternpost/base/time.hpp"
#include "sternpost/config/config.hpp"
#include "sternpost/dns/cares_resolver.hpp"
#include "sternpost/fleet/redis_fleet.hpp"
#include "sternpost/https/curl_fetcher.hpp"
#include "sternpost/resolve/domain_answers.hpp"
#include "sternpost/socketmap/listening_socket.hpp"
#include "sternpost/socketmap/server.hpp"
#include "sternpost/starttls/starttls_probe.hpp"
#include "sternpost/store/sqlite_store.hpp"
#include "sternpost/survey/watch.hpp"
#include "sternpost/tls/trust_store.hpp"
#include "watchdog.hpp"

namespace sternpost {

class Daemon {
public:
    // The sockets that systemd passed, or else those of `config`.
    static std::vector<ListeningSocket> open_sockets(const Config& config);

    // `config_file` is read again at a reload.
    Daemon(Config config, std::string config_file, std::vector<ListeningSocket> sockets, AdminSockets admin);

    // Serves until SIGTERM or SIGINT; HUP reloads. Returns the exit status: 1, with the reason logged, when a socket
    // could not be listened on, or after an internal error. If stopping takes too long, as on a disk that hangs, the
    // process ends with status 1.
    int run();

private:
    // What looks at mail servers; replaced when the authorities to be trusted are changed.
    struct Eyes {
        explicit Eyes(const std::string& ca_file) : anchors(ca_file), probe(anchors) {}
        TrustStore anchors;
        StarttlsProbe probe;
    };

    boost::asio::awaitable<void> follow_signals();
    boost::asio::awaitable<void> follow_postfix();
    void take_over_dane(const Config& config);
    void begin_to_answer();
    void answering();
    boost::asio::awaitable<void> stop();
    void end_in_time();
    void reload();
    void apply(Config config);
    void serve_operators(std::optional<ListeningSocket> socket);
    void serve_metrics(std::optional<ListeningSocket> socket);
    Sources sources();
    AdminSources admin_sources();
    WatchSources watch_sources();
    boost::asio::awaitable<Published> look_at_own(std::string domain);

    Config config_;
    const Config started_with_;  // what of it counts only at start is still in force
    std::optional<ListenAddress> metrics_in_force_;
    std::string config_file_;
    SystemClock clock_;
    // Only its own thread touches its sockets, so these need no locks.
    boost::asio::io_context answer_loop_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
    boost::asio::io_context resolve_loop_{1};
    boost::asio::signal_set signals_;
    boost::asio::signal_set end_signals_;  // the answer loop's
    boost::asio::steady_timer end_;        // the same
    Watchdog watchdog_;
    PostfixWatch postfix_;
    boost::asio::steady_timer next_look_at_postfix_;
    bool stopping_ = false;
    std::string failure_;  // why no socket could be listened on; set before answering() is posted
    SqliteStore store_;
    CaresResolver resolver_;
    CurlFetcher fetcher_;
    std::optional<RedisFleet> fleet_;  // nullopt: this relay is alone
    std::shared_ptr<Eyes> eyes_;
    DomainAnswers answers_;
    SocketmapServer server_;
    std::vector<ListeningSocket> sockets_;
    Watch watch_;
    AdminServer admin_;
    bool serves_operators_ = false;
};

}  // namespace sternpost
