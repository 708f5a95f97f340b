#include "sternpost/postfix/postfix_dnssec.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "sternpost/loop/spawn.hpp"
#include "sternpost/postfix/postconf.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_dir.hpp"

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace sternpost {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using Answer = PostfixDnssec::Answer;

std::size_t open_descriptors() {
    const fs::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

bool has_children() {
    siginfo_t info{};
    return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// A zombie that nobody has waited for yet runs no more.
bool runs(const std::string& pid) {
    std::ifstream stat("/proc/" + pid + "/stat");
    std::string number, name, state;
    return stat >> number >> name >> state && state != "Z";
}

class PostfixDnssecTest : public testing::Test {
protected:
    PostfixDnssecTest() : former_path_(std::getenv("PATH")) {
        fs::create_directory(directory_ / "first");
        ::setenv("PATH", ((directory_ / "first").string() + ":/usr/bin:/bin").c_str(), 1);
        options.elsewhere = path("elsewhere");
        options.limit = 15s;
    }
    ~PostfixDnssecTest() override { ::setenv("PATH", former_path_.c_str(), 1); }

    std::string path(const std::string& name) const { return directory_ / name; }

    void write(const std::string& name, const std::string& script) const {
        std::ofstream(path(name)) << "#!/bin/sh\n" << script << '\n';
        fs::permissions(path(name), fs::perms::owner_all);
    }
    void postconf(const std::string& script) const { write("first/postconf", script); }

    PostfixDnssec ask() { return test::run(io, ask_postconf(options)); }
    PostfixDnssec ask(const std::string& script) {
        postconf(script);
        return ask();
    }

    asio::io_context io{1};
    PostconfOptions options;

private:
    const test::TempDir directory_;
    std::string former_path_;
};

TEST_F(PostfixDnssecTest, IsWhatPostconfSays) {
    const std::tuple<std::string, Answer, std::string> rows[] = {
        {"dnssec", Answer::dnssec, "dnssec"},         {"DNSsec", Answer::dnssec, "DNSsec"},
        {"enabled", Answer::otherwise, "enabled"},    {"", Answer::otherwise, ""},
        {"disabled", Answer::otherwise, "disabled"},  {"dnssec2", Answer::otherwise, "dnssec2"},
        {"\x1b[2J", Answer::otherwise, R"(\x1b[2J)"},
    };
    for (const auto& [level, answer, said] : rows) {
        const PostfixDnssec postfix = ask("cat <<'END'\n/etc/postfix\n" + level + "\nEND");
        EXPECT_EQ(postfix.answer, answer) << level;
        EXPECT_EQ(postfix.said, said);
        EXPECT_EQ(postfix.main_cf, "/etc/postfix/main.cf");
    }
}

TEST_F(PostfixDnssecTest, IsAskedForByName) {
    const PostfixDnssec postfix =
        ask(R"(echo /; [ "$*" = "-xh config_directory smtp_dns_support_level" ] && echo dnssec)");
    EXPECT_EQ(postfix.answer, Answer::dnssec) << postfix.said;
}

TEST_F(PostfixDnssecTest, WarningsOfPostconfAreNoAnswer) {
    const PostfixDnssec postfix = ask("echo 'postconf: warning: x' >&2; echo /etc/postfix; echo enabled");
    EXPECT_EQ(postfix.answer, Answer::otherwise);
    EXPECT_EQ(postfix.said, "enabled");
}

TEST_F(PostfixDnssecTest, ThereMayBeNone) {
    const std::pair<std::string, std::string> rows[] = {
        {"echo 'postconf: fatal: no main.cf' >&2; echo more >&2; exit 1",
         "postconf ended with status 1: postconf: fatal: no main.cf"},
        {"echo /etc/postfix; echo dnssec; exit 2", "postconf ended with status 2"},
        {"kill -KILL $$", "postconf ended by signal 9"},
        {"", "postconf said what is not understood: "},
        {"echo", R"(postconf said what is not understood: \x0a)"},
        {"echo dnssec", R"(postconf said what is not understood: dnssec\x0a)"},
        {"echo /etc/postfix", R"(postconf said what is not understood: /etc/postfix\x0a)"},
        {"echo dnssec; echo /etc/postfix",
         R"(postconf said what is not understood: dnssec\x0a/etc/postfix\x0a)"},
        {"echo /; echo dnssec; echo", R"(postconf said what is not understood: /\x0adnssec\x0a\x0a)"},
        {"echo /; printf dnssec", R"(postconf said what is not understood: /\x0adnssec)"},
    };
    for (const auto& [script, said] : rows) {
        const PostfixDnssec postfix = ask(script);
        EXPECT_EQ(postfix.answer, Answer::no_postfix) << script;
        EXPECT_EQ(postfix.said, said);
        EXPECT_EQ(postfix.main_cf, "");
    }
}

TEST_F(PostfixDnssecTest, IsLookedForElsewhereWherePathHasNone) {
    EXPECT_EQ(ask().said, "there is no postconf");
    write("elsewhere", "echo /etc/postfix; echo dnssec");
    EXPECT_EQ(ask().answer, Answer::dnssec);
    EXPECT_EQ(ask("echo /etc/postfix; echo enabled").answer, Answer::otherwise) << "PATH comes first";
    fs::permissions(path("first/postconf"), fs::perms::none);
    EXPECT_EQ(ask().said, "postconf does not start: Permission denied");
}

TEST_F(PostfixDnssecTest, ThatHangsIsKilledWithItsChildren) {
    options.limit = 200ms;
    // On a loaded machine it may be killed before it has left a trace.
    postconf("sleep 1000 & echo $! >" + path("pid.new") + "; mv " + path("pid.new") + ' ' + path("pid") +
             "; echo /etc/postfix; echo dnssec; wait");
    std::string pid;
    for (int i = 0; i < 100 && pid.empty(); ++i) {
        const PostfixDnssec postfix = ask();
        EXPECT_EQ(postfix.answer, Answer::no_postfix);
        EXPECT_EQ(postfix.said, "postconf has not ended within 200 ms");
        std::ifstream(path("pid")) >> pid;
    }
    ASSERT_NE(pid, "");
    test::run_until(io, [&] { return !runs(pid); });
    EXPECT_FALSE(has_children());
}

TEST_F(PostfixDnssecTest, ThatSaysTooMuchIsNotHeard) {
    const std::string rows[] = {"yes /", "yes >&2; exit 1",
                                "echo /; head -c 5000 /dev/zero | tr '\\0' x; echo"};
    for (const std::string& script : rows) {
        const PostfixDnssec postfix = ask(script);
        EXPECT_EQ(postfix.answer, Answer::no_postfix) << script;
        EXPECT_LT(postfix.said.size(), 400U) << script;
    }
}

// postconf itself, like head here, does not notice that what it prints goes nowhere.
TEST_F(PostfixDnssecTest, MayWriteMuchInAll) {
    for (const std::size_t bytes :
         {std::size_t{600'000}, max_postconf_bytes, max_postconf_bytes + 1, 4 * max_postconf_bytes}) {
        postconf("head -c " + std::to_string(bytes) + " /dev/zero 2>/dev/null; exit 0");
        const auto said = test::run(io, run_postconf({}, options));
        ASSERT_EQ(said.has_value(), bytes <= max_postconf_bytes) << bytes;
        if (said)
            EXPECT_EQ(said->size(), bytes);
        else
            EXPECT_EQ(said.error().detail, "postconf said more than can be believed");
    }
}

TEST_F(PostfixDnssecTest, InheritsNothing) {
    const int open = ::fcntl(STDIN_FILENO, F_DUPFD, 77);
    ASSERT_GE(open, 77);
    const auto former = std::signal(SIGPIPE, SIG_IGN);
    sigset_t blocked, unblocked;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &blocked, &unblocked);
    const PostfixDnssec postfix = ask(
        "echo /\n"
        "echo stdin: $(readlink /proc/$$/fd/0), leaked: $(ls /proc/$$/fd | grep -c " +
        std::to_string(open) + "), signals: $(grep -E '^Sig(Ign|Blk)' /proc/$$/status | grep -o '....$')");
    ::sigprocmask(SIG_SETMASK, &unblocked, nullptr);
    std::signal(SIGPIPE, former);
    ::close(open);
    EXPECT_EQ(postfix.said, "stdin: /dev/null, leaked: 0, signals: 0000 0000");
}

TEST_F(PostfixDnssecTest, LeavesNoProcessAndNoDescriptor) {
    postconf("echo /etc/postfix; echo dnssec");
    ask();
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 100; ++i) ASSERT_EQ(ask().answer, Answer::dnssec);
    fs::remove(path("first/postconf"));
    for (int i = 0; i < 100; ++i) ASSERT_EQ(ask().answer, Answer::no_postfix);
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_FALSE(has_children());
}

TEST_F(PostfixDnssecTest, ThatNobodyWaitsForAnyMoreIsKilled) {
    postconf("echo $$ >" + path("pid.new") + "; mv " + path("pid.new") + ' ' + path("pid") +
             "; exec sleep 1000");
    std::string pid;
    {
        asio::io_context ended(1);
        asio::co_spawn(ended, ask_postconf(options), [](const std::exception_ptr&, const PostfixDnssec&) {});
        test::run_until(ended, [&] {
            std::ifstream(path("pid")) >> pid;
            return !pid.empty();
        });
    }
    test::run_until(io, [&] { return !runs(pid); });
    ::waitpid(std::stoi(pid), nullptr, 0);
}

}  // namespace
}  // namespace sternpost
