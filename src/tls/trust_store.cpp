#include "sternpost/tls/trust_store.hpp"

#include <filesystem>
#include <stdexcept>
#include <utility>

#include "sternpost/log/log.hpp"

namespace sternpost {

namespace {

constexpr const char* system_bundle = "/etc/ssl/certs/ca-certificates.crt";

}  // namespace

TrustStore::TrustStore(std::string ca_file) : file_(std::move(ca_file)) {
    if (file_.empty() && std::filesystem::exists(system_bundle)) file_ = system_bundle;
    read_from_ = state_of(file_);
    store_ = load();
    if (!store_)
        throw std::runtime_error(
            "no CA certificate can be read from " +
            (file_.empty() ? "the system's store: install ca-certificates" : file_) +
            ", which must be a PEM file that sternpostd's user may read; see \"ca-file\"");
}

TrustStore::Store TrustStore::load() const {
    Store store(X509_STORE_new());
    const int loaded = file_.empty() ? X509_STORE_set_default_paths(store.get())
                                     : X509_STORE_load_file(store.get(), file_.c_str());
    if (loaded != 1) store.reset();
    return store;
}

void TrustStore::apply(SSL_CTX* context) {
    if (const FileState now = state_of(file_); now != read_from_) {
        read_from_ = now;
        if (auto fresh = load())
            store_ = std::move(fresh);
        else
            say(LogLevel::error, Topic::tls,
                "{} has changed and holds no CA certificate now: the former ones stay in use", file_);
    }
    SSL_CTX_set1_cert_store(context, store_.get());
}

X509_STORE* TrustStore::anchors() const {
    return store_.get();
}

}  // namespace sternpost
