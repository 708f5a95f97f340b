// A policy host that misbehaves by name (tests/support/policy_host.py has the table), as a program of its
// own.
#pragma once

#include <csignal>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/dns_https_lab.hpp"
#include "tests/support/temp_dir.hpp"

namespace sternpost::test {

class PolicyHost {
public:
    // Returns when it listens, at port 443 of all `addresses`.
    explicit PolicyHost(const std::vector<std::string>& addresses)
        : program_(command(addresses, directory_), directory_ / "output") {
        program_.wait_until([this] { return program_.log().find("ready\n") != std::string::npos; },
                            "it listens");
    }

    std::string ca_file() const { return directory_ / "ca.pem"; }
    // Certificate, chain and key of a host that was once asked.
    std::string certificate_file(const std::string& host) const { return directory_ / (host + ".good.pem"); }

    // The policy of `host` unless its behaviour changes it: it names but one mx.
    static std::string policy_of(const std::string& host) {
        return "version: STSv1\nmode: enforce\nmx: mx." + host.substr(host.find('.') + 1) +
               "\nmax_age: 86400\n";
    }

    // The lines of the log that begin so, without that beginning.
    std::vector<std::string> log(const std::string& beginning) const {
        std::istringstream lines(read_file(directory_ / "log"));
        std::vector<std::string> found;
        for (std::string line; std::getline(lines, line);)
            if (line.starts_with(beginning)) found.push_back(line.substr(beginning.size()));
        return found;
    }
    std::size_t connections(const std::string& host) const { return log("connection " + host).size(); }
    std::size_t connections() const { return log("connection ").size(); }
    std::size_t requests(const std::string& host) const { return log("GET " + host + " ").size(); }

    // Lets the answers of the hosts "held" go out.
    void release() const { program_.signal(SIGUSR1); }

private:
    static std::vector<std::string> command(const std::vector<std::string>& addresses,
                                            const TempDir& directory) {
        std::vector<std::string> words{require_program("python3", "python3"),
                                       STERNPOST_TEST_SUPPORT "/policy_host.py", "--directory",
                                       directory.path().string()};
        for (const auto& address : addresses) words.insert(words.end(), {"--address", address});
        return words;
    }

    TempDir directory_;
    Program program_;
};

}  // namespace sternpost::test
