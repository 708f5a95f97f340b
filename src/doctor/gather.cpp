#include "sternpost/doctor/gather.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

#include "host.hpp"
#include "postconf_output.hpp"
#include "rule.hpp"
#include "socket_look.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/dns/cares_resolver.hpp"
#include "sternpost/postfix/postfix_dnssec.hpp"
#include "sternpost/postfix/postmap.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

// An operator waits; so may a loaded machine.
constexpr std::chrono::seconds postconf_limit{30};
constexpr std::chrono::seconds resolver_limit{3};
// Each; a database may be slow, and a proxy: that is not there is waited for.
constexpr std::chrono::seconds postmap_limit{5};
constexpr std::size_t max_tables = 16;
constexpr int default_processes = 100;  // default_process_limit, where it is not a number

using Words = std::vector<std::string>;

Words with_directory(const std::string& directory, Words words) {
    if (directory.empty()) return words;
    words.insert(words.begin(), {"-c", directory});
    return words;
}

awaitable<Result<std::string>> ask(const std::string& directory, Words words) {
    PostconfOptions options;
    options.limit = postconf_limit;
    Words arguments = with_directory(directory, std::move(words));
    return run_postconf(std::move(arguments), std::move(options));
}

int number(std::string_view text, int otherwise) {
    int found = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), found);
    return error == std::errc() && end == text.data() + text.size() ? found : otherwise;
}

int processes_of(const MasterLine& line, const PostfixSettings& settings) {
    const int usual = number(value(settings, "default_process_limit"), default_processes);
    return line.processes == "-" ? usual : number(line.processes, usual);
}

// A service with -o also has defaults of its own, if they depend on what -o says: postconf is asked for them.
awaitable<Result<SmtpService>> ask_for_service(const std::string& directory, const MasterLine& line,
                                               const std::vector<MasterOption>& options,
                                               const PostfixSettings& common) {
    SmtpService service;
    service.name = line.name;
    service.chroot = is_chrooted(line, value(common, "compatibility_level"));
    service.processes = processes_of(line, common);
    Words words{"-x"};
    for (const MasterOption& option : options) {
        if (option.name != line.name || option.type != line.type) continue;
        service.options.insert(option.parameter);
        words.insert(words.end(), {"-o", option.parameter + "=" + option.value});
    }
    service.settings = common;
    if (service.options.empty()) co_return service;
    const auto said = co_await ask(directory, std::move(words));
    if (!said) co_return tl::unexpected(said.error());
    service.settings = read_settings(*said);
    co_return service;
}

awaitable<Result<PostfixFacts>> ask_postfix(const std::string& directory) {
    PostfixFacts postfix;
    Words all{"-x"}, set{"-n"}, master{"-M"}, overrides{"-P"};
    const auto settings = co_await ask(directory, std::move(all));
    if (!settings) co_return tl::unexpected(settings.error());
    const auto in_main_cf = co_await ask(directory, std::move(set));
    if (!in_main_cf) co_return tl::unexpected(in_main_cf.error());
    const auto services = co_await ask(directory, std::move(master));
    if (!services) co_return tl::unexpected(services.error());
    const auto given = co_await ask(directory, std::move(overrides));
    if (!given) co_return tl::unexpected(given.error());

    postfix.settings = read_settings(*settings);
    postfix.config_directory = directory.empty() ? value(postfix.settings, "config_directory") : directory;
    const auto version = read_version(value(postfix.settings, "mail_version"));
    if (!version) co_return failure(Errc::invalid, "postconf does not say which version of Postfix this is");
    postfix.version = *version;
    for (const auto& [name, unused] : read_settings(*in_main_cf)) postfix.set.insert(name);
    const auto options = read_master_options(*given);
    for (const MasterLine& line : read_master(*services)) {
        if (line.type != "unix") continue;
        if (line.name == "tlsproxy") postfix.tlsproxy_processes = processes_of(line, postfix.settings);
        if (line.command != "smtp") continue;
        auto service = co_await ask_for_service(directory, line, options, postfix.settings);
        if (!service) co_return tl::unexpected(service.error());
        postfix.smtp.push_back(std::move(*service));
    }
    co_return postfix;
}

// Whether it is to be believed is another question.
awaitable<std::optional<bool>> ask_resolver() {
    DnsOptions options;
    options.trust_ad = true;
    options.timeout = resolver_limit;
    const auto executor = co_await asio::this_coro::executor;
    CaresResolver resolver(executor, std::move(options));
    const Validation found = co_await resolver.validation();
    resolver.stop();
    if (found == Validation::unknown) co_return std::nullopt;
    co_return found == Validation::yes;
}

awaitable<std::string> trouble_with(const NameServer& server, std::chrono::milliseconds timeout) {
    DnsOptions options;
    options.servers = {server};
    options.validation_wanted = false;
    options.timeout = timeout;
    const auto executor = co_await asio::this_coro::executor;
    CaresResolver resolver(executor, std::move(options));
    std::string name{known_everywhere};
    const auto answer = co_await resolver.a(std::move(name), Servers::all);
    resolver.stop();
    co_return answer ? std::string() : printable(answer.error().detail);
}

awaitable<void> ask_dns_servers(Facts& facts) {
    std::vector<NameServer> servers;
    for (const ServerAddress& named : facts.daemon.dns.servers) servers.push_back({named.host, named.port});
    if (servers.empty())
        for (const std::string& address : facts.host.name_servers) servers.push_back({address});
    for (const NameServer& server : servers) {
        std::string trouble = co_await trouble_with(server, facts.daemon.dns.timeout);
        facts.dns_servers.push_back({server.address, server.port, std::move(trouble)});
    }
}

bool has_source(const std::string& table) {
    std::error_code error;
    return std::filesystem::is_regular_file(to_table(table).rest, error);
}

// What only root may read is root's to judge; smtp(8) opens its tables as root.
bool is_to_be_believed(const std::string& trouble) {
    return ::geteuid() == 0 || trouble.find(std::strerror(EACCES)) == std::string::npos;
}

awaitable<void> try_tables(Facts& facts, std::string directory) {
    PostmapOptions options;
    options.config_directory = std::move(directory);
    options.queue_directory = value(facts.postfix.settings, "queue_directory");
    options.limit = postmap_limit;
    std::set<std::string> tables;
    for (const SmtpService& service : facts.postfix.smtp)
        for (std::string& table :
             tables_beside_ours(facts, value(service.settings, "smtp_tls_policy_maps"), service.chroot))
            if (tables.size() < max_tables) tables.insert(std::move(table));
    for (const std::string& table : tables) {
        const auto trouble = co_await try_table(table, options);
        if (trouble && is_to_be_believed(*trouble)) facts.tables[table] = {*trouble, has_source(table)};
    }
}

bool is_same(const SocketLook& a, const SocketLook& b) {
    const bool jail_matters = a.endpoint.starts_with("unix:");
    return a.endpoint == b.endpoint && a.map == b.map && (!jail_matters || a.chroot == b.chroot);
}

void go_to_the_sockets(Facts& facts) {
    PostfixUser user;
    user.queue_directory = value(facts.postfix.settings, "queue_directory");
    if (const passwd* owner = ::getpwnam(std::string(value(facts.postfix.settings, "mail_owner")).c_str())) {
        user.uid = owner->pw_uid;
        user.gid = owner->pw_gid;
    }
    for (const SmtpService& service : facts.postfix.smtp)
        for (const OurTable& ours :
             our_tables(facts, value(service.settings, "smtp_tls_policy_maps"), service.chroot)) {
            SocketLook look;
            look.endpoint = ours.socketmap.endpoint;
            look.map = ours.socketmap.map;
            look.chroot = service.chroot;
            look.path = path_of(facts, look.endpoint, look.chroot);
            auto found = std::ranges::find_if(facts.sockets,
                                              [&](const SocketLook& each) { return is_same(each, look); });
            if (found == facts.sockets.end()) {
                go_to_the_socket(look, user);
                found = facts.sockets.insert(found, std::move(look));
            }
            found->services.insert(service.name);
        }
}

}  // namespace

awaitable<Result<Facts>> gather_facts(std::string directory, Config daemon) {
    Facts facts;
    facts.daemon = std::move(daemon);
    auto postfix = co_await ask_postfix(directory);
    if (!postfix) co_return tl::unexpected(postfix.error());
    facts.postfix = std::move(*postfix);
    facts.daemon_sees_dnssec = is(facts.postfix.settings, "smtp_dns_support_level", "dnssec");
    if (!directory.empty()) {
        const auto by_itself = co_await ask_postconf();
        facts.daemon_sees_dnssec = by_itself.answer != PostfixDnssec::Answer::otherwise;
        facts.postfix.usual = directory + "/main.cf" == by_itself.main_cf;
    }
    facts.host = look_at_host(facts.postfix);
    if (does_dnssec_anywhere(facts)) facts.host.validating = co_await ask_resolver();
    co_await ask_dns_servers(facts);
    go_to_the_sockets(facts);
    co_await try_tables(facts, std::move(directory));
    co_return facts;
}

}  // namespace sternpost
