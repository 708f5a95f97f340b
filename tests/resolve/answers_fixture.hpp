// The resolve room between doubles of all that it leans on, with a clock that stands still.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <iostream>
#include <optional>
#include <set>

#include "sternpost/resolve/domain_answers.hpp"
#include "tests/support/captured_log.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/run.hpp"

namespace sternpost {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using test::FakeClock;
using test::FakeFetcher;
using test::FakeResolver;
using test::FakeStore;

inline constexpr const char* not_found = "9:NOTFOUND ,";

inline std::string enforce(const std::string& mx, int max_age = 604800) {
    return "version: STSv1\nmode: enforce\nmx: " + mx + "\nmax_age: " + std::to_string(max_age) + "\n";
}

inline std::string secure(const std::string& names) {
    const std::string payload = "OK secure match=" + names + " servername=hostname";
    return std::to_string(payload.size()) + ":" + payload + ",";
}

// Both loops are one here, so that a test decides when each step happens.
class AnswersTest : public testing::Test {
protected:
    ~AnswersTest() override {
        if (HasFailure()) std::cerr << log.text();
        fetcher.gate.open();
        resolver.gate.open();
        resolver.mx_gate.open();
        resolver.tlsa_gate.open();
        store.gate.open();
        end();
    }

    void start() {
        answers.emplace(io.get_executor(), io.get_executor(), Sources{resolver, fetcher, store, clock, fleet},
                        options, rules(), memory_entries);
    }
    Rules rules() const { return Rules(dane, maps, overrides); }
    // As at a reload.
    void reconfigure() {
        answers->reconfigure(options, rules());
        settle();
    }
    void end() {
        answers->stop();
        io.restart();
        io.run_for(1s);
        answers.reset();
    }
    // A new process on the same disk.
    void restart() {
        end();
        start();
    }

    void publish(const std::string& domain, const std::string& id, const std::string& body) {
        publish_id(domain, id);
        fetcher.bodies.insert_or_assign("mta-sts." + domain, body);
        RecordSet<asio::ip::address> address;
        address.records.push_back(asio::ip::make_address("192.0.2.80"));
        resolver.a_records.insert_or_assign("mta-sts." + domain, address);
    }
    void publish_id(const std::string& domain, const std::string& id) {
        publish_txt(domain, {"v=STSv1; id=" + id + ";"});
    }
    void publish_txt(const std::string& domain, std::vector<std::string> texts) {
        RecordSet<std::string> set;
        set.records = std::move(texts);
        set.ttl = 3600s;
        resolver.txt_records.insert_or_assign("_mta-sts." + domain, set);
    }
    void publish_mx(const std::string& domain, const std::vector<std::string>& hosts) {
        RecordSet<MxRecord> set;
        for (const std::string& host : hosts) set.records.push_back(MxRecord{10, host});
        set.ttl = 600s;
        resolver.mx_records.insert_or_assign(domain, set);
    }
    void break_policy_host(const std::string& domain) {
        fetcher.bodies.insert_or_assign("mta-sts." + domain,
                                        failure(Errc::temporary, "HTTP status 500 instead of 200"));
    }
    void break_txt(const std::string& domain) {
        resolver.txt_records.insert_or_assign("_mta-sts." + domain,
                                              failure(Errc::temporary, "SERVFAIL from 127.0.0.1:53"));
    }

    // Asks as a session does: the table first, then the resolve loop.
    struct Pending {
        bool done = false;
        Reply reply;
    };
    std::shared_ptr<Pending> begin(const std::string& key, std::string_view map = "sts") {
        auto pending = std::make_shared<Pending>();
        const auto next_hop = read_next_hop(key);
        if (!next_hop) throw std::invalid_argument(key);
        pending->reply = answers->at_once(answers->map(map).value(), *next_hop);
        pending->done = pending->reply != nullptr;
        if (!pending->done)
            answers->ask(answers->map(map).value(), *next_hop, [pending](Reply reply) {
                pending->reply = std::move(reply);
                pending->done = true;
            });
        return pending;
    }
    std::string ask(const std::string& key, std::string_view map = "sts") {
        const auto pending = begin(key, map);
        test::run_until(io, [&] { return pending->done; });
        return std::string(*pending->reply);
    }
    // Lets everything run that can run without time passing.
    void settle() {
        io.restart();
        while (io.poll() > 0) io.restart();
    }
    bool at_hand(const std::string& key) {
        return answers->at_once(answers->map("sts").value(), *read_next_hop(key)) != nullptr;
    }
    int txt_questions(const std::string& domain) { return resolver.txt_questions["_mta-sts." + domain]; }
    int fetches(const std::string& domain) { return fetcher.fetches["mta-sts." + domain]; }
    bool logged(const std::string& text) const { return log.has(text); }

    test::CapturedLog log;
    asio::io_context io{1};
    FakeClock clock;
    FakeResolver resolver{io};
    FakeFetcher fetcher{io};
    FakeStore store{io};
    Fleet* fleet = nullptr;
    ResolveOptions options;
    std::size_t memory_entries = 1000;
    bool dane = true;
    std::map<std::string, MapRules> maps;
    std::vector<Override> overrides;
    std::optional<DomainAnswers> answers;
};

}  // namespace sternpost
