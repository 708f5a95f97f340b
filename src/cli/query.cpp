#include <sys/socket.h>
#include <sys/time.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <chrono>
#include <iostream>
#include <memory>

#include "command.hpp"
#include "sternpost/answer/answer.hpp"
#include "sternpost/answer/netstring.hpp"
#include "sternpost/base/printable.hpp"

namespace asio = boost::asio;

namespace sternpost {

namespace {

constexpr int exit_not_found = 1;
// dict_sockmap.c
constexpr std::chrono::seconds postfix_patience{100};

using Socket = asio::generic::stream_protocol::socket;

asio::generic::stream_protocol::endpoint endpoint_of(const ListenAddress& daemon) {
    if (daemon.host.empty()) return asio::local::stream_protocol::endpoint(daemon.path);
    return asio::ip::tcp::endpoint(asio::ip::make_address(daemon.host), daemon.port);
}

void limit_waiting(Socket& socket) {
    timeval limit{};
    limit.tv_sec = postfix_patience.count();
    ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

std::string read_netstring(Socket& socket) {
    std::string bytes;
    const std::size_t head = asio::read_until(socket, asio::dynamic_buffer(bytes, max_reply_bytes + 16), ':');
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + head - 1, length);
    if (error != std::errc() || end != bytes.data() + head - 1 || length > max_reply_bytes)
        throw boost::system::system_error(make_error_code(boost::system::errc::protocol_error));
    const std::size_t whole = head + length + 1;
    if (bytes.size() < whole)
        asio::read(socket, asio::dynamic_buffer(bytes), asio::transfer_exactly(whole - bytes.size()));
    return bytes.substr(head, length);
}

// The reply without its netstring: "OK …", "NOTFOUND ", "TEMP …", "PERM …".
Result<std::string> ask(const ListenAddress& daemon, const std::string& map, const std::string& key) try {
    asio::io_context io(1);
    Socket socket(io);
    socket.connect(endpoint_of(daemon));
    limit_waiting(socket);
    asio::write(socket, asio::buffer(to_netstring(map + " " + key)));
    return read_netstring(socket);
} catch (const boost::system::system_error& error) {
    return failure(Errc::temporary, "no answer from sternpostd at " + to_string(daemon) + ": " +
                                        error.code().message() +
                                        "; is it running, and is \"listen\" what it was started with?");
}

int exit_status(const std::string& reply) {
    if (reply.starts_with("OK ")) return exit_good;
    if (reply.starts_with("NOTFOUND")) return exit_not_found;
    if (reply.starts_with("PERM")) return exit_usage;
    return exit_temporary;
}

int query(const Config& config, const std::string& map, const std::string& key) {
    const auto reply = ask(config.listen.front(), map, key);
    if (!reply) {
        complain(reply.error().detail);
        return exit_temporary;
    }
    std::cout << printable(*reply, max_reply_bytes) << "\n";
    return exit_status(*reply);
}

struct Arguments {
    std::string key;
    std::string map = "sts";
};

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
            line.status = query(*config, arguments->map, arguments->key);
    });
}

}  // namespace sternpost
