// The certificate authorities that are trusted, parsed once and shared by every connection.
//
// Ownership: its user's; what it gives out lives as long as it does.
// Threads: one loop.
// Errors:  throws std::runtime_error when the file named holds no certificate; after a later change that
//          cannot be read, the anchors stay as they are.
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "sternpost/base/file_state.hpp"

namespace sternpost {

class TrustStore {
public:
    // Empty: the system's bundle, or if there is none, OpenSSL's own default places.
    explicit TrustStore(std::string ca_file);

    // Gives the anchors to a connection about to be made; first checks whether the file has changed.
    void apply(SSL_CTX* context);
    // As they are, without a look at the file.
    X509_STORE* anchors() const;

private:
    struct Free {
        void operator()(X509_STORE* store) const { X509_STORE_free(store); }
    };
    using Store = std::unique_ptr<X509_STORE, Free>;
    Store load() const;

    std::string file_;
    FileState read_from_;
    Store store_;
};

}  // namespace sternpost
