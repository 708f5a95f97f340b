// Fills a cache file with policies, through the room that the daemon has it from.
//
//     fill_store CACHE.DB COUNT BELOW
//
// d0.BELOW, d1.BELOW, … get what a usual owner publishes: three names of MX hosts, one of them with a wildcard. Fetched
// now, with the id "1", for four weeks.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include "sternpost/store/sqlite_store.hpp"

namespace sternpost::bench {
namespace {

constexpr std::size_t puts_a_commit = 5000;

DomainRecord record_of(std::size_t number, const std::string& below, WallTime now) {
    const std::string domain = "d" + std::to_string(number) + "." + below;
    CachedPolicy policy;
    policy.id = "1";
    policy.body = "version: STSv1\nmode: enforce\nmx: mx1." + domain + "\nmx: mx2." + domain +
                  "\nmx: *.backup." + domain + "\nmax_age: 2419200\n";
    policy.policy = read_policy(policy.body).value();
    policy.fetched = now;
    DomainRecord record;
    record.domain = domain;
    record.policy = std::move(policy);
    record.last_used = now;
    record.refresh_at = now + std::chrono::hours(24);
    return record;
}

void fill(const std::string& path, std::size_t count, const std::string& below) {
    boost::asio::io_context loop;
    const SystemClock clock;
    SqliteStore store(loop.get_executor(), path, clock);
    const auto rethrow = [](const std::exception_ptr& error, const Result<void>& done) {
        if (error) std::rethrow_exception(error);
        if (!done) throw std::runtime_error(done.error().detail);
    };
    for (std::size_t begun = 0; begun < count; begun += puts_a_commit) {
        for (std::size_t i = begun; i < std::min(begun + puts_a_commit, count); ++i)
            boost::asio::co_spawn(loop, store.put(record_of(i, below, clock.wall())), rethrow);
        loop.run();
        loop.restart();
    }
    store.close();
}

}  // namespace
}  // namespace sternpost::bench

int main(int argc, char** argv) try {
    if (argc != 4) throw std::runtime_error("fill_store CACHE.DB COUNT BELOW");
    sternpost::bench::fill(argv[1], std::stoul(argv[2]), argv[3]);
} catch (const std::exception& error) {
    std::cerr << "fill_store: " << error.what() << "\n";
    return 1;
}
