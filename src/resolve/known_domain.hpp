// What is known about one policy domain, and the rules of time that follow from it (RFC 8461 sections 3.1,
// 3.3, 5.1).
//
// Threads: a value; a flight works on its own copy, and what is published is never changed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sternpost/dane/dane_lookup.hpp"
#include "sternpost/fleet/fleet.hpp"
#include "sternpost/resolve/domain_answers.hpp"

namespace sternpost {

struct Now {
    WallTime wall;
    SteadyTime steady;
};

// What the last look at `_mta-sts.D` said.
enum class TxtState {
    unasked,  // not looked at since the start
    absent,   // there is no record that counts: "no"
    present,  // there is one, with an id
    failed,   // "don't know"
};

struct TxtLook {
    TxtState state = TxtState::unasked;
    std::string id;           // of the record, when present
    std::string why;          // of the failure, in words
    bool overloaded = false;  // the failure was ours: too many questions are open
    int failures = 0;         // in a row
    SteadyTime asked{};
    SteadyTime due{};  // when it must be looked at again
};

// The MX hosts, if DANE is not looked at; nullopt in `hosts`: they could not be got.
struct MxLook {
    std::optional<std::vector<std::string>> hosts;
    int failures = 0;         // in a row
    bool overloaded = false;  // the failure was ours: too many questions are open
    SteadyTime asked{};
    SteadyTime due{};
};

// What can make the answers to questions about one domain differ, apart from the map.
struct Route {
    bool bracketed = false;
    std::uint16_t port = 25;

    bool operator==(const Route&) const = default;
};

// The DANE state of one route.
struct DaneLook {
    Route route;
    DaneState state;
    int failures = 0;  // in a row
    SteadyTime asked{};
    SteadyTime due{};
};

// From then on, a question makes us look again in the background, after its answer.
SteadyTime due_soon(SteadyTime asked, SteadyTime due);

// RFC 8461 section 3.3 and 10.2: about daily, or by half of a shorter max_age, but not within six minutes; each domain at
// a time of its own. None if the policy expires before.
std::optional<WallTime> refresh_time(const std::string& domain, const CachedPolicy& policy);

struct KnownDomain {
    std::string domain;
    std::shared_ptr<const CachedPolicy> policy;  // even if it has expired: see policy_applies()
    std::optional<FailedFetch> failed;           // fetches that failed since
    bool failed_elsewhere = false;  // only by another relay, and this one may fare better than that
    // Of a policy replaced by one from another relay: our DNS server may still show it for a while, and it is not new.
    std::string replaced_id;
    SteadyTime replaced{};
    bool on_disk = true;            // false: the policy could not be committed
    bool uncommitted = false;       // the policy is on its way to the disk, and nobody is told of it yet
    bool disk_unread = false;       // the disk could not say whether there is a policy
    bool overloaded = false;        // the last GET found no room among ours
    bool forgotten = false;         // an operator has had it forgotten: nothing of this flight is kept
    bool just_fetched = false;      // in this flight: applies to its questions even with a max_age of 0
    std::vector<WallTime> fetches;  // GETs of the last hour, but for those at an operator's word
    TxtLook txt;
    MxLook mx;
    std::optional<WallTime> refresh_at;  // when the policy is fetched again by itself
    WallTime last_used{};                // to within about a day
    std::vector<DaneLook> dane;          // the one looked at longest ago first
    std::optional<WallTime> dane_seen;   // when DANE was last in force

    // RFC 8461 section 3.2: until max_age after its fetch. Later only while our own limit forbids fetching it
    // again, and the TXT record is there.
    bool policy_applies(WallTime now, const ResolveOptions& options) const;
    // When a GET is allowed for the id that the TXT record has; `now` where it is allowed already.
    WallTime next_fetch(WallTime now, const ResolveOptions& options) const;
    bool may_fetch(WallTime now, const ResolveOptions& options) const;
    // Whether the TXT record's id asks for a GET, whether that is allowed now or not.
    bool wants_fetch(WallTime now) const;
    // The TXT record's, or if there is none, that of the policy, which is refreshed all the same.
    std::string id_to_fetch() const;
    // Whether a fetch of that id has already failed. One by another relay alone counts while the policy is in force.
    bool fetch_has_failed(WallTime now) const;
    // The last GET found no room among ours, and none for that id has failed by itself: nothing is known yet.
    bool waits_for_room(WallTime now) const { return overloaded && !fetch_has_failed(now); }
    // Whether the disk has to know about it.
    bool worth_keeping() const { return policy || failed || dane_seen; }
    // Null: not looked at.
    const DaneLook* dane_at(const Route& route) const;
    // DANE was in force not long ago, and nobody has proven that it no longer is.
    bool dane_remembered(WallTime now) const;
    // Whether a question about its policy is answered by TEMP for want of what `state` does not tell.
    bool defers(const DaneState& state, WallTime now) const;

    void note_txt(const Result<RecordSet<std::string>>& answer, SteadyTime now,
                  const ResolveOptions& options);
    void note_mx(const Result<RecordSet<MxRecord>>& answer, SteadyTime now, const ResolveOptions& options);
    // Returns whether what must be on disk has changed.
    bool note_dane(const Route& route, DaneState state, const Now& now, const ResolveOptions& options);
    // All but the max_routes_a_domain looked at most recently.
    void forget_surplus_routes();
    void note_fetch(WallTime begun);
    void note_fetched(CachedPolicy fetched);
    // Another relay has fetched it.
    void note_shared(CachedPolicy shared, SteadyTime now);
    // Counts as one of ours if nobody would fare better than that relay, or if the known policy stays in force until
    // the next try.
    void note_shared_failure(const SharedFailure& shared, WallTime now);
    // It was not refreshed, for whatever reason.
    void note_refresh_failed(WallTime now, const ResolveOptions& options);
    // Returns whether that is to be written to disk.
    bool note_used(WallTime now);
    void note_fetch_failed(const Error& why, WallTime now, const ResolveOptions& options);

private:
    bool remember_dane(const Route& route, DomainDane verdict, WallTime now);
    void take(CachedPolicy taken);
};

// The part of it that is kept on disk.
DomainRecord record_of(const KnownDomain& known);

}  // namespace sternpost
