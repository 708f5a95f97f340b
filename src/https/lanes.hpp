// Decides which fetch may start now, so that policy hosts that are dead, or only drip, cannot keep others
// from being asked.
//
// A fetch starts in the fast lane, where places are few, in all and at each address. When it is no longer
// young it moves to the slow lane, which has many places; when that is full, the oldest one must go.
// Threads: one loop; pure bookkeeping, `now` is a parameter.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "sternpost/base/time.hpp"
#include "sternpost/https/curl_fetcher.hpp"

namespace sternpost {

class Lanes {
public:
    using Id = void*;
    // What counts as one address: an IPv4 address, also inside an IPv6 one (NAT64), else an IPv6 /64. Sorted, each once.
    using Groups = std::vector<std::string>;
    static Groups groups_of(const std::vector<boost::asio::ip::address>& addresses);

    // `fast_places`: of the fast lane in all.
    explicit Lanes(std::size_t fast_places) : fast_places_(fast_places) {}
    void set_fast_places(std::size_t places) { fast_places_ = places; }

    bool has_room(const Groups& groups) const;
    void start(Id id, Groups groups, SteadyTime now);
    void end(Id id);
    // Moves what is no longer young to the slow lane; returns the fetches that must be given up for that, which
    // have already ended here.
    std::vector<Id> age(SteadyTime now);
    // When age() next has something to do.
    std::optional<SteadyTime> next_age() const;

private:
    struct Place {
        Id id;
        Groups groups;
        SteadyTime begun;
        bool slow = false;
    };
    using Lane = std::list<Place>;  // the oldest first
    using Count = std::unordered_map<std::string, std::size_t>;

    static void uncount(Count& counts, const Groups& groups);
    std::optional<Id> in_the_way(const Groups& groups) const;

    std::size_t fast_places_;
    Lane fast_;
    Lane slow_;
    Count fast_by_group_;
    Count slow_by_group_;
    std::unordered_map<Id, Lane::iterator> by_id_;
};

}  // namespace sternpost
