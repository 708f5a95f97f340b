#include "sternpost/fleet/redis_fleet.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <unordered_map>
#include <unordered_set>

#include "believed.hpp"
#include "engine.hpp"
#include "relay.hpp"
#include "scripts.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/log/log.hpp"
#include "sternpost/loop/spawn.hpp"
#include "sternpost/loop/wait.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

// Of two writers of one entry, one comes first; the other tries no more often than this.
constexpr int tries_to_publish = 3;
// Told about at once; further ones, when the fleet is back, after an untold_pause.
constexpr std::size_t max_told_at_once = 100;
constexpr std::chrono::milliseconds untold_pause{100};

std::string in_milliseconds(std::chrono::milliseconds time) {
    return std::to_string(time.count());
}

bool is_one(const redisReply& reply) {
    return reply.type == REDIS_REPLY_INTEGER && reply.integer == 1;
}

}  // namespace

class RedisFleet::Inside : public std::enable_shared_from_this<Inside> {
public:
    Inside(asio::any_io_executor executor, const FleetOptions& options, const Clock& clock)
        : executor_(std::move(executor)),
          options_(options),
          clock_(clock),
          seal_(read_seal(options.key_file)),
          repeats_(clock) {
        figures_.relay = name_of_this_relay();
    }

    void begin() {
        engine_ = make_engine(options_);
        engine_->start();
    }

    void reconfigure(const FleetOptions& options) {
        Seal seal = read_seal(options.key_file);
        auto engine = make_engine(options);
        outages_before_ += engine_->outages();
        engine_->stop();
        seal_ = std::move(seal);
        options_ = options;
        engine_ = std::move(engine);
        engine_->start();
    }

    void stop() {
        stopped_ = true;
        engine_->stop();
        for (auto& [domain, timer] : waiting_) timer->cancel();
    }

    void listen(FleetEars ears) { ears_ = std::move(ears); }
    awaitable<void> first_connection() { return engine_->first_try(); }

    FleetFigures figures() const {
        FleetFigures now = figures_;
        now.untold = untold_.size();
        now.outages = outages_before_ + engine_->outages();
        now.working = engine_->working();
        now.server = engine_->server();
        if (!now.working) now.trouble = engine_->trouble();
        return now;
    }

    awaitable<SharedDomain> find(std::string domain) {
        SharedDomain found;
        Command both = command("MGET", policy_key(domain), failed_key(domain));
        const auto reply = co_await engine_->ask(std::move(both));
        if (!reply || !takes("MGET", **reply) || (*reply)->elements != 2) {
            figures_.lookups.add("unanswered");
            co_return found;
        }
        const redisReply& all = **reply;
        found.policy = believed_.policy(*all.element[0], domain, seal_);
        found.failed = believed_.failure(*all.element[1], domain, seal_);
        figures_.lookups.add(found.policy ? "policy" : found.failed ? "failure" : "nothing");
        co_return found;
    }

    awaitable<Lease> lease(std::string domain) {
        std::string token = random_token();
        Command wish =
            command("SET", lease_key(domain), token, "NX", "PX", in_milliseconds(options_.longest_fetch));
        const auto reply = co_await engine_->ask(std::move(wish));
        if (reply && (*reply)->type == REDIS_REPLY_NIL) {
            figures_.leases.add("elsewhere");
            co_return Lease::elsewhere;
        }
        if (reply && !takes("SET", **reply)) {
            figures_.leases.add("unavailable");
            co_return Lease::unavailable;
        }
        // Without a reply it may still have been granted, and must then end like any other.
        leases_.insert_or_assign(domain, std::move(token));
        figures_.leases.add(reply ? "held" : "unavailable");
        co_return reply ? Lease::held : Lease::unavailable;
    }

    awaitable<void> change_of(std::string domain) {
        auto& waiting = waiting_[domain];
        if (!waiting) waiting = std::make_shared<asio::steady_timer>(executor_, fleet_poll_interval);
        const auto timer = waiting;
        if (!stopped_) co_await wait(*timer);
        waiting_.erase(domain);
    }

    void publish(const std::string& domain, const CachedPolicy& policy) {
        spawn(executor_, "fleet publication",
              publish_entry(shared_from_this(), domain, policy, take_token(domain)));
    }
    void publish_failure(const std::string& domain, const SharedFailure& failure) {
        spawn(executor_, "fleet publication",
              publish_failed(shared_from_this(), domain, failure, take_token(domain)));
    }
    void release(const std::string& domain) {
        std::string token = take_token(domain);
        if (!token.empty()) give_back(domain, std::move(token));
    }
    void forget(const std::string& domain) {
        untold_.erase(domain);
        spawn(executor_, "fleet", remove(shared_from_this(), domain));
    }

private:
    std::string policy_key(const std::string& domain) const { return options_.prefix + ":policy:" + domain; }
    std::string failed_key(const std::string& domain) const { return options_.prefix + ":failed:" + domain; }
    std::string lease_key(const std::string& domain) const { return options_.prefix + ":lease:" + domain; }
    std::string channel() const { return options_.prefix + ":news"; }

    std::shared_ptr<Engine> make_engine(const FleetOptions& options) {
        Engine::Calls calls;
        calls.back = [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (!self || self->untold_.empty()) return;
            say(LogLevel::info, Topic::fleet, "telling the others of {} domains that were learnt alone",
                self->untold_.size());
            spawn(self->executor_, "fleet return", tell_what_is_untold(self, max_untold));
        };
        // For what a full engine, say, has refused.
        calls.alive = [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (self && !self->untold_.empty())
                spawn(self->executor_, "fleet return", tell_what_is_untold(self, max_told_at_once));
        };
        calls.heard = [weak = weak_from_this()](std::string_view message) {
            if (const auto self = weak.lock()) self->hear(message);
        };
        return std::make_shared<Engine>(executor_, options, clock_, repeats_, std::move(calls));
    }

    // An error that the engine replies, such as that it is full.
    // Whether the engine does what was asked of it; else it has said why not.
    bool takes(std::string_view command, const redisReply& reply) {
        const bool refused = reply.type == REDIS_REPLY_ERROR;
        const Trouble refusal{{Topic::fleet}, command};
        if (refused)
            repeats_.failed(
                refusal, LogLevel::warning, 0,
                fmt::format("{} refuses {}: {}", engine_->server(), command, printable(text_of(reply))));
        else
            repeats_.mended(refusal, fmt::format("{} takes {} again", engine_->server(), command));
        return !refused;
    }

    std::string take_token(const std::string& domain) {
        const auto held = leases_.extract(domain);
        return held ? held.mapped() : std::string();
    }

    void give_back(const std::string& domain, std::string token) {
        spawn(executor_, "fleet lease", release_lease(shared_from_this(), domain, std::move(token)));
    }

    static awaitable<void> release_lease(std::shared_ptr<Inside> self, std::string domain,
                                         std::string token) {
        Command end = command("EVAL", scripts::release, "1", self->lease_key(domain), std::move(token),
                              self->channel(), self->sealed_news(domain, WallTime()));
        const auto reply = co_await self->engine_->ask(std::move(end));
        if (reply) self->takes("EVAL", **reply);
    }

    std::string sealed_news(const std::string& domain, WallTime fetched) const {
        News news;
        news.teller = teller_;
        news.domain = domain;
        news.fetched = fetched;
        return seal_.seal(news_text(news));
    }

    static awaitable<void> publish_entry(std::shared_ptr<Inside> self, std::string domain,
                                         CachedPolicy policy, std::string token) {
        bool settled = co_await self->replace_older(domain, policy, token);
        for (int tries = 1; !settled && tries < tries_to_publish && self->engine_->working(); ++tries)
            settled = co_await self->replace_older(domain, policy, token);
        if (settled) {
            self->untold_.erase(domain);
        } else {
            self->figures_.publications.add("failed");
            self->remember_untold(domain);
        }
        if (!token.empty()) self->give_back(domain, std::move(token));
    }

    // Whether the others know of it, or of a later one, or need not, since it has expired. The token is cleared when the
    // lease has ended.
    awaitable<bool> replace_older(const std::string& domain, const CachedPolicy& policy, std::string& token) {
        const std::chrono::milliseconds left = policy.expires() - clock_.wall();
        if (left.count() <= 0 || policy.id.empty()) co_return true;
        Command look = command("GET", policy_key(domain));
        const auto former = co_await engine_->ask(std::move(look));
        if (!former || !takes("GET", **former)) co_return false;
        const std::string before(text_of(**former));
        if (const auto known = believed_.policy(**former, domain, seal_);
            known && known->fetched >= policy.fetched) {
            figures_.publications.add("superseded");
            co_return true;
        }
        Command put = command("EVAL", scripts::replace, "2", policy_key(domain), lease_key(domain), before,
                              seal_.seal(policy_entry(domain, policy, figures_.relay)), in_milliseconds(left),
                              token, channel(), sealed_news(domain, policy.fetched));
        const auto done = co_await engine_->ask(std::move(put));
        if (!done || !takes("EVAL", **done) || !is_one(**done)) co_return false;
        figures_.publications.add("published");
        token.clear();
        co_return true;
    }

    static awaitable<void> publish_failed(std::shared_ptr<Inside> self, std::string domain,
                                          SharedFailure failure, std::string token) {
        const std::chrono::milliseconds left = failure.failed.next_try - self->clock_.wall();
        if (left.count() > 0 && !failure.failed.id.empty()) {
            Command put = command("SET", self->failed_key(domain),
                                  self->seal_.seal(failure_entry(domain, failure, self->figures_.relay)),
                                  "PX", in_milliseconds(left));
            const auto done = co_await self->engine_->ask(std::move(put));
            const bool published = done && self->takes("SET", **done);
            self->figures_.publications.add(published ? "published" : "failed");
        }
        if (!token.empty()) self->give_back(domain, std::move(token));
    }

    static awaitable<void> remove(std::shared_ptr<Inside> self, std::string domain) {
        Command all = command("DEL", self->policy_key(domain), self->failed_key(domain));
        const auto reply = co_await self->engine_->ask(std::move(all));
        if (reply) self->takes("DEL", **reply);
        self->release(domain);
    }

    void remember_untold(const std::string& domain) {
        if (untold_.size() < max_untold) untold_.insert(domain);
    }

    // Each is published again, and taken out of the list for that; what then fails is in it again for the next time.
    static awaitable<void> tell_what_is_untold(std::shared_ptr<Inside> self, std::size_t most) {
        std::vector<std::string> all(self->untold_.begin(), self->untold_.end());
        all.resize(std::min(all.size(), most));
        asio::steady_timer pause(self->executor_);
        for (std::size_t i = 0; i < all.size() && self->engine_->working(); ++i) {
            self->untold_.erase(all[i]);
            if (self->ears_.untold) self->ears_.untold(all[i]);
            if (i % max_told_at_once != max_told_at_once - 1) continue;
            pause.expires_after(untold_pause);
            co_await wait(pause);
        }
    }

    void hear(std::string_view message) {
        const auto news = believed_.news(message, seal_);
        if (!news || news->teller == teller_) return;
        ++figures_.news;
        if (const auto found = waiting_.find(news->domain); found != waiting_.end()) found->second->cancel();
        if (news->fetched == WallTime() || !ears_.news) return;
        asio::post(executor_, [self = shared_from_this(), heard = *news] {
            if (!self->stopped_) self->ears_.news(heard.domain, heard.fetched);
        });
    }

    asio::any_io_executor executor_;
    FleetOptions options_;
    const Clock& clock_;
    Seal seal_;
    Repeats repeats_;
    std::shared_ptr<Engine> engine_;
    std::uint64_t outages_before_ = 0;  // of previous engines
    const std::string teller_ = random_token();
    FleetEars ears_;
    FleetFigures figures_;
    Believed believed_{clock_, figures_, repeats_};
    std::unordered_map<std::string, std::string> leases_;  // domain: token
    std::unordered_map<std::string, std::shared_ptr<asio::steady_timer>> waiting_;
    std::unordered_set<std::string> untold_;
    bool stopped_ = false;
};

RedisFleet::RedisFleet(asio::any_io_executor executor, const FleetOptions& options, const Clock& clock)
    : inside_(std::make_shared<Inside>(std::move(executor), options, clock)) {
    inside_->begin();
}

RedisFleet::~RedisFleet() = default;

void RedisFleet::listen(FleetEars ears) {
    inside_->listen(std::move(ears));
}

awaitable<SharedDomain> RedisFleet::find(std::string domain) {
    return inside_->find(std::move(domain));
}

awaitable<Lease> RedisFleet::lease(std::string domain) {
    return inside_->lease(std::move(domain));
}

awaitable<void> RedisFleet::change_of(std::string domain) {
    return inside_->change_of(std::move(domain));
}

void RedisFleet::publish(const std::string& domain, const CachedPolicy& policy) {
    inside_->publish(domain, policy);
}

void RedisFleet::publish_failure(const std::string& domain, const SharedFailure& failure) {
    inside_->publish_failure(domain, failure);
}

void RedisFleet::release(const std::string& domain) {
    inside_->release(domain);
}

void RedisFleet::forget(const std::string& domain) {
    inside_->forget(domain);
}

FleetFigures RedisFleet::figures() const {
    return inside_->figures();
}

awaitable<void> RedisFleet::first_connection() {
    return inside_->first_connection();
}

void RedisFleet::reconfigure(const FleetOptions& options) {
    inside_->reconfigure(options);
}

void RedisFleet::stop() {
    inside_->stop();
}

}  // namespace sternpost
