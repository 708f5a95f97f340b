#include "verification.hpp"

#include <memory>

#include "sternpost/tls/dns_id.hpp"

namespace sternpost {

namespace {

struct FreeContext {
    void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
};

std::string why(int error) {
    return X509_verify_cert_error_string(error);
}

// Separate from the handshake, so that DANE and the authorities are each judged by themselves.
std::string fault_of_chain(SSL* session, const MxTarget& target, const TrustStore& trust) {
    STACK_OF(X509)* chain = SSL_get_peer_cert_chain(session);
    if (sk_X509_num(chain) < 1) return "the server shows no certificate";
    const std::unique_ptr<X509_STORE_CTX, FreeContext> context(X509_STORE_CTX_new());
    if (!context || X509_STORE_CTX_init(context.get(), trust.anchors(), sk_X509_value(chain, 0), chain) != 1)
        return "the certificate cannot be looked at";
    X509_STORE_CTX_set_default(context.get(), "ssl_server");
    if (!demand_dns_id(X509_STORE_CTX_get0_param(context.get()), target.host))
        return "the certificate cannot be looked at";
    if (X509_verify_cert(context.get()) == 1) return {};
    return why(X509_STORE_CTX_get_error(context.get()));
}

}  // namespace

std::string prepare_dane(SSL_CTX* context, SSL* session, const MxTarget& target) {
    if (target.tlsa.empty()) return {};
    if (SSL_CTX_dane_enable(context) != 1 || SSL_dane_enable(session, target.tlsa_base.c_str()) != 1)
        return "DANE cannot be looked at";
    // RFC 7672 section 3.1.1: with usage 3 neither names nor dates count.
    SSL_dane_set_flags(session, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    for (const std::string& name : target.next_hop_names) SSL_add1_host(session, name.c_str());
    int added = 0;
    for (const TlsaRecord& record : target.tlsa) {
        if (record.usage < 2) continue;  // RFC 7672 section 3.1.3
        if (SSL_dane_tlsa_add(session, record.usage, record.selector, record.matching_type,
                              record.data.data(), record.data.size()) == 1)
            ++added;
    }
    return added > 0 ? "" : "none of its TLSA records can be used";
}

void judge(SSL* session, const MxTarget& target, const TrustStore& trust, StarttlsReport& report) {
    report.tls_version = SSL_get_version(session);
    report.chain = read_chain(SSL_get_peer_cert_chain(session));
    report.chain_fault = fault_of_chain(session, target, trust);
    if (target.tlsa.empty()) return;
    const bool matches = report.dane_fault.empty() && SSL_get_verify_result(session) == X509_V_OK &&
                         SSL_get0_dane_authority(session, nullptr, nullptr) >= 0;
    report.dane = matches ? StarttlsReport::Dane::matches : StarttlsReport::Dane::fails;
    if (!matches && report.dane_fault.empty())
        report.dane_fault = "no TLSA record matches its certificate (" +
                            why(static_cast<int>(SSL_get_verify_result(session))) + ")";
}

}  // namespace sternpost
