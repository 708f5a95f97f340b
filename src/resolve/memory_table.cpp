#include "memory_table.hpp"

#include <utility>

namespace sternpost {

TableEntryPtr MemoryTable::find(std::string_view domain) {
    const std::lock_guard lock(mutex_);
    const auto found = by_domain_.find(domain);
    if (found == by_domain_.end()) return nullptr;
    order_.splice(order_.end(), order_, found->second);
    return *found->second;
}

void MemoryTable::put(TableEntryPtr entry) {
    TableEntryPtr replaced;  // these are freed after the lock is
    TableEntryPtr dropped;
    const std::lock_guard lock(mutex_);
    if (const auto found = by_domain_.find(entry->known.domain); found != by_domain_.end()) {
        const auto place = found->second;
        by_domain_.erase(found);
        replaced = std::move(*place);
        order_.erase(place);
    }
    order_.push_back(std::move(entry));
    by_domain_.emplace(order_.back()->known.domain, std::prev(order_.end()));
    if (order_.size() <= most_) return;
    by_domain_.erase(order_.front()->known.domain);
    dropped = std::move(order_.front());
    order_.pop_front();
}

bool MemoryTable::remove(std::string_view domain) {
    TableEntryPtr removed;  // freed after the lock is
    const std::lock_guard lock(mutex_);
    const auto found = by_domain_.find(domain);
    if (found == by_domain_.end()) return false;
    const auto place = found->second;
    by_domain_.erase(found);
    removed = std::move(*place);
    order_.erase(place);
    return true;
}

std::size_t MemoryTable::size() const {
    const std::lock_guard lock(mutex_);
    return order_.size();
}

std::vector<std::string> MemoryTable::domains() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    all.reserve(order_.size());
    for (const TableEntryPtr& entry : order_) all.push_back(entry->known.domain);
    return all;
}

}  // namespace sternpost
