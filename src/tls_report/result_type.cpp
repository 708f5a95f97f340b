#include "sternpost/tls_report/result_type.hpp"

#include <algorithm>

namespace sternpost {

namespace {

constexpr std::array known{
    ResultType{"starttls-not-supported", "The MX host did not offer STARTTLS.",
               "Switch TLS on at this host (Postfix: smtpd_tls_security_level = may), and look for a "
               "firewall in front of it that rewrites SMTP; or take the host out of the MX records."},
    ResultType{"certificate-host-mismatch", "The certificate is for other names than the MX host's.",
               "Get a certificate that has the name of the MX record, and see to it that the host shows it."},
    ResultType{"certificate-expired", "The certificate has expired.",
               "Renew it, reload the mail server, and see to it that both happen by themselves from now on."},
    ResultType{"certificate-not-trusted", "No authority that the sender trusts vouches for the certificate.",
               "Take a certificate of a public authority, and have the host send the whole chain, without "
               "the root."},
    ResultType{"validation-failure", "TLS or the check of the certificate failed for another reason.",
               "Read the reason beside it; try \"sternpost explain --probe\" on the domain; compare the mx "
               "lines of the policy with the MX records."},
    ResultType{"tlsa-invalid", "A TLSA record has a mistake, or no certificate of the host fits it.",
               "Publish the TLSA record of the certificate that the host shows now; at a change publish "
               "the next one beforehand."},
    ResultType{
        "dnssec-invalid", "The sender's resolver found the DNSSEC signatures wrong.",
        "Check the signatures, the DS record and the clock of the zone of the MX host, and of the domain."},
    ResultType{"dane-required", "The sender demands DANE for this domain, and found no TLSA record.",
               "Publish TLSA records, or ask the sender to take back its own rule for you."},
    ResultType{
        "sts-policy-fetch-error", "There is an _mta-sts record, but the policy could not be fetched.",
        "See to it that https://mta-sts.DOMAIN/.well-known/mta-sts.txt answers with status 200 and without a "
        "redirect, over IPv4 and IPv6; \"sternpost explain\" tells what is wrong."},
    ResultType{"sts-policy-invalid", "The policy was fetched, but it has a mistake.",
               "\"sternpost lint\" tells the line and what is wrong with it."},
    ResultType{"sts-webpki-invalid", "The certificate of the policy host is not valid.",
               "Renew the certificate of mta-sts.DOMAIN; its name must be in it, its chain whole."},
    ResultType{without_details, "The sender does not say why.",
               "Ask the sender, by the contact in its report; other senders may say more."},
};

constexpr ResultType unknown{"", "This kind is not in RFC 8460: it is the sender's own word.",
                             "Read the reason beside it, and ask the sender, by the contact in its report."};

}  // namespace

const ResultType& result_type(std::string_view name) {
    const auto found = std::ranges::find(known, name, &ResultType::name);
    return found == known.end() ? unknown : *found;
}

}  // namespace sternpost
