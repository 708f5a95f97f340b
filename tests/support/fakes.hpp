// Doubles of what the resolve room leans on: they hold what a test puts in, count what is asked, and fail on
// demand.
#pragma once

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sternpost/base/time.hpp"
#include "sternpost/dns/resolver.hpp"
#include "sternpost/fleet/fleet.hpp"
#include "sternpost/https/policy_fetcher.hpp"
#include "sternpost/store/policy_store.hpp"

namespace sternpost::test {

namespace asio = boost::asio;

// Both clocks stand still until they are moved.
class FakeClock final : public Clock {
public:
    WallTime wall() const override { return wall_; }
    SteadyTime steady() const override { return steady_; }
    void advance(std::chrono::seconds by) {
        wall_ += by;
        steady_ += by;
    }
    void set_wall(WallTime time) { wall_ = time; }

private:
    WallTime wall_ = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);
    SteadyTime steady_ = std::chrono::steady_clock::now();
};

// Holds back whoever passes while it is shut.
class Gate {
public:
    explicit Gate(asio::io_context& io) : timer_(io, std::chrono::steady_clock::time_point::max()) {}
    void shut() { open_ = false; }
    void open() {
        open_ = true;
        timer_.cancel();
    }
    asio::awaitable<void> pass() {
        boost::system::error_code ignored;
        while (!open_) co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }

private:
    asio::steady_timer timer_;
    bool open_ = true;
};

class FakeResolver final : public Resolver {
public:
    explicit FakeResolver(asio::io_context& io) : gate(io), mx_gate(io), tlsa_gate(io) {}

    Answer<std::string> txt(std::string name) override {
        ++txt_questions[name];
        co_await gate.pass();
        co_return find(txt_records, name);
    }
    Answer<MxRecord> mx(std::string name, Servers) override {
        ++mx_questions[name];
        co_await gate.pass();
        co_await mx_gate.pass();
        co_return find(mx_records, name);
    }
    Answer<asio::ip::address> a(std::string name, Servers) override {
        co_await gate.pass();
        co_return find(a_records, name);
    }
    Answer<asio::ip::address> aaaa(std::string name, Servers) override {
        co_await gate.pass();
        co_return find(aaaa_records, name);
    }
    Answer<std::string> cname(std::string name) override {
        co_await gate.pass();
        co_return find(cname_records, name);
    }
    Answer<TlsaRecord> tlsa(std::string name) override {
        ++tlsa_questions[name];
        co_await tlsa_gate.pass();
        if (on_tlsa) on_tlsa();
        if (tlsa_throws) throw std::logic_error("a bug");
        co_return find(tlsa_records, name);
    }
    asio::awaitable<Validation> validation() override { co_return validates; }

    template <class Record>
    using Zone = std::map<std::string, Result<RecordSet<Record>>>;

    Zone<std::string> txt_records;
    Zone<MxRecord> mx_records;
    Zone<asio::ip::address> a_records;
    Zone<asio::ip::address> aaaa_records;
    Zone<std::string> cname_records;
    Zone<TlsaRecord> tlsa_records;
    std::map<std::string, int> txt_questions;
    std::map<std::string, int> mx_questions;
    std::map<std::string, int> tlsa_questions;
    Validation validates = Validation::yes;
    bool denial_is_signed = true;  // of what no test has put in
    bool tlsa_throws = false;
    std::function<void()> on_tlsa;  // called before each answer
    Gate gate;
    Gate mx_gate;
    Gate tlsa_gate;

private:
    // What no test has put in does not exist.
    template <class Record>
    Result<RecordSet<Record>> find(const Zone<Record>& zone, const std::string& name) const {
        if (const auto found = zone.find(name); found != zone.end()) return found->second;
        RecordSet<Record> none;
        none.name_exists = false;
        none.authentic = denial_is_signed;
        none.canonical_name = name;
        none.ttl = std::chrono::seconds(300);
        return none;
    }
};

class FakeFetcher final : public PolicyFetcher {
public:
    explicit FakeFetcher(asio::io_context& io) : gate(io) {}

    asio::awaitable<Result<std::string>> fetch(std::string host, std::vector<asio::ip::address>,
                                               Queue queue) override {
        ++fetches[host];
        last_queue = queue;
        co_await gate.pass();
        if (throws) throw std::logic_error("a bug");
        if (const auto found = bodies.find(host); found != bodies.end()) co_return found->second;
        co_return failure(Errc::temporary, "HTTP status 404 instead of 200");
    }

    std::map<std::string, Result<std::string>> bodies;
    std::map<std::string, int> fetches;
    Queue last_queue = Queue::kept;
    bool throws = false;
    Gate gate;
};

// Keeps records in memory, through the death of whoever uses it.
class FakeStore final : public PolicyStore {
public:
    explicit FakeStore(asio::io_context& io) : gate(io) {}

    Result<std::optional<DomainRecord>> find(const std::string& domain) override {
        if (unreadable) return failure(Errc::temporary, "the cache cannot be read: disk I/O error");
        const auto found = records.find(domain);
        return found == records.end() ? std::nullopt : std::optional<DomainRecord>(found->second);
    }
    asio::awaitable<Result<void>> put(DomainRecord record) override {
        co_await gate.pass();
        if (full) co_return failure(Errc::temporary, "the cache cannot be written: database or disk is full");
        DomainRecord& kept = records[record.domain];
        if (!record.policy) {
            record.policy = kept.policy;
            record.refresh_at = kept.refresh_at;
        }
        kept = std::move(record);
        co_return Result<void>();
    }

    Result<std::vector<std::string>> due_for_refresh(WallTime now, WallTime used_since,
                                                     std::size_t most) override {
        if (unreadable) return failure(Errc::temporary, "the cache cannot be read: disk I/O error");
        std::vector<std::string> due;
        for (const auto& [domain, record] : records) {
            if (!record.policy || record.last_used < used_since || due.size() == most) continue;
            const bool due_now = record.refresh_at && *record.refresh_at <= now;
            const bool soon = record.refresh_at && *record.refresh_at <= now + std::chrono::hours(24);
            if (due_now || (record.policy->fetched > now && !soon)) due.push_back(domain);
        }
        return due;
    }
    Result<std::size_t> prune(const PruneLimits& limits, std::size_t most) override {
        if (full) return failure(Errc::temporary, "the cache cannot be written: database or disk is full");
        return std::erase_if(records, [&](const auto& item) {
            const DomainRecord& record = item.second;
            return most > 0 && (!record.policy || record.policy->expires() <= limits.now) &&
                   (!record.failed || record.failed->next_try < limits.failed_since) &&
                   (!record.dane_seen || *record.dane_seen < limits.dane_since) && most-- > 0;
        });
    }

    Result<bool> remove(const std::string& domain) override {
        if (full) return failure(Errc::temporary, "the cache cannot be written: database or disk is full");
        return records.erase(domain) > 0;
    }
    Result<std::vector<DomainRecord>> list(const std::string& after, std::size_t most) override {
        if (unreadable) return failure(Errc::temporary, "the cache cannot be read: disk I/O error");
        std::vector<DomainRecord> listed;
        for (auto next = records.upper_bound(after); next != records.end() && listed.size() < most; ++next)
            listed.push_back(next->second);
        return listed;
    }
    Result<PolicyCounts> count(const std::string& after, std::size_t most, WallTime now) override {
        const auto listed = list(after, most);
        if (!listed) return tl::unexpected(listed.error());
        PolicyCounts counts;
        for (const DomainRecord& record : *listed) {
            ++counts.domains;
            counts.last = record.domain;
            if (!record.policy) continue;
            const bool expired = record.policy->expires() <= now;
            ++(expired ? counts.expired
                       : counts.unexpired.at(static_cast<std::size_t>(record.policy->policy.mode)));
        }
        return counts;
    }
    Result<std::vector<DomainRecord>> ending(Among which, WallTime now, std::size_t most) override {
        auto listed = list("", records.size());
        if (!listed) return listed;
        std::erase_if(*listed, [&](const DomainRecord& record) {
            return !record.policy || record.policy->policy.mode == Mode::none ||
                   record.policy->expires() <= now || (which == Among::failing && !record.failed);
        });
        std::ranges::sort(*listed, {}, [](const DomainRecord& record) { return record.policy->expires(); });
        if (listed->size() > most) listed->resize(most);
        return listed;
    }
    StoreFigures figures() const override { return {}; }
    unsigned losses() const override { return times_lost; }
    void lose_everything() {
        records.clear();
        ++times_lost;
    }

    std::map<std::string, DomainRecord> records;
    unsigned times_lost = 0;
    bool unreadable = false;
    bool full = false;
    Gate gate;
};

// The other relays: they know what a test puts in, and note what they are told.
class FakeFleet final : public Fleet {
public:
    explicit FakeFleet(asio::io_context& io) : gate(io), change(io) {}

    void listen(FleetEars all) override { ears = std::move(all); }
    asio::awaitable<SharedDomain> find(std::string domain) override {
        ++finds[domain];
        co_await gate.pass();
        if (const auto found = known.find(domain); found != known.end() && !down) co_return found->second;
        co_return SharedDomain();
    }
    asio::awaitable<Lease> lease(std::string domain) override {
        ++leases[domain];
        if (down) co_return Lease::unavailable;
        if (fetched_elsewhere.contains(domain)) co_return Lease::elsewhere;
        held.insert(domain);
        co_return Lease::held;
    }
    asio::awaitable<void> change_of(std::string) override {
        change.shut();
        co_await change.pass();
    }
    void publish(const std::string& domain, const CachedPolicy& policy) override {
        ++publications[domain];
        held.erase(domain);
        if (!down) known[domain].policy = policy;
    }
    void publish_failure(const std::string& domain, const SharedFailure& failure) override {
        ++publications[domain];
        held.erase(domain);
        if (!down) known[domain].failed = failure;
    }
    void release(const std::string& domain) override { held.erase(domain); }
    void forget(const std::string& domain) override { known.erase(domain); }

    std::map<std::string, SharedDomain> known;
    std::map<std::string, int> finds;
    std::map<std::string, int> leases;
    std::map<std::string, int> publications;
    std::set<std::string> fetched_elsewhere;  // by a relay that has the lease
    std::set<std::string> held;               // leases of ours
    FleetEars ears;
    bool down = false;
    Gate gate;    // of find()
    Gate change;  // opened when a test has news for who waits
};

}  // namespace sternpost::test
