// The parts of an answer, each by itself.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "resolve/memory_table.hpp"
#include "socketmap/netstring_reader.hpp"
#include "sternpost/answer/answer.hpp"
#include "sternpost/answer/netstring.hpp"
#include "sternpost/policy/next_hop.hpp"
#include "sternpost/policy/policy.hpp"
#include "sternpost/policy/record.hpp"

namespace sternpost {
namespace {

using benchmark::DoNotOptimize;
using benchmark::State;

void read_netstring(State& state) {
    const std::string request = to_netstring("sts mail.example.com");
    NetstringReader reader;
    for (auto _ : state) {
        const auto space = reader.space();
        std::ranges::copy(request, space.begin());
        reader.filled(request.size());
        DoNotOptimize(reader.next());
    }
}
BENCHMARK(read_netstring);

void write_netstring(State& state) {
    const std::string reply = secure_reply(std::vector<std::string>{"mx1.example.com", "mx2.example.com"});
    for (auto _ : state) DoNotOptimize(to_netstring(reply));
}
BENCHMARK(write_netstring);

void read_key(State& state, const std::string& key) {
    for (auto _ : state) DoNotOptimize(read_next_hop(key));
}
BENCHMARK_CAPTURE(read_key, plain, "mail.example.com");
BENCHMARK_CAPTURE(read_key, upper_case, "Mail.Example.COM.");
BENCHMARK_CAPTURE(read_key, bracketed_with_port, "[mail.example.com]:587");
BENCHMARK_CAPTURE(read_key, parent, ".example.com");
BENCHMARK_CAPTURE(read_key, international, "post.straße.example");

std::string name_of(std::size_t number) {
    return "d" + std::to_string(number) + ".example.com";
}

void find_in_table(State& state) {
    const auto entries = static_cast<std::size_t>(state.range(0));
    std::vector<std::string> names;
    MemoryTable table(entries);
    for (std::size_t i = 0; i < entries; ++i) {
        KnownDomain known;
        known.domain = names.emplace_back(name_of(i));
        table.put(make_entry(known, {}, nullptr));
    }
    constexpr std::size_t prime = 7919;
    std::size_t next = 0;
    for (auto _ : state) {
        DoNotOptimize(table.find(names[next]));
        next = (next + prime) % entries;
    }
}
BENCHMARK(find_in_table)->Arg(1000)->Arg(100'000);

std::string policy_with(int hosts) {
    std::string text = "version: STSv1\r\nmode: enforce\r\n";
    for (int i = 0; i < hosts; ++i) text += "mx: mx" + std::to_string(i) + ".example.com\r\n";
    return text + "max_age: 604800\r\n";
}

void read_policy_text(State& state) {
    const std::string text = policy_with(static_cast<int>(state.range(0)));
    for (auto _ : state) DoNotOptimize(read_policy(text));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK(read_policy_text)->Arg(3)->Arg(2500);

void read_txt(State& state) {
    const std::vector<std::string> records{"v=spf1 -all", "v=STSv1; id=20261126T120000;"};
    for (auto _ : state) DoNotOptimize(read_sts_record(records));
}
BENCHMARK(read_txt);

void render_answer(State& state) {
    const Policy policy = read_policy(policy_with(3)).value();
    for (auto _ : state) DoNotOptimize(secure_reply(names_to_match(policy, std::nullopt)));
}
BENCHMARK(render_answer);

}  // namespace
}  // namespace sternpost

BENCHMARK_MAIN();
