#include "app/logging.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <stdexcept>

#include "sternpost/log/log.hpp"

namespace fs = std::filesystem;

namespace sternpost {
namespace {

class LoggingTest : public testing::Test {
protected:
    LoggingTest() : file(fs::temp_directory_path() / ("sternpost-log-" + std::to_string(::getpid()))) {
        config.target = file;
    }
    ~LoggingTest() override {
        config.target = "stderr";
        set_up_logging(config);
        fs::remove(file);
    }
    // What stands in the file behind the time.
    std::string text() const {
        std::ifstream stream(file);
        std::string all{std::istreambuf_iterator<char>(stream), {}};
        const auto time = all.find("Z ");
        return time == std::string::npos ? all : all.substr(time + 2);
    }

    std::string without_time() const {
        std::ifstream stream(file);
        const std::string all{std::istreambuf_iterator<char>(stream), {}};
        return std::regex_replace(all, std::regex(R"("time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")"),
                                  R"("time":"")");
    }

    std::string file;
    LogConfig config;
};

TEST_F(LoggingTest, ALineIsTimeLevelAndText) {
    set_up_logging(config);
    say(LogLevel::warning, {Topic::policy, "good.test"}, "kept");
    EXPECT_EQ(text(), "warning: policy good.test: kept\n");
}

// systemd.exec(5), $JOURNAL_STREAM; sd-daemon(3), the head of a line.
TEST_F(LoggingTest, StandardErrorThatIsTheJournalGetsPriorities) {
    const auto logged = [&] {
        const int before = ::dup(STDERR_FILENO);
        const int stream = ::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ::dup2(stream, STDERR_FILENO);
        config.target = "stderr";
        set_up_logging(config);
        say(LogLevel::warning, Topic::daemon, "kept");
        ::dup2(before, STDERR_FILENO);
        ::close(before);
        ::close(stream);
        return text();
    };
    logged();
    struct stat found {};
    ASSERT_EQ(::stat(file.c_str(), &found), 0);
    ::setenv("JOURNAL_STREAM", (std::to_string(found.st_dev) + ":" + std::to_string(found.st_ino)).c_str(),
             1);
    EXPECT_EQ(logged(), "<4>kept\n");
    ::setenv("JOURNAL_STREAM", "1:1", 1);
    EXPECT_EQ(logged(), "warning: kept\n") << "the journal is elsewhere";
    ::unsetenv("JOURNAL_STREAM");
}

TEST_F(LoggingTest, NothingButPrintableAsciiGetsThrough) {  // #188
    set_up_logging(config);
    say(LogLevel::info, Topic::daemon, "said \"{}\"", std::string("a\nb\x1b[31m\xc3\xa9\0c\x7f\r", 14));
    EXPECT_EQ(text(), R"(info: said "a\x0ab\x1b[31m\xc3\xa9\x00c\x7f\x0d")"
                      "\n");
}

TEST_F(LoggingTest, ALineHasAnEnd) {
    set_up_logging(config);
    say(LogLevel::info, Topic::daemon, "{}", std::string(1'000'000, 'x'));
    EXPECT_LT(text().size(), max_log_line_bytes + 100);
}

TEST_F(LoggingTest, JsonIsOneObjectALineWithKeysThatStay) {
    config.format = LogFormat::json;
    set_up_logging(config);
    say(LogLevel::error, Topic::daemon, "a \"quoted\" back\\slash\n\xff");
    EXPECT_EQ(
        without_time(),
        R"({"time":"","level":"error","topic":"daemon","message":"a \"quoted\" back\\slash\\x0a\\xff","count":1})"
        "\n");
}

TEST_F(LoggingTest, JsonNamesTheDomainAndTheCount) {
    config.format = LogFormat::json;
    set_up_logging(config);
    const WallTime since = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);
    write_line(Line{LogLevel::warning, {Topic::dns, "a\"\n.test"}, "silent", 17, since});
    EXPECT_EQ(
        without_time(),
        R"({"time":"","level":"warning","topic":"dns","domain":"a\"\\x0a.test","message":"silent","count":17,)"
        R"("since":"2026-12-01T00:00:00Z"})"
        "\n");
}

// sd-daemon(3): a priority at the head of each line; the journal has the time itself.
TEST_F(LoggingTest, TheJournalReadsPriorities) {
    config.target = "journal";
    for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
        config.format = format;
        set_up_logging(config);
        testing::internal::CaptureStderr();
        say(LogLevel::error, {Topic::policy, "good.test"}, "gone");
        say(LogLevel::info, Topic::dns, "asking");
        const std::string said = testing::internal::GetCapturedStderr();
        EXPECT_THAT(said, testing::MatchesRegex(format == LogFormat::text
                                                    ? "<3>policy good.test: gone\n<6>dns: asking\n"
                                                    : "<3>\\{\"time\".*\n<6>\\{\"time\".*\n"));
    }
}

TEST_F(LoggingTest, TheLevelHoldsBackWhatIsBelow) {
    config.level = LogLevel::warning;
    set_up_logging(config);
    say(LogLevel::info, Topic::daemon, "quiet");
    say(LogLevel::debug, Topic::daemon, "quieter");
    EXPECT_EQ(text(), "");
    say(LogLevel::error, Topic::daemon, "loud");
    EXPECT_EQ(text(), "error: loud\n");
}

TEST_F(LoggingTest, AFileThatWasMovedIsOpenedAnew) {
    set_up_logging(config);
    say(LogLevel::info, Topic::daemon, "before");
    fs::remove(file);
    set_up_logging(config);
    say(LogLevel::info, Topic::daemon, "after");
    EXPECT_EQ(text(), "info: after\n");
}

TEST_F(LoggingTest, AFileThatCannotBeOpenedIsTold) {
    config.target = "/proc/folder/log";
    EXPECT_THROW(set_up_logging(config), std::runtime_error);
}

}  // namespace
}  // namespace sternpost
