#include "app/logging.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <regex>
#include <stdexcept>
#include <thread>

#include "sternpost/log/log.hpp"
#include "tests/support/temp_dir.hpp"

namespace fs = std::filesystem;

namespace sternpost {
namespace {

class LoggingTest : public testing::Test {
protected:
    LoggingTest() { config.target = file; }
    ~LoggingTest() override {
        config.target = "stderr";
        set_up_logging(config);
    }
    // What stands in the file behind the time. Ends logging.
    std::string text() const {
        finish_logging();
        std::ifstream stream(file);
        std::string all{std::istreambuf_iterator<char>(stream), {}};
        const auto time = all.find("Z ");
        return time == std::string::npos ? all : all.substr(time + 2);
    }

    std::string without_time() const {
        finish_logging();
        std::ifstream stream(file);
        const std::string all{std::istreambuf_iterator<char>(stream), {}};
        return std::regex_replace(all, std::regex(R"("time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")"),
                                  R"("time":"")");
    }

    const test::TempDir directory;
    const std::string file = directory / "log";
    LogConfig config;
};

TEST_F(LoggingTest, ALineIsTimeLevelAndText) {
    set_up_logging(config);
    say(LogLevel::warning, {Topic::policy, "good.test"}, "kept");
    EXPECT_EQ(text(), "warning: policy good.test: kept\n");
}

// A pipe in its place, which at first nobody reads.
class UnreadStandardError {
public:
    UnreadStandardError() : before_(::dup(STDERR_FILENO)) {
        if (::pipe2(pipe_.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
        ::dup2(pipe_[1], STDERR_FILENO);
    }
    ~UnreadStandardError() {
        ::dup2(before_, STDERR_FILENO);
        ::close(before_);
        ::close(pipe_[1]);
        reader_.join();
        ::close(pipe_[0]);
    }
    UnreadStandardError(const UnreadStandardError&) = delete;
    UnreadStandardError& operator=(const UnreadStandardError&) = delete;

    void read_on() {
        reader_ = std::jthread([this] {
            std::array<char, 4096> bytes{};
            for (ssize_t count = 0; (count = ::read(pipe_[0], bytes.data(), bytes.size())) > 0;) {
                const std::lock_guard lock(mutex_);
                text_.append(bytes.data(), static_cast<std::size_t>(count));
                grown_.notify_all();
            }
        });
    }
    // Returns once they have come.
    void wait_for(std::string_view words) {
        std::unique_lock lock(mutex_);
        grown_.wait(lock, [&] { return text_.find(words) != std::string::npos; });
    }

private:
    std::array<int, 2> pipe_{};
    int before_;
    std::mutex mutex_;
    std::condition_variable grown_;
    std::string text_;
    std::jthread reader_;
};

void say_more_than_may_wait() {
    const std::string long_text(200, 'x');
    for (std::size_t i = 0; i < 3 * max_waiting_log_lines; ++i)
        say(LogLevel::info, Topic::daemon, "{}", long_text);
}

// As by a journal whose disk hangs. No loop may wait for that, nor may the end.
TEST_F(LoggingTest, ALogThatIsNotTakenIsNotWaitedFor) {
    UnreadStandardError standard_error;
    config.target = "stderr";
    set_up_logging(config);
    write_log_behind(LogLevel::info);
    say_more_than_may_wait();
    say(LogLevel::info, Topic::daemon, "the last of them");
    EXPECT_FALSE(finish_logging());
    standard_error.read_on();
    standard_error.wait_for("the last of them");
    set_up_logging(config);
    say(LogLevel::info, Topic::daemon, "taken again");
    EXPECT_TRUE(finish_logging());
}

TEST_F(LoggingTest, LostLinesAreTold) {
    UnreadStandardError standard_error;
    config.target = "stderr";
    set_up_logging(config);
    write_log_behind(LogLevel::info);
    say_more_than_may_wait();
    say(LogLevel::info, Topic::daemon, "the last of them");
    standard_error.read_on();
    standard_error.wait_for("the last of them");
    say(LogLevel::info, Topic::daemon, "one more");
    standard_error.wait_for("lines of the log are lost: it was not taken");
    EXPECT_TRUE(finish_logging());
}

// Opening it would wait for a reader.
TEST_F(LoggingTest, APipeIsNoFile) {
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    EXPECT_THROW(set_up_logging(config), std::runtime_error);
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
        finish_logging();
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
        finish_logging();
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
    set_up_logging(config);
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
    config.target = file + "/folder/log";
    EXPECT_THROW(set_up_logging(config), std::runtime_error);
    EXPECT_FALSE(fs::exists(file)) << "as --check-config says, which makes nothing either";
}

}  // namespace
}  // namespace sternpost
