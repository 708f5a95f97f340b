#include "transfer.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <stdexcept>
#include <utility>

#include "media_type.hpp"
#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/base/trimmed.hpp"
#include "sternpost/log/log.hpp"
#include "sternpost/policy/policy.hpp"
#include "sternpost/tls/dns_id.hpp"

namespace asio = boost::asio;

namespace sternpost {

namespace {

constexpr const char* well_known_path = "/.well-known/mta-sts.txt";

std::string_view policy_domain_of(std::string_view host) {
    constexpr std::string_view label = "mta-sts.";
    return host.starts_with(label) ? host.substr(label.size()) : host;
}

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
    if (const CURLcode code = curl_easy_setopt(handle, option, value); code != CURLE_OK)
        throw std::runtime_error("libcurl refuses option " + std::to_string(option) + ": " +
                                 curl_easy_strerror(code));
}

// "HOST:PORT:ADDRESS,[ADDRESS]": no other source of addresses is ever asked.
std::string resolve_entry(const std::string& host, std::uint16_t port,
                          const std::vector<asio::ip::address>& addresses) {
    std::string entry = host + ":" + std::to_string(port) + ":";
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const std::string text = addresses[i].to_string();
        entry += (i == 0 ? "" : ",") + (addresses[i].is_v6() ? "[" + text + "]" : text);
    }
    return entry;
}

void let_go(void*, void* seen, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<std::shared_ptr<SeenOfTls>*>(seen);
}

// Where a TLS context keeps what its session says.
int seen_slot() {
    static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &let_go);
    return slot;
}

bool keep(SSL_CTX* context, const std::shared_ptr<SeenOfTls>& seen) {
    auto owned = std::make_unique<std::shared_ptr<SeenOfTls>>(seen);
    if (SSL_CTX_set_ex_data(context, seen_slot(), owned.get()) != 1) return false;
    static_cast<void>(owned.release());
    return true;
}

// RFC 9112 section 6.3: any other coding in last place has no end of its own.
bool ends_with_chunked(std::string_view transfer_encoding) {
    constexpr std::string_view chunked = "chunked";
    return equal_ignoring_case(trimmed(transfer_encoding.substr(transfer_encoding.rfind(',') + 1)), chunked);
}

// TLS 1.2 lets the server ask for handshakes without end, and choose a group whose arithmetic takes a second.
void limit_handshakes(SSL_CTX* context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    // Of those that the system's administrator lets pass.
    const STACK_OF(SSL_CIPHER)* all = SSL_CTX_get_ciphers(context);
    std::string names;
    for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
        const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(all, i);
        if (SSL_CIPHER_get_kx_nid(cipher) != NID_kx_dhe)
            names.append(names.empty() ? "" : ":").append(SSL_CIPHER_get_name(cipher));
    }
    SSL_CTX_set_cipher_list(context, names.c_str());
}

std::string last_of(std::vector<std::string> values) {
    return values.empty() ? std::string() : std::move(values.back());
}

}  // namespace

Transfer::Transfer(const HttpsOptions& options, std::shared_ptr<TrustStore> trust, std::string host,
                   const std::vector<asio::ip::address>& addresses, bool http2,
                   std::shared_ptr<FetchReport> report)
    : host_(std::move(host)),
      trust_(std::move(trust)),
      tls_(std::make_shared<SeenOfTls>(
          SeenOfTls{.close_notify = false, .http2 = false, .report = std::move(report)})),
      only_address_(tls_->report && addresses.size() == 1 ? addresses.front().to_string() : ""),
      require_text_plain_(options.require_text_plain),
      timeout_(options.timeout),
      connect_timeout_(options.connect_timeout),
      share_(curl_share_init()),
      handle_(curl_easy_init()) {
    if (!share_ || !handle_) throw std::bad_alloc();
    set_up(options, addresses, http2);
}

void Transfer::set_up(const HttpsOptions& options, const std::vector<asio::ip::address>& addresses,
                      bool http2) {
    CURL* curl = handle_.get();
    const std::string port = options.port == 443 ? "" : ":" + std::to_string(options.port);
    curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    set(curl, CURLOPT_SHARE, share_.get());
    resolve_.reset(curl_slist_append(nullptr, resolve_entry(host_, options.port, addresses).c_str()));
    set(curl, CURLOPT_RESOLVE, resolve_.get());
    set(curl, CURLOPT_URL, ("https://" + host_ + port + well_known_path).c_str());

    set(curl, CURLOPT_PROTOCOLS_STR, "https");
    set(curl, CURLOPT_PROXY, "");
    set(curl, CURLOPT_NOPROXY, "*");
    set(curl, CURLOPT_FOLLOWLOCATION, 0L);
    set(curl, CURLOPT_FRESH_CONNECT, 1L);
    set(curl, CURLOPT_FORBID_REUSE, 1L);
    set(curl, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    set(curl, CURLOPT_HTTP_VERSION,
        static_cast<long>(http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    set(curl, CURLOPT_HTTP09_ALLOWED, 0L);
    set(curl, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    set(curl, CURLOPT_USERAGENT, "sternpost");
    set(curl, CURLOPT_NOSIGNAL, 1L);
    set(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
    set(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
    set(curl, CURLOPT_ERRORBUFFER, reason_);

    // RFC 8461 section 7.2, and section 3.3 in prove_name(). libcurl reads no anchors: TrustStore gives them.
    set(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    set(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    set(curl, CURLOPT_CAINFO, static_cast<char*>(nullptr));
    set(curl, CURLOPT_CAPATH, static_cast<char*>(nullptr));
    // Otherwise libcurl before 8.3 keeps the anchors of the first connection for a day, instead of later ones.
    set(curl, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    set(curl, CURLOPT_SSL_CTX_FUNCTION, &Transfer::on_ssl_context);
    set(curl, CURLOPT_SSL_CTX_DATA, this);

    set(curl, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_socket);
    set(curl, CURLOPT_OPENSOCKETDATA, this);
    set(curl, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(curl, CURLOPT_HEADERDATA, this);
    set(curl, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(curl, CURLOPT_WRITEDATA, this);
}

std::size_t Transfer::on_header(char* line, std::size_t size, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->take_header({line, size * count}) ? size * count : 0;
}

std::size_t Transfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->take_body({bytes, size * count}) ? size * count : 0;
}

curl_socket_t Transfer::on_socket(void* self, curlsocktype, curl_sockaddr* address) {
    const int made = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (made < 0) static_cast<Transfer*>(self)->socket_error_ = errno;
    return made < 0 ? CURL_SOCKET_BAD : made;
}

CURLcode Transfer::on_ssl_context(CURL*, void* context, void* self) {
    return static_cast<Transfer*>(self)->prove_name(static_cast<SSL_CTX*>(context));
}

// libcurl by itself also takes a common name.
CURLcode Transfer::prove_name(SSL_CTX* context) {
    connected_ = true;
    trust_->apply(context);
    limit_handshakes(context);
    if (!keep(context, tls_)) return CURLE_OUT_OF_MEMORY;
    SSL_CTX_set_info_callback(context, &Transfer::on_tls_event);
    SSL_CTX_set_msg_callback(context, &Transfer::on_tls_message);
    SSL_CTX_set_msg_callback_arg(context, tls_.get());
    if (tls_->report) SSL_CTX_set_cert_verify_callback(context, &Transfer::on_chain, tls_.get());
    return demand_dns_id(SSL_CTX_get0_param(context), host_) ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

// Verifies as OpenSSL itself does, and keeps what it has seen.
int Transfer::on_chain(X509_STORE_CTX* verification, void* seen) {
    const int verified = X509_verify_cert(verification);
    FetchReport& report = *static_cast<SeenOfTls*>(seen)->report;
    report.chain = read_chain(X509_STORE_CTX_get0_untrusted(verification));
    const int slot = SSL_get_ex_data_X509_STORE_CTX_idx();
    report.tls_version = SSL_get_version(static_cast<SSL*>(X509_STORE_CTX_get_ex_data(verification, slot)));
    if (verified != 1)
        report.chain_fault = X509_verify_cert_error_string(X509_STORE_CTX_get_error(verification));
    return verified;
}

void Transfer::tell_report() {
    FetchReport& report = *tls_->report;
    const char* address = nullptr;
    curl_easy_getinfo(handle_.get(), CURLINFO_PRIMARY_IP, &address);
    // This is also the last one that was tried in vain. libcurl 8.14 gives it only for a TLS session.
    const bool known = address != nullptr && *address != '\0';
    if (connected_) report.address = known ? address : only_address_;
    report.status = status();
    report.content_types = fields("content-type");
    report.location = last_of(fields("location"));
    report.took = duration();
}

void Transfer::on_tls_event(const SSL* session, int where, int alert) {
    constexpr int description = 0xff;
    const void* slot = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), seen_slot());
    SeenOfTls& seen = **static_cast<const std::shared_ptr<SeenOfTls>*>(slot);
    if (where == SSL_CB_HANDSHAKE_DONE) {
        const unsigned char* protocol = nullptr;
        unsigned length = 0;
        SSL_get0_alpn_selected(session, &protocol, &length);
        seen.http2 = std::ranges::equal(std::span(protocol, length), std::string_view("h2"));
    }
    if (where == SSL_CB_READ_ALERT && (alert & description) == SSL_AD_CLOSE_NOTIFY) seen.close_notify = true;
}

// Key updates, and frames that bring no byte of an answer, are in none of libcurl's limits; it takes them without a pause,
// and without a look at the time, as fast as they come.
void Transfer::on_tls_message(int sent, int, int type, const void* bytes, std::size_t length, SSL* session,
                              void* into) {
    if (sent != 0) return;
    SeenOfTls& seen = *static_cast<SeenOfTls*>(into);
    const std::span record(static_cast<const unsigned char*>(bytes), length);
    if (type == SSL3_RT_HANDSHAKE) ++seen.messages;
    if (type == SSL3_RT_HEADER && length == SSL3_RT_HEADER_LENGTH)
        seen.received += length + std::size_t{record[3]} * 256 + record[4];
    if (seen.received <= max_received_bytes && seen.messages <= max_handshake_messages) return;
    seen.flooded = true;
    // To libcurl, this is the end of the connection.
    SSL_clear_mode(session, SSL_MODE_AUTO_RETRY);
    SSL_set_shutdown(session, SSL_get_shutdown(session) | SSL_RECEIVED_SHUTDOWN);
}

// An HTTP/1 answer that only the end of the connection delimits is whole when the peer ended it by
// close_notify; libcurl does not ask.
bool Transfer::has_proven_end() const {
    curl_off_t length = -1;
    curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    const bool delimited =
        length >= 0 || tls_->http2 || ends_with_chunked(last_of(fields("transfer-encoding")));
    return delimited || tls_->close_notify;
}

bool Transfer::take_header(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > max_header_bytes) {
        passed_limit_ = "the answer's headers are larger than " + std::to_string(max_header_bytes) + " bytes";
        return false;
    }
    return true;
}

// Trailers and interim answers change nothing in these (RFC 9110 sections 6.5.1 and 15.2).
std::vector<std::string> Transfer::fields(const char* name) const {
    constexpr int of_last_request = -1;
    constexpr std::string_view blanks_and_folds = " \t\r\n";
    std::vector<std::string> values;
    curl_header* field = nullptr;
    while (curl_easy_header(handle_.get(), name, values.size(), CURLH_HEADER, of_last_request, &field) ==
           CURLHE_OK)
        values.emplace_back(trimmed(field->value, blanks_and_folds));
    return values;
}

bool Transfer::take_body(std::string_view bytes) {
    if (status() != http_ok) return false;
    if (body_.size() + bytes.size() > max_policy_bytes) {
        passed_limit_ = "the policy file is larger than " + std::to_string(max_policy_bytes) + " bytes";
        return false;
    }
    body_ += bytes;
    return true;
}

long Transfer::status() const {
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
}

// To libcurl 7.88, an HTTP/2 stream that the server breaks off before closing the connection is a whole
// answer; 8.14 is known to be right. Both count what has a Content-Length.
bool Transfer::is_to_be_repeated(CURLcode code) const {
    constexpr unsigned first_right_version = 0x080e00;
    curl_off_t length = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    return code == CURLE_OK && status() == http_ok && !tls_->flooded && tls_->http2 && length < 0 &&
           curl_version_info(CURLVERSION_NOW)->version_num < first_right_version;
}

bool Transfer::was_refused() const {
    constexpr long version_not_supported = 505;
    const long answered = status();
    return answered == 0 || (answered >= 400 && answered < 500) || answered == version_not_supported;
}

std::chrono::milliseconds Transfer::duration() const {
    curl_off_t microseconds = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_TOTAL_TIME_T, &microseconds);
    return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::microseconds(microseconds));
}

TransferOutcome Transfer::outcome(CURLcode code) const {
    TransferOutcome seen;
    seen.code = code;
    seen.host = host_;
    seen.reason = printable(reason_[0] != '\0' ? reason_ : curl_easy_strerror(code), 200);
    curl_easy_getinfo(handle_.get(), CURLINFO_SSL_VERIFYRESULT, &seen.verified);
    seen.socket_error = socket_error_;
    seen.passed_limit = tls_->flooded ? "the policy host sends more than any answer needs" : passed_limit_;
    seen.status = status();
    seen.location = last_of(fields("location"));
    seen.lengths = fields("content-length");
    seen.codings = fields("content-encoding");
    seen.has_proven_end = has_proven_end();
    seen.took = duration();
    seen.timeout = timeout_;
    seen.connect_timeout = connect_timeout_;
    return seen;
}

Result<std::string> Transfer::verdict(CURLcode code) {
    if (tls_->report) tell_report();
    if (auto fault = fault_of(outcome(code))) return tl::unexpected(std::move(*fault));
    if (const auto fault = media_type_fault(fields("content-type"))) {
        if (require_text_plain_) return failure(Errc::invalid, *fault, "media-type");
        say(LogLevel::warning, {Topic::https, policy_domain_of(host_)}, "{}", *fault);
    }
    return std::move(body_);
}

}  // namespace sternpost
