#include "sternpost/tls/certificate.hpp"

#include <openssl/asn1.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>

namespace sternpost {

namespace {

// OpenSSL lacks const where it changes nothing.
std::string text_of(const ASN1_STRING* value) {
    const auto length = static_cast<std::size_t>(ASN1_STRING_length(value));
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)), length};
}

std::string name_of(const X509_NAME* name) {
    const int last = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (last >= 0) return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
    const std::unique_ptr<BIO, decltype(&::BIO_free)> out(::BIO_new(::BIO_s_mem()), &::BIO_free);
    if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
    char* bytes = nullptr;
    const long length = BIO_get_mem_data(out.get(), &bytes);
    return {bytes, static_cast<std::size_t>(std::max(length, 0L))};
}

WallTime time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (::ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return WallTime(std::chrono::seconds(::timegm(&parts)));
}

std::vector<std::string> names_of(const X509& certificate) {
    std::vector<std::string> names;
    auto* const all =
        static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
    const std::unique_ptr<GENERAL_NAMES, decltype(&::GENERAL_NAMES_free)> owner(all, &::GENERAL_NAMES_free);
    for (int i = 0; i < sk_GENERAL_NAME_num(all) && names.size() < max_names_shown; ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
        if (name->type == GEN_DNS) names.push_back(text_of(name->d.dNSName));
    }
    return names;
}

}  // namespace

Certificate read_certificate(const X509& certificate) {
    Certificate read;
    read.subject = name_of(X509_get_subject_name(&certificate));
    read.issuer = name_of(X509_get_issuer_name(&certificate));
    read.names = names_of(certificate);
    read.not_before = time_of(X509_get0_notBefore(&certificate));
    read.not_after = time_of(X509_get0_notAfter(&certificate));
    return read;
}

std::vector<Certificate> read_chain(const STACK_OF(X509) * chain) {
    std::vector<Certificate> read;
    for (int i = 0; i < sk_X509_num(chain); ++i) read.push_back(read_certificate(*sk_X509_value(chain, i)));
    return read;
}

}  // namespace sternpost
