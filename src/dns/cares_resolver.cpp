#include "sternpost/dns/cares_resolver.hpp"

#include <arpa/nameser.h>

#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "race.hpp"
#include "resolv_conf.hpp"
#include "server.hpp"
#include "sternpost/base/file_state.hpp"
#include "sternpost/log/log.hpp"
#include "sternpost/loop/gathering.hpp"
#include "sternpost/loop/spawn.hpp"
#include "sternpost/loop/wait.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

// resolv.conf, and what could not be opened, is looked at before a question, but no more often than this.
constexpr std::chrono::seconds look_interval{1};
constexpr std::size_t max_servers = 8;
constexpr std::chrono::milliseconds probe_interval_after_silence{10'000};
constexpr const char* is_stopped = "the resolver is stopped";

awaitable<void> probe_one(std::shared_ptr<Server> server, Gathering::Member) {
    co_await server->probe();
}

DnsFigures::Outcomes& outcomes_of(DnsFigures& figures, int type) {
    constexpr std::array<int, dns_types.size()> types{ns_t_txt,  ns_t_mx,    ns_t_a,
                                                      ns_t_aaaa, ns_t_cname, ns_t_tlsa};
    return figures.outcomes.at(static_cast<std::size_t>(std::ranges::find(types, type) - types.begin()));
}

// Where it is now.
Result<asio::ip::udp::endpoint> endpoint_of(const NameServer& server) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(server.address, error);
    if (error) return failure(Errc::invalid, "is no IP address");
    const bool link_local = address.is_v6() && address.to_v6().is_link_local();
    if (link_local && server.address.find('%') == std::string::npos)
        return failure(Errc::invalid, "is link-local and names no interface, as \"fe80::1%eth0\" does");
    if (link_local && address.to_v6().scope_id() == 0)
        return failure(Errc::temporary, "is left out until its interface is there");
    return asio::ip::udp::endpoint(address, server.port);
}

}  // namespace

class CaresResolver::Inside {
public:
    Inside(asio::any_io_executor executor, DnsOptions options)
        : executor_(std::move(executor)), options_(std::move(options)), next_probe_(executor_) {
        if (::ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
            throw std::runtime_error("c-ares does not start");
        open_servers();
    }
    ~Inside() { ::ares_library_cleanup(); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

    void reconfigure(DnsOptions options) {
        options_ = std::move(options);
        open_servers();
    }

    void stop() {
        stopped_ = true;
        next_probe_.cancel();
        for (const auto& server : servers_) server->stop();
        for (const auto& former : former_servers_)
            if (const auto server = former.lock()) server->stop();
    }

    template <class Record>
    awaitable<Result<RecordSet<Record>>> ask(std::string name, int type, AnswerReader<Record> read,
                                             Servers whom) {
        follow_servers();
        if (stopped_) co_return failure(Errc::stopped, is_stopped);
        if (open_ >= max_questions) {
            outcomes_of(figures_, type).add("overloaded");
            co_return failure(Errc::overloaded, "too many open DNS questions", "overloaded");
        }
        ServerList servers = servers_;
        if (whom == Servers::validating) std::erase_if(servers, does_not_validate);
        if (servers.empty()) {
            outcomes_of(figures_, type).add("unreachable");
            co_return failure(Errc::temporary, nobody_to_ask(), "unreachable");
        }
        Question<Record> question;
        question.name = std::move(name);
        question.type = type;
        question.read = read;
        question.whom = whom;
        ++open_;
        auto answer =
            co_await ask_in_turn(executor_, std::move(question), std::move(servers), options_.timeout);
        --open_;
        // Even an answer that waited for a probe, which has then said nothing.
        if (stopped_) co_return failure(Errc::stopped, is_stopped);
        outcomes_of(figures_, type)
            .add(!answer                   ? answer.error().cause
                 : answer->records.empty() ? "none"
                                           : "found");
        co_return answer;
    }

    DnsFigures figures() const {
        DnsFigures now = figures_;
        now.open_questions = open_;
        now.validation_wanted = options_.validation_wanted;
        for (const auto& server : servers_) {
            DnsServerState state;
            state.name = server->name();
            state.validation = server->validation();
            state.believed = server->believes_ad();
            now.servers.push_back(std::move(state));
        }
        return now;
    }

    awaitable<Validation> validation() {
        follow_servers();
        const ServerList servers = servers_;
        if (verdict(servers) == Validation::unknown && !stopped_) {
            ServerList unknown = servers;
            std::erase_if(unknown, is_known);
            co_await probe(std::move(unknown));
        }
        co_return verdict(servers);
    }

    // Keeps `self` alive until stop(), since it sleeps while nobody asks.
    static awaitable<void> keep_probing(std::shared_ptr<Inside> self) {
        while (!self->stopped_) {
            const ServerList servers = self->servers_;
            self->next_probe_.expires_at(asio::steady_timer::time_point::max());
            if (self->options_.validation_wanted) {
                co_await self->probe(servers);
                if (self->stopped_ || servers != self->servers_) continue;
                auto interval = self->options_.probe_interval;
                if (!std::ranges::all_of(servers, is_known))
                    interval = std::min(interval, probe_interval_after_silence);
                self->next_probe_.expires_after(interval);
            }
            co_await wait(self->next_probe_);
        }
    }

private:
    using ServerList = std::vector<std::shared_ptr<Server>>;

    // A server that is to be asked; null: it cannot be opened.
    struct Entry {
        NameServer named;
        std::shared_ptr<Server> server;
    };

    static bool is_in(const ServerList& servers, const std::shared_ptr<Server>& server) {
        return std::ranges::find(servers, server) != servers.end();
    }

    static bool does_not_validate(const std::shared_ptr<Server>& server) {
        return server->validation() != Validation::yes;
    }

    static bool is_known(const std::shared_ptr<Server>& server) {
        return server->validation() != Validation::unknown;
    }

    // One that validates is enough, since only that one is then asked. One that has never answered a probe decides
    // nothing if others do.
    static Validation verdict(const ServerList& servers) {
        const auto says = [&](Validation what) {
            return std::ranges::any_of(servers,
                                       [what](const auto& server) { return server->validation() == what; });
        };
        if (says(Validation::yes)) return Validation::yes;
        const bool all_probed = std::ranges::all_of(
            servers, [](const auto& server) { return is_known(server) || server->probed(); });
        return all_probed && says(Validation::no) ? Validation::no : Validation::unknown;
    }

    std::string source() const {
        return options_.servers.empty() ? options_.resolv_conf : "\"servers\" of [dns]";
    }

    std::string nobody_to_ask() const {
        return servers_.empty() ? "no server in " + source() + " can be asked" : "no DNS server validates";
    }

    // Until one of them is known to validate, or all have been probed.
    awaitable<void> probe(ServerList servers) {
        const auto probes = std::make_shared<Gathering>(executor_);
        for (const auto& server : servers) spawn(executor_, "dns probe", probe_one(server, probes->join()));
        while (!probes->empty() && verdict(servers) != Validation::yes) co_await probes->next_end();
    }

    void follow_servers() {
        const auto now = std::chrono::steady_clock::now();
        if (now < next_look_) return;
        next_look_ = now + look_interval;
        if (options_.servers.empty() && state_of(options_.resolv_conf) != resolv_conf_state_)
            return open_servers();
        bool changed = false;
        for (Entry& entry : entries_) {
            if (!is_to_be_opened(entry)) continue;
            auto server = open(entry.named);
            changed = changed || server != entry.server;
            entry.server = std::move(server);
        }
        if (changed) replace_servers();
    }

    // One that is open stays so while its interface is away.
    static bool is_to_be_opened(const Entry& entry) {
        const auto now = endpoint_of(entry.named);
        return now && (!entry.server || entry.server->endpoint() != *now);
    }

    void open_servers() {
        trust_ad_ = options_.trust_ad;
        auto wanted = options_.servers.empty() ? read_resolv_conf_anew() : options_.servers;
        wanted.resize(std::min(wanted.size(), max_servers));
        std::vector<Entry> entries;
        for (const NameServer& named : wanted) entries.push_back({named, open(named)});
        entries_ = std::move(entries);
        replace_servers();
    }

    std::vector<NameServer> read_resolv_conf_anew() {
        resolv_conf_state_ = state_of(options_.resolv_conf);
        std::ifstream file(options_.resolv_conf);
        std::ostringstream text;
        text << file.rdbuf();
        ResolvConf conf = read_resolv_conf(text.str());
        trust_ad_ = trust_ad_ || options_.trust_resolv_conf_ad || conf.trust_ad;
        return std::move(conf.servers);
    }

    std::shared_ptr<Server> open(const NameServer& named) try {
        const auto endpoint = endpoint_of(named);
        if (!endpoint) return leave_out(named, endpoint.error().detail);
        const bool believe = trust_ad_ || endpoint->address().is_loopback();
        return std::make_shared<Server>(executor_, *endpoint, options_.timeout, believe);
    } catch (const std::runtime_error& error) {
        return leave_out(named, std::string("is left out: ") + error.what());
    }

    // Told once, until it has been open.
    std::shared_ptr<Server> leave_out(const NameServer& named, const std::string& why) const {
        const bool told = std::ranges::any_of(
            entries_, [&](const Entry& entry) { return entry.named == named && !entry.server; });
        if (!told) say(LogLevel::warning, Topic::dns, "{}: \"{}\" {}", source(), named.address, why);
        return nullptr;
    }

    // Questions under way keep the servers that they were put to.
    void replace_servers() {
        ServerList servers;
        for (const Entry& entry : entries_)
            if (entry.server) servers.push_back(entry.server);
        for (const auto& server : servers) {
            if (is_in(servers_, server)) continue;
            const auto former = std::ranges::find_if(servers_, [&](const auto& each) {
                return each->name() == server->name() && each->believes_ad() == server->believes_ad();
            });
            if (former == servers_.end()) {
                say(LogLevel::info, Topic::dns, "asking {}", server->name());
            } else {
                server->take_over(**former);
            }
        }
        std::erase_if(former_servers_, [](const auto& former) { return former.expired(); });
        for (const auto& server : servers_)
            if (!is_in(servers, server)) former_servers_.emplace_back(server);
        servers_ = std::move(servers);
        next_probe_.cancel();
    }

    asio::any_io_executor executor_;
    DnsOptions options_;
    bool trust_ad_ = false;  // of every server in entries_
    std::vector<Entry> entries_;
    ServerList servers_;  // those of entries_ that are open
    std::vector<std::weak_ptr<Server>> former_servers_;
    FileState resolv_conf_state_;
    std::chrono::steady_clock::time_point next_look_{};
    asio::steady_timer next_probe_;
    std::size_t open_ = 0;
    DnsFigures figures_;
    bool stopped_ = false;
};

CaresResolver::CaresResolver(const asio::any_io_executor& executor, DnsOptions options)
    : inside_(std::make_shared<Inside>(executor, std::move(options))) {
    spawn(executor, "dns probes", Inside::keep_probing(inside_));
}

CaresResolver::~CaresResolver() {
    inside_->stop();
}

Resolver::Answer<std::string> CaresResolver::txt(std::string name) {
    return inside_->ask<std::string>(std::move(name), ns_t_txt, read_txt, Servers::all);
}

Resolver::Answer<MxRecord> CaresResolver::mx(std::string name, Servers whom) {
    return inside_->ask<MxRecord>(std::move(name), ns_t_mx, read_mx, whom);
}

Resolver::Answer<asio::ip::address> CaresResolver::a(std::string name, Servers whom) {
    return inside_->ask<asio::ip::address>(std::move(name), ns_t_a, read_a, whom);
}

Resolver::Answer<asio::ip::address> CaresResolver::aaaa(std::string name, Servers whom) {
    return inside_->ask<asio::ip::address>(std::move(name), ns_t_aaaa, read_aaaa, whom);
}

Resolver::Answer<std::string> CaresResolver::cname(std::string name) {
    return inside_->ask<std::string>(std::move(name), ns_t_cname, read_cname, Servers::validating);
}

Resolver::Answer<TlsaRecord> CaresResolver::tlsa(std::string name) {
    return inside_->ask<TlsaRecord>(std::move(name), ns_t_tlsa, read_tlsa, Servers::validating);
}

awaitable<Validation> CaresResolver::validation() {
    return inside_->validation();
}

DnsFigures CaresResolver::figures() const {
    return inside_->figures();
}

void CaresResolver::reconfigure(DnsOptions options) {
    inside_->reconfigure(std::move(options));
}

void CaresResolver::stop() {
    inside_->stop();
}

}  // namespace sternpost
