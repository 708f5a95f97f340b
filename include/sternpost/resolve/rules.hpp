// What the operator has decided: the maps that Postfix may ask for, and the domains that are treated differently.
//
// Threads: a value; once handed over it is never changed, so that both loops can read it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sternpost/base/time.hpp"
#include "sternpost/policy/policy.hpp"

namespace sternpost {

// How questions to one map are answered.
struct MapRules {
    bool tlsrpt = false;           // in the extended grammar of Postfix >= 3.10
    bool enforce_testing = false;  // a policy in testing mode is enforced too
    bool dane = true;              // DANE comes first

    bool operator==(const MapRules&) const = default;
};

struct Override {
    enum class Action {
        ignore,           // as if there were no MTA-STS: nothing is looked up, NOTFOUND
        enforce_testing,  // as in MapRules
        pin,              // the operator's own policy, in enforce mode, instead of the domain's
        dane_only,        // DANE is mandatory: nothing is looked up
    };
    std::string domain;  // lower case; ".example.com": example.com with its sub-domains
    Action action = Action::ignore;
    std::optional<WallTime> until;  // when it ends
    Policy pinned;
};

class Rules {
public:
    // `maps` come on top of the built-in ones, which take `dane` from here.
    Rules(bool dane, const std::map<std::string, MapRules>& maps, std::vector<Override> overrides);
    Rules(Rules&&) = default;
    Rules(const Rules&) = delete;
    Rules& operator=(const Rules&) = delete;
    ~Rules() = default;

    // Null: there is no such map.
    const MapRules* map(std::string_view name) const;
    // The first one that applies to `domain`; null: none does.
    const Override* override_of(std::string_view domain, WallTime now) const;
    bool any_override() const { return !overrides_.empty(); }
    // Whether the domain's own policy does not count because the operator has pinned one.
    bool pins(std::string_view domain, WallTime now) const;

private:
    std::vector<std::pair<std::string, MapRules>> maps_;  // those asked for most come first
    std::vector<Override> overrides_;
    std::unordered_map<std::string_view, std::vector<std::size_t>> by_domain_;  // keys point into overrides_
};

}  // namespace sternpost
