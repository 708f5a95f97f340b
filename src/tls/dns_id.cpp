#include "sternpost/tls/dns_id.hpp"

#include <openssl/x509v3.h>

namespace sternpost {

bool demand_dns_id(X509_VERIFY_PARAM* rules, std::string_view host) {
    X509_VERIFY_PARAM_set_hostflags(
        rules, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(rules, host.data(), host.size()) == 1;
}

}  // namespace sternpost
