#include "app/logging.hpp"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

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

    std::string file;
    LogConfig config;
};

TEST_F(LoggingTest, ALineIsTimeLevelAndText) {
    set_up_logging(config);
    spdlog::warn("policy {}: kept", "good.test");
    EXPECT_EQ(text(), "warning: policy good.test: kept\n");
}

TEST_F(LoggingTest, NothingButPrintableAsciiGetsThrough) {  // #188
    set_up_logging(config);
    spdlog::info("said \"{}\"", std::string("a\nb\x1b[31m\xc3\xa9\0c\x7f\r", 14));
    EXPECT_EQ(text(), R"(info: said "a\x0ab\x1b[31m\xc3\xa9\x00c\x7f\x0d")"
                      "\n");
}

TEST_F(LoggingTest, ALineHasAnEnd) {
    set_up_logging(config);
    spdlog::info(std::string(1'000'000, 'x'));
    EXPECT_LT(text().size(), max_log_line_bytes + 100);
}

TEST_F(LoggingTest, JsonIsOneObjectALine) {
    config.format = LogFormat::json;
    set_up_logging(config);
    spdlog::error("a \"quoted\" back\\slash\n");
    const std::string line = text();
    EXPECT_TRUE(line.starts_with(R"({"time":")")) << line;
    EXPECT_TRUE(line.ends_with(R"(,"level":"error","message":"a \"quoted\" back\\slash\\x0a"})"
                               "\n"))
        << line;
}

TEST_F(LoggingTest, TheLevelHoldsBackWhatIsBelow) {
    config.level = LogLevel::warning;
    set_up_logging(config);
    spdlog::info("quiet");
    spdlog::debug("quieter");
    EXPECT_EQ(text(), "");
    spdlog::error("loud");
    EXPECT_EQ(text(), "error: loud\n");
}

TEST_F(LoggingTest, AFileThatWasMovedIsOpenedAnew) {
    set_up_logging(config);
    spdlog::info("before");
    fs::remove(file);
    set_up_logging(config);
    spdlog::info("after");
    EXPECT_EQ(text(), "info: after\n");
}

TEST_F(LoggingTest, AFileThatCannotBeOpenedIsTold) {
    config.target = "/proc/folder/log";
    EXPECT_THROW(set_up_logging(config), std::runtime_error);
}

}  // namespace
}  // namespace sternpost
