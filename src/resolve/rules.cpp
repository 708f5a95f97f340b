#include "sternpost/resolve/rules.hpp"

#include <algorithm>
#include <utility>

#include "sternpost/policy/map_name.hpp"

namespace sternpost {

Rules::Rules(bool dane, const std::map<std::string, MapRules>& maps, std::vector<Override> overrides)
    : overrides_(std::move(overrides)) {
    MapRules built_in;
    built_in.dane = dane;
    for (const std::string_view name : base_grammar_maps) maps_.emplace_back(name, built_in);
    built_in.tlsrpt = true;
    for (const std::string_view name : extended_grammar_maps) maps_.emplace_back(name, built_in);
    maps_.insert(maps_.end(), maps.begin(), maps.end());
    for (std::size_t i = 0; i < overrides_.size(); ++i) by_domain_[overrides_[i].domain].push_back(i);
}

const MapRules* Rules::map(std::string_view name) const {
    const auto found = std::ranges::find(maps_, name, &std::pair<std::string, MapRules>::first);
    return found == maps_.end() ? nullptr : &found->second;
}

const Override* Rules::override_of(std::string_view domain, WallTime now) const {
    if (overrides_.empty()) return nullptr;
    std::size_t first = overrides_.size();
    const auto look_at = [&](std::string_view name) {
        const auto found = by_domain_.find(name);
        if (found == by_domain_.end()) return;
        for (const std::size_t i : found->second)
            if (!overrides_[i].until || now < *overrides_[i].until) first = std::min(first, i);
    };
    look_at(domain);
    // ".example.com" is written with its dot, and applies to example.com too.
    std::string suffix;
    suffix.reserve(domain.size() + 1);
    suffix.append(".").append(domain);
    for (std::string_view rest = suffix; !rest.empty();) {
        look_at(rest);
        const auto dot = rest.find('.', 1);
        rest.remove_prefix(dot == rest.npos ? rest.size() : dot);
    }
    return first == overrides_.size() ? nullptr : &overrides_[first];
}

bool Rules::pins(std::string_view domain, WallTime now) const {
    const Override* decided = override_of(domain, now);
    return decided != nullptr && decided->action == Override::Action::pin;
}

}  // namespace sternpost
