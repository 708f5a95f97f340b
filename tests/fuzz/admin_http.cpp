// All that an operator, or a scraper of figures, sends over one connection of HTTP.
#include <boost/json/parse.hpp>
#include <charconv>
#include <set>

#include "admin/http_session.hpp"
#include "admin/resources.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/fuzz/world.hpp"

namespace sternpost::fuzz {

namespace {

const std::set<unsigned> known_statuses{200, 400, 404, 405, 408, 409, 413, 421, 431, 503, 505};

struct Received {
    unsigned status = 0;
    std::string type;
    std::string body;  // empty for HEAD
};

// The value of a header field that must be there.
std::string field(std::string_view head, const std::string& name) {
    const std::string mark = "\r\n" + name + ": ";
    const std::size_t at = head.find(mark);
    must(at != head.npos, "a response has its headers");
    const std::string_view value = head.substr(at + mark.size());
    return std::string(value.substr(0, value.find("\r\n")));
}

std::vector<Received> responses_in(std::string_view bytes) {
    std::vector<Received> all;
    while (!bytes.empty()) {
        const std::size_t end = bytes.find("\r\n\r\n");
        must(end != bytes.npos, "a response has a head");
        const std::string_view head = bytes.substr(0, end + 2);
        bytes.remove_prefix(end + 4);
        must(head.starts_with("HTTP/1.1 "), "it is one of HTTP/1.1");
        for (const std::string& line : parts_of(head, "\r\n"))
            must(is_printable(line), "its head is printable");
        Received one;
        std::from_chars(head.data() + 9, head.data() + 12, one.status);
        one.type = field(head, "Content-Type");
        const std::size_t length = std::stoul(field(head, "Content-Length"));
        const bool to_head = length > 0 && (bytes.empty() || bytes.starts_with("HTTP/1.1 "));
        must(to_head || bytes.size() >= length, "it is whole");
        if (!to_head) one.body = bytes.substr(0, length);
        bytes.remove_prefix(one.body.size());
        all.push_back(std::move(one));
    }
    return all;
}

void check(const Received& response, Audience audience) {
    must(known_statuses.contains(response.status), "its status is one of ours");
    for (const std::string& line : parts_of(response.body, "\n"))
        must(is_printable(line), "its body is printable");
    if (response.type == json_text && !response.body.empty()) {
        boost::system::error_code error;
        boost::json::parse(response.body, error);
        must(!error, "what says that it is JSON is");
    }
    if (audience != Audience::operators && response.status == 200)
        must(response.type != json_text, "who scrapes figures learns no policies");
}

// What the operators' socket, or that for scrapers, answers.
void talk(std::string_view input, Audience audience) {
    World world;
    SocketmapFigures figures;
    bool known = false;
    world.answers.ask(*world.answers.map("sts"), *read_next_hop("good.test"),
                      [&known](Reply) { known = true; });
    test::run_until(world.io, [&known] { return known; });
    const auto expires = world.store.records.at("good.test").policy->expires();

    Resources resources(
        world.io.get_executor(),
        AdminSources{world.answers, world.store, world.clock, figures, [] { return DnsFigures(); },
                     [] { return HttpsFigures(); }, world.io.get_executor(), "1.2.3"});
    Service service;
    service.audience = audience;
    service.request_time = std::chrono::seconds(10);
    service.answer = [&](Request request) { return resources.answer(std::move(request), audience); };
    auto [socket, peer] = world.connection();
    const auto served = std::make_shared<HttpSession>(std::move(socket), std::move(service), "uid 0");
    for (const Received& response : responses_in(world.exchange(peer, input, HttpSession::serve(served))))
        check(response, audience);

    if (audience == Audience::operators && input.find("unexpired=yes") != input.npos) return;
    const auto kept = world.store.records.find("good.test");
    must(kept != world.store.records.end() && kept->second.policy, "an enforce policy is not forgotten");
    must(kept->second.policy->policy.mode == Mode::enforce && kept->second.policy->expires() >= expires,
         "nor weakened, nor shortened");
}

}  // namespace

void admin_http(std::string_view input) {
    talk(input, Audience::operators);
    talk(input, Audience::scrapers_on_loopback);
}

}  // namespace sternpost::fuzz
