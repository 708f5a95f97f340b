#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>

#include "admin_client.hpp"
#include "command.hpp"
#include "sternpost/answer/answer.hpp"
#include "sternpost/answer/netstring.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/loop/spawn.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

constexpr int exit_not_found = 1;
// dict_sockmap.c
constexpr std::chrono::seconds postfix_patience{100};

constexpr std::size_t room_for_frame = 16;
constexpr auto as_value = asio::as_tuple(asio::use_awaitable);

using Socket = asio::generic::stream_protocol::socket;

asio::generic::stream_protocol::endpoint endpoint_of(const ListenAddress& daemon) {
    if (daemon.host.empty()) return asio::local::stream_protocol::endpoint(daemon.path);
    return asio::ip::tcp::endpoint(asio::ip::make_address(daemon.host), daemon.port);
}

Error protocol_error(std::string_view what) {
    return {Errc::invalid, "it does not speak socketmap: " + std::string(what)};
}

// The payload of the one netstring that `socket` has for us.
awaitable<Result<std::string>> read_netstring(Socket& socket) {
    std::string bytes;
    auto buffer = asio::dynamic_buffer(bytes, max_reply_bytes + room_for_frame);
    const auto [head_error, head] = co_await asio::async_read_until(socket, buffer, ':', as_value);
    if (head_error == asio::error::not_found) co_return tl::unexpected(protocol_error("no length"));
    if (head_error) co_return failure(Errc::temporary, head_error.message());
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + head - 1, length);
    if (error != std::errc() || end != bytes.data() + head - 1 || length > max_reply_bytes)
        co_return tl::unexpected(protocol_error("a bad length"));
    const std::size_t whole = head + length + 1;
    const std::size_t lacking = whole - std::min(whole, bytes.size());
    const auto [rest_error, rest] =
        co_await asio::async_read(socket, buffer, asio::transfer_exactly(lacking), as_value);
    if (rest_error) co_return failure(Errc::temporary, rest_error.message());
    if (bytes[whole - 1] != ',') co_return tl::unexpected(protocol_error("a reply without its end"));
    co_return bytes.substr(head, length);
}

struct Arguments {
    std::string key;
    std::string map = "sts";
};

struct Conversation {
    bool nobody_listens = false;
    Result<std::string> reply = failure(Errc::temporary, "it has not answered in time");
};

awaitable<void> converse(Socket& socket, const ListenAddress& daemon, std::string request,
                         Conversation& conversation) {
    Result<std::string>& reply = conversation.reply;
    const auto [connect_error] = co_await socket.async_connect(endpoint_of(daemon), as_value);
    if (connect_error) {
        conversation.nobody_listens = connect_error == asio::error::connection_refused ||
                                      connect_error == boost::system::errc::no_such_file_or_directory;
        reply = failure(Errc::temporary, connect_error.message());
        co_return;
    }
    const auto [write_error, count] = co_await asio::async_write(socket, asio::buffer(request), as_value);
    if (write_error)
        reply = failure(Errc::temporary, write_error.message());
    else
        reply = co_await read_netstring(socket);
}

// The reply without its netstring: "OK …", "NOTFOUND ", "TEMP …", "PERM …".
Conversation ask(const ListenAddress& daemon, const std::string& map, const std::string& key) {
    asio::io_context io(1);
    Socket socket(io);
    Conversation conversation;
    spawn(io.get_executor(), "query", converse(socket, daemon, to_netstring(map + " " + key), conversation));
    io.run_for(postfix_patience);
    if (auto& reply = conversation.reply; !reply)
        reply = failure(reply.error().code,
                        "no answer from sternpostd at " + to_string(daemon) + ": " + reply.error().detail +
                            "; is it running, and is \"listen\" what it was started with?");
    return conversation;
}

int exit_status(const std::string& reply) {
    if (reply.starts_with("OK ")) return exit_good;
    if (reply.starts_with("NOTFOUND")) return exit_not_found;
    if (reply.starts_with("PERM")) return exit_usage;
    return exit_temporary;
}

// nullopt: the daemon listens where its configuration says, as far as is known.
std::optional<ListenAddress> address_by_systemd(const Config& config) {
    const auto in_use = addresses_in_use(config);
    const bool as_configured = std::ranges::any_of(in_use, [&](const ListenAddress& address) {
        return to_string(address) == to_string(config.listen.front());
    });
    return in_use.empty() || as_configured ? std::nullopt : std::optional(in_use.front());
}

// Another program may listen at the usual configuration's address, such as the resolver that sternpost has replaced: there,
// what the admin socket says comes first. If FILE names no admin socket of its own, the usual one is another daemon's:
// with -c FILE, its address comes first.
Result<std::string> answer_of_daemon(const Config& config, bool usual, const Arguments& arguments) {
    const ListenAddress& configured = config.listen.front();
    auto by_systemd = usual ? address_by_systemd(config) : std::nullopt;
    Conversation first = ask(by_systemd.value_or(configured), arguments.map, arguments.key);
    if (usual || !first.nobody_listens) return first.reply;
    by_systemd = address_by_systemd(config);
    if (!by_systemd) return first.reply;
    complain("nobody listens at " + to_string(configured) + "; asked instead: " + to_string(*by_systemd) +
             ", where the daemon of " + config.admin.socket + " does");
    return ask(*by_systemd, arguments.map, arguments.key).reply;
}

int query(const Config& config, bool usual, const Arguments& arguments) {
    if (arguments.map.size() + 1 + arguments.key.size() > max_request_bytes) {
        complain("the question is too long: sternpostd takes keys of up to " + std::to_string(max_key_bytes) +
                 " bytes, and this one has " + std::to_string(arguments.key.size()));
        return exit_usage;
    }
    const auto reply = answer_of_daemon(config, usual, arguments);
    if (!reply) {
        complain(reply.error().detail);
        return exit_temporary;
    }
    std::cout << printable(*reply, max_reply_bytes) << "\n";
    return exit_status(*reply);
}

}  // namespace

void add_query(CLI::App& program, CommandLine& line) {
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* command = program.add_subcommand("query", "Ask the running daemon just what Postfix would ask");
    command->add_option("KEY", arguments->key, "A next-hop: example.com, [relay.example.com]:587")
        ->required();
    command->add_option("--map", arguments->map, "The map name that stands last in smtp_tls_policy_maps")
        ->type_name("NAME")
        ->capture_default_str();
    command->callback([arguments, &line] {
        if (const auto config = config_for(line))
            line.status = query(*config, line.config_file.empty(), *arguments);
    });
}

}  // namespace sternpost
