// The steps of policy discovery (RFC 8461 section 5.1); each looks at one outside thing and notes what it
// finds.
//
// Ownership: lives in a flight's coroutine; `sources`, `options` and `repeats` outlive it.
// Threads:   the resolve loop; each step suspends.
// Errors:    noted in the KnownDomain, and logged through `repeats`.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "known_domain.hpp"
#include "sternpost/log/repeats.hpp"
#include "sternpost/resolve/resolve_figures.hpp"

namespace sternpost {

// The trouble when a domain's record does not reach the disk; `domain` outlives it.
Trouble disk_trouble(const std::string& domain);

// What the disk knows about a domain.
KnownDomain read_known(const std::string& domain, PolicyStore& store, Repeats& repeats);
// Adds what the disk could not say before, if it can now.
void read_again(KnownDomain& known, PolicyStore& store, Repeats& repeats);

// "policy D: mode=… id=… mx=… expires=… source=… took=…ms": the one line of a decision.
void log_policy(const KnownDomain& known, std::string_view source, std::chrono::milliseconds took);

class Discovery {
public:
    Discovery(Sources sources, const ResolveOptions& options, ResolveFigures& figures, Repeats& repeats)
        : sources_(sources), options_(options), figures_(figures), repeats_(repeats) {}

    boost::asio::awaitable<void> look_at_txt(KnownDomain& known);
    // The GET, and the commit of what it brought: a policy is never applied before it is on disk, if the disk
    // works.
    boost::asio::awaitable<void> fetch_policy(KnownDomain& known, Queue queue = Queue::kept);
    // The same for a policy that is due to be refreshed, if a GET is allowed now.
    boost::asio::awaitable<void> refresh_policy(KnownDomain& known);
    boost::asio::awaitable<void> look_at_mx(KnownDomain& known);
    // The MX hosts and DANE at them.
    boost::asio::awaitable<void> look_at_dane(KnownDomain& known, Route route);
    boost::asio::awaitable<void> commit(KnownDomain& known);

private:
    // To the other relays.
    void tell_failure(const KnownDomain& known, const Error& error) const;
    boost::asio::awaitable<Result<CachedPolicy>> get(std::string domain, std::string id, Queue queue);
    boost::asio::awaitable<Result<std::vector<boost::asio::ip::address>>> addresses(std::string host);

    Sources sources_;
    const ResolveOptions& options_;
    ResolveFigures& figures_;
    Repeats& repeats_;
};

}  // namespace sternpost
