// What is believed of all that the engine says: whatever a key of the fleet has sealed and is right in every field. The
// rest is treated as if it were not there, counted, and logged.
//
// Ownership: the fleet's; figures, repeats and clock outlive it.
// Threads:   one loop.
#pragma once

#include <hiredis/hiredis.h>

#include <optional>

#include "entry.hpp"
#include "seal.hpp"
#include "sternpost/log/repeats.hpp"

namespace sternpost {

class Believed {
public:
    Believed(const Clock& clock, FleetFigures& figures, Repeats& repeats)
        : clock_(clock), figures_(figures), repeats_(repeats) {}

    std::optional<CachedPolicy> policy(const redisReply& reply, const std::string& domain, const Seal& seal);
    std::optional<SharedFailure> failure(const redisReply& reply, const std::string& domain,
                                         const Seal& seal);
    std::optional<News> news(std::string_view message, const Seal& seal);

private:
    template <class Value>
    using Read = Result<Value> (*)(std::string_view, const std::string&, WallTime);
    template <class Value>
    std::optional<Value> entry(const redisReply& reply, const std::string& domain, const Seal& seal,
                               Read<Value> read);
    void ignore(const std::string& domain, const Error& why);

    const Clock& clock_;
    FleetFigures& figures_;
    Repeats& repeats_;
};

}  // namespace sternpost
