#include "https/media_type.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace sternpost {
namespace {

using testing::HasSubstr;
using Headers = std::vector<std::string>;

std::string fault_of(const Headers& content_types) {
    return media_type_fault(content_types).value_or("none");
}

TEST(MediaType, IsTextPlainWhateverItsParameters) {
    const Headers rows[] = {
        // #53
        {"text/plain"},
        {"TEXT/PLAIN;charset=\"UTF-8\""},
        {"Text/Plain"},
        {"text/plain ; x=y"},
        {"text/plain\t;x=y"},
        {"text/plain;"},
        {" \ttext/plain \t"},
        {"text/plain\r\n"},
        // #54
        {"text/plain; charset=utf-8"},
        {"text/plain; charset=iso-8859-1"},
        {"text/plain; boundary=x"},
        {"text/plain; charset"},
        {"text/plain; x=\"a;b\"; charset=utf-8; charset=koi8-r"},
        // #56
        {"text/plain", "text/plain"},
        {"text/plain; charset=utf-8", "TEXT/plain; charset=us-ascii"},
    };
    for (const Headers& row : rows) EXPECT_EQ(fault_of(row), "none") << testing::PrintToString(row);
}

// #55
TEST(MediaType, OfAnotherKindIsNamed) {
    const std::string types[] = {"text/html",      "application/octet-stream",
                                 "text/plain+xml", "text/plainx",
                                 "text",           "text/",
                                 "/plain",         "text /plain",
                                 "text/ plain",    "text/plain, text/html",
                                 "text/plain x=y", "application/x-www-form-urlencoded",
                                 "multipart/mixed"};
    for (const std::string& type : types) {
        EXPECT_EQ(fault_of({type + "; charset=utf-8"}),
                  "the answer's media type is \"" + type + "\"; text/plain is required");
    }
}

// #55
TEST(MediaType, ThatIsMissingOrEmptyIsAFault) {
    EXPECT_EQ(fault_of({}), "the answer has no Content-Type; text/plain is required");
    for (const std::string value : {"", " ", "\t", ";", "; charset=utf-8", "\r\n", " \r"})
        EXPECT_THAT(fault_of({value}), HasSubstr("text/plain is required")) << value;
}

// #56
TEST(MediaType, TwiceMustBeTheSame) {
    const Headers rows[] = {
        {"text/plain", "text/html"},
        {"text/html", "text/plain"},
        {"text/plain", ""},
        {"", "text/plain"},
        {"text/plain", "text/plain", "image/png"},
    };
    for (const Headers& row : rows)
        EXPECT_THAT(fault_of(row), HasSubstr("contradict each other")) << testing::PrintToString(row);
    EXPECT_THAT(fault_of({"text/html", "text/html"}), HasSubstr("\"text/html\""));
}

// #188
TEST(MediaType, IsQuotedPrintableAndShort) {
    const std::string fault = fault_of({"text/\x1b[31m\xff" + std::string(1000, 'x')});
    EXPECT_LT(fault.size(), 200U);
    EXPECT_TRUE(std::ranges::all_of(fault, [](char c) { return c >= 0x20 && c < 0x7f; })) << fault;
}

}  // namespace
}  // namespace sternpost
