#include "fleet/seal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.hpp"

namespace sternpost {
namespace {

using testing::HasSubstr;

const std::string key_one(64, '1');
const std::string key_two(64, '2');

TEST(Seal, IsHmacSha256) {
    // RFC 4231 section 4.3 (test case 2): key "Jefe".
    EXPECT_EQ(Seal({"Jefe"}).seal("what do ya want for nothing?"),
              "hmac-sha256 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843\n"
              "what do ya want for nothing?");
}

TEST(Seal, OpensWhatItHasSealed) {
    const Seal seal({key_one});
    EXPECT_EQ(seal.open(seal.seal("text")), "text");
    EXPECT_EQ(seal.open(seal.seal("")), "");
}

TEST(Seal, IsBrokenByEveryChange) {
    const Seal seal({key_one});
    const std::string good = seal.seal("text");
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string other = good;
        other[i] = static_cast<char>(other[i] ^ 1);
        EXPECT_FALSE(seal.open(other)) << i;
        EXPECT_FALSE(seal.open(good.substr(0, i))) << i;
    }
    EXPECT_FALSE(seal.open(good + "t"));
    EXPECT_FALSE(seal.open(Seal({key_two}).seal("text")));
}

// First all relays learn the new key as the second one, then it is the first, then the old one goes.
TEST(Seal, KnowsTwoKeys) {
    const Seal before({key_one, key_two});
    const Seal after({key_two, key_one});
    EXPECT_EQ(after.open(before.seal("text")), "text");
    EXPECT_EQ(before.open(after.seal("text")), "text");
    EXPECT_EQ(before.seal("text"), Seal({key_one}).seal("text"));
}

class SecretFile : public testing::Test {
protected:
    void write(const std::string& text, mode_t mode = 0400) {
        std::filesystem::remove(path_);
        std::ofstream(path_) << text;
        ::chmod(path_.c_str(), mode);
    }
    std::string why_not() {
        try {
            read_seal(path_);
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return "";
    }

    const test::TempDir directory_;
    const std::string path_ = directory_ / "key";
};

TEST_F(SecretFile, HasOneKeyALine) {
    write(key_one + "\n" + key_two + "\n");
    EXPECT_EQ(read_seal(path_).seal("text"), Seal({key_one}).seal("text"));
    EXPECT_EQ(read_seal(path_).open(Seal({key_two}).seal("text")), "text");
}

TEST_F(SecretFile, IsNotForOthers) {
    for (const mode_t mode : {0604U, 0640U | 0004U, 0460U, 0402U, 0401U}) {
        write(key_one, mode);
        EXPECT_THAT(why_not(), HasSubstr("chmod 0400")) << mode;
    }
    for (const mode_t mode : {0400U, 0600U, 0440U, 0640U}) {
        write(key_one, mode);
        EXPECT_EQ(why_not(), "") << mode;
    }
}

TEST_F(SecretFile, SaysWhatIsWrongAndNoSecret) {
    write("");
    EXPECT_THAT(why_not(), HasSubstr("no key in it"));
    write("short-secret\n");
    EXPECT_THAT(why_not(), HasSubstr("fewer than 32"));
    EXPECT_THAT(why_not(), testing::Not(HasSubstr("short-secret")));
    write(key_one + "\n" + key_two + "\n" + key_one + "\n");
    EXPECT_THAT(why_not(), HasSubstr("more than two keys"));
    std::filesystem::remove(path_);
    EXPECT_THAT(why_not(), HasSubstr("No such file"));
    std::filesystem::create_directory(path_);
    EXPECT_THAT(why_not(), HasSubstr("this is no file"));
}

TEST_F(SecretFile, HasOnePassword) {
    write("correct horse\n");
    EXPECT_EQ(read_password(path_), "correct horse");
    write("one\ntwo\n");
    EXPECT_THROW(read_password(path_), std::runtime_error);
}

}  // namespace
}  // namespace sternpost
