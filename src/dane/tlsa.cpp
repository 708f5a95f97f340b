#include "tlsa.hpp"

#include <openssl/x509.h>

#include <memory>

namespace sternpost {

namespace {

// RFC 7218 section 2
constexpr int dane_ta = 2;
constexpr int dane_ee = 3;
constexpr int selector_cert = 0;
constexpr int selector_spki = 1;
constexpr int matching_full = 0;
constexpr int matching_sha256 = 1;
constexpr int matching_sha512 = 2;
constexpr std::size_t sha256_bytes = 32;
constexpr std::size_t sha512_bytes = 64;

bool is_certificate(const std::vector<std::uint8_t>& data) {
    const unsigned char* at = data.data();
    const std::unique_ptr<X509, decltype(&::X509_free)> certificate(
        ::d2i_X509(nullptr, &at, static_cast<long>(data.size())), &::X509_free);
    return certificate && at == data.data() + data.size() && ::X509_get0_pubkey(certificate.get()) != nullptr;
}

bool is_public_key(const std::vector<std::uint8_t>& data) {
    const unsigned char* at = data.data();
    const std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)> key(
        ::d2i_PUBKEY(nullptr, &at, static_cast<long>(data.size())), &::EVP_PKEY_free);
    return key && at == data.data() + data.size();
}

}  // namespace

bool usable(const TlsaRecord& record) {
    if (record.usage != dane_ta && record.usage != dane_ee) return false;
    if (record.selector != selector_cert && record.selector != selector_spki) return false;
    switch (record.matching_type) {
        case matching_full:
            return record.selector == selector_cert ? is_certificate(record.data)
                                                    : is_public_key(record.data);
        case matching_sha256:
            return record.data.size() == sha256_bytes;
        case matching_sha512:
            return record.data.size() == sha512_bytes;
        default:
            return false;
    }
}

}  // namespace sternpost
