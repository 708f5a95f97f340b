// All that Postfix sends over one connection: each request gets the reply that belongs to it, in order.
#include "socketmap/session.hpp"

#include "socketmap/netstring_reader.hpp"
#include "sternpost/answer/answer.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/fuzz/world.hpp"

namespace sternpost::fuzz {

namespace {

std::vector<std::string> requests_in(std::string_view input) {
    NetstringReader reader;
    std::vector<std::string> requests;
    while (!input.empty() && !reader.broken()) {
        const auto space = reader.space();
        const std::size_t count = std::min(input.size(), space.size());
        std::copy_n(input.begin(), count, space.begin());
        reader.filled(count);
        input.remove_prefix(count);
        while (const auto request = reader.next()) requests.emplace_back(*request);
    }
    return requests;
}

// As Postfix reads them: a netstring of up to max_reply_bytes each.
std::vector<std::string> replies_in(std::string_view bytes) {
    std::vector<std::string> replies;
    while (!bytes.empty()) {
        const std::size_t colon = bytes.find(':');
        must(colon != 0 && colon <= 6, "a reply begins with its length");
        must(bytes.substr(0, colon).find_first_not_of("0123456789") == bytes.npos, "which is a number");
        const std::size_t length = std::stoul(std::string(bytes.substr(0, colon)));
        must(length <= max_reply_bytes, "within Postfix's limit");
        bytes.remove_prefix(colon + 1);
        must(bytes.size() > length && bytes[length] == ',', "and ends in a comma");
        replies.emplace_back(bytes.substr(0, length));
        bytes.remove_prefix(length + 1);
    }
    return replies;
}

// What the reply to `request` must begin with.
std::string_view beginning_of_reply(const Answers& answers, std::string_view request) {
    const std::size_t space = request.find(' ');
    const auto map = answers.map(request.substr(0, space));
    if (!map) return "PERM unknown map \"";
    const auto next_hop = read_next_hop(space == request.npos ? "" : request.substr(space + 1));
    if (!next_hop) return "NOTFOUND ";
    const std::string& domain = next_hop->domain;
    if (domain == "dane.test" && !next_hop->bracketed)
        return map->dane ? "OK dane-only" : "OK secure match=mx.dane.test ";
    if (domain == "testing.test")
        return map->enforce_testing ? "OK secure match=mx.testing.test " : "NOTFOUND ";
    if (domain == "good.test" || domain == "dane.test" || domain == "many.test") return "OK secure match=";
    return "NOTFOUND ";
}

asio::awaitable<void> serve(Readiness& readiness, const bool& closed) {
    while (!closed) {
        co_await readiness.wait();
        readiness.tell();
    }
}

}  // namespace

void session(std::string_view input) {
    World world;
    SocketmapFigures figures;
    Repeats repeats(world.clock);
    auto [socket, peer] = world.connection();
    const auto readiness = std::make_shared<Readiness>(world.io.get_executor());
    bool closed = false;
    const auto session =
        std::make_shared<Session>(socket.release(), readiness, world.answers, SessionNotes{figures, repeats},
                                  SessionEvents{.active = [](SteadyTime) {},
                                                .closed =
                                                    [&] {
                                                        closed = true;
                                                        readiness->close();
                                                    }});
    session->begin();
    const auto replies = replies_in(world.exchange(peer, input, serve(*readiness, closed)));
    const auto requests = requests_in(input);

    const bool broken = figures.closed_for_protocol.value() > 0;
    must(broken ? replies.size() <= requests.size() : replies.size() == requests.size(),
         "each request has its reply");
    for (std::size_t i = 0; i < replies.size(); ++i) {
        must(is_printable(replies[i]), "a reply is printable");
        must(replies[i].starts_with(beginning_of_reply(world.answers, requests[i])),
             "it is the one to that request");
    }
}

}  // namespace sternpost::fuzz
