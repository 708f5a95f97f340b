// The replies that a flight has: while it is under way, when it lands, and for the table.
//
// Ownership: belongs to whoever makes the lookups, and so does the context, which outlives it.
// Threads:   the resolve loop.
#pragma once

#include <memory>

#include "flight.hpp"
#include "lookup_context.hpp"
#include "memory_table.hpp"
#include "reply_maker.hpp"

namespace sternpost {

class FlightReplies {
public:
    explicit FlightReplies(const LookupContext& context) : context_(context) {}

    // To a question that can no longer wait for the TXT record and the policy file; null: it still waits for
    // DANE, for the commit of a new policy, or, for a short while, for the MX hosts.
    Reply so_far(const Flight& flight, const Asked& question) const;
    // until its patience ends: then what can be said, or why nothing can.
    Reply too_late(const Flight& flight, const Asked& question) const;
    Reply at_landing(const Flight& flight, const Asked& question) const;
    // Replies to what was asked in this flight, and to what was asked before (`former`, or null) and can still be
    // answered.
    std::shared_ptr<TableEntry> entry(Flight& flight, const TableEntryPtr& former) const;

private:
    PreparedReply prepare(const Flight& flight, const Asked& question) const;
    Reply with_former_mx_hosts(const Flight& flight, const Asked& question) const;

    const LookupContext& context_;
};

}  // namespace sternpost
