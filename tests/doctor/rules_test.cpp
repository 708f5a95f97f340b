// Each rule fires on its fault, and a set-up without faults is green.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <set>
#include <string>

#include "doctor/rule.hpp"
#include "sternpost/doctor/examine.hpp"

namespace sternpost {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

constexpr auto information = Severity::information;
constexpr auto advice = Severity::advice;
constexpr auto broken = Severity::broken;
const std::string table = "socketmap:inet:127.0.0.1:8461:sts-tlsrpt";
const std::string base_table = "socketmap:inet:127.0.0.1:8461:sts";
const std::string bundle = "/etc/ssl/certs/ca-certificates.crt";

// Postfix 3.10 as postconf -x has it, as far as rules look, and set up as well as can be.
PostfixSettings good_settings() {
    return {
        {"smtp_tls_policy_maps", table},
        {"smtp_tls_security_level", "dane"},
        {"smtp_dns_support_level", "dnssec"},
        {"smtp_tls_dane_insecure_mx_policy", "dane"},
        {"smtp_tls_CAfile", bundle},
        {"smtp_tls_CApath", ""},
        {"smtp_tls_loglevel", "1"},
        {"smtp_tls_mandatory_protocols", ">=TLSv1.2"},
        {"smtp_tls_mandatory_ciphers", "medium"},
        {"smtp_tls_secure_cert_match", "nexthop, dot-nexthop"},
        {"smtp_tls_enforce_sts_mx_patterns", "yes"},
        {"smtp_host_lookup", "dns"},
        {"smtputf8_enable", "yes"},
        {"tls_required_enable", "no"},
        {"queue_directory", "/var/spool/postfix"},
        {"mail_owner", "postfix"},
        {"default_transport", "smtp"},
        {"relay_transport", "relay"},
    };
}

SmtpService service(std::string name) {
    SmtpService made;
    made.name = std::move(name);
    made.processes = 100;
    made.settings = good_settings();
    return made;
}

SocketLook good_look() {
    SocketLook look;
    look.endpoint = "inet:127.0.0.1:8461";
    look.map = "sts-tlsrpt";
    look.services = {"smtp", "relay"};
    look.outcome = SocketLook::Outcome::answered;
    look.answer = "NOTFOUND ";
    return look;
}

Facts good_facts() {
    Facts facts;
    facts.postfix.config_directory = "/etc/postfix";
    facts.postfix.version = {3, 10, 13};
    facts.postfix.settings = good_settings();
    facts.postfix.smtp = {service("smtp"), service("relay")};
    facts.postfix.tlsproxy_processes = 0;
    facts.daemon_sees_dnssec = true;
    facts.host.name_servers = {"127.0.0.1"};
    facts.host.validating = true;
    facts.host.certificates = {{bundle, 140}};
    facts.host.ca_bundle = bundle;
    facts.host.listen_backlog = 4096;
    facts.dns_servers = {{"127.0.0.1", 53, ""}};
    facts.sockets = {good_look()};
    return facts;
}

// In main.cf, and so for all services.
void set(Facts& facts, const std::string& name, const std::string& value) {
    facts.postfix.settings[name] = value;
    facts.postfix.set.insert(name);
    for (SmtpService& each : facts.postfix.smtp)
        if (!each.options.contains(name)) each.settings[name] = value;
}

std::function<void(Facts&)> with(std::string name, std::string value) {
    return [=](Facts& facts) { set(facts, name, value); };
}

// In master.cf, for the service `number`.
void set_for(Facts& facts, std::size_t number, const std::string& name, const std::string& value) {
    facts.postfix.smtp.at(number).options.insert(name);
    facts.postfix.smtp.at(number).settings[name] = value;
}

// Another table behind ours.
std::function<void(Facts&)> unusable(std::string other, std::string trouble, bool has_source) {
    return [=](Facts& facts) {
        set(facts, "smtp_tls_policy_maps", table + ", " + other);
        facts.tables[other] = {trouble, has_source};
    };
}

std::function<void(Facts&)> client_certificate(std::string certificate, std::string key, PemLook look) {
    return [=](Facts& facts) {
        set(facts, certificate, "/client.pem");
        set(facts, key, "/client.pem");
        facts.host.pem["/client.pem"] = look;
    };
}

void chroot_all(Facts& facts) {
    for (SmtpService& each : facts.postfix.smtp) each.chroot = true;
}

// A UNIX socket in a chroot, with nothing wrong so far.
SocketLook& look_by_path(Facts& facts) {
    facts.daemon.listen = {ListenAddress{"", 0, "/var/spool/postfix/sternpost/socketmap.sock"}};
    facts.host.chroot_name_servers = facts.host.name_servers;
    set(facts, "smtp_tls_policy_maps", "socketmap:unix:sternpost/socketmap.sock:sts-tlsrpt");
    chroot_all(facts);
    SocketLook& look = facts.sockets.front();
    look.endpoint = "unix:sternpost/socketmap.sock";
    look.path = "/var/spool/postfix/sternpost/socketmap.sock";
    look.is_socket = true;
    look.chroot = true;
    return look;
}

void use_version(Facts& facts, PostfixVersion version) {
    facts.postfix.version = version;
    set(facts, "smtp_tls_policy_maps", version < PostfixVersion{3, 10, 0} ? base_table : table);
}

struct Fault {
    std::string rule;
    std::function<void(Facts&)> make;
    Severity severity;
    std::string remedy;  // is in one of its commands
};

const Fault faults[] = {
    {"map-missing", with("smtp_tls_policy_maps", ""), broken,
     "postconf -e 'smtp_tls_policy_maps = " + table + "'"},
    {"map-missing", with("smtp_tls_policy_maps", "hash:/x"), broken,
     "smtp_tls_policy_maps = hash:/x, " + table},
    {"map-missing", with("smtp_tls_policy_maps", "socketmap:inet:127.0.0.1:8642:QUERY"), broken,
     "= " + table},
    {"map-missing", [](Facts& facts) { set_for(facts, 1, "smtp_tls_policy_maps", ""); }, advice,
     "postconf -PX 'relay/unix/smtp_tls_policy_maps'"},
    {"map-missing", [](Facts& facts) { set_for(facts, 0, "smtp_tls_policy_maps", ""); }, broken,
     "postconf -PX 'smtp/unix/smtp_tls_policy_maps'"},
    {"map-missing",
     [](Facts& facts) {
         set_for(facts, 1, "smtp_tls_policy_maps", "");
         set_for(facts, 1, "smtp_tls_security_level", "secure");
     },
     information, "postconf -PX"},
    {"map-nested", with("smtp_tls_policy_maps", "unionmap:{static:may, " + table + "}"), broken,
     "= " + table + ", static:may'"},
    {"map-nested", with("smtp_tls_policy_maps", "pipemap:{hash:/x," + table + "}"), broken,
     "# In smtp_tls_policy_maps, put " + table + " in the place of pipemap:{hash:/x," + table + "}"},
    {"map-proxied", with("smtp_tls_policy_maps", "proxy:" + table), advice, "= " + table},
    {"map-hidden", with("smtp_tls_policy_maps", "static:may, " + table), broken,
     "= " + table + ", static:may"},
    {"map-hidden", with("smtp_tls_policy_maps", "socketmap:inet:127.0.0.1:8642:QUERY," + table), advice,
     "= " + table},
    {"map-hidden", with("smtp_tls_policy_maps", "regexp:/x " + table), information, "postmap -q"},
    {"map-unusable", unusable("hash:/x", "open database /x.db: No such file or directory", true), broken,
     "postmap 'hash:/x'"},
    {"map-unusable", unusable("hash:/x", "open database /x.db: No such file or directory", false), broken,
     "# Mend hash:/x, or take it out of smtp_tls_policy_maps."},
    {"map-unusable", unusable("pcre:/x", "unsupported dictionary type: pcre", true), broken,
     "apt-get install postfix-pcre"},
    {"map-unusable", unusable("foo:/x", "unsupported dictionary type: foo", true), broken, "# Mend foo:/x"},
    {"map-unusable",
     [](Facts& facts) {
         set_for(facts, 1, "smtp_tls_policy_maps", "proxy:hash:/x, " + table);
         facts.tables["hash:/x"] = {"open database /x.db: No such file or directory", true};
     },
     broken, "postmap 'hash:/x'"},
    {"map-unusable",
     [](Facts& facts) {
         set(facts, "smtp_tls_policy_maps", "unionmap:{" + table + ", hash:/x}");
         facts.tables["hash:/x"] = {"open database /x.db: No such file or directory", true};
     },
     broken, "postmap 'hash:/x'"},
    {"map-requiretls", with("smtp_requiretls_policy", table), broken, "postconf -X 'smtp_requiretls_policy'"},

    {"postfix-too-old",
     [](Facts& facts) {
         use_version(facts, {3, 3, 9});
     },
     broken, "# Install"},
    {"grammar-too-new",
     [](Facts& facts) {
         facts.postfix.version = {3, 9, 9};
     },
     broken, "= " + base_table},
    {"grammar-base", with("smtp_tls_policy_maps", base_table), advice, "= " + table},
    {"postfix-3.10-early",
     [](Facts& facts) {
         use_version(facts, {3, 10, 4});
     },
     advice, "3.10.6"},
    {"postfix-3.10-early",
     [](Facts& facts) {
         use_version(facts, {3, 10, 5});
         set(facts, "smtp_tlsrpt_enable", "yes");
         set(facts, "smtp_tlsrpt_socket_name", "run/s");
         facts.host.sockets = {"/var/spool/postfix/run/s"};
     },
     advice, "3.10.6"},
    {"mx-patterns-off", with("smtp_tls_enforce_sts_mx_patterns", "no"), advice,
     "smtp_tls_enforce_sts_mx_patterns = yes"},

    {"socket-missing", [](Facts& facts) { look_by_path(facts).is_socket = false; }, broken,
     "systemctl restart sternpostd"},
    {"socket-missing",
     [](Facts& facts) {
         SocketLook& look = look_by_path(facts);
         look.endpoint = "unix:/var/spool/postfix/sternpost/socketmap.sock";
         look.path = "/var/spool/postfix/var/spool/postfix/sternpost/socketmap.sock";
         look.is_socket = false;
         set(facts, "smtp_tls_policy_maps", "socketmap:" + look.endpoint + ":sts-tlsrpt");
     },
     broken, "'smtp_tls_policy_maps = socketmap:unix:sternpost/socketmap.sock:sts-tlsrpt'"},
    {"socket-closed",
     [](Facts& facts) {
         SocketLook& look = look_by_path(facts);
         look.outcome = SocketLook::Outcome::not_reached;
         look.error = EACCES;
         look.closed = {"/var/spool/postfix/sternpost"};
     },
     broken, "chmod o+x '/var/spool/postfix/sternpost'"},
    {"socket-closed",
     [](Facts& facts) {
         SocketLook& look = look_by_path(facts);
         look.outcome = SocketLook::Outcome::not_reached;
         look.error = EACCES;
         look.closed = {look.path};
     },
     broken, "chmod 0666"},
    {"socket-path",
     [](Facts& facts) {
         const std::string endpoint = "unix:" + std::string(108, 'a');
         look_by_path(facts).endpoint = endpoint;
         set(facts, "smtp_tls_policy_maps", "socketmap:" + endpoint + ":sts-tlsrpt");
     },
     broken, "= socketmap:unix:sternpost/socketmap.sock:sts-tlsrpt'"},
    {"inet-name",
     [](Facts& facts) {
         set(facts, "smtp_tls_policy_maps", "socketmap:inet:localhost:8461:sts-tlsrpt");
         facts.sockets.front().endpoint = "inet:localhost:8461";
     },
     advice, "= " + table},
    {"daemon-silent",
     [](Facts& facts) {
         facts.sockets.front().outcome = SocketLook::Outcome::not_reached;
         facts.sockets.front().error = ECONNREFUSED;
     },
     broken, "systemctl restart sternpostd"},
    {"daemon-silent", [](Facts& facts) { facts.sockets.front().outcome = SocketLook::Outcome::no_answer; },
     broken, "systemctl status"},
    {"map-unknown",
     [](Facts& facts) {
         set(facts, "smtp_tls_policy_maps", "socketmap:inet:127.0.0.1:8461:mta-sts");
         facts.sockets.front().map = "mta-sts";
         facts.sockets.front().answer = "PERM unknown map \"mta-sts\"";
     },
     broken, "= " + table},
    {"map-unknown",
     [](Facts& facts) {
         facts.sockets.front().map = "strict";
         facts.sockets.front().answer = "PERM unknown map \"strict\"";
         facts.daemon.maps["strict"] = MapConfig();
     },
     broken, "systemctl reload sternpostd"},
    {"map-unknown", [](Facts& facts) { facts.sockets.front().answer = "PERM unknown map"; }, broken,
     "systemctl status"},
    {"map-unknown", [](Facts& facts) { facts.sockets.front().answer = "OK may"; }, broken,
     "systemctl status"},
    {"too-many-clients", [](Facts& facts) { facts.daemon.limits.connections = 199; }, advice,
     "connections = 200"},
    {"too-many-clients",
     [](Facts& facts) {
         look_by_path(facts);
         facts.host.listen_backlog = 128;
     },
     advice, "net.core.somaxconn"},
    {"too-many-clients", [](Facts& facts) { facts.postfix.smtp.front().processes = 0; }, advice, "maxproc"},

    {"ca-missing", with("smtp_tls_CAfile", ""), broken, "postconf -e 'smtp_tls_CAfile = " + bundle + "'"},
    {"client-certificate", client_certificate("smtp_tls_cert_file", "smtp_tls_key_file", {}), broken,
     "postconf -X 'smtp_tls_cert_file'"},
    {"client-certificate",
     client_certificate("smtp_tls_eccert_file", "smtp_tls_eckey_file", {true, false, true}), broken,
     "postconf -X 'smtp_tls_eccert_file'"},
    {"client-certificate",
     client_certificate("smtp_tls_dcert_file", "smtp_tls_dkey_file", {true, true, false}), broken,
     "postconf -X 'smtp_tls_dkey_file'"},
    {"client-certificate",
     [](Facts& facts) {
         set(facts, "smtp_tls_chain_files", "/client.pem, /other.pem");
         facts.host.pem = {{"/client.pem", {true, true, true}}, {"/other.pem", {}}};
     },
     broken, "postconf -X 'smtp_tls_chain_files'"},
    {"ca-file", with("smtp_tls_CAfile", "/nowhere"), broken, "smtp_tls_CAfile = " + bundle},
    {"ca-file", [](Facts& facts) { facts.host.certificates[bundle] = 0; }, broken, "smtp_tls_CAfile"},
    {"ca-path",
     [](Facts& facts) {
         set(facts, "smtp_tls_CAfile", "");
         set(facts, "smtp_tls_CApath", "/certs");
     },
     broken, "smtp_tls_CAfile = " + bundle},
    {"ca-path",
     [](Facts& facts) {
         set(facts, "smtp_tls_CAfile", "");
         set(facts, "smtp_tls_CApath", "/certs");
         facts.host.certificates = {{"/certs", 140}};
         chroot_all(facts);
     },
     broken, "smtp_tls_CAfile = " + bundle},
    {"ca-path",
     [](Facts& facts) {
         set(facts, "smtp_tls_CAfile", "");
         set(facts, "smtp_tls_CApath", "/certs");
         facts.host.certificates = {{"/certs", 140}, {"/var/spool/postfix/certs", 140}};
         chroot_all(facts);
     },
     advice, "smtp_tls_CAfile = " + bundle},
    {"trust-anchor", with("smtp_tls_trust_anchor_file", "/x"), broken,
     "postconf -X 'smtp_tls_trust_anchor_file'"},
    {"cert-match", with("smtp_tls_secure_cert_match", "nexthop:hostname"), advice, "postconf -X"},
    {"cname-servername", with("smtp_cname_overrides_servername", "yes"), advice, "= no"},

    {"level-none", with("smtp_tls_security_level", ""), advice, "smtp_tls_security_level = dane"},
    {"level-none", with("smtp_tls_security_level", "none"), advice, "smtp_tls_security_level = dane"},
    {"level-none", [](Facts& facts) { set_for(facts, 1, "smtp_tls_security_level", "none"); }, advice,
     "postconf -PX 'relay/unix/smtp_tls_security_level'"},
    {"level-lowered", [](Facts& facts) { set_for(facts, 1, "smtp_tls_security_level", "may"); }, advice,
     "postconf -PX 'relay/unix/smtp_tls_security_level'"},
    {"level-too-strict", with("smtp_tls_security_level", "encrypt"), advice,
     "smtp_tls_security_level = dane"},
    {"level-too-strict", with("smtp_tls_security_level", "Secure"), broken, "smtp_tls_security_level = dane"},
    {"level-after-tlspol",
     [](Facts& facts) {
         set(facts, "smtp_tls_security_level", "may");
         facts.host.tlspol = {"/etc/postfix-tlspol/config.yaml"};
     },
     advice, "smtp_tls_security_level = dane"},
    {"dane-insecure-mx", with("smtp_tls_dane_insecure_mx_policy", "may"), advice, "= dane"},
    {"dane-insecure-mx",
     [](Facts& facts) {
         set(facts, "smtp_tls_security_level", "may");
         set(facts, "smtp_tls_dane_insecure_mx_policy", "may");
     },
     information, "= dane"},
    {"wrappermode",
     [](Facts& facts) {
         set_for(facts, 1, "smtp_tls_wrappermode", "yes");
         set_for(facts, 1, "smtp_tls_security_level", "may");
     },
     broken, "postconf -P 'relay/unix/smtp_tls_security_level=encrypt'"},
    {"wrappermode",
     [](Facts& facts) {
         set_for(facts, 1, "smtp_tls_wrappermode", "yes");
         set_for(facts, 1, "smtp_tls_security_level", "encrypt");
     },
     advice, "postconf -P 'relay/unix/smtp_tls_policy_maps='"},

    {"relay-host", with("relayhost", "[relay.example.com]"), advice, "# On the relay host"},
    {"relay-host", with("default_transport", "smtp:[relay.example.com]"), advice, "# On the relay host"},
    {"relay-host", with("transport_maps", "inline:{ {* = smtp:[relay.example.com]} }"), advice,
     "# On the relay host"},
    {"relay-host", with("sender_dependent_relayhost_maps", "static:[relay.example.com]"), advice,
     "# On the relay host"},
    {"fallback-relay", with("smtp_fallback_relay", "[fallback.example.com]"), advice,
     "inline:{ {[fallback.example.com] = secure match=nexthop} }, " + table},

    {"dnssec-off", with("smtp_dns_support_level", "enabled"), broken, "smtp_dns_support_level = dnssec"},
    {"dnssec-off",
     [](Facts& facts) {
         set(facts, "smtp_dns_support_level", "");
         set(facts, "smtp_tls_security_level", "may");
         facts.daemon_sees_dnssec = false;
     },
     information, "smtp_dns_support_level = dnssec"},
    {"dnssec-off",
     [](Facts& facts) {
         set(facts, "smtp_dns_support_level", "enabled");
         set(facts, "smtp_tls_security_level", "may");
         facts.daemon_sees_dnssec = false;
         facts.daemon.answers.dane = DaneSwitch::on;
         facts.host.validating = false;
     },
     broken, "dane = \"off\""},
    {"map-missing",
     [](Facts& facts) {
         // By a parameter of the operator's own.
         facts.postfix.smtp.at(0).options.insert("ours");
         facts.postfix.smtp.at(0).settings["smtp_tls_policy_maps"] = "static:may";
     },
     broken, "postconf -P 'smtp/unix/smtp_tls_policy_maps=" + table + ",static:may'"},
    {"dnssec-off", [](Facts& facts) { set_for(facts, 1, "smtp_dns_support_level", "enabled"); }, broken,
     "postconf -P 'relay/unix/smtp_dns_support_level=dnssec'"},
    {"host-lookup", with("smtp_host_lookup", "native"), broken, "smtp_host_lookup = dns, native"},
    {"resolver-options", with("smtp_dns_resolver_options", "res_defnames"), broken, "postconf -X"},
    {"mx-errors-ignored", with("ignore_mx_lookup_error", "yes"), broken, "postconf -X"},
    {"mx-errors-ignored",
     [](Facts& facts) {
         set(facts, "ignore_mx_lookup_error", "yes");
         set(facts, "smtp_tls_security_level", "may");
         facts.daemon.answers.dane = DaneSwitch::off;
     },
     advice, "postconf -X"},
    {"dns-disabled", with("disable_dns_lookups", "yes"), broken, "disable_dns_lookups = no"},
    {"resolver", [](Facts& facts) { facts.host.name_servers = {"192.0.2.1"}; }, advice, "unbound"},
    {"resolver", [](Facts& facts) { facts.host.validating = false; }, broken, "unbound"},
    {"resolver", [](Facts& facts) { facts.host.validating.reset(); }, advice, "dig"},
    {"resolver-in-chroot",
     [](Facts& facts) {
         chroot_all(facts);
         facts.host.chroot_name_servers = std::vector<std::string>{"192.0.2.1"};
     },
     advice, "install -D -m 644 /etc/resolv.conf '/var/spool/postfix/etc/resolv.conf'"},
    {"dns-server-silent",
     [](Facts& facts) {
         facts.dns_servers = {{"127.0.0.1", 5353, "no connection to 127.0.0.1:5353"}};
     },
     broken, "dig -p 5353 '@127.0.0.1' a.root-servers.net"},
    {"dns-server-silent",
     [](Facts& facts) {
         facts.dns_servers = {{"127.0.0.1", 53, ""},
                              {"192.0.2.1", 53, "no answer in time from 192.0.2.1:53"}};
     },
     advice, "dig '@192.0.2.1' a.root-servers.net"},

    {"mandatory-protocols", with("smtp_tls_mandatory_protocols", ">=TLSv1"), advice, ">=TLSv1.2"},
    {"mandatory-protocols", with("smtp_tls_mandatory_protocols", "!SSLv2, !SSLv3"), advice, ">=TLSv1.2"},
    {"mandatory-protocols", with("smtp_tls_mandatory_protocols", "TLSv1"), broken, ">=TLSv1.2"},
    {"mandatory-protocols", with("smtp_tls_mandatory_protocols", "!TLSv1.2:!TLSv1.3"), broken, ">=TLSv1.2"},
    {"mandatory-protocols", with("smtp_tls_mandatory_protocols", "<=TLSv1.1"), broken, ">=TLSv1.2"},
    {"mandatory-protocols",
     [](Facts& facts) {
         use_version(facts, {3, 5, 25});
         set(facts, "smtp_tls_mandatory_protocols", "!SSLv2, !SSLv3");
     },
     advice, "'smtp_tls_mandatory_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1'"},
    {"ciphers", with("smtp_tls_mandatory_ciphers", "null"), broken,
     "postconf -X 'smtp_tls_mandatory_ciphers'"},
    {"mandatory-protocols", with("smtp_tls_mandatory_protocols", "!SSLv2, >=TLSv1.2, TLS1.3"), broken,
     ">=TLSv1.2"},
    {"mandatory-protocols",
     [](Facts& facts) {
         use_version(facts, {3, 5, 25});
         set(facts, "smtp_tls_mandatory_protocols", ">=TLSv1.2");
     },
     broken, "!TLSv1.1"},
    {"ciphers", with("smtp_tls_mandatory_ciphers", "strong"), broken, "postconf -X"},
    {"ciphers", with("smtp_tls_mandatory_exclude_ciphers", "aNULL:ALL"), broken, "postconf -X"},
    {"ciphers", with("smtp_tls_exclude_ciphers", "ALL"), broken, "postconf -X"},
    {"ciphers", with("smtp_tls_mandatory_ciphers", "export"), advice, "postconf -X"},
    {"ciphers", with("smtp_tls_mandatory_exclude_ciphers", "aNULL, HIGH"), advice, "postconf -X"},
    {"obsolete", with("smtp_use_tls", "yes"), advice, "postconf -X 'smtp_use_tls'"},
    {"loglevel", with("smtp_tls_loglevel", "0"), information, "smtp_tls_loglevel = 1"},
    {"tlsproxy",
     [](Facts& facts) {
         set(facts, "smtp_tls_connection_reuse", "yes");
         facts.postfix.tlsproxy_processes.reset();
     },
     broken, "postconf -M"},
    {"tlsproxy",
     [](Facts& facts) {
         set(facts, "smtp_tls_connection_reuse", "yes");
         facts.postfix.tlsproxy_processes = 1;
     },
     advice, "postconf -F"},
    {"session-cache",
     [](Facts& facts) {
         set(facts, "smtp_tls_session_cache_database", "btree:x");
         set(facts, "smtp_tls_policy_maps",
             "inline:{ {a.test = secure policy_type=sts policy_failure=sts-policy-invalid} }, " + table);
     },
     broken, "postconf -X"},

    {"tlsrpt-socket", with("smtp_tlsrpt_enable", "yes"), advice,
     "smtp_tlsrpt_socket_name = run/tlsrpt/tlsrpt.sock"},
    {"tlsrpt-socket",
     [](Facts& facts) {
         set(facts, "smtp_tlsrpt_enable", "yes");
         set(facts, "smtp_tlsrpt_socket_name", "private/tlsrpt");
         facts.host.sockets = {"/var/spool/postfix/private/tlsrpt"};
     },
     advice, "run/tlsrpt/tlsrpt.sock"},
    {"tlsrpt-socket",
     [](Facts& facts) {
         set(facts, "smtp_tlsrpt_enable", "yes");
         set(facts, "smtp_tlsrpt_socket_name", "run/s");
     },
     advice, "tlsrpt-collectd"},
    {"tlsrpt-map",
     [](Facts& facts) {
         set(facts, "smtp_tlsrpt_enable", "yes");
         set(facts, "smtp_tlsrpt_socket_name", "run/s");
         facts.host.sockets = {"/var/spool/postfix/run/s"};
         set(facts, "smtp_tls_policy_maps", base_table);
     },
     advice, "= " + table},
    {"tlsrpt-level",
     [](Facts& facts) {
         set(facts, "smtp_tlsrpt_enable", "yes");
         set(facts, "smtp_tlsrpt_socket_name", "run/s");
         facts.host.sockets = {"/var/spool/postfix/run/s"};
         set(facts, "smtp_tls_security_level", "");
     },
     advice, "smtp_tls_security_level = may"},
    {"tls-required", with("tls_required_enable", "yes"), information, "tls_required_enable = no"},
    {"smtputf8", with("smtputf8_enable", "no"), information, ""},

    {"fleet-files",
     [](Facts& facts) { facts.fleet.emplace().unusable = "/etc/sternpost/fleet.key: there is no key in it"; },
     broken, "See to that file"},
    {"fleet-reached",
     [](Facts& facts) { facts.fleet.emplace().trouble = "192.0.2.1:6379: Connection refused"; }, advice,
     "Valkey or Redis"},
    {"fleet-tls",
     [](Facts& facts) {
         facts.fleet.emplace();
         facts.daemon.fleet.servers = {{"192.0.2.1", 6379, ""}};
         facts.daemon.fleet.password_file = "/etc/sternpost/fleet.password";
     },
     information, "tls = true"},
};

// Those that change a list of policy tables; "postconf -PX" is for one that has nothing to keep.
std::vector<std::string> commands_for_tables(const Facts& facts) {
    std::vector<std::string> commands;
    for (const Finding& finding : examine(facts).findings)
        for (const std::string& command : finding.remedy)
            if (command.starts_with("postconf ") && !command.starts_with("postconf -PX") &&
                command.find("smtp_tls_policy_maps") != std::string::npos)
                commands.push_back(command);
    return commands;
}

std::vector<Finding> found_by(const std::string& rule, const Facts& facts) {
    std::vector<Finding> findings = examine(facts).findings;
    std::erase_if(findings, [&](const Finding& finding) { return finding.rule != rule; });
    return findings;
}

TEST(RulesTest, FindNothingInAGoodSetUp) {
    const Examination examination = examine(good_facts());
    for (const Finding& finding : examination.findings) ADD_FAILURE() << finding.rule << ": " << finding.what;
    EXPECT_FALSE(examination.passed.empty());
}

TEST(RulesTest, EachFindsItsFault) {
    for (const Fault& fault : faults) {
        Facts facts = good_facts();
        fault.make(facts);
        const auto findings = found_by(fault.rule, facts);
        ASSERT_THAT(findings, testing::SizeIs(1)) << fault.rule << ", " << fault.remedy;
        const Finding& finding = findings.front();
        EXPECT_EQ(finding.severity, fault.severity) << fault.rule << ": " << finding.what;
        if (!fault.remedy.empty()) {
            EXPECT_THAT(finding.remedy, Contains(HasSubstr(fault.remedy))) << finding.what;
        }
        EXPECT_FALSE(finding.why.empty()) << fault.rule;
    }
}

TEST(RulesTest, EachHasAFaultInThisTest) {
    std::set<std::string_view> tried, rules;
    for (const Fault& fault : faults) tried.insert(fault.rule);
    for (const auto all : {policy_table_rules(), version_rules(), level_rules(), routing_rules(), dns_rules(),
                           trust_rules(), tls_rules(), socket_rules(), report_rules(), fleet_rules()})
        for (const Rule& rule : all)
            EXPECT_TRUE(rules.insert(rule.name).second) << rule.name << " is there twice";
    EXPECT_EQ(tried, rules);
}

TEST(RulesTest, WhatWasNotLookedAtIsNotCalledGood) {
    Facts facts = good_facts();
    set(facts, "smtp_tls_policy_maps", "");
    facts.sockets.clear();
    for (const Passed& passed : examine(facts).passed)
        EXPECT_THAT(passed.rule,
                    Not(AnyOf("daemon-silent", "map-unknown", "map-hidden", "grammar-base", "tlsrpt-map")));
    facts = good_facts();
    EXPECT_THAT(examine(facts).passed, Contains(Field(&Passed::rule, "daemon-silent")));
}

std::set<std::string_view> good_on_the_way(const Facts& facts) {
    std::set<std::string_view> good;
    for (const Passed& passed : examine(facts).passed)
        if (passed.subject == "way to sternpostd") good.insert(passed.rule);
    return good;
}

TEST(RulesTest, OnTheWayToSternpostdIsGoodWhatWasSeen) {
    Facts facts = good_facts();
    EXPECT_THAT(good_on_the_way(facts),
                UnorderedElementsAre("inet-name", "daemon-silent", "map-unknown", "too-many-clients"));
    facts.sockets.front().outcome = SocketLook::Outcome::not_reached;
    facts.sockets.front().error = ECONNREFUSED;
    EXPECT_THAT(good_on_the_way(facts), UnorderedElementsAre("inet-name", "too-many-clients"));

    facts = good_facts();
    SocketLook& look = look_by_path(facts);
    EXPECT_THAT(good_on_the_way(facts),
                UnorderedElementsAre("socket-missing", "socket-closed", "socket-path", "daemon-silent",
                                     "map-unknown", "too-many-clients"));
    look.as_postfix = false;
    EXPECT_THAT(good_on_the_way(facts), Not(Contains("socket-closed")));
    look.as_postfix = true;
    look.is_socket = false;
    look.outcome = SocketLook::Outcome::not_reached;
    look.error = ENOENT;
    EXPECT_THAT(good_on_the_way(facts), UnorderedElementsAre("socket-path", "too-many-clients"));
    look.is_socket = true;
    look.error = ECONNREFUSED;
    EXPECT_THAT(good_on_the_way(facts),
                UnorderedElementsAre("socket-missing", "socket-closed", "socket-path", "too-many-clients"));

    facts.sockets.push_back(good_look());
    EXPECT_THAT(good_on_the_way(facts), Not(Contains("map-unknown")));
}

TEST(RulesTest, AuthoritiesThatAreNotThereAreNotFoundGood) {
    const auto told = [](const Facts& facts) {
        std::set<std::string> rules;
        for (const Passed& passed : examine(facts).passed) rules.emplace(passed.rule);
        return rules;
    };
    EXPECT_THAT(told(good_facts()), AllOf(Contains("ca-missing"), Contains("ca-file"), Contains("ca-path")));
    Facts facts = good_facts();
    set(facts, "smtp_tls_CAfile", "");
    EXPECT_THAT(told(facts),
                AllOf(Not(Contains("ca-missing")), Not(Contains("ca-file")), Not(Contains("ca-path"))));
    set(facts, "smtp_tls_CApath", "/certs");
    facts.host.certificates["/certs"] = 1;
    EXPECT_THAT(told(facts), AllOf(Contains("ca-missing"), Not(Contains("ca-file")), Contains("ca-path")));
}

TEST(RulesTest, AnAddressThatIsNotReachedIsComparedWithAllThatAreListenedAt) {
    Facts facts = good_facts();
    facts.daemon.listen = {ListenAddress{"", 0, "/run/s.sock"}, ListenAddress{"127.0.0.1", 8461, ""}};
    facts.sockets.front().outcome = SocketLook::Outcome::not_reached;
    facts.sockets.front().error = ECONNREFUSED;
    EXPECT_THAT(examine(facts).findings.front().remedy,
                Contains("# It is to listen at unix:/run/s.sock, 127.0.0.1:8461"));
}

TEST(RulesTest, TheWorstComesFirst) {
    Facts facts = good_facts();
    set(facts, "smtp_cname_overrides_servername", "yes");
    set(facts, "tls_required_enable", "yes");
    set(facts, "smtp_tls_CAfile", "");
    const auto findings = examine(facts).findings;
    ASSERT_EQ(findings.size(), 3U);
    EXPECT_EQ(findings[0].rule, "ca-missing");
    EXPECT_EQ(findings[1].rule, "cname-servername");
    EXPECT_EQ(findings[2].rule, "tls-required");
}

TEST(RulesTest, WhatIsFineIsLeftInPeace) {
    const std::pair<const char*, std::function<void(Facts&)>> rows[] = {
        {"map-missing", with("smtp_tls_policy_maps", "socketmap:unix:elsewhere.sock:sts")},
        {"map-missing", with("smtp_tls_policy_maps", "socketmap:inet:[::1]:8461:sts-tlsrpt")},
        {"map-missing",
         [](Facts& facts) {
             facts.daemon.maps["mine"] = {};
             set(facts, "smtp_tls_policy_maps", "socketmap:inet:192.0.2.1:1:mine");
         }},
        {"map-missing",
         [](Facts& facts) {
             set_for(facts, 1, "smtp_tls_wrappermode", "yes");
             set_for(facts, 1, "smtp_tls_policy_maps", "");
         }},
        {"map-hidden",
         with("smtp_tls_policy_maps", "inline:{ {static:x = may} }, " + table + ", static:may")},
        {"map-hidden", with("smtp_tls_policy_maps", "hash:/x, " + table)},
        {"grammar-base",
         [](Facts& facts) {
             use_version(facts, {3, 7, 11});
         }},
        {"grammar-too-new", with("smtp_tls_policy_maps", base_table)},
        {"postfix-3.10-early",
         [](Facts& facts) {
             use_version(facts, {3, 11, 0});
         }},
        {"inet-name", [](Facts& facts) { facts.sockets.front().endpoint = "inet:[::1]:8461"; }},
        {"level-too-strict",
         [](Facts& facts) {
             set(facts, "smtp_tls_security_level", "encrypt");
             set(facts, "relayhost", "[relay.example.com]");
         }},
        {"level-too-strict", [](Facts& facts) { set_for(facts, 1, "smtp_tls_security_level", "secure"); }},
        {"level-none",
         [](Facts& facts) {
             set(facts, "smtp_tls_security_level", "");
             set(facts, "smtp_use_tls", "yes");
         }},
        {"level-after-tlspol", [](Facts& facts) { facts.host.tlspol = {"/etc/postfix-tlspol"}; }},
        {"relay-host", with("transport_maps", "inline:{ {a.test = smtp:[relay.example.com]} }, hash:/x")},
        {"relay-host", with("transport_maps", "inline:{ {* = smtp:} }")},
        {"fallback-relay",
         [](Facts& facts) {
             set(facts, "smtp_fallback_relay", "[f.test]");
             set(facts, "smtp_tls_policy_maps", "inline:{ {[f.test] = secure match=nexthop} }, " + table);
         }},
        {"host-lookup", with("smtp_host_lookup", "native, dns")},
        {"dns-disabled",
         [](Facts& facts) {
             set(facts, "disable_dns_lookups", "yes");
             set(facts, "relayhost", "[192.0.2.1]");
         }},
        {"resolver-in-chroot", chroot_all},
        {"resolver",
         [](Facts& facts) {
             facts.host.name_servers = {"::1", "127.0.0.53"};
         }},
        {"mandatory-protocols", with("smtp_tls_mandatory_protocols", "!SSLv2:!SSLv3:!TLSv1:!TLSv1.1")},
        {"mandatory-protocols", with("smtp_tls_mandatory_protocols", ">=TLSv1.2, <=0304")},
        {"ciphers", with("smtp_tls_mandatory_exclude_ciphers", "aNULL, MD5, DES, 3DES")},
        {"ciphers", with("smtp_tls_mandatory_ciphers", "HIGH")},
        {"session-cache", with("smtp_tls_session_cache_database", "btree:x")},
        {"ca-path", with("smtp_tls_CApath", "/nowhere")},
        {"too-many-clients", [](Facts& facts) { facts.host.listen_backlog = 128; }},
        {"socket-missing", [](Facts& facts) { look_by_path(facts); }},
        {"socket-closed", [](Facts& facts) { look_by_path(facts); }},
    };
    for (const auto& [rule, make] : rows) {
        Facts facts = good_facts();
        make(facts);
        for (const Finding& finding : found_by(rule, facts)) ADD_FAILURE() << rule << ": " << finding.what;
    }
}

TEST(RulesTest, NoRemedyDropsATableThatIsNotAResolvers) {
    for (const Fault& fault : faults) {
        Facts facts = good_facts();
        fault.make(facts);
        for (SmtpService& each : facts.postfix.smtp) {
            std::string& list = each.settings["smtp_tls_policy_maps"];
            const bool empty_by_itself = list.empty() && each.options.contains("smtp_tls_policy_maps");
            if (!empty_by_itself) list.insert(0, "hash:/ours, ");
        }
        facts.postfix.settings["smtp_tls_policy_maps"].insert(0, "hash:/ours, ");
        EXPECT_THAT(commands_for_tables(facts), Each(HasSubstr("hash:/ours"))) << fault.rule;
    }
}

TEST(RulesTest, RemediesLeaveTheOtherTablesWhereTheyAre) {
    const std::string other = "socketmap:inet:127.0.0.1:8642:QUERY";
    const std::string wrong = "socketmap:inet:127.0.0.1:8461:mta-sts";
    const struct {
        std::string rule, before, after;
    } rows[] = {
        {"map-missing", "static:may, hash:/y", table + ", static:may, hash:/y"},
        {"map-missing", "unionmap:{hash:/y, " + other + "}, hash:/z", "hash:/y, hash:/z, " + table},
        {"map-missing", "pipemap:{hash:/y, " + other + "}", "pipemap:{hash:/y, " + other + "}, " + table},
        {"map-nested", "hash:/x unionmap:{hash:/y," + table + "}", "hash:/x, hash:/y, " + table},
        {"map-nested", "unionmap:{hash:/x, " + table + ", hash:/y}, static:may",
         "unionmap:{hash:/x, hash:/y}, " + table + ", static:may"},
        {"map-nested", "unionmap:{hash:/y, socketmap:inet:127.0.0.1:8461:mine}",
         "hash:/y, socketmap:inet:127.0.0.1:8461:mine"},
        {"map-nested", "pipemap:{" + table + "}", table},
        {"map-hidden", "hash:/x, " + other + ", " + table + ", hash:/y", "hash:/x, " + table + ", hash:/y"},
        {"map-hidden", "unionmap:{hash:/x, proxy:" + other + "}, socketmap:inet:127.0.0.1:8461:mine",
         "hash:/x, socketmap:inet:127.0.0.1:8461:mine"},
        {"tlsrpt-map", "hash:/x, " + base_table + " hash:/y", "hash:/x, " + table + " hash:/y"},
        {"tlsrpt-map", table + ", " + base_table, table + ", " + table},
        {"map-unknown", "hash:/x, " + wrong, "hash:/x, " + table},
        {"map-unknown", "hash:/x, unionmap:{hash:/y," + wrong + "}",
         "hash:/x, unionmap:{hash:/y," + table + "}"},
    };
    for (const auto& [rule, before, after] : rows) {
        Facts facts = good_facts();
        facts.daemon.maps["mine"].tlsrpt = true;
        facts.sockets.front().map = "mta-sts";
        if (rule == "map-unknown") facts.sockets.front().answer = "PERM unknown map";
        set(facts, "smtp_tlsrpt_enable", "yes");
        set(facts, "smtp_tls_policy_maps", before);
        const auto findings = found_by(rule, facts);
        ASSERT_EQ(findings.size(), 1U) << rule << ": " << before;
        EXPECT_THAT(findings[0].remedy, ElementsAre("postconf -e 'smtp_tls_policy_maps = " + after + "'"));
    }
}

TEST(RulesTest, AServiceKeepsTablesOfItsOwn) {
    const std::string prefix = "postconf -P 'relay/unix/smtp_tls_policy_maps=";
    const struct {
        std::string rule, before, remedy;
    } rows[] = {
        {"map-missing", "hash:/x, hash:/y", prefix + "hash:/x,hash:/y," + table + "'"},
        {"map-missing", "inline:{ {a.test = may} }",
         "# In master.cf, at the service relay: -o { smtp_tls_policy_maps = inline:{ {a.test = may} }," +
             table + " }"},
        {"map-missing", "", "postconf -PX 'relay/unix/smtp_tls_policy_maps'"},
        {"map-missing", "socketmap:inet:127.0.0.1:8642:QUERY",
         "postconf -PX 'relay/unix/smtp_tls_policy_maps'"},
        {"map-hidden", "hash:/x, static:may, " + table, prefix + "hash:/x," + table + ",static:may'"},
        {"map-proxied", "hash:/x, proxy:" + table, prefix + "hash:/x," + table + "'"},
        {"grammar-base", "hash:/x, " + base_table, prefix + "hash:/x," + table + "'"},
        {"wrappermode", "hash:/x, " + table, prefix + "hash:/x'"},
    };
    for (const auto& [rule, before, remedy] : rows) {
        Facts facts = good_facts();
        set_for(facts, 1, "smtp_tls_policy_maps", before);
        if (rule == "wrappermode") set_for(facts, 1, "smtp_tls_wrappermode", "yes");
        const auto findings = found_by(rule, facts);
        ASSERT_EQ(findings.size(), 1U) << rule << ": " << before;
        EXPECT_THAT(findings[0].remedy, Contains(remedy)) << rule;
    }
}

TEST(RulesTest, WhatAServiceAsksByItselfIsMendedThere) {
    const struct {
        std::string rule, endpoint, map, after;
    } rows[] = {
        {"inet-name", "inet:localhost:8461", "sts-tlsrpt", table},
        {"map-unknown", "inet:127.0.0.1:8461", "mta-sts", table},
        {"socket-missing", "unix:/var/spool/postfix/s", "sts", "socketmap:unix:s:sts"},
        {"socket-path", "unix:" + std::string(108, 'a'), "sts",
         "socketmap:unix:sternpost/socketmap.sock:sts"},
    };
    for (const auto& [rule, endpoint, map, after] : rows) {
        Facts facts = good_facts();
        facts.sockets.front().services = {"smtp"};
        SocketLook look = good_look();
        look.endpoint = endpoint;
        look.map = map;
        look.chroot = true;
        look.services = {"relay"};
        if (rule == "map-unknown") look.answer = "PERM unknown map";
        facts.sockets.push_back(look);
        set_for(facts, 1, "smtp_tls_policy_maps", "hash:/x, socketmap:" + endpoint + ":" + map);
        const auto findings = found_by(rule, facts);
        ASSERT_EQ(findings.size(), 1U) << rule;
        EXPECT_THAT(findings[0].what, HasSubstr(" (service relay in master.cf)"));
        EXPECT_THAT(findings[0].remedy,
                    Contains("postconf -P 'relay/unix/smtp_tls_policy_maps=hash:/x," + after + "'"))
            << rule;
    }
}

TEST(RulesTest, WhatMainCfAndAServiceAskIsMendedInBoth) {
    Facts facts = good_facts();
    set(facts, "smtp_tls_policy_maps", "socketmap:inet:localhost:8461:sts-tlsrpt");
    set_for(facts, 1, "smtp_tls_policy_maps", "socketmap:inet:localhost:8461:sts-tlsrpt,hash:/x");
    facts.sockets.front().endpoint = "inet:localhost:8461";
    const auto findings = found_by("inet-name", facts);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_THAT(findings[0].what, Not(HasSubstr("master.cf")));
    EXPECT_THAT(findings[0].remedy,
                ElementsAre("postconf -e 'smtp_tls_policy_maps = " + table + "'",
                            "postconf -P 'relay/unix/smtp_tls_policy_maps=" + table + ",hash:/x'"));
}

TEST(RulesTest, WhatAPipemapIsForIsAskedOfPeople) {
    Facts facts = good_facts();
    set(facts, "smtp_tls_policy_maps", "pipemap:{hash:/y, socketmap:inet:127.0.0.1:8642:QUERY}, " + table);
    const auto findings = found_by("map-hidden", facts);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_THAT(findings[0].remedy,
                ElementsAre("# In smtp_tls_policy_maps, take out pipemap:{hash:/y, "
                            "socketmap:inet:127.0.0.1:8642:QUERY}, unless it is needed."));
}

TEST(RulesTest, AnotherInstanceIsNamedInItsCommands) {
    Facts facts = good_facts();
    facts.postfix.usual = false;
    facts.postfix.config_directory = "/etc/postfix-out";
    set(facts, "smtp_tls_loglevel", "0");
    const auto findings = examine(facts).findings;
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].remedy.front(), "postconf -c '/etc/postfix-out' -e 'smtp_tls_loglevel = 1'");
}

TEST(RulesTest, AServiceThatIsWrongByItselfIsNamed) {
    Facts facts = good_facts();
    set_for(facts, 1, "smtp_tls_CAfile", "");
    const auto findings = examine(facts).findings;
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_THAT(findings[0].what, HasSubstr("(service relay in master.cf)"));
    EXPECT_EQ(findings[0].remedy.front(), "postconf -P 'relay/unix/smtp_tls_CAfile=" + bundle + "'");
}

TEST(RulesTest, WhatAServiceHasFromMainCfIsMendedThere) {
    Facts facts = good_facts();
    set_for(facts, 1, "smtp_dns_support_level", "enabled");
    set(facts, "ignore_mx_lookup_error", "yes");
    for (const Finding& finding : found_by("mx-errors-ignored", facts))
        EXPECT_EQ(finding.remedy.front(), "postconf -X 'ignore_mx_lookup_error'");
}

TEST(RulesTest, WhatMainCfSaysToNobodyDoesNotMatter) {
    Facts facts = good_facts();
    for (std::size_t i = 0; i < 2; ++i) set_for(facts, i, "smtp_tls_loglevel", "1");
    set(facts, "smtp_tls_loglevel", "0");
    EXPECT_THAT(examine(facts).findings, IsEmpty());
}

TEST(RulesTest, WhatMainCfQuotesIsMadePrintableAndQuotedForTheShell) {
    Facts facts = good_facts();
    set(facts, "smtp_tls_policy_maps", "hash:/it's\x1b[2J");
    const auto findings = found_by("map-missing", facts);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_THAT(findings[0].what, HasSubstr(R"(hash:/it's\x1b[2J)"));
    EXPECT_THAT(findings[0].remedy.front(), HasSubstr(R"(hash:/it'\''s\x1b[2J)"));
}

}  // namespace
}  // namespace sternpost
