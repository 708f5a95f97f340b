#include "sternpost/dns/cares_resolver.hpp"

#include <arpa/nameser.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "cares_channel.hpp"
#include "resolv_conf.hpp"
#include "sternpost/loop/spawn.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

constexpr std::uint16_t dns_port = 53;
// resolv.conf is looked at before a question, but no more often than this.
constexpr std::chrono::seconds resolv_conf_interval{1};
// Attempts of one question, or as many as there are servers. One without answer gets company after its share
// of the timeout.
constexpr std::size_t attempts_in_a_timeout = 5;
constexpr std::size_t max_servers = 8;

template <class Record>
using Reader = Result<RecordSet<Record>> (*)(std::span<const std::uint8_t>, const std::string&);

// What tells one state of a file from another.
struct FileState {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    bool operator==(const FileState&) const = default;
};

FileState state_of(const std::string& path) {
    struct stat found {};
    FileState state;
    if (::stat(path.c_str(), &found) != 0) return state;
    state.device = found.st_dev;
    state.inode = found.st_ino;
    state.size = found.st_size;
    state.seconds = found.st_mtim.tv_sec;
    state.nanoseconds = found.st_mtim.tv_nsec;
    return state;
}

// One question put to several servers; the attempts share it until the last of them ends.
template <class Record>
struct Race {
    explicit Race(const asio::any_io_executor& executor) : changed(executor) {}

    asio::steady_timer changed;  // cancelled when an attempt ends
    std::optional<RecordSet<Record>> won;
    bool stopped = false;
    std::size_t open = 0;
    std::map<std::string, std::string>
        failures;           // of each server the first one, "SERVFAIL from 127.0.0.1:53"
    bool rejected = false;  // a server answered with a failure, which is more than silence
};

template <class Record>
awaitable<void> attempt(std::shared_ptr<CaresChannel> channel, std::shared_ptr<Race<Record>> race,
                        std::string name, int type, Reader<Record> read) {
    const auto bytes = co_await channel->ask(name, type);
    --race->open;
    if (!bytes) {
        race->stopped = race->stopped || bytes.error().code == Errc::stopped;
        race->failures.try_emplace(channel->server(), bytes.error().detail);
    } else if (auto answer = read(*bytes, name); !answer) {
        race->rejected = true;
        race->failures.try_emplace(channel->server(), answer.error().detail + " from " + channel->server());
    } else if (!race->won) {
        answer->authentic = answer->authentic && channel->believes_ad();
        answer->disputed = race->rejected;
        race->won = std::move(*answer);
    }
    race->changed.cancel();
}

template <class Record>
Error why_lost(const Race<Record>& race, const std::vector<std::shared_ptr<CaresChannel>>& channels) {
    if (race.stopped) return {Errc::stopped, "the resolver is stopped"};
    std::string detail;
    for (const auto& channel : channels) {
        const auto failed = race.failures.find(channel->server());
        detail += detail.empty() ? "" : ", ";
        detail +=
            failed != race.failures.end() ? failed->second : "no answer in time from " + channel->server();
    }
    return {Errc::temporary, detail};
}

}  // namespace

class CaresResolver::Inside {
public:
    Inside(asio::any_io_executor executor, DnsOptions options)
        : executor_(std::move(executor)), options_(std::move(options)) {
        if (::ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
            throw std::runtime_error("c-ares does not start");
        channels_ = open_channels(options_);
    }
    ~Inside() { ::ares_library_cleanup(); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

    void reconfigure(DnsOptions options) {
        auto channels = open_channels(options);
        options_ = std::move(options);
        replace_channels(std::move(channels));
    }

    void stop() {
        stopped_ = true;
        for (const auto& channel : channels_) channel->stop();
        for (const auto& former : former_channels_)
            if (const auto channel = former.lock()) channel->stop();
    }

    template <class Record>
    awaitable<Result<RecordSet<Record>>> ask(std::string name, int type, Reader<Record> read) {
        follow_resolv_conf();
        if (stopped_) co_return failure(Errc::stopped, "the resolver is stopped");
        if (open_ >= max_questions) co_return failure(Errc::overloaded, "too many open DNS questions");
        ++open_;
        auto answer = co_await run(std::move(name), type, read, channels_, options_.timeout);
        --open_;
        co_return answer;
    }

private:
    using Channels = std::vector<std::shared_ptr<CaresChannel>>;

    // The next attempt starts when the last one has failed, or has had its share of the time.
    template <class Record>
    awaitable<Result<RecordSet<Record>>> run(std::string name, int type, Reader<Record> read,
                                             Channels channels, std::chrono::milliseconds timeout) {
        if (channels.empty())
            co_return failure(Errc::temporary, "no server in " + options_.resolv_conf + " can be asked");
        const auto race = std::make_shared<Race<Record>>(executor_);
        const auto deadline = std::chrono::steady_clock::now() + timeout;
        const std::size_t most = std::max(attempts_in_a_timeout, channels.size());
        const auto share = timeout / static_cast<std::int64_t>(most);
        for (std::size_t tried = 0; !race->won && !race->stopped;) {
            const bool all_failed = race->open == 0 && tried >= channels.size();
            if (all_failed || std::chrono::steady_clock::now() >= deadline) break;
            auto wait_until = deadline;
            if (tried < most) {
                ++race->open;
                spawn(executor_, "dns question",
                      attempt<Record>(channels[tried % channels.size()], race, name, type, read));
                ++tried;
                wait_until = std::min(deadline, std::chrono::steady_clock::now() + share);
            }
            race->changed.expires_at(wait_until);
            boost::system::error_code ignored;
            co_await race->changed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
        if (race->won) co_return std::move(*race->won);
        co_return tl::unexpected(why_lost(*race, channels));
    }

    void follow_resolv_conf() {
        const auto now = std::chrono::steady_clock::now();
        if (!options_.servers.empty() || now < next_look_) return;
        next_look_ = now + resolv_conf_interval;
        if (state_of(options_.resolv_conf) != resolv_conf_state_) replace_channels(open_channels(options_));
    }

    // Questions under way keep the channels that they were put to.
    void replace_channels(Channels channels) {
        std::erase_if(former_channels_, [](const auto& former) { return former.expired(); });
        former_channels_.insert(former_channels_.end(), channels_.begin(), channels_.end());
        channels_ = std::move(channels);
    }

    Channels open_channels(const DnsOptions& options) {
        if (options.servers.empty()) return open_channels_of_resolv_conf(options);
        Channels channels;
        for (const auto& server : options.servers) add_channel(channels, server, options, options.trust_ad);
        return channels;
    }

    // What that file says is nothing to die from.
    Channels open_channels_of_resolv_conf(const DnsOptions& options) {
        resolv_conf_state_ = state_of(options.resolv_conf);
        std::ifstream file(options.resolv_conf);
        std::ostringstream text;
        text << file.rdbuf();
        const ResolvConf conf = read_resolv_conf(text.str());
        Channels channels;
        for (const auto& address : conf.servers) {
            try {
                add_channel(channels, {address, dns_port}, options, options.trust_ad || conf.trust_ad);
            } catch (const std::runtime_error& error) {
                spdlog::warn("dns: {}: {}", options.resolv_conf, error.what());
            }
        }
        return channels;
    }

    void add_channel(Channels& channels, const asio::ip::udp::endpoint& server, const DnsOptions& options,
                     bool trust_ad) {
        if (channels.size() == max_servers) return;
        const bool believe = trust_ad || server.address().is_loopback();
        channels.push_back(std::make_shared<CaresChannel>(executor_, server, options.timeout, believe));
        spdlog::info("dns: asking {}", channels.back()->server());
    }

    asio::any_io_executor executor_;
    DnsOptions options_;
    Channels channels_;
    std::vector<std::weak_ptr<CaresChannel>> former_channels_;
    FileState resolv_conf_state_;
    std::chrono::steady_clock::time_point next_look_{};
    std::size_t open_ = 0;
    bool stopped_ = false;
};

CaresResolver::CaresResolver(asio::any_io_executor executor, DnsOptions options)
    : inside_(std::make_unique<Inside>(std::move(executor), std::move(options))) {}

CaresResolver::~CaresResolver() = default;

awaitable<Result<RecordSet<std::string>>> CaresResolver::txt(std::string name) {
    return inside_->ask<std::string>(std::move(name), ns_t_txt, read_txt);
}

awaitable<Result<RecordSet<MxRecord>>> CaresResolver::mx(std::string name) {
    return inside_->ask<MxRecord>(std::move(name), ns_t_mx, read_mx);
}

awaitable<Result<RecordSet<asio::ip::address>>> CaresResolver::a(std::string name) {
    return inside_->ask<asio::ip::address>(std::move(name), ns_t_a, read_a);
}

awaitable<Result<RecordSet<asio::ip::address>>> CaresResolver::aaaa(std::string name) {
    return inside_->ask<asio::ip::address>(std::move(name), ns_t_aaaa, read_aaaa);
}

void CaresResolver::reconfigure(DnsOptions options) {
    inside_->reconfigure(std::move(options));
}

void CaresResolver::stop() {
    inside_->stop();
}

}  // namespace sternpost
