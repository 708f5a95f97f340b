#include "memory_table.hpp"

#include <algorithm>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/unordered_set.hpp>
#include <boost/pool/pool_alloc.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "sternpost/policy/host_name.hpp"

namespace intrusive = boost::intrusive;

namespace sternpost {

namespace {

constexpr std::size_t cache_line = 64;
#ifdef STERNPOST_SANITIZED
// Only memory that goes back to the system lets a sanitizer see that it is still used.
using EntryMemory = std::allocator<TableEntry>;
#else
// So many entries are asked of the system at once, at first and at most.
constexpr unsigned first_entries = 64;
constexpr unsigned most_entries = 1024;
using EntryMemory = boost::fast_pool_allocator<TableEntry, boost::default_user_allocator_new_delete,
                                               std::mutex, first_entries, most_entries>;
#endif

constexpr std::size_t first_buckets = 1024;  // a power of two, as all that follow
static_assert(max_name_length <= UINT8_MAX);

std::string_view name_of(std::string_view domain) {
    return domain;
}
std::string_view name_of(const TableEntry& entry) {
    return entry.domain();
}

struct Hash {
    std::size_t operator()(const auto& domain) const {
        return std::hash<std::string_view>()(name_of(domain));
    }
};
struct Same {
    bool operator()(const auto& one, const auto& other) const { return name_of(one) == name_of(other); }
};

}  // namespace

struct MemoryTable::Places {
    using ByDomain =
        intrusive::unordered_set<TableEntry, intrusive::base_hook<in_table::ByDomain>, intrusive::hash<Hash>,
                                 intrusive::equal<Same>, intrusive::compare_hash<true>,
                                 intrusive::power_2_buckets<true>>;
    using InOrder = intrusive::list<TableEntry, intrusive::base_hook<in_table::InOrder>>;

    ~Places() {
        for (InOrder* order : {&in_order, &only_here})
            while (!order->empty()) take(order->front());
    }

    InOrder& order_of(const TableEntry& entry) { return entry.only_here_ ? only_here : in_order; }

    // Null: there is none.
    TableEntry* find(std::string_view domain) {
        const auto found = by_domain.find(domain, Hash(), Same());
        return found == by_domain.end() ? nullptr : &*found;
    }

    // The one in its place, without a look at it.
    const TableEntry* likely(std::string_view domain) const {
        const std::size_t place = by_domain.bucket(domain, Hash());
        const auto first = by_domain.begin(place);
        return first == by_domain.end(place) ? nullptr : &*first;
    }

    void add(std::shared_ptr<TableEntry> entry) {
        if (by_domain.size() == buckets.size()) widen();
        TableEntry& added = *entry;
        by_domain.insert(added);
        order_of(added).push_back(added);
        bytes += added.bytes();
        added.kept_ = std::move(entry);
    }

    TableEntryPtr take(TableEntry& entry) {
        by_domain.erase(by_domain.iterator_to(entry));
        InOrder& order = order_of(entry);
        order.erase(order.iterator_to(entry));
        bytes -= entry.bytes();
        return std::move(entry.kept_);
    }

    TableEntryPtr take_one() {
        InOrder& order = in_order.empty() ? only_here : in_order;
        for (int spared = 0; order.front().used_ && spared < max_spared_at_once; ++spared) {
            order.front().used_ = false;
            order.splice(order.end(), order, order.begin());
        }
        return take(order.front());
    }

    void widen() {
        std::vector<ByDomain::bucket_type> wider(2 * buckets.size());
        by_domain.rehash(ByDomain::bucket_traits(wider.data(), wider.size()));
        buckets.swap(wider);
    }

    std::vector<ByDomain::bucket_type> buckets = std::vector<ByDomain::bucket_type>(first_buckets);
    ByDomain by_domain{ByDomain::bucket_traits(buckets.data(), buckets.size())};
    InOrder in_order;   // the next one to go first
    InOrder only_here;  // what goes after these
    std::size_t bytes = 0;
};

TableEntry::TableEntry(const KnownDomain& known, const std::vector<PreparedReply>& made,
                       std::shared_ptr<const Rules> by)
    : rules(std::move(by)),
      only_here_(known.policy && !known.on_disk),
      domain_length_(static_cast<std::uint8_t>(known.domain.size())),
      known_(known) {
    std::size_t length = domain_length_;
    for (const PreparedReply& prepared : made) length += (*prepared.reply).size();
    texts_.reserve(length);  // so that no text moves any more
    const auto add = [this](std::string_view text) {
        const char* const begin = texts_.data() + texts_.size();
        texts_.insert(texts_.end(), text.begin(), text.end());
        return std::string_view(begin, text.size());
    };
    add(known.domain);
    for (const PreparedReply& prepared : made) replies_.push_back({prepared, add(*prepared.reply)});
}

std::shared_ptr<TableEntry> make_entry(const KnownDomain& known, const std::vector<PreparedReply>& made,
                                       std::shared_ptr<const Rules> by) {
    return std::allocate_shared<TableEntry>(EntryMemory(), known, made, std::move(by));
}

MemoryTable::MemoryTable(std::size_t most)
    : most_(most),
      max_bytes_(std::max(most * max_bytes_an_entry, least_max_bytes)),
      places_(std::make_unique<Places>()) {}

MemoryTable::~MemoryTable() = default;

void MemoryTable::expect(std::string_view domain) const {
    const std::lock_guard lock(mutex_);
    const void* const likely = places_->likely(domain);
    const auto* const entry = static_cast<const char*>(likely);
    if (entry == nullptr) return;
    for (std::size_t line = 0; line < sizeof(TableEntry); line += cache_line)
        __builtin_prefetch(entry + line);
}

TableEntryPtr MemoryTable::find(std::string_view domain) {
    const std::lock_guard lock(mutex_);
    TableEntry* found = places_->find(domain);
    if (found == nullptr) return nullptr;
    found->used_ = true;
    return found->kept_;
}

void MemoryTable::put(std::shared_ptr<TableEntry> entry) {
    boost::container::small_vector<TableEntryPtr, 2> gone;  // freed after the lock is
    const std::lock_guard lock(mutex_);
    if (TableEntry* former = places_->find(entry->domain())) gone.push_back(places_->take(*former));
    while (places_->by_domain.size() >= most_ ||
           (places_->by_domain.size() > 0 && places_->bytes + entry->bytes() > max_bytes_))
        gone.push_back(places_->take_one());
    places_->add(std::move(entry));
}

bool MemoryTable::remove(std::string_view domain) {
    TableEntryPtr removed;  // freed after the lock is
    const std::lock_guard lock(mutex_);
    if (TableEntry* found = places_->find(domain)) removed = places_->take(*found);
    return removed != nullptr;
}

std::size_t MemoryTable::size() const {
    const std::lock_guard lock(mutex_);
    return places_->by_domain.size();
}

std::vector<std::string> MemoryTable::domains() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    all.reserve(places_->by_domain.size());
    for (const auto* order : {&places_->in_order, &places_->only_here})
        for (const TableEntry& entry : *order) all.emplace_back(entry.domain());
    return all;
}

std::vector<std::string> MemoryTable::only_here(std::size_t most) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> some;
    for (const TableEntry& entry : places_->only_here) {
        if (some.size() == most) break;
        some.emplace_back(entry.domain());
    }
    return some;
}

}  // namespace sternpost
