#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sternpost/base/file_state.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/base/time.hpp"
#include "sternpost/loop/address_families.hpp"
#include "tests/support/temp_dir.hpp"

namespace sternpost {
namespace {

using namespace std::string_view_literals;

TEST(AddressFamilies, TakeTurns) {
    const auto chosen = [](const std::vector<std::string>& addresses, std::size_t most) {
        std::vector<boost::asio::ip::address> parsed;
        for (const std::string& address : addresses) parsed.push_back(boost::asio::ip::make_address(address));
        std::string text;
        for (const auto& address : of_both_families(parsed, most)) text += address.to_string() + " ";
        return text;
    };
    EXPECT_EQ(chosen({}, 4), "");
    EXPECT_EQ(chosen({"::1", "::2", "::3", "::4", "10.0.0.1"}, 4), "::1 10.0.0.1 ::2 ::3 ");
    EXPECT_EQ(chosen({"10.0.0.1", "10.0.0.2", "::1"}, 8), "::1 10.0.0.1 10.0.0.2 ");
    EXPECT_EQ(chosen({"10.0.0.1", "10.0.0.2", "10.0.0.3"}, 2), "10.0.0.1 10.0.0.2 ");
    EXPECT_EQ(chosen({"10.0.0.1", "::1"}, 1), "::1 ");
}

TEST(Printable, EscapesWhatATerminalOrALogMightObey) {
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"", ""},
        {"plain text ~", "plain text ~"},
        {"a\nb\r\tc", R"(a\x0ab\x0d\x09c)"},
        {"\0"sv, R"(\x00)"},
        {"\x1b[2J\x7f", R"(\x1b[2J\x7f)"},
        {"café\xff", R"(caf\xc3\xa9\xff)"},
        {R"(\x0a)", R"(\x0a)"},
    };
    for (const auto& [text, expected] : rows) {
        EXPECT_EQ(printable(text), expected);
        EXPECT_EQ(printable(expected), expected) << "text that is quoted twice";
    }
}

TEST(Printable, IsCutAtItsLimit) {
    EXPECT_EQ(printable("abc", 3), "abc");
    EXPECT_EQ(printable("abcd", 3), "...");
    EXPECT_EQ(printable("abcdef", 6), "abcdef");
    EXPECT_EQ(printable("abcdefg", 6), "abc...");
    EXPECT_EQ(printable("ab\n", 6), R"(ab\x0a)");
    EXPECT_EQ(printable("ab\nc", 6), "ab...") << "an escape is not cut in two";
    EXPECT_EQ(printable(std::string(1'000'000, 'x')).size(), max_printable);
    EXPECT_EQ(printable(std::string(1'000'000, '\n')).size(), 4 * ((max_printable - 3) / 4) + 3);
}

TEST(Time, IsWrittenAsIso8601InUtc) {
    using namespace std::chrono;
    EXPECT_EQ(to_iso8601(WallTime{}), "1970-01-01T00:00:00Z");
    EXPECT_EQ(to_iso8601(sys_days{2026y / December / 1} + 8h), "2026-12-01T08:00:00Z");
    EXPECT_EQ(to_iso8601(sys_days{2028y / February / 29} + 23h + 59min + 59s), "2028-02-29T23:59:59Z");
    EXPECT_EQ(to_iso8601(sys_days{2038y / January / 19} + 3h + 14min + 8s), "2038-01-19T03:14:08Z");
    EXPECT_EQ(to_iso8601(sys_days{2300y / January / 1}), "2300-01-01T00:00:00Z");
    EXPECT_EQ(to_iso8601(sys_days{1969y / December / 31} + 23h), "1969-12-31T23:00:00Z");
    EXPECT_EQ(to_iso8601(sys_days{226y / November / 29}), "0226-11-29T00:00:00Z") << "as it is read again";
}

TEST(Time, SystemClockTellsTheTime) {
    const SystemClock clock;
    const WallTime wall = clock.wall();
    const SteadyTime steady = clock.steady();
    EXPECT_GT(wall, std::chrono::sys_days{std::chrono::year{2026} / 1 / 1});
    EXPECT_LE(wall, clock.wall());
    EXPECT_LE(steady, clock.steady());
}

class FileStates : public testing::Test {
protected:
    std::string path(const std::string& name) const { return directory_ / name; }
    // Always at the same time, so that the time alone tells nothing.
    void write(const std::string& name, std::string_view text, long nanoseconds = 1) const {
        std::ofstream(path(name)) << text;
        const timespec times[] = {{1, nanoseconds}, {1, nanoseconds}};
        ASSERT_EQ(::utimensat(AT_FDCWD, path(name).c_str(), times, 0), 0);
    }

private:
    const test::TempDir directory_;
};

TEST_F(FileStates, DifferWithSizeTimeAndFile) {
    write("main.cf", "a");
    const FileState first = state_of(path("main.cf"));
    EXPECT_NE(first, FileState{});
    EXPECT_EQ(state_of(path("main.cf")), first);
    write("main.cf", "ab");
    const FileState longer = state_of(path("main.cf"));
    EXPECT_NE(longer, first);
    write("main.cf", "ab", 2);
    const FileState later = state_of(path("main.cf"));
    EXPECT_NE(later, longer);
    write("new", "ab", 2);
    std::filesystem::rename(path("new"), path("main.cf"));
    EXPECT_NE(state_of(path("main.cf")), later);
    std::filesystem::remove(path("main.cf"));
    EXPECT_EQ(state_of(path("main.cf")), FileState{});
    EXPECT_EQ(state_of(path("main.cf") + "/below"), FileState{});
}

}  // namespace
}  // namespace sternpost
