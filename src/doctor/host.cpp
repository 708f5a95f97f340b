#include "host.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

#include "rule.hpp"

namespace fs = std::filesystem;

namespace sternpost {

namespace {

// A bundle of all the world's authorities has a quarter of a megabyte.
constexpr std::size_t max_file = 16UL * 1024 * 1024;
// For Fedora, the old path and the new one: Fedora 44 has only the latter.
constexpr std::array ca_bundles{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem",
                                "/etc/ssl/cert.pem"};
constexpr std::string_view tlspol_port = ":8642";
constexpr std::string_view tlspol_map = ":QUERY";
constexpr std::array tlspol_files{
    "/etc/postfix-tlspol/config.yaml", "/etc/postfix-tlspol", "/etc/systemd/system/postfix-tlspol.service",
    "/lib/systemd/system/postfix-tlspol.service", "/usr/lib/systemd/system/postfix-tlspol.service"};

std::optional<std::string> read_file(const std::string& path) {
    std::error_code error;
    if (!fs::is_regular_file(path, error)) return std::nullopt;
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    std::string text(max_file, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text;
}

// As `openssl rehash` names them: "5ed36f99.0"
bool is_hashed_name(const std::string& name) {
    constexpr std::size_t hash = 8;
    return name.size() == hash + 2 && name[hash] == '.' && name.find_first_not_of("0123456789abcdef") == hash;
}

std::optional<int> certificates_in_directory(const std::string& path) {
    std::error_code error;
    int count = 0;
    fs::directory_iterator entries(path, error);
    if (error) return std::nullopt;
    for (; entries != fs::directory_iterator() && !error; entries.increment(error))
        if (is_hashed_name(entries->path().filename())) ++count;
    return count;
}

int count_certificates_in(std::string_view text) {
    int count = 0;
    for (const std::string_view mark : {"-----BEGIN CERTIFICATE-----", "-----BEGIN TRUSTED CERTIFICATE-----"})
        for (std::size_t at = 0; (at = text.find(mark, at)) != std::string_view::npos; ++at) ++count;
    return count;
}

std::optional<int> certificates_in_file(const std::string& path) {
    const auto text = read_file(path);
    return text ? std::optional(count_certificates_in(*text)) : std::nullopt;
}

void count_certificates(const PostfixSettings& settings, const std::string& queue, HostFacts& host) {
    const std::string file(value(settings, "smtp_tls_CAfile"));
    if (const auto count = certificates_in_file(file)) host.certificates[file] = *count;
    const std::string path(value(settings, "smtp_tls_CApath"));
    if (path.empty()) return;
    for (const std::string& each : {path, queue + path})
        if (const auto count = certificates_in_directory(each)) host.certificates[each] = *count;
}

bool has_key(std::string_view text) {
    return text.find("PRIVATE KEY-----") != std::string_view::npos &&
           text.find("ENCRYPTED") == std::string_view::npos;
}

// smtp(8) reads them as root, from the queue directory.
void look_at_client_certificates(const PostfixSettings& settings, const std::string& queue, HostFacts& host) {
    for (const std::string_view parameter : client_certificate_parameters)
        for (const std::string& name : split_list(value(settings, parameter))) {
            const fs::path path = fs::path(queue) / name;
            PemLook look;
            if (const auto text = read_file(path)) {
                look.readable = true;
                look.certificate = count_certificates_in(*text) > 0;
                look.key = has_key(*text);
            } else if (::geteuid() != 0) {
                std::error_code error;
                if (fs::exists(path, error) || error) continue;
            }
            host.pem[name] = look;
        }
}

void look_for_report_sockets(const Facts& facts, const PostfixSettings& settings, bool chroot,
                             HostFacts& host) {
    const std::string name(value(settings, "smtp_tlsrpt_socket_name"));
    if (name.empty()) return;
    const std::string path = path_of(facts, "unix:" + name, chroot);
    struct stat file {};
    if (::stat(path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode)) host.sockets.insert(path);
}

// main.cf, as it is and as an editor, a package or an operator has kept it.
std::vector<std::string> traces_of_tlspol(const std::string& config_directory) {
    std::vector<std::string> traces;
    std::error_code error;
    std::vector<std::string> files;
    for (fs::directory_iterator entries(config_directory, error);
         !error && entries != fs::directory_iterator(); entries.increment(error))
        if (entries->path().filename().string().find("main.cf") != std::string::npos)
            files.push_back(entries->path());
    std::ranges::sort(files);
    for (const std::string& path : files) {
        std::istringstream lines(read_file(path).value_or(""));
        for (std::string line; std::getline(lines, line);) {
            const std::size_t at = line.find("socketmap:");
            // Its table names are kept if only the address is changed.
            const bool its_table =
                at != std::string::npos && (line.find(tlspol_port, at) != std::string::npos ||
                                            line.find(tlspol_map, at) != std::string::npos);
            if (!its_table && line.find("postfix-tlspol") == std::string::npos) continue;
            traces.push_back(path + " names it");
            break;
        }
    }
    for (const char* path : tlspol_files)
        if (fs::exists(path, error)) traces.emplace_back(path);
    return traces;
}

}  // namespace

std::vector<std::string> read_name_servers(std::string_view text) {
    std::vector<std::string> servers;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string key, server;
        if (words >> key >> server && key == "nameserver") servers.push_back(server);
    }
    if (servers.empty()) servers.emplace_back("127.0.0.1");  // as the C library does
    return servers;
}

HostFacts look_at_host(const PostfixFacts& postfix) {
    HostFacts host;
    Facts facts;
    facts.postfix = postfix;
    const std::string queue(value(postfix.settings, "queue_directory"));
    host.name_servers = read_name_servers(read_file("/etc/resolv.conf").value_or(""));
    if (const auto copy = read_file(queue + "/etc/resolv.conf"))
        host.chroot_name_servers = read_name_servers(*copy);
    count_certificates(postfix.settings, queue, host);
    for (const SmtpService& service : postfix.smtp) {
        count_certificates(service.settings, queue, host);
        look_at_client_certificates(service.settings, queue, host);
        look_for_report_sockets(facts, service.settings, service.chroot, host);
    }
    for (const char* bundle : ca_bundles)
        if (host.ca_bundle.empty() && certificates_in_file(bundle).value_or(0) > 0) host.ca_bundle = bundle;
    host.tlspol = traces_of_tlspol(postfix.config_directory);
    std::ifstream("/proc/sys/net/core/somaxconn") >> host.listen_backlog;
    return host;
}

}  // namespace sternpost
