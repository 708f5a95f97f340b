#include "sternpost/postfix/postmap.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/run.hpp"
#include "tests/support/temp_dir.hpp"

namespace fs = std::filesystem;

namespace sternpost {
namespace {

using namespace std::chrono_literals;

class PostmapTest : public testing::Test {
protected:
    PostmapTest() : former_path_(std::getenv("PATH")) {
        ::setenv("PATH", (directory_.path().string() + ":/usr/bin:/bin").c_str(), 1);
        options.queue_directory = directory_.path();
        options.limit = 15s;
    }
    ~PostmapTest() override { ::setenv("PATH", former_path_.c_str(), 1); }

    Result<std::string> try_with(const std::string& script) {
        const fs::path program = directory_ / "postmap";
        std::ofstream(program) << "#!/bin/sh\n" << script << '\n';
        fs::permissions(program, fs::perms::owner_all);
        boost::asio::io_context io(1);
        return test::run(io, try_table("hash:/x", options));
    }

    PostmapOptions options;
    const test::TempDir directory_;

private:
    std::string former_path_;
};

TEST_F(PostmapTest, TellsWhyATableCannotBeAsked) {
    EXPECT_EQ(try_with("exit 1").value(), "");
    EXPECT_EQ(try_with("echo may").value(), "");
    EXPECT_EQ(try_with("echo 'postmap: warning: line 3 is odd' >&2; exit 1").value(), "");
    EXPECT_EQ(
        try_with(
            "echo 'postmap: warning: odd' >&2; echo '/usr/sbin/postmap: fatal: open /x: gone' >&2; exit 1")
            .value(),
        "open /x: gone");
}

TEST_F(PostmapTest, IsAskedFromTheQueueDirectoryOfThatInstance) {
    options.config_directory = "/etc/postfix-out";
    EXPECT_EQ(try_with("echo \"postmap: fatal: $(pwd) $*\" >&2").value(),
              directory_.path().string() + " -c /etc/postfix-out -q [127.0.0.1] hash:/x");
}

TEST_F(PostmapTest, WhatDoesNotEndSaysNothing) {
    options.limit = 50ms;
    const auto said = try_with("echo 'postmap: fatal: in vain' >&2; sleep 600");
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code, Errc::temporary);
    EXPECT_EQ(said.error().detail, "postmap has not ended within 50 ms");
}

}  // namespace
}  // namespace sternpost
