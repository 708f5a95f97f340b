// One GET of a policy file: a libcurl handle set up as RFC 8461 section 3.3 demands, and the outcome.
//
// Ownership: the fetcher owns it from its first to its last packet; libcurl's callbacks point into it, so it
//            stays put.
// Threads:   the loop of its fetcher.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>
#include <vector>

#include "sternpost/https/curl_fetcher.hpp"
#include "sternpost/policy/policy.hpp"
#include "sternpost/tls/trust_store.hpp"
#include "verdict.hpp"

namespace sternpost {

// Of one answer, records of TLS and frames of HTTP/2 included.
inline constexpr std::size_t max_received_bytes = 16 * max_policy_bytes;
inline constexpr std::size_t max_handshake_messages = 100;

// What a TLS session says about itself. Its context owns this too: libcurl 8.14 goes on using a connection, to shut it
// down, when the transfer has ended.
struct SeenOfTls {
    bool close_notify = false;              // the peer said that nothing more would come
    bool http2 = false;                     // by ALPN, whatever a status line says
    std::size_t received = 0;               // bytes of its records
    std::size_t messages = 0;               // of handshakes
    bool flooded = false;                   // more came than any answer needs
    std::shared_ptr<FetchReport> report{};  // null: nobody wants one
};

class Transfer {
public:
    Transfer(const HttpsOptions& options, std::shared_ptr<TrustStore> trust, std::string host,
             const std::vector<boost::asio::ip::address>& addresses, bool http2,
             std::shared_ptr<FetchReport> report);
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    CURL* handle() const { return handle_.get(); }
    // Whether the answer must be asked for again, over HTTP/1.1: it may have been cut short, but looks whole.
    bool is_to_be_repeated(CURLcode code) const;
    // Whether there was no HTTP answer, or one that refuses the request as such: a server that speaks only HTTP/2, or
    // counts requests, does so. One that fails does not.
    bool was_refused() const;
    const std::string& body() const { return body_; }
    // From its beginning to its end.
    std::chrono::milliseconds duration() const;
    // The result of the finished transfer; `code` is libcurl's.
    Result<std::string> verdict(CURLcode code);

private:
    struct FreeShare {
        void operator()(CURLSH* share) const { curl_share_cleanup(share); }
    };
    struct FreeHandle {
        void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    };
    struct FreeList {
        void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    };

    static std::size_t on_header(char* line, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
    static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
    static CURLcode on_ssl_context(CURL* handle, void* context, void* self);
    bool take_header(std::string_view line);
    bool take_body(std::string_view bytes);
    static void on_tls_event(const SSL* session, int where, int alert);
    static void on_tls_message(int sent, int version, int type, const void* bytes, std::size_t length,
                               SSL* session, void* seen);
    bool has_proven_end() const;
    CURLcode prove_name(SSL_CTX* context);
    static int on_chain(X509_STORE_CTX* verification, void* seen);
    void tell_report();
    void set_up(const HttpsOptions& options, const std::vector<boost::asio::ip::address>& addresses,
                bool http2);
    long status() const;
    // The values of the header fields with this name, in their order.
    std::vector<std::string> fields(const char* name) const;
    TransferOutcome outcome(CURLcode code) const;

    std::string host_;
    std::shared_ptr<TrustStore> trust_;
    std::shared_ptr<SeenOfTls> tls_;
    std::string only_address_;  // the only one it can have connected to; empty: there are several
    bool require_text_plain_;
    std::chrono::milliseconds timeout_;
    std::chrono::milliseconds connect_timeout_;
    std::size_t header_bytes_ = 0;
    std::string body_;
    std::string passed_limit_;  // in words; set by the callback that ends the transfer
    int socket_error_ = 0;      // why there was no socket for an address
    bool connected_ = false;    // a TLS session was begun
    char reason_[CURL_ERROR_SIZE] = {};
    // The names that libcurl may use are this transfer's own: they vanish with it.
    std::unique_ptr<CURLSH, FreeShare> share_;
    std::unique_ptr<curl_slist, FreeList> resolve_;
    std::unique_ptr<CURL, FreeHandle> handle_;
};

}  // namespace sternpost
