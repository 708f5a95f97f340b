#include "sternpost/tls/trust_store.hpp"

#include <stdexcept>
#include <utility>

#include "sternpost/log/log.hpp"

namespace sternpost {

namespace {

constexpr const char* system_bundle = "/etc/ssl/certs/ca-certificates.crt";

std::filesystem::file_time_type changed(const std::string& file) {
    std::error_code error;
    const auto time = std::filesystem::last_write_time(file, error);
    return error ? std::filesystem::file_time_type() : time;
}

}  // namespace

TrustStore::TrustStore(std::string ca_file) : file_(std::move(ca_file)) {
    if (file_.empty() && std::filesystem::exists(system_bundle)) file_ = system_bundle;
    changed_ = changed(file_);
    store_ = load();
    if (!store_)
        throw std::runtime_error("no CA certificate can be read from " +
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
    if (const auto now = changed(file_); now != changed_) {
        changed_ = now;
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
