// The policy fetcher over libcurl's multi interface.
//
// Nothing in the environment has a say: no proxy, no netrc, no cookies, no redirect, no cached connection,
// session or name, no compression; TLS 1.2 or newer; the host's name must be in the certificate as a DNS-ID
// (no common name, no partial wildcard). The trust anchors are read once, and again when their file changes.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "sternpost/https/fetch_report.hpp"
#include "sternpost/https/https_figures.hpp"
#include "sternpost/https/policy_fetcher.hpp"

namespace sternpost {

inline constexpr std::size_t max_header_bytes = 16UL * 1024;
// Fetches that wait for one under way to end; beyond that a fetch is Errc::overloaded.
inline constexpr std::size_t max_queued_fetches = 4096;
// Young fetches at one address (IPv6: one /64).
inline constexpr std::size_t max_fetches_an_address = 16;
// A fetch older than this no longer counts towards `fetches`, but as a slow one; if there are too many of
// those, the oldest is given up (Errc::overloaded).
inline constexpr std::chrono::seconds young_fetch{2};
inline constexpr std::size_t max_slow_fetches = 512;
inline constexpr std::size_t max_slow_fetches_an_address = 32;
// Addresses of one policy host that are tried.
inline constexpr std::size_t max_addresses = 8;

struct HttpsOptions {
    std::string ca_file;                        // empty: the system's store
    std::chrono::milliseconds timeout{60'000};  // of one fetch, from its first packet
    std::chrono::milliseconds connect_timeout{10'000};
    std::size_t fetches = 64;  // young ones under way at once
    bool allow_private_addresses = false;
    bool require_text_plain = true;  // false: another media type is a warning in the log
    std::uint16_t port = 443;        // another one for tests only: RFC 8461 knows no other
};

class CurlFetcher final : public PolicyFetcher {
public:
    // Throws std::runtime_error when libcurl does not start or `ca_file` cannot be read.
    CurlFetcher(boost::asio::any_io_executor executor, HttpsOptions options);
    ~CurlFetcher() override;

    boost::asio::awaitable<Result<std::string>> fetch(std::string host,
                                                      std::vector<boost::asio::ip::address> addresses,
                                                      Queue queue) override;
    // The same, in its turn, with everything seen on the way in `report`, even if it fails.
    boost::asio::awaitable<Result<std::string>> fetch_and_report(
        std::string host, std::vector<boost::asio::ip::address> addresses,
        std::shared_ptr<FetchReport> report);
    HttpsFigures figures() const;
    // For fetches that start from now on, including those that are waiting already. Throws as the constructor
    // does, and then keeps the old options.
    void reconfigure(HttpsOptions options);
    // Every fetch, including every later one, ends with Errc::stopped.
    void stop();

private:
    class Inside;
    std::shared_ptr<Inside> inside_;
};

}  // namespace sternpost
