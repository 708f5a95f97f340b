#include "resolve/memory_table.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace sternpost {
namespace {

std::shared_ptr<TableEntry> entry(const std::string& domain, const std::string& reply = "") {
    KnownDomain known;
    known.domain = domain;
    std::vector<PreparedReply> replies(1);
    replies.back().reply = Reply(reply);
    return make_entry(known, replies, nullptr);
}

std::string_view reply_of(const TableEntryPtr& entry) {
    return entry->replies().front().text;
}

TEST(MemoryTable, FindsWhatWasPut) {
    MemoryTable table(10);
    EXPECT_EQ(table.find("a.test"), nullptr);
    table.put(entry("a.test", "1"));
    EXPECT_EQ(reply_of(table.find("a.test")), "1");
}

TEST(MemoryTable, ExpectingChangesNothing) {
    MemoryTable table(10);
    table.expect("a.test");
    table.put(entry("a.test", "1"));
    table.expect("a.test");
    table.expect("b.test");
    EXPECT_EQ(reply_of(table.find("a.test")), "1");
    EXPECT_EQ(table.find("b.test"), nullptr);
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

TEST(MemoryTable, AnEntryHasAReplyForEachWayOfAsking) {
    KnownDomain known;
    known.domain = "a.test";
    known.txt.id = "20261127";
    std::vector<PreparedReply> replies(3);
    replies[1].question.map.tlsrpt = true;
    replies[2].question.route.port = 587;
    for (std::size_t i = 0; i < replies.size(); ++i) replies[i].reply = Reply(std::to_string(i));
    const TableEntry entry(known, replies, nullptr);
    EXPECT_EQ(entry.domain(), "a.test");
    EXPECT_EQ(entry.known().domain, "a.test");
    EXPECT_EQ(entry.known().txt.id, "20261127");
    for (std::size_t i = 0; i < replies.size(); ++i)
        EXPECT_EQ(entry.reply(replies[i].question)->text, std::to_string(i));
    EXPECT_EQ(entry.reply(Asked{{true, 25}, {}}), nullptr);
}

TEST(MemoryTable, IsBoundedInBytesToo) {
    MemoryTable table(10'000);
    table.put(entry("small.test"));
    const std::string long_reply(100'000, 'x');
    for (int i = 0; i < 1000; ++i) table.put(entry("d" + std::to_string(i) + ".test", long_reply));
    EXPECT_EQ(table.size(), 10'000 * max_bytes_an_entry / table.find("d999.test")->bytes());
    EXPECT_EQ(table.find("small.test"), nullptr);
    MemoryTable for_one(1);
    for_one.put(entry("huge.test", std::string(2 * least_max_bytes, 'x')));
    EXPECT_NE(for_one.find("huge.test"), nullptr);
}

TEST(MemoryTable, WhatIsNotOnDiskGoesLast) {
    KnownDomain known;
    known.domain = "unwritten.test";
    known.policy = std::make_shared<const CachedPolicy>();
    known.on_disk = false;
    MemoryTable table(3);
    table.put(make_entry(known, {}, nullptr));
    for (int i = 0; i < 10; ++i) table.put(entry("d" + std::to_string(i) + ".test"));
    EXPECT_NE(table.find("unwritten.test"), nullptr);
    EXPECT_EQ(table.domains().size(), 3U);
    for (const char* name : {"a.test", "b.test", "c.test"}) {
        known.domain = name;
        table.put(make_entry(known, {}, nullptr));
    }
    EXPECT_EQ(table.find("a.test"), nullptr) << "the other one has been found since its last turn";
    EXPECT_EQ(table.size(), 3U);
}

TEST(MemoryTable, GrowsWithWhatIsPut) {
    constexpr std::size_t most = 10'000;
    MemoryTable table(most);
    const auto name = [](std::size_t number) { return "d" + std::to_string(number) + ".test"; };
    for (std::size_t i = 0; i < most; ++i) table.put(entry(name(i), std::to_string(i)));
    EXPECT_EQ(table.size(), most);
    for (std::size_t i = 0; i < most; i += 2) EXPECT_TRUE(table.remove(name(i)));
    EXPECT_EQ(table.domains().size(), most / 2);
    for (std::size_t i = 0; i < most; ++i) {
        const auto found = table.find(name(i));
        ASSERT_EQ(found == nullptr, i % 2 == 0) << i;
        EXPECT_TRUE(!found || reply_of(found) == std::to_string(i));
    }
}

TEST(MemoryTable, DropsTheOldestThatIsNotUsed) {
    MemoryTable table(3);
    for (const char* domain : {"a.test", "b.test", "c.test"}) table.put(entry(domain));
    table.find("a.test");
    table.put(entry("d.test"));
    EXPECT_EQ(table.size(), 3U);
    EXPECT_EQ(table.find("b.test"), nullptr);
    for (const char* domain : {"a.test", "c.test", "d.test"})
        EXPECT_NE(table.find(domain), nullptr) << domain;
}

TEST(MemoryTable, SparesWhatIsUsedOnceATurn) {
    MemoryTable table(2);
    table.put(entry("a.test"));
    table.put(entry("b.test"));
    table.find("a.test");
    table.put(entry("c.test"));  // for b
    table.put(entry("d.test"));  // for a, which nobody has asked for since
    EXPECT_EQ(table.find("a.test"), nullptr);
    EXPECT_NE(table.find("c.test"), nullptr);
    EXPECT_NE(table.find("d.test"), nullptr);
}

TEST(MemoryTable, DropsOneAlsoWhereAllAreUsed) {
    constexpr std::size_t most = 3 * max_spared_at_once;
    MemoryTable table(most);
    const auto name = [](std::size_t number) { return "d" + std::to_string(number) + ".test"; };
    for (std::size_t i = 0; i < most; ++i) table.put(entry(name(i)));
    for (std::size_t i = 0; i < most; ++i) table.find(name(i));
    table.put(entry("new.test"));
    EXPECT_EQ(table.size(), most);
    EXPECT_EQ(table.find(name(max_spared_at_once)), nullptr) << "after so many that were spared";
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
