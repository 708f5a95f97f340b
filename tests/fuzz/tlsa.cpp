// Usage, selector, matching type and data of a TLSA record: what is usable to us is to OpenSSL, and so to Postfix.
#include "dane/tlsa.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>

#include "tests/fuzz/invariant.hpp"
#include "tests/fuzz/targets.hpp"

namespace sternpost::fuzz {

namespace {

bool openssl_takes(const TlsaRecord& record) {
    static const std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context = [] {
        std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> made(::SSL_CTX_new(::TLS_client_method()),
                                                                 &::SSL_CTX_free);
        ::SSL_CTX_dane_enable(made.get());
        return made;
    }();
    const std::unique_ptr<SSL, decltype(&::SSL_free)> ssl(::SSL_new(context.get()), &::SSL_free);
    ::SSL_dane_enable(ssl.get(), "mx.good.test");
    const int taken = ::SSL_dane_tlsa_add(ssl.get(), record.usage, record.selector, record.matching_type,
                                          record.data.data(), record.data.size());
    ::ERR_clear_error();
    return taken > 0;
}

}  // namespace

void tlsa(std::string_view input) {
    if (input.size() < 3) return;
    TlsaRecord record;
    record.usage = static_cast<std::uint8_t>(input[0]);
    record.selector = static_cast<std::uint8_t>(input[1]);
    record.matching_type = static_cast<std::uint8_t>(input[2]);
    record.data.assign(input.begin() + 3, input.end());
    const bool for_mail = record.usage == 2 || record.usage == 3;
    must(usable(record) == (for_mail && openssl_takes(record)), "OpenSSL finds the same");
    ::ERR_clear_error();
}

}  // namespace sternpost::fuzz
