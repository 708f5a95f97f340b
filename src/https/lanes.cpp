#include "lanes.hpp"

#include <algorithm>
#include <boost/asio/ip/network_v6.hpp>
#include <utility>

#include "sternpost/https/special_address.hpp"

namespace asio = boost::asio;

namespace sternpost {

namespace {

constexpr unsigned short one_ipv6_network = 64;

std::size_t count_of(const std::unordered_map<std::string, std::size_t>& counts, const std::string& group) {
    const auto found = counts.find(group);
    return found == counts.end() ? 0 : found->second;
}

std::string group_of(const asio::ip::address& address) {
    if (address.is_v4()) return address.to_string();
    if (const auto inside = ipv4_inside(address.to_v6())) return inside->to_string();
    return asio::ip::network_v6(address.to_v6(), one_ipv6_network).canonical().to_string();
}

}  // namespace

Lanes::Groups Lanes::groups_of(const std::vector<asio::ip::address>& addresses) {
    Groups groups;
    for (const auto& address : addresses) groups.push_back(group_of(address));
    std::ranges::sort(groups);
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    return groups;
}

bool Lanes::has_room(const Groups& groups) const {
    return fast_.size() < fast_places_ && std::ranges::all_of(groups, [this](const std::string& group) {
               return count_of(fast_by_group_, group) < max_fetches_an_address;
           });
}

void Lanes::start(Id id, Groups groups, SteadyTime now) {
    for (const std::string& group : groups) ++fast_by_group_[group];
    Place place;
    place.id = id;
    place.groups = std::move(groups);
    place.begun = now;
    by_id_.emplace(id, fast_.insert(fast_.end(), std::move(place)));
}

void Lanes::end(Id id) {
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return;
    const auto place = found->second;
    by_id_.erase(found);
    uncount(place->slow ? slow_by_group_ : fast_by_group_, place->groups);
    (place->slow ? slow_ : fast_).erase(place);
}

std::vector<Lanes::Id> Lanes::age(SteadyTime now) {
    std::vector<Id> given_up;
    while (!fast_.empty() && fast_.front().begun + young_fetch <= now) {
        const auto place = fast_.begin();
        while (const auto other = in_the_way(place->groups)) {
            given_up.push_back(*other);
            end(*other);
        }
        uncount(fast_by_group_, place->groups);
        for (const std::string& group : place->groups) ++slow_by_group_[group];
        place->slow = true;
        slow_.splice(slow_.end(), fast_, place);
    }
    return given_up;
}

std::optional<SteadyTime> Lanes::next_age() const {
    if (fast_.empty()) return {};
    return fast_.front().begun + young_fetch;
}

// The oldest slow fetch that occupies a place that a fetch at `groups` needs.
std::optional<Lanes::Id> Lanes::in_the_way(const Groups& groups) const {
    if (slow_.size() >= max_slow_fetches) return slow_.front().id;
    const auto full = std::ranges::find_if(groups, [this](const std::string& group) {
        return count_of(slow_by_group_, group) >= max_slow_fetches_an_address;
    });
    if (full == groups.end()) return {};
    return std::ranges::find_if(
               slow_, [&full](const Place& place) { return std::ranges::binary_search(place.groups, *full); })
        ->id;
}

void Lanes::uncount(Count& counts, const Groups& groups) {
    for (const std::string& group : groups)
        if (const auto found = counts.find(group); --found->second == 0) counts.erase(found);
}

}  // namespace sternpost
