// What an operator may see of one domain, and do with it.
//
// Ownership: `app` owns it; whoever serves operators borrows it.
// Threads:   the resolve loop only; refresh(), learn() and import() suspend.
// Errors:    Errc::temporary when the disk fails; Errc::overloaded when too many domains are being looked up;
//            Errc::stopped.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/dane/dane_lookup.hpp"
#include "sternpost/resolve/decision.hpp"
#include "sternpost/resolve/resolve_figures.hpp"
#include "sternpost/store/policy_store.hpp"

namespace sternpost {

// What Postfix would be told by one map, as far as that is known.
struct KnownAnswer {
    std::string map;
    std::optional<std::string> reply;  // without its netstring; nullopt: something must be looked up first
};

// The DANE state for one way of asking, and the hosts that were looked at.
struct KnownDane {
    bool bracketed = false;
    std::uint16_t port = 25;
    DaneState state;
    std::chrono::seconds due{};  // until it must be looked at again; negative: it is due
};

struct DomainReport {
    bool in_memory = false;
    bool looked_up_now = false;
    DomainRecord record;
    bool on_disk = false;  // what must outlive the process is there
    std::string txt;       // "unasked", "absent", "present", "failed"
    std::string txt_id;    // of the record, when present
    std::string txt_why;   // of a failure, in words
    std::chrono::seconds txt_due{};
    std::optional<std::vector<std::string>> mx_hosts;  // if DANE is not looked at
    std::vector<KnownDane> dane;
    std::string override_action;  // as in the configuration; empty: none applies
    std::vector<KnownAnswer> answers;

    // Whether anything is known at all.
    bool known() const { return in_memory || record.policy || record.failed || record.dane_seen; }
};

struct Refreshed {
    bool fetched = false;
    std::string why;  // why not, in words; may contain text from remote servers
};

enum class Imported {
    taken,
    kept,     // what is known is as strong or stronger, and lasts as long or longer
    expired,  // it has already expired
};

// Where an imported policy comes from.
enum class Origin {
    own_export,
    elsewhere,  // it is soon fetched again, and does not replace what we have fetched ourselves
};

// What CachedPolicy::learnt_by says of a policy from elsewhere until it is fetched; no relay's name.
inline constexpr std::string_view by_import = "(import)";

class CacheOperations {
public:
    virtual ~CacheOperations() = default;
    // What memory and disk know. Looks nothing up.
    virtual Result<DomainReport> report(const std::string& domain) = 0;
    // Looks at the TXT record, and fetches the policy whatever back-off and limits say.
    virtual boost::asio::awaitable<Result<Refreshed>> refresh(std::string domain) = 0;
    // As if Postfix had asked.
    virtual boost::asio::awaitable<Result<void>> learn(std::string domain) = 0;
    // Drops everything known, in memory, on disk and in lookups under way, which start afresh. Whether there was anything.
    virtual Result<bool> forget(const std::string& domain) = 0;
    // Commits the policy of `record`, unless that would weaken or shorten what is known.
    virtual boost::asio::awaitable<Result<Imported>> import(DomainRecord record, Origin origin) = 0;
    virtual ResolveFigures figures() const = 0;
    // The latest first.
    virtual std::vector<Decision> recent_decisions() const = 0;
};

}  // namespace sternpost
