#include "resolve/memory_table.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace sternpost {
namespace {

TableEntryPtr entry(const std::string& domain, const std::string& reply = "") {
    auto made = std::make_shared<TableEntry>();
    made->known.domain = domain;
    made->replies.emplace_back();
    made->replies.back().reply = std::make_shared<const std::string>(reply);
    return made;
}

const std::string& reply_of(const TableEntryPtr& entry) {
    return *entry->replies.front().reply;
}

TEST(MemoryTable, FindsWhatWasPut) {
    MemoryTable table(10);
    EXPECT_EQ(table.find("a.test"), nullptr);
    table.put(entry("a.test", "1"));
    EXPECT_EQ(reply_of(table.find("a.test")), "1");
}

TEST(MemoryTable, ReplacesAnEntryOfTheSameDomain) {
    MemoryTable table(10);
    table.put(entry("a.test", "1"));
    const auto old = table.find("a.test");
    table.put(entry("a.test", "2"));
    EXPECT_EQ(reply_of(table.find("a.test")), "2");
    EXPECT_EQ(reply_of(old), "1") << "whoever holds it keeps it";
    EXPECT_EQ(table.size(), 1U);
}

TEST(MemoryTable, DropsTheLongestUnused) {
    MemoryTable table(3);
    for (const char* domain : {"a.test", "b.test", "c.test"}) table.put(entry(domain));
    table.find("a.test");
    table.put(entry("d.test"));
    EXPECT_EQ(table.size(), 3U);
    EXPECT_EQ(table.find("b.test"), nullptr);
    for (const char* domain : {"a.test", "c.test", "d.test"})
        EXPECT_NE(table.find(domain), nullptr) << domain;
}

TEST(MemoryTable, TwoThreadsMayUseIt) {
    MemoryTable table(50);
    std::jthread writer([&table] {
        for (int i = 0; i < 20'000; ++i)
            table.put(entry("d" + std::to_string(i % 100) + ".test", std::to_string(i)));
    });
    for (int i = 0; i < 20'000; ++i) {
        const auto found = table.find("d" + std::to_string(i % 100) + ".test");
        EXPECT_TRUE(!found || !reply_of(found).empty());
    }
    writer.join();
    EXPECT_EQ(table.size(), 50U);
}

}  // namespace
}  // namespace sternpost
