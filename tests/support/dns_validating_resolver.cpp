#include "tests/support/dns_validating_resolver.hpp"

#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace sternpost::test {

namespace {

struct Zone {
    std::string name;
    bool is_signed;
};
const Zone zones[] = {{".", true}, {"test.", true}, {"unsigned.", false}, {"bogus.", true}};

const std::string zone_head =
    "$TTL 300\n"
    "@ SOA ns.test. hostmaster.test. 1 3600 600 86400 60\n"
    "@ NS ns.test.\n";

// The lines of `records` whose owner ends in `zone`.
std::string lines_of(const std::string& records, const std::string& zone) {
    std::istringstream lines(records);
    std::string found;
    for (std::string line; std::getline(lines, line);)
        if (line.substr(0, line.find(' ')).ends_with("." + zone)) found += line + "\n";
    return found;
}

// The same DS records with other digests.
std::string of_another_key(const std::string& ds_records) {
    std::istringstream lines(ds_records);
    std::string found;
    for (std::string line; std::getline(lines, line);) {
        const auto digest = line.rfind(' ') + 1;
        found += line.substr(0, digest) + std::string(line.size() - digest, '0') + "\n";
    }
    return found;
}

}  // namespace

ValidatingResolver::ValidatingResolver(const std::string& records) {
    start_knot(records);
    start_unbound();
}

std::string ValidatingResolver::keymgr(const std::string& zone, const std::string& command) const {
    std::vector<std::string> words{require_program("keymgr", "knot"), "-c", directory_ / "knot.conf", zone};
    std::istringstream rest(command);
    for (std::string word; rest >> word;) words.push_back(word);
    return output_of(words);
}

void ValidatingResolver::start_knot(const std::string& records) {
    const std::string storage = directory_.path().string();
    std::string conf = "server:\n  rundir: " + storage + "\n  listen: " + authority + "@53\n" +
                       "log:\n  - target: stderr\n    any: info\n"
                       "database:\n  storage: " +
                       storage +
                       "\npolicy:\n  - id: by-hand\n    manual: on\n    algorithm: ecdsap256sha256\n"
                       "template:\n  - id: default\n    journal-content: none\n    zonefile-sync: -1\n"
                       "    dnssec-policy: by-hand\n    storage: " +
                       storage + "\nzone:\n";
    for (const Zone& zone : zones)
        conf += "  - domain: " + zone.name + "\n    dnssec-signing: " + (zone.is_signed ? "on" : "off") +
                "\n" + "    file: zone-" + zone.name + "\n";
    write_file(directory_ / "knot.conf", conf);
    for (const Zone& zone : zones)
        if (zone.is_signed) keymgr(zone.name, "generate algorithm=ecdsap256sha256 ksk=yes zsk=yes");

    const std::string glue = std::string("ns.test. A ") + authority + "\n";
    std::string root = zone_head + glue;
    for (const Zone& zone : zones)
        if (zone.name != ".") root += zone.name + " NS ns.test.\n";
    root += keymgr("test.", "ds") + of_another_key(keymgr("bogus.", "ds"));
    write_file(directory_ / "zone-.", root);
    for (const Zone& zone : zones)
        if (zone.name != ".")
            write_file(directory_ / ("zone-" + zone.name),
                       zone_head + (zone.name == "test." ? glue : "") + lines_of(records, zone.name));
    knot_ = std::make_unique<Program>(
        std::vector<std::string>{require_program("knotd", "knot"), "-c", directory_ / "knot.conf"},
        directory_ / "knot.log");
}

void ValidatingResolver::start_unbound() {
    write_file(directory_ / "root.key", keymgr(".", "ds"));
    std::ostringstream conf;
    conf << "server:\n"
         << "  directory: \"" << directory_.path().string() << "\"\n"
         << "  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n"
         << "  use-syslog: no\n  logfile: \"\"\n  verbosity: 1\n  do-daemonize: no\n"
         << "  interface: " << address << "\n"
         << "  access-control: 127.0.0.0/8 allow\n"
         << "  module-config: \"validator iterator\"\n"
         << "  trust-anchor-file: \"" << directory_.path().string() << "/root.key\"\n"
         << "  do-not-query-localhost: no\n"
         << "  val-bogus-ttl: 0\n  infra-host-ttl: 0\n"
         << "  local-zone: \"test.\" nodefault\n"
         << "stub-zone:\n  name: \".\"\n  stub-addr: " << authority << "\n"
         << "remote-control:\n  control-enable: no\n";
    write_file(directory_ / "unbound.conf", conf.str());
    // Debian's AppArmor profile of /usr/sbin/unbound keeps it from files outside of /etc/unbound.
    const std::string copy = directory_ / "unbound";
    std::filesystem::copy_file(require_program("unbound", "unbound"), copy);
    unbound_ = std::make_unique<Program>(
        std::vector<std::string>{copy, "-d", "-p", "-c", directory_ / "unbound.conf"},
        directory_ / "unbound.log");
    const std::string kdig = require_program("kdig", "knot-dnsutils");
    const auto validates = [&kdig] {
        try {
            const std::string answer = output_of(
                {kdig, std::string("@") + address, "+adflag", "+timeout=1", "+retry=0", "test.", "SOA"});
            return answer.find("status: NOERROR") != std::string::npos &&
                   answer.find(" ad;") != std::string::npos;
        } catch (const std::runtime_error&) {
            return false;  // nobody answers yet
        }
    };
    unbound_->wait_until(validates, "it validates\n" + knot_->log());
}

}  // namespace sternpost::test
