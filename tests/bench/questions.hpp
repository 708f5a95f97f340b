// The keys that are asked for, one after the other.
//
// As Postfix asks: a domain that is NOTFOUND is asked for by its parents too, ".e.f" and ".f" after "d.e.f".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sternpost::bench {

enum class Order {
    random,  // the same at each run; without end
    once,    // as listed
};

class Questions {
public:
    Questions(std::vector<std::string> domains, Order order) : domains_(std::move(domains)), order_(order) {}

    // nullopt: each has been asked once.
    std::optional<std::string> next() {
        if (order_ == Order::random) return domains_[draw() % domains_.size()];
        if (asked_ == domains_.size()) return std::nullopt;
        return domains_[asked_++];
    }

    // What Postfix asks for when there is nothing for `key`; nullopt: nothing more.
    static std::optional<std::string> parent_of(const std::string& key) {
        const auto dot = key.find('.', key.starts_with('.') ? 1 : 0);
        if (dot == std::string::npos) return std::nullopt;
        return key.substr(dot);
    }

private:
    // Marsaglia's xorshift.
    std::uint64_t draw() {
        state_ ^= state_ << 13U;
        state_ ^= state_ >> 7U;
        state_ ^= state_ << 17U;
        return state_;
    }

    std::vector<std::string> domains_;
    Order order_;
    std::size_t asked_ = 0;
    std::uint64_t state_ = 88172645463325252ULL;
};

}  // namespace sternpost::bench
