#include "conversation.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "sternpost/base/ascii.hpp"
#include "sternpost/base/trimmed.hpp"
#include "sternpost/loop/address_families.hpp"
#include "sternpost/policy/host_name.hpp"
#include "verification.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

constexpr auto as_value = asio::as_tuple(asio::use_awaitable);
constexpr int ready = 220;
constexpr int done = 250;

// "250-" or "250 ", and the end of that line; 0 if there is none.
int code_of(std::string_view line) {
    if (line.size() < 3 || !std::ranges::all_of(line.substr(0, 3), is_digit)) return 0;
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

// Whether a line of the reply to EHLO has the keyword in upper or lower case (RFC 5321 section 4.1.1.1).
bool offers_starttls(std::string_view reply) {
    constexpr std::string_view keyword = "STARTTLS";
    while (!reply.empty()) {
        const std::string_view line = reply.substr(0, reply.find('\n'));
        reply.remove_prefix(std::min(reply.size(), line.size() + 1));
        const std::string_view said = trimmed(line.substr(std::min<std::size_t>(line.size(), 4)), " \t\r");
        if (equal_ignoring_case(said.substr(0, said.find(' ')), keyword)) return true;
    }
    return false;
}

}  // namespace

Conversation::Conversation(const asio::any_io_executor& executor, MxTarget target, const TrustStore& trust)
    : target_(std::move(target)), trust_(trust), socket_(executor) {}

awaitable<void> Conversation::hold() {
    bool going_on = co_await connect();
    if (going_on) going_on = co_await ask_for_tls();
    if (going_on) co_await shake_hands();
}

awaitable<bool> Conversation::connect() {
    using asio::experimental::awaitable_operators::operator||;
    std::string why = "it has no address";
    for (const asio::ip::address& address : of_both_families(target_.addresses, max_probe_addresses)) {
        const asio::ip::tcp::endpoint endpoint(address, target_.port);
        asio::steady_timer timer(socket_.get_executor(), probe_connect_time);
        boost::system::error_code ignored;
        socket_.close(ignored);
        const auto first = co_await (socket_.async_connect(endpoint, as_value) || timer.async_wait(as_value));
        if (first.index() == 0 && !std::get<0>(std::get<0>(first))) {
            report_.address = address.to_string();
            co_return true;
        }
        why = address.to_string() + ": " +
              (first.index() == 0 ? std::get<0>(std::get<0>(first)).message() : "no answer");
    }
    co_return fail("no connection to port " + std::to_string(target_.port) + " (" + why + ")");
}

awaitable<bool> Conversation::ask_for_tls() {
    auto reply = co_await read_reply();
    if (!reply) co_return fail(reply.error().detail);
    if (reply->code != ready) co_return fail("it does not want to talk: " + reply->text);
    reply = co_await say("EHLO " + own_name());
    if (!reply) co_return fail(reply.error().detail);
    report_.offered = reply->code == done && offers_starttls(reply->text);
    if (!report_.offered) {
        reply = co_await say("QUIT");
        co_return fail("it does not offer STARTTLS");
    }
    reply = co_await say("STARTTLS");
    if (!reply) co_return fail(reply.error().detail);
    if (reply->code != ready) co_return fail("it offers STARTTLS and refuses it: " + reply->text);
    // RFC 3207 section 6: what was sent in clear before the handshake must not be taken for a part of it.
    if (!unread_.empty()) co_return fail("it sends more than its reply to STARTTLS");
    co_return true;
}

awaitable<void> Conversation::shake_hands() {
    asio::ssl::stream<asio::ip::tcp::socket&> stream(socket_, context_);
    SSL* session = stream.native_handle();
    // RFC 7672 section 8.1: if DANE is looked at, the name is that of its base domain.
    const std::string& name = target_.tlsa.empty() ? target_.host : target_.tlsa_base;
    SSL_set_tlsext_host_name(session, name.c_str());
    report_.dane_fault = prepare_dane(context_.native_handle(), session, target_);
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::client, as_value);
    if (error) {
        fail("the TLS handshake fails: " + error.message());
        co_return;
    }
    judge(session, target_, trust_, report_);
    const std::string quit = "QUIT\r\n";
    co_await asio::async_write(stream, asio::buffer(quit), as_value);
}

awaitable<Result<Conversation::Reply>> Conversation::read_reply() {
    Reply reply;
    for (;;) {
        auto buffer = asio::dynamic_buffer(unread_, max_smtp_reply_bytes);
        const auto [error, length] = co_await asio::async_read_until(socket_, buffer, '\n', as_value);
        if (error) co_return failure(Errc::temporary, "it breaks off before TLS: " + error.message());
        const std::string line = unread_.substr(0, length);
        unread_.erase(0, length);
        reply.code = code_of(line);
        reply.text += line;
        if (reply.code == 0) co_return failure(Errc::invalid, "it does not speak SMTP: " + line);
        if (reply.text.size() > max_smtp_reply_bytes)
            co_return failure(Errc::invalid, "its reply is longer than any should be");
        if (line[3] != '-') co_return reply;
    }
}

awaitable<Result<Conversation::Reply>> Conversation::say(std::string line) {
    line += "\r\n";
    const auto [error, count] = co_await asio::async_write(socket_, asio::buffer(line), as_value);
    if (error) co_return failure(Errc::temporary, "it breaks off before TLS: " + error.message());
    co_return co_await read_reply();
}

// RFC 5321 section 4.1.3: if the host has no full name, its address.
std::string Conversation::own_name() const {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    std::string host = name.data();
    if (host.find('.') != std::string::npos && valid_host_name(host)) return host;
    boost::system::error_code error;
    const auto local = socket_.local_endpoint(error).address();
    return (local.is_v6() ? "[IPv6:" : "[") + local.to_string() + "]";
}

bool Conversation::fail(std::string why) {
    report_.failure = std::move(why);
    return false;
}

}  // namespace sternpost
