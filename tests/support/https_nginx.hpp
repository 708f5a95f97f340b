// A real nginx that speaks HTTP/2 only, as policy host.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/dns_https_lab.hpp"
#include "tests/support/temp_dir.hpp"

namespace sternpost::test {

class Nginx {
public:
    struct Site {
        std::string host;
        std::string certificate_file;  // with the key
        std::string policy;
        std::string settings;  // more of nginx's own
    };

    // Returns when it listens at port 443 of `address`.
    Nginx(const std::string& address, const std::vector<Site>& sites) {
        std::string servers;
        for (const Site& site : sites) {
            const auto folder = directory_ / site.host / ".well-known";
            std::filesystem::create_directories(folder);
            write_file(folder / "mta-sts.txt", site.policy);
            servers += "server { listen " + address + ":443 ssl http2; server_name " + site.host + ";\n" +
                       "ssl_certificate " + site.certificate_file + "; ssl_certificate_key " +
                       site.certificate_file + ";\n" + "root " + (directory_ / site.host).string() + ";\n" +
                       "if ($server_protocol != HTTP/2.0) { return 505; }\n" + site.settings + "\n}\n";
        }
        const std::string top = directory_.path().string();
        std::string paths;
        for (const std::string path : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
            paths += path + "_temp_path " + top + "/" + path + ";\n";
        write_file(directory_ / "nginx.conf",
                   "daemon off; master_process off; user root; pid " + top + "/pid; error_log " + top +
                       "/error.log;\n" + "events {}\nhttp {\n" + paths + "default_type text/plain;\n" +
                       "log_format seen '$host $server_protocol $request_uri';\n" + "access_log " + top +
                       "/access.log seen;\n" + servers + "}\n");
        program_ = std::make_unique<Program>(
            std::vector<std::string>{require_program("nginx", "nginx"), "-c", directory_ / "nginx.conf", "-e",
                                     directory_ / "error.log"},
            directory_ / "output");
        program_->wait_until([&] { return std::filesystem::exists(directory_ / "pid") && listens(address); },
                             "it listens\n" + read_file(directory_ / "error.log"));
    }

    // "HOST PROTOCOL PATH", a line for each request that was answered.
    std::string access_log() const { return read_file(directory_ / "access.log"); }

private:
    TempDir directory_;
    std::unique_ptr<Program> program_;
};

}  // namespace sternpost::test
