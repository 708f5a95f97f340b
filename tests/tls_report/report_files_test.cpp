#include "sternpost/tls_report/report_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.hpp"

namespace fs = std::filesystem;

namespace sternpost {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ReportFiles : public testing::Test {
protected:
    void write(const std::string& name, const std::string& text = "x") {
        fs::create_directories((directory_ / name).parent_path());
        std::ofstream(directory_ / name) << text;
    }
    // Relative to the directory.
    std::vector<std::string> found(const std::vector<std::string>& names) const {
        std::vector<std::string> paths;
        for (const ReportFile& file : find_report_files(names).files)
            paths.push_back(file.path.substr(directory_.path().string().size() + 1));
        return paths;
    }

    const test::TempDir directory_;
};

TEST_F(ReportFiles, OfADirectoryByName) {
    for (const std::string name : {"b.json", "a/2.eml", "a/1.eml", ".hidden", ".folder/cur/1"}) write(name);
    EXPECT_THAT(found({directory_.path()}), ElementsAre(".folder/cur/1", "a/1.eml", "a/2.eml", "b.json"));
    EXPECT_THAT(found({directory_ / "b.json", directory_ / "a"}),
                ElementsAre("b.json", "a/1.eml", "a/2.eml"));
}

TEST_F(ReportFiles, OfAMaildirOnlyWhatIsWhole) {
    for (const std::string name : {"mail/cur/1:2,S", "mail/new/2", "mail/tmp/3", "other/tmp/4"}) write(name);
    EXPECT_THAT(found({directory_.path()}), ElementsAre("mail/cur/1:2,S", "mail/new/2", "other/tmp/4"));
}

TEST_F(ReportFiles, LinksFifosAndSocketsAreLeftAlone) {
    write("a.json");
    fs::create_symlink(directory_ / "a.json", directory_ / "link.json");
    fs::create_directory_symlink(directory_.path(), directory_ / "again");
    ASSERT_EQ(::mkfifo((directory_ / "fifo.json").c_str(), 0600), 0);
    EXPECT_THAT(found({directory_.path()}), ElementsAre("a.json"));
    EXPECT_THAT(found({directory_ / "link.json"}), ElementsAre("link.json")) << "what is named is meant";
}

// It may have become something else since it was found.
TEST_F(ReportFiles, WhatWasFoundIsOpenedWithCare) {
    write("a.json", "text");
    fs::create_symlink(directory_ / "a.json", directory_ / "link.json");
    ASSERT_EQ(::mkfifo((directory_ / "fifo.json").c_str(), 0600), 0);
    EXPECT_EQ(*read_report_file({directory_ / "a.json", false}), "text");
    EXPECT_EQ(*read_report_file({directory_ / "link.json", true}), "text");
    EXPECT_FALSE(read_report_file({directory_ / "link.json", false}));
    EXPECT_EQ(read_report_file({directory_ / "fifo.json", false}).error().detail,
              "it is no regular file any more");
    EXPECT_EQ(read_report_file({directory_ / "nowhere", true}).error().detail, "No such file or directory");
}

TEST_F(ReportFiles, TooLongIsRefused) {
    write("long");
    fs::resize_file(directory_ / "long", max_report_file_bytes + 1);
    EXPECT_EQ(read_report_file({directory_ / "long", true}).error().detail,
              "the file is longer than 256 MiB");
}

TEST_F(ReportFiles, TooDeepIsTold) {
    fs::path deep = "d";
    for (std::size_t i = 0; i <= max_directory_depth; ++i) deep /= "d";
    write((deep / "a.json").string());
    const FoundFiles files = find_report_files({directory_.path()});
    EXPECT_THAT(files.files, IsEmpty());
    ASSERT_EQ(files.problems.size(), 1U);
    EXPECT_EQ(files.problems[0].why, "directories are nested deeper than 32");
}

}  // namespace
}  // namespace sternpost
