#include "believed.hpp"

#include "redis_connection.hpp"
#include "sternpost/base/printable.hpp"

namespace sternpost {

template <class Value>
std::optional<Value> Believed::entry(const redisReply& reply, const std::string& domain, const Seal& seal,
                                     Read<Value> read) {
    if (reply.type != REDIS_REPLY_STRING) return std::nullopt;
    const auto text = seal.open(text_of(reply));
    if (!text) {
        ignore(domain, Error(Errc::untrusted, "it is not sealed by a key of the fleet", "forged"));
        return std::nullopt;
    }
    Result<Value> value = read(*text, domain, clock_.wall());
    if (value) return std::move(*value);
    ignore(domain, value.error());
    return std::nullopt;
}

std::optional<CachedPolicy> Believed::policy(const redisReply& reply, const std::string& domain,
                                             const Seal& seal) {
    return entry<CachedPolicy>(reply, domain, seal, read_policy_entry);
}

std::optional<SharedFailure> Believed::failure(const redisReply& reply, const std::string& domain,
                                               const Seal& seal) {
    return entry<SharedFailure>(reply, domain, seal, read_failure_entry);
}

std::optional<News> Believed::news(std::string_view message, const Seal& seal) {
    const auto text = seal.open(message);
    if (!text) {
        ignore("", Error(Errc::untrusted, "news not sealed by a key of the fleet", "forged"));
        return std::nullopt;
    }
    auto news = read_news(*text);
    if (news) return std::move(*news);
    ignore("", news.error());
    return std::nullopt;
}

void Believed::ignore(const std::string& domain, const Error& why) {
    figures_.ignored.add(why.cause);
    if (why.cause == "expired") return;  // a clock a moment ahead of the engine's
    repeats_.failed({{Topic::fleet, domain}, "entry"}, LogLevel::warning, static_cast<unsigned>(why.code),
                    "an entry of the fleet is ignored: " + printable(why.detail));
}

}  // namespace sternpost
