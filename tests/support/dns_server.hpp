// A DNS server on the test's own loop, over UDP and TCP, that does with each question what a function says.
//
// Ownership: goes before its io_context. Threads: that of the io_context.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sternpost/dns/name_server.hpp"
#include "tests/support/dns_message.hpp"

namespace sternpost::test {

namespace asio = boost::asio;

class DnsServer {
public:
    struct Question {
        Bytes query;
        bool tcp = false;
        asio::ip::udp::endpoint from;             // over UDP
        std::function<void(const Bytes&)> reply;  // now or later, never or several times

        DnsMessage answer() const { return DnsMessage::answer_to(query).opt(); }
        std::string name() const { return name_in(query, DnsMessage::header_size); }
        int type() const { return answer().question_type(); }
        bool has_edns() const { return get16(query, 10) != 0; }
    };
    using Behaviour = std::function<void(const Question&)>;

    DnsServer(asio::io_context& io, const std::string& address, Behaviour behaviour, std::uint16_t port = 53)
        : behaviour_(std::move(behaviour)),
          udp_(io, asio::ip::udp::endpoint(asio::ip::make_address(address), port)),
          tcp_(io, asio::ip::tcp::endpoint(asio::ip::make_address(address), port)) {
        receive();
        accept();
    }
    DnsServer(const DnsServer&) = delete;
    DnsServer& operator=(const DnsServer&) = delete;

    asio::ip::udp::endpoint endpoint() const { return udp_.local_endpoint(); }
    NameServer named() const { return {endpoint().address().to_string(), endpoint().port()}; }
    // Every question that came, in order.
    const std::vector<Question>& asked() const { return asked_; }
    void forget_asked() { asked_.clear(); }
    void behave(Behaviour behaviour) { behaviour_ = std::move(behaviour); }

    void close_connections() {
        for (const auto& connection : connections_) connection->socket.close();
        connections_.clear();
    }
    void close_listener() { tcp_.close(); }

private:
    struct Connection {
        explicit Connection(asio::ip::tcp::socket&& accepted) : socket(std::move(accepted)) {}
        asio::ip::tcp::socket socket;
        std::array<std::uint8_t, 2> length{};
        Bytes query;
        std::vector<std::shared_ptr<Bytes>> replies;  // they stay put until the end
    };

    static std::string name_in(const Bytes& message, std::size_t at) {
        std::string name;
        for (; message.at(at) != 0; at += 1U + message[at]) {
            if (!name.empty()) name += '.';
            const auto label = message.begin() + static_cast<std::ptrdiff_t>(at) + 1;
            name.append(label, label + message[at]);
        }
        return name;
    }

    void receive() {
        const auto from = std::make_shared<asio::ip::udp::endpoint>();
        udp_.async_receive_from(
            asio::buffer(buffer_), *from, [this, from](boost::system::error_code error, std::size_t size) {
                if (error) return;
                take_udp(*from, Bytes(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size)));
                receive();
            });
    }

    void take_udp(const asio::ip::udp::endpoint& from, Bytes query) {
        Question question;
        question.query = std::move(query);
        question.from = from;
        question.reply = [this, from](const Bytes& answer) {
            boost::system::error_code ignored;
            udp_.send_to(asio::buffer(answer), from, 0, ignored);
        };
        asked_.push_back(question);
        behaviour_(question);
    }

    void accept() {
        tcp_.async_accept([this](boost::system::error_code error, asio::ip::tcp::socket socket) {
            if (error) return;
            connections_.push_back(std::make_shared<Connection>(std::move(socket)));
            read(connections_.back());
            accept();
        });
    }

    void read(const std::shared_ptr<Connection>& from) {
        asio::async_read(from->socket, asio::buffer(from->length),
                         [this, from](boost::system::error_code error, std::size_t) {
                             if (error) return end(from, error);
                             from->query.resize(std::size_t{from->length[0]} << 8U | from->length[1]);
                             asio::async_read(from->socket, asio::buffer(from->query),
                                              [this, from](boost::system::error_code failed, std::size_t) {
                                                  if (failed) return end(from, failed);
                                                  take_tcp(from);
                                              });
                         });
    }

    void end(const std::shared_ptr<Connection>& connection, boost::system::error_code error) {
        if (error == asio::error::operation_aborted) return;  // perhaps this server is gone
        connection->socket.close();                           // ends the answers that are still to be written
        std::erase(connections_, connection);
    }

    void take_tcp(const std::shared_ptr<Connection>& from) {
        Question question;
        question.query = from->query;
        question.tcp = true;
        question.reply = [weak = std::weak_ptr<Connection>(from)](const Bytes& answer) {
            const auto to = weak.lock();
            if (!to || !to->socket.is_open()) return;
            Bytes framed;
            put16(framed, answer.size());
            to->replies.push_back(std::make_shared<Bytes>(joined(std::move(framed), answer)));
            asio::async_write(to->socket, asio::buffer(*to->replies.back()),
                              [to](boost::system::error_code, std::size_t) {});
        };
        asked_.push_back(question);
        behaviour_(question);
        read(from);
    }

    Behaviour behaviour_;
    asio::ip::udp::socket udp_;
    asio::ip::tcp::acceptor tcp_;
    std::array<std::uint8_t, 4096> buffer_{};
    std::vector<Question> asked_;
    std::vector<std::shared_ptr<Connection>> connections_;
};

}  // namespace sternpost::test
