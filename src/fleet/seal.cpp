#include "seal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "sternpost/base/trimmed.hpp"

namespace sternpost {

namespace {

constexpr std::string_view name_of_form = "hmac-sha256 ";
constexpr std::size_t mac_size = 32;
constexpr std::size_t head_size = name_of_form.size() + 2 * mac_size + 1;
constexpr std::size_t max_secret_file = 8192;
constexpr mode_t not_for_others = S_IRWXO | S_IWGRP | S_IXGRP;

std::runtime_error unusable(const std::string& file, const std::string& why) {
    return std::runtime_error(file + ": " + why);
}

std::string head_of(const std::string& key, std::string_view text) {
    std::array<unsigned char, mac_size> mac{};
    std::size_t size = 0;
    if (EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(),
                  reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), mac.size(),
                  &size) == nullptr ||
        size != mac_size)
        throw std::runtime_error("OpenSSL does not make an HMAC-SHA256");
    return fmt::format("{}{:02x}\n", name_of_form, fmt::join(mac, ""));
}

struct Descriptor {
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
    int fd;
};

// The rights checked are those of the very file that is read.
std::string read_secret(const std::string& file) {
    const Descriptor opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
    struct stat state {};
    if (opened.fd < 0 || ::fstat(opened.fd, &state) != 0)
        throw unusable(file, std::string(std::strerror(errno)) +
                                 "; it must be readable by the user that sternpostd runs as");
    if (!S_ISREG(state.st_mode)) throw unusable(file, "this is no file");
    if ((state.st_mode & not_for_others) != 0)
        throw unusable(file,
                       "others than its owner have rights in it; \"chmod 0400\" it, or 0440 for a group");
    std::string text(max_secret_file, '\0');
    const ssize_t length = ::read(opened.fd, text.data(), text.size());
    if (length < 0) throw unusable(file, std::strerror(errno));
    if (static_cast<std::size_t>(length) == text.size()) throw unusable(file, "it is too long");
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (const auto line = trimmed(text.substr(0, end), " \t\r"); !line.empty()) lines.emplace_back(line);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return lines;
}

}  // namespace

std::string Seal::seal(std::string_view text) const {
    return head_of(keys_.front(), text).append(text);
}

std::optional<std::string_view> Seal::open(std::string_view sealed) const {
    if (sealed.size() < head_size) return std::nullopt;
    const std::string_view text = sealed.substr(head_size);
    for (const std::string& key : keys_)
        if (CRYPTO_memcmp(head_of(key, text).data(), sealed.data(), head_size) == 0) return text;
    return std::nullopt;
}

Seal read_seal(const std::string& file) {
    std::vector<std::string> keys = lines_of(read_secret(file));
    const std::string remedy = "; \"openssl rand -hex 32\" makes one";
    if (keys.empty()) throw unusable(file, "there is no key in it" + remedy);
    if (keys.size() > max_keys)
        throw unusable(file, "it has more than two keys; the first line seals, the second is the former key");
    for (const std::string& key : keys)
        if (key.size() < min_key_length || key.size() > max_key_length)
            throw unusable(file, "a key has fewer than 32 or more than 1024 characters" + remedy);
    return Seal(std::move(keys));
}

std::string read_password(const std::string& file) {
    const std::vector<std::string> lines = lines_of(read_secret(file));
    if (lines.size() != 1) throw unusable(file, "it must have one line, the password");
    return lines.front();
}

}  // namespace sternpost
