// What others may do with the flights of whoever makes the lookups.
//
// Threads: the resolve loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "flight.hpp"

namespace sternpost {

struct Flights {
    using FlightPtr = std::shared_ptr<Flight>;
    std::function<FlightPtr(const std::string&)> under_way;  // null: there is none
    std::function<FlightPtr(const std::string&)> refresh;    // begins one; null: the program stops
    std::function<FlightPtr(const std::string&)> learn;      // begins or joins one; null: there are too many
    std::function<FlightPtr(const std::string&)>
        follow;                                       // begins one at another relay's news; null: too many
    std::function<void(const std::string&)> abandon;  // nothing of it is kept; who waits is looked up anew
    std::function<KnownDomain(const std::string&)> recall;  // from memory or disk
    std::function<Settings()> settings;
};

}  // namespace sternpost
