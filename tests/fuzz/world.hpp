// What a session is served from: the real resolve room between doubles of the network and the disk, the same for each
// input; and the peer at the other end of its connection.
//
// Four domains have a policy: good.test an enforce one, dane.test one and DANE, testing.test one in testing mode, and
// many.test one that makes a long reply. All others have none.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "sternpost/resolve/domain_answers.hpp"
#include "tests/fuzz/invariant.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/run.hpp"

namespace sternpost::fuzz {

namespace asio = boost::asio;

class World {
public:
    World() {
        publish("good.test", "enforce", "mx: *.good.test\n");
        publish("dane.test", "enforce", "mx: mx.dane.test\n");
        publish("testing.test", "testing", "mx: mx.testing.test\n");
        publish("many.test", "enforce", many_mx());
        resolver.mx_records.insert_or_assign("good.test", signed_set(MxRecord{10, "mx.good.test"}));
        resolver.mx_records.insert_or_assign("dane.test", signed_set(MxRecord{10, "mx.dane.test"}));
        const auto address = asio::ip::make_address("192.0.2.25");
        resolver.a_records.insert_or_assign("mx.dane.test", signed_set(address));
        TlsaRecord tlsa;
        tlsa.usage = 3;
        tlsa.selector = 1;
        tlsa.matching_type = 1;
        tlsa.data.resize(32);
        resolver.tlsa_records.insert_or_assign("_25._tcp.mx.dane.test", signed_set(tlsa));
    }
    ~World() {
        answers.stop();
        io.restart();
        io.run_for(std::chrono::seconds(1));
    }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // A connected pair: ours, to be served, and the peer's descriptor.
    std::pair<asio::generic::stream_protocol::socket, int> connection() {
        std::array<int, 2> ends{};
        must(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0, "there is a socket");
        const asio::generic::stream_protocol unix_stream(AF_UNIX, 0);
        return {asio::generic::stream_protocol::socket(io, unix_stream, ends[0]), ends[1]};
    }

    // Sends `input` and the end of it, and reads until `serve`, which serves our end, is done. What was received.
    std::string exchange(int peer, std::string_view input, asio::awaitable<void> serve) {
        bool done = false;
        std::exception_ptr escaped;
        asio::co_spawn(io, std::move(serve), [&](std::exception_ptr error) {
            done = true;
            escaped = error;
        });
        std::string received;
        bool all_sent = false;
        test::run_until(io, [&] {
            if (!all_sent) all_sent = send_some(peer, input);
            receive_some(peer, received);
            return done;
        });
        receive_some(peer, received);
        ::close(peer);
        if (escaped) std::rethrow_exception(escaped);
        return received;
    }

    asio::io_context io{1};
    test::FakeClock clock;
    test::FakeResolver resolver{io};
    test::FakeFetcher fetcher{io};
    test::FakeStore store{io};
    DomainAnswers answers{io.get_executor(),
                          io.get_executor(),
                          Sources{resolver, fetcher, store, clock},
                          ResolveOptions{},
                          Rules(true, {{"sts-testing", MapRules{true, true, false}}}, {}),
                          100};

private:
    static const std::string& many_mx() {
        static const std::string lines = [] {
            std::string text;
            for (int i = 0; i < 2500; ++i) text += "mx: mx" + std::to_string(i) + ".many.test\n";
            return text;
        }();
        return lines;
    }

    template <class Record>
    static RecordSet<Record> signed_set(Record record) {
        RecordSet<Record> set;
        set.records.push_back(std::move(record));
        set.authentic = true;
        set.ttl = std::chrono::seconds(3600);
        return set;
    }

    void publish(const std::string& domain, const std::string& mode, const std::string& mx) {
        resolver.txt_records.insert_or_assign("_mta-sts." + domain,
                                              signed_set(std::string("v=STSv1; id=1;")));
        resolver.a_records.insert_or_assign("mta-sts." + domain,
                                            signed_set(asio::ip::make_address("192.0.2.80")));
        fetcher.bodies.insert_or_assign("mta-sts." + domain,
                                        "version: STSv1\nmode: " + mode + "\n" + mx + "max_age: 604800\n");
    }

    // Whether all of it is sent.
    static bool send_some(int peer, std::string_view& input) {
        while (!input.empty()) {
            const ssize_t sent = ::send(peer, input.data(), input.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent < 0) break;
            input.remove_prefix(static_cast<std::size_t>(sent));
        }
        if (!input.empty()) return false;
        ::shutdown(peer, SHUT_WR);
        return true;
    }

    static void receive_some(int peer, std::string& received) {
        std::array<char, 65536> buffer;
        for (;;) {
            const ssize_t count = ::recv(peer, buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (count <= 0) return;
            received.append(buffer.data(), static_cast<std::size_t>(count));
        }
    }
};

}  // namespace sternpost::fuzz
