#include "sternpost/policy/host_name.hpp"

#include <gtest/gtest.h>

#include "sternpost/base/printable.hpp"

namespace sternpost {
namespace {

using namespace std::string_view_literals;

std::string repeated(std::string_view text, std::size_t count) {
    std::string out;
    for (; count > 0; --count) out += text;
    return out;
}

const std::string label_63 = repeated("a", 63);
const std::string name_253 = repeated("a.", 126) + "a";
const std::string name_255 = repeated("a.", 127) + "a";

struct Row {
    std::string_view item;
    std::string name;
    std::optional<std::string> expected;
};

TEST(HostName, IsNormalised) {
    const Row rows[] = {
        {"#1", "example.com", "example.com"},
        {"#1", "Example.COM.", "example.com"},
        {"#1", "A.B.Example", "a.b.example"},
        {"#1", "localhost", "localhost"},
        {"#1", "mx-1.example.com", "mx-1.example.com"},
        {"#1", "1and1.example", "1and1.example"},
        {"#1", "1.2.3.4.example", "1.2.3.4.example"},
        {"#1", "4.example", "4.example"},
        {"#1", "example.0xyz", "example.0xyz"},
        {"#1", "a--b.example", "a--b.example"},
        {"#1", "_smtp.mail_1.example.com", "_smtp.mail_1.example.com"},
        {"#35", "bücher.example", "xn--bcher-kva.example"},
        {"#35", "BÜCHER.example", "xn--bcher-kva.example"},
        {"#35", "BÜCHER.EXAMPLE.", "xn--bcher-kva.example"},
        {"#35",
         "bu\xcc\x88"
         "cher.example",
         "xn--bcher-kva.example"},
        {"#35", "straße.example", "xn--strae-oqa.example"},
        {"#35", "ｅxample.com", "example.com"},
        {"#35", "☃.example", "xn--n3h.example"},
        {"#35", "i❤.ws", "xn--i-7iq.ws"},
        {"#35", "I❤.WS.", "xn--i-7iq.ws"},
        {"#35", "bücher☃.example", "xn--bcher-kva1747d.example"},
        {"#35", "bücher。example", "xn--bcher-kva.example"},
        {"#35", "mail_1.bücher.example", "mail_1.xn--bcher-kva.example"},
        {"#35", "xn--bcher-kva.example", "xn--bcher-kva.example"},
        {"#35", "XN--BCHER-KVA.example", "xn--bcher-kva.example"},
        {"#35", "xn--zzzzzz99999.example", "xn--zzzzzz99999.example"},
        {"4.9", "ñaca.com", "xn--aca-6ma.com"},
        {"4.9", "Ñaca.com", "xn--aca-6ma.com"},
        {"4.9", "x.ñaca.com", "x.xn--aca-6ma.com"},
        {"#36", label_63 + ".example", label_63 + ".example"},
        {"#36", name_253, name_253},
        {"#36", name_253 + ".", name_253},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(normalise_host_name(row.name), row.expected) << row.item << ' ' << row.name;
    }
}

TEST(HostName, IsRefused) {
    const std::pair<std::string_view, std::string> rows[] = {
        {"#36", ""},
        {"#36", "."},
        {"#36", ".."},
        {"#36", "example.."},
        {"#36", ".example.com"},
        {"#36", "a..example"},
        {"#36", label_63 + "a.example"},
        {"#36", name_253 + "a"},
        {"#36", name_255},
        {"#36", repeated("x", 65536)},
        {"#35",
         "a\xe2\x80\xa8"
         "b.example"},               // U+2028, a line separator
        {"#35", "straße❤.example"},  // never strasse❤.example
        {"#36", repeated("ü", 64) + ".example"},
        {"#36", repeated("ü.", 127) + "example"},
        {"#36", repeated("ü", 65536)},
        {"#36", std::string("example\0.com"sv)},
        {"#36", std::string("ü\0.example"sv)},
        {"#35", "bü\xff.example"},
        {"#35", "\xed\xa0\x80.example"},
        {"#35", "\xc0\xae.example"},
        {"#35", "-bü.example"},
        {"#35", "bü/x.example"},
        {"#35", "[bü].example"},
        {"#35", "bü cher.example"},
        {"#35", "ü.\xc2\xad.example"},
        {"#35", "ü..example"},
        {"#35", "１．２．３．４"},
        {"#134", "a b.example"},
        {"#134", "a\tb.example"},
        {"#134", "a\nb.example"},
        {"#134", "/run/lmtp"},
        {"#134", "a:b.example"},
        {"#134", "a@b.example"},
        {"#134", "*.example"},
        {"#134", "{a}.example"},
        {"#134", "a,b.example"},
        {"#134", "-a.example"},
        {"#134", "a-.example"},
        {"#133", "192.0.2.1"},
        {"#133", "1.2.3.4."},
        {"#133", "999.999.999.999"},
        {"#133", "127.1"},
        {"#133", "2130706433"},
        {"#133", "0x7f.1"},
        {"#133", "127.0x1"},
        {"#133", "0x7F000001"},
        {"#133", "example.0x"},
        {"#133", "mail.123"},
    };
    for (const auto& [item, name] : rows) {
        EXPECT_EQ(normalise_host_name(name), std::nullopt) << item << ' ' << printable(name);
    }
}

TEST(HostName, GrammarExpectsLowerCase) {
    EXPECT_TRUE(valid_host_name("mail.example.com"));
    EXPECT_FALSE(valid_host_name("Mail.example.com"));
    EXPECT_FALSE(valid_host_name("mail.example.com."));
    EXPECT_FALSE(valid_host_name("bücher.example"));
    EXPECT_FALSE(valid_host_name(""));
}

TEST(HostName, AddressKeepsTheGrammarOfADomain) {
    for (const auto address : {"192.0.2.1", "999.1.1.1", "127.1", "0x7f.1", "mail.0x7f", "1"}) {
        EXPECT_TRUE(looks_like_ipv4(address)) << address;
        EXPECT_TRUE(valid_domain(address)) << address;
        EXPECT_FALSE(valid_host_name(address)) << address;
    }
    for (const auto name : {"", ".", "1.", "192.0.2.1.example", "a.1x", "0y7f", "0x7g", "0x7_f", "x0x1"}) {
        EXPECT_FALSE(looks_like_ipv4(name)) << name;
    }
}

}  // namespace
}  // namespace sternpost
