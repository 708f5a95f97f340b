#include "dane/tlsa.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <memory>

namespace sternpost {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Data = std::vector<std::uint8_t>;

Key new_key() {
    return {EVP_EC_gen("P-256"), &EVP_PKEY_free};
}

Data public_key(EVP_PKEY* key) {
    unsigned char* bytes = nullptr;
    const int length = i2d_PUBKEY(key, &bytes);
    const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owned(
        bytes, [](unsigned char* memory) { OPENSSL_free(memory); });
    return {bytes, bytes + length};
}

Data certificate(EVP_PKEY* key) {
    const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), &X509_free);
    X509_set_pubkey(made.get(), key);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
    X509_sign(made.get(), key, EVP_sha256());
    unsigned char* bytes = nullptr;
    const int length = i2d_X509(made.get(), &bytes);
    const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owned(
        bytes, [](unsigned char* memory) { OPENSSL_free(memory); });
    return {bytes, bytes + length};
}

TlsaRecord record(std::uint8_t usage, std::uint8_t selector, Data data) {
    TlsaRecord made;
    made.usage = usage;
    made.selector = selector;
    made.matching_type = 0;
    made.data = std::move(data);
    return made;
}

// Matching type 0 carries the whole thing; "3 1 0" is as good as "3 1 1".
TEST(Tlsa, TakesAWholeKeyOrCertificate) {
    const Key key = new_key();
    for (const std::uint8_t usage : std::initializer_list<std::uint8_t>{2, 3}) {
        EXPECT_TRUE(usable(record(usage, 0, certificate(key.get())))) << int{usage};
        EXPECT_TRUE(usable(record(usage, 1, public_key(key.get())))) << int{usage};
        EXPECT_FALSE(usable(record(usage, 1, certificate(key.get())))) << int{usage};
        EXPECT_FALSE(usable(record(usage, 0, public_key(key.get())))) << int{usage};
    }
    EXPECT_FALSE(usable(record(1, 0, certificate(key.get()))));
}

// As OpenSSL has it: what it cannot take the key out of, it cannot compare.
TEST(Tlsa, TakesNoCertificateWithAKeyOfAnUnknownKind) {
    const Key key = new_key();
    Data data = certificate(key.get());
    const Data kind{0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};  // id-ecPublicKey, RFC 5480
    const auto found = std::search(data.begin(), data.end(), kind.begin(), kind.end());
    ASSERT_NE(found, data.end());
    *std::next(found, std::ssize(kind) - 1) = 0x7f;
    EXPECT_FALSE(usable(record(3, 0, data)));
}

TEST(Tlsa, TakesNothingLessAndNothingMore) {
    const Key key = new_key();
    for (const std::uint8_t selector : std::initializer_list<std::uint8_t>{0, 1}) {
        Data data = selector == 0 ? certificate(key.get()) : public_key(key.get());
        data.push_back(0);
        EXPECT_FALSE(usable(record(3, selector, data))) << int{selector};
        data.pop_back();
        data.pop_back();
        EXPECT_FALSE(usable(record(3, selector, data))) << int{selector};
        EXPECT_FALSE(usable(record(3, selector, {}))) << int{selector};
    }
}

}  // namespace
}  // namespace sternpost
