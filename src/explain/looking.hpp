// One look at a domain; what DNS says goes through a resolver that remembers it, for whoever decides by it afterwards.
//
// Ownership: its user's; what it borrows outlives it.
// Threads:   one loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "layers.hpp"
#include "remembered.hpp"
#include "sternpost/dane/dane_lookup.hpp"
#include "sternpost/explain/look.hpp"
#include "sternpost/resolve/rules.hpp"

namespace sternpost {

class Look {
public:
    // `decided`: by the operator, for this domain; null: nothing.
    Look(LookTools tools, RememberingResolver& resolver, NextHop next_hop, bool dane_wanted,
         const Override* decided);

    // To be called once. Fills in everything but what is known before: `into.domain`.
    boost::asio::awaitable<void> run(Published& into);
    // The policy file as received, or why there is none.
    const Result<std::string>& fetched() const { return fetched_; }

private:
    boost::asio::awaitable<void> look_at_policy(Published& into);
    boost::asio::awaitable<void> look_at_policy_host(Published& into);
    boost::asio::awaitable<void> look_at_hosts();
    boost::asio::awaitable<void> look_at_tls_reports(Published& into);
    void judge_hosts(Published& into) const;
    Standard standard_of(const Published& seen) const;
    boost::asio::awaitable<void> look_at_servers(Published& into);
    boost::asio::awaitable<MxTarget> target_of(const MxHostSeen& host);

    LookTools tools_;
    RememberingResolver& resolver_;
    NextHop next_hop_;
    bool dane_wanted_;
    const Override* decided_;
    Result<std::string> fetched_ = failure(Errc::temporary, "it was not fetched");
    DaneState dane_;
    Result<RecordSet<MxRecord>> mx_ = failure(Errc::temporary, "there is no MX record to be asked for");
    Servers whom_ = Servers::all;
};

}  // namespace sternpost
