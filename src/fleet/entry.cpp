#include "entry.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "sternpost/base/printable.hpp"
#include "sternpost/fleet/redis_fleet.hpp"
#include "sternpost/policy/host_name.hpp"
#include "sternpost/policy/record.hpp"

namespace sternpost {

namespace {

// Seconds since 1970: far enough for any clock, and near enough to calculate with.
constexpr std::int64_t furthest_time = std::int64_t{1} << 40U;
constexpr std::int64_t most_failures = 1'000'000;

// Thrown only within this file, so that each field takes one line.
struct Wrong {
    std::string what;
    std::string_view cause = "malformed";
};

class Writer {
public:
    explicit Writer(std::string_view form) : text_(std::string(form) + " 1\n") {}
    Writer& add(std::string_view name, std::string_view value) {
        text_.append(name).append(" ").append(value).append("\n");
        return *this;
    }
    Writer& add(std::string_view name, std::int64_t value) { return add(name, std::to_string(value)); }
    Writer& add(std::string_view name, WallTime time) { return add(name, time.time_since_epoch().count()); }
    std::string text() { return std::move(text_); }

private:
    std::string text_;
};

class Reader {
public:
    Reader(std::string_view text, std::string_view form) : rest_(text) {
        if (text.size() > max_shared_entry_bytes) throw Wrong{"it is too long", "oversized"};
        if (take(form) != "1") throw Wrong{"its form is another than 1"};
    }

    bool next_is(std::string_view name) const {
        return rest_.starts_with(name) && rest_.substr(name.size()).starts_with(' ');
    }
    std::string_view take(std::string_view name) {
        const std::size_t end = rest_.find('\n');
        if (!next_is(name) || end == rest_.npos)
            throw Wrong{"its field " + std::string(name) + " is missing"};
        const std::string_view value = rest_.substr(name.size() + 1, end - name.size() - 1);
        rest_.remove_prefix(end + 1);
        return value;
    }
    std::int64_t number(std::string_view name, std::int64_t most) {
        const std::string_view text = take(name);
        std::int64_t value = -1;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > most)
            throw Wrong{"its field " + std::string(name) + " is no number that it may have"};
        return value;
    }
    WallTime time(std::string_view name) {
        return WallTime(std::chrono::seconds(number(name, furthest_time)));
    }
    std::string id() {
        const std::string_view id = take("id");
        if (!valid_sts_id(id)) throw Wrong{"its id is none"};
        return std::string(id);
    }
    std::string domain() {
        const std::string_view domain = take("domain");
        if (!valid_host_name(domain)) throw Wrong{"its domain is none"};
        return std::string(domain);
    }
    std::string relay() {
        const std::string_view relay = take("relay");
        if (!valid_host_name(relay)) throw Wrong{"its relay has no name"};
        return std::string(relay);
    }
    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

void demand(bool holds, const char* what, std::string_view cause = "malformed") {
    if (!holds) throw Wrong{what, cause};
}

CachedPolicy policy_in(Reader& entry, const std::string& domain, WallTime now) {
    demand(entry.domain() == domain, "it is about another domain");
    CachedPolicy cached;
    cached.id = entry.id();
    const std::string_view mode = entry.take("mode");
    std::vector<std::string_view> hosts;
    while (entry.next_is("mx")) hosts.push_back(entry.take("mx"));
    const std::chrono::seconds max_age(entry.number("max_age", max_max_age.count()));
    cached.fetched = entry.time("fetched");
    const WallTime expires = entry.time("expires");
    cached.learnt_by = entry.relay();
    demand(entry.rest().starts_with('\n'), "its policy file is missing");
    cached.body = entry.rest().substr(1);

    demand(cached.body.size() <= max_policy_bytes, "its policy file is too long", "oversized");
    auto policy = read_policy(cached.body);
    demand(policy.has_value(), "its policy file is not valid");
    const auto same = [](const MxPattern& pattern, std::string_view text) { return pattern.text() == text; };
    demand(to_string(policy->mode) == mode && policy->max_age == max_age &&
               std::ranges::equal(policy->mx, hosts, same),
           "its policy file says something else than its fields");
    cached.policy = std::move(*policy);
    demand(expires == cached.expires(), "it does not end max_age after its fetch");
    demand(cached.fetched <= now + fleet_clock_skew, "it was fetched in the future: see to the clocks",
           "future");
    demand(now < expires, "it has run out", "expired");
    cached.fetched = std::min(cached.fetched, now);
    return cached;
}

SharedFailure failure_in(Reader& entry, const std::string& domain, WallTime now) {
    demand(entry.domain() == domain, "it is about another domain");
    SharedFailure failure;
    failure.failed.id = entry.id();
    failure.failed.count = static_cast<int>(entry.number("count", most_failures));
    failure.failed.next_try = entry.time("next_try");
    failure.at = entry.time("at");
    failure.proven = entry.take("proven") == "yes";
    const std::string relay = entry.relay();
    const std::string_view reason = entry.take("reason");
    demand(reason.size() <= max_shared_reason && entry.rest().empty(), "it is too long", "oversized");
    failure.failed.reason = printable(reason, max_shared_reason) + " (told by " + relay + ")";
    demand(failure.at <= now + fleet_clock_skew &&
               failure.failed.next_try <= now + fleet_clock_skew + longest_shared_wait,
           "it happened in the future: see to the clocks", "future");
    demand(now < failure.failed.next_try, "it has run out", "expired");
    return failure;
}

template <class Value, class Read>
Result<Value> read(std::string_view text, std::string_view form, Read read_fields) try {
    Reader entry(text, form);
    return read_fields(entry);
} catch (const Wrong& found) {
    return failure(Errc::invalid, found.what, found.cause);
}

}  // namespace

std::string policy_entry(const std::string& domain, const CachedPolicy& policy, const std::string& relay) {
    Writer entry("sternpost-policy");
    entry.add("domain", domain).add("id", policy.id).add("mode", to_string(policy.policy.mode));
    for (const MxPattern& mx : policy.policy.mx) entry.add("mx", mx.text());
    entry.add("max_age", policy.policy.max_age.count());
    entry.add("fetched", policy.fetched).add("expires", policy.expires()).add("relay", relay);
    return entry.text() + "\n" + policy.body;
}

Result<CachedPolicy> read_policy_entry(std::string_view text, const std::string& domain, WallTime now) {
    return read<CachedPolicy>(text, "sternpost-policy",
                              [&](Reader& entry) { return policy_in(entry, domain, now); });
}

std::string failure_entry(const std::string& domain, const SharedFailure& failure, const std::string& relay) {
    Writer entry("sternpost-failure");
    entry.add("domain", domain).add("id", failure.failed.id).add("count", failure.failed.count);
    entry.add("next_try", failure.failed.next_try).add("at", failure.at);
    entry.add("proven", failure.proven ? "yes" : "no").add("relay", relay);
    entry.add("reason", printable(failure.failed.reason, max_shared_reason));
    return entry.text();
}

Result<SharedFailure> read_failure_entry(std::string_view text, const std::string& domain, WallTime now) {
    return read<SharedFailure>(text, "sternpost-failure",
                               [&](Reader& entry) { return failure_in(entry, domain, now); });
}

std::string news_text(const News& news) {
    Writer entry("sternpost-news");
    entry.add("teller", news.teller).add("domain", news.domain).add("fetched", news.fetched);
    return entry.text();
}

Result<News> read_news(std::string_view text) {
    return read<News>(text, "sternpost-news", [](Reader& entry) {
        News news;
        news.teller = entry.take("teller");
        news.domain = entry.domain();
        news.fetched = entry.time("fetched");
        demand(entry.rest().empty(), "it goes on after its end");
        return news;
    });
}

}  // namespace sternpost
