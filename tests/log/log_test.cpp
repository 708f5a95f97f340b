#include "sternpost/log/log.hpp"

#include <gtest/gtest.h>

#include "tests/support/captured_log.hpp"

namespace sternpost {
namespace {

using test::CapturedLog;

TEST(Log, ALineSaysWhatItIsAbout) {
    const CapturedLog log;
    say(LogLevel::warning, {Topic::policy, "good.test"}, "id={}", 7);
    say(LogLevel::info, Topic::dns, "asking {}", "127.0.0.1");
    say(LogLevel::error, Topic::daemon, "cannot start");
    EXPECT_EQ(log.text(),
              "warning: policy good.test: id=7\ninfo: dns: asking 127.0.0.1\nerror: cannot start\n");
}

TEST(Log, AWriterGetsTheFields) {
    Line seen{LogLevel::debug, Topic::daemon, "", 0, {}};
    std::string domain;
    write_log_with(LogLevel::info, [&](const Line& line) {
        seen.level = line.level;
        seen.subject.topic = line.subject.topic;
        seen.count = line.count;
        domain = line.subject.domain;
    });
    say(LogLevel::warning, {Topic::dane, "good.test"}, "in force");
    write_log_with(LogLevel::info, {});
    EXPECT_EQ(seen.level, LogLevel::warning);
    EXPECT_EQ(seen.subject.topic, Topic::dane);
    EXPECT_EQ(domain, "good.test");
    EXPECT_EQ(seen.count, 1U);
}

TEST(Log, WhatIsNotHeardIsNotWritten) {
    const CapturedLog log(LogLevel::warning);
    EXPECT_TRUE(is_heard(LogLevel::error));
    EXPECT_FALSE(is_heard(LogLevel::info));
    say(LogLevel::info, Topic::dns, "quiet");
    write_line(Line{LogLevel::debug, Topic::dns, "quieter", 1, {}});
    EXPECT_EQ(log.text(), "");
}

TEST(Log, AnotherLevelKeepsTheWriter) {
    const CapturedLog log(LogLevel::error);
    hear(LogLevel::info);
    say(LogLevel::info, Topic::dns, "heard");
    hear(LogLevel::error);
    say(LogLevel::info, Topic::dns, "quiet");
    EXPECT_EQ(log.text(), "info: dns: heard\n");
}

TEST(Log, WithoutAWriterNothingIsHeard) {
    { const CapturedLog log; }
    hear(LogLevel::debug);
    EXPECT_FALSE(is_heard(LogLevel::error));
    say(LogLevel::error, Topic::daemon, "nobody hears");
}

}  // namespace
}  // namespace sternpost
