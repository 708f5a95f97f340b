// Where the answers to Postfix's questions come from, as the socketmap sessions see it.
//
// Ownership: `app` owns it; sessions borrow it.
// Threads:   the answer loop. expect() and at_once() never wait; ask() answers on the answer loop, later.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sternpost/policy/next_hop.hpp"
#include "sternpost/resolve/rules.hpp"

namespace sternpost {

// A whole reply, netstring frame included, ready to be sent. Null: there is none (the program is stopping); the
// question is to be left unanswered and its connection closed, since Postfix then asks again elsewhere.
class Reply {
public:
    Reply() = default;
    Reply(std::nullptr_t) {}
    explicit Reply(std::string text) {
        auto owned = std::make_shared<const std::string>(std::move(text));
        text_ = *owned;
        owner_ = std::move(owned);
    }
    // `text` is inside what `owner` owns.
    Reply(std::shared_ptr<const void> owner, std::string_view text) : owner_(std::move(owner)), text_(text) {}

    explicit operator bool() const { return owner_ != nullptr; }
    bool operator==(std::nullptr_t) const { return owner_ == nullptr; }
    // Empty: null.
    std::string_view operator*() const { return text_; }

private:
    std::shared_ptr<const void> owner_;
    std::string_view text_;
};

class Answers {
public:
    using OnReply = std::function<void(Reply)>;

    virtual ~Answers() = default;
    // How questions to the map of this name are answered; nullopt: Postfix may not ask for it.
    virtual std::optional<MapRules> map(std::string_view name) const = 0;
    // A question about this next-hop follows at once: what the answer needs may be brought nearer.
    virtual void expect(const NextHop& next_hop) = 0;
    // The reply if it is at hand; null if it must be asked for.
    virtual Reply at_once(const MapRules& map, const NextHop& next_hop) = 0;
    // Calls `on_reply` once, within the deadline for answers, or five seconds later if the resolve loop stands still;
    // never from inside ask().
    virtual void ask(const MapRules& map, NextHop next_hop, OnReply on_reply) = 0;
};

}  // namespace sternpost
