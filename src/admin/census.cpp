#include "census.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

// Counted in a few milliseconds.
constexpr std::size_t step = 5000;
// A count is good for some time, longer if there is more to count: at most a tenth of the time goes into it.
constexpr std::chrono::milliseconds good_for{500};
constexpr int rest_part = 10;

SteadyTime good_until(SteadyTime begun, SteadyTime ended) {
    return ended + std::max<SteadyTime::duration>(good_for, (ended - begun) * rest_part);
}

void add(PolicyCounts& total, const PolicyCounts& part) {
    for (std::size_t mode = 0; mode < total.unexpired.size(); ++mode)
        total.unexpired[mode] += part.unexpired[mode];
    total.expired += part.expired;
    total.failing += part.failing;
    total.ending += part.ending;
    total.domains += part.domains;
    total.last = part.last;
}

}  // namespace

Census::Census(asio::any_io_executor executor, PolicyStore& store, const Clock& clock)
    : executor_(std::move(executor)),
      store_(store),
      clock_(clock),
      counting_(std::make_shared<Gathering>(executor_)) {}

awaitable<std::optional<PolicyCounts>> Census::counts() {
    if (!counting_->empty()) {
        co_await counting_->all_ends();
    } else if (clock_.steady() >= good_until_) {
        const auto under_way = counting_->join();
        co_await count();
    }
    co_return last_;
}

awaitable<void> Census::count() {
    const SteadyTime begun = clock_.steady();
    PolicyCounts total;
    for (bool more = true; more;) {
        const auto part = store_.count(total.last, step, clock_.wall());
        if (!part) {
            last_.reset();
            co_return;
        }
        more = part->domains == step;
        if (part->domains > 0) add(total, *part);
        // Lets others have their turn.
        if (more) co_await asio::post(executor_, asio::use_awaitable);
    }
    last_ = std::move(total);
    good_until_ = good_until(begun, clock_.steady());
}

const std::vector<DomainRecord>& Census::listed(List& list, Among which) {
    const SteadyTime begun = clock_.steady();
    if (begun < list.good_until) return list.records;
    auto records = store_.ending(which, clock_.wall(), max_listed);
    list.records = records ? std::move(*records) : std::vector<DomainRecord>();
    list.good_until = good_until(begun, clock_.steady());
    return list.records;
}

}  // namespace sternpost
