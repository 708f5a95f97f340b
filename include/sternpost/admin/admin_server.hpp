// The operator's access to the running daemon, over HTTP/1.1: a private UNIX socket for everything, and an address for
// Prometheus that gives figures and health, and nothing else; it names domains only if it is on loopback.
//
// Owner and mode of the UNIX socket say who may connect to it, and the kernel enforces that: root and the daemon's user
// always, others by the mode. The log names the user id of whoever changes something.
//
//   GET    /                      the state of things, as a page for people
//   GET    /metrics               the figures, as Prometheus reads them
//   GET    /healthz               200 while both loops run
//   GET    /readyz                200 while Postfix's questions are answered; how disk and DNS servers are
//   GET    /v1/status             the figures, as JSON
//   GET    /v1/policies           what is on disk, by name: ?after=DOMAIN, ?limit=N, ?full=yes (with policy texts)
//   POST   /v1/policies           import: one JSON object per line, as ?full=yes gives them
//   GET    /v1/policies/D         everything known about one domain; looks nothing up
//   DELETE /v1/policies/D         forgets it; an unexpired enforce policy needs ?unexpired=yes
//   POST   /v1/policies/D/refresh fetches its policy again
//   POST   /v1/policies/D/learn   looks it up, as if Postfix had asked
//   GET    /v1/watch              what the last looks at the operator's own domains found
//   POST   /v1/watch/D/look       looks at one of them now, and answers when that is done
//
// Ownership: `app` owns it; what is in AdminSources outlives it.
// Threads:   the resolve loop.
// Errors:    a peer that breaks a limit or the protocol gets a status and loses its connection; nobody else notices.
// Limits:    those below; requests on one connection are answered one after the other.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sternpost/dns/dns_figures.hpp"
#include "sternpost/fleet/fleet_figures.hpp"
#include "sternpost/https/https_figures.hpp"
#include "sternpost/resolve/cache_operations.hpp"
#include "sternpost/socketmap/listening_socket.hpp"
#include "sternpost/socketmap/socketmap_figures.hpp"
#include "sternpost/survey/watch.hpp"

namespace sternpost {

// The request line and the headers of a request; more is status 431.
inline constexpr std::size_t max_request_header_bytes = 8UL * 1024;
// The body of an import; more is 413. No other request has one.
inline constexpr std::size_t max_import_bytes = 1024UL * 1024;
// Objects in one import, and in one page of /v1/policies, which ends early once it has grown beyond max_page_bytes.
inline constexpr std::size_t max_import_lines = 1000;
inline constexpr std::size_t max_page = 1000;
inline constexpr std::size_t max_page_bytes = 1024UL * 1024;
// At each of the two sockets; beyond that, the one that has waited longest for a request makes room.
inline constexpr std::size_t max_admin_connections = 64;
// The answer loop must show within this time that it is alive.
inline constexpr std::chrono::seconds sign_of_life_time{5};

struct AdminOptions {
    std::chrono::milliseconds request_time{
        10'000};                               // for a whole request to arrive, and for an answer to be taken
    std::chrono::milliseconds minute{60'000};  // one of those that the page's last hour is made of
};

struct AdminSources {
    CacheOperations& cache;
    PolicyStore& store;
    const Clock& clock;
    const SocketmapFigures& socketmap;
    std::function<DnsFigures()> dns;
    std::function<HttpsFigures()> https;
    boost::asio::any_io_executor answer_loop;
    std::string version;
    std::vector<std::string> listening = {};  // the socketmap's addresses
    // nullopt: there is none.
    std::function<std::optional<FleetFigures>()> fleet = [] { return std::optional<FleetFigures>(); };
    Watch* watch = nullptr;  // null: there is none
};

class AdminServer {
public:
    AdminServer(boost::asio::any_io_executor executor, AdminSources sources,
                const AdminOptions& options = {});
    ~AdminServer();

    // Serves at this socket from now on, and no longer at the previous one; nullopt: at none.
    void serve_operators(std::optional<ListeningSocket> socket);
    void serve_metrics(std::optional<ListeningSocket> socket);
    // Whether Postfix's questions are answered, for /readyz.
    void set_answering(bool answering);
    // Accepts no more, and closes connections that wait for a request; operations under way end with their rooms.
    void stop();

private:
    class Inside;
    std::shared_ptr<Inside> inside_;
};

}  // namespace sternpost
