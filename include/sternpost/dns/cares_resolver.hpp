// The resolver over c-ares: c-ares carries the packets, libresolv's parser reads the answers.
//
// Each server has a channel of its own, because after SERVFAIL c-ares silently moves on to the next server
// (a bogus answer would become an insecure one). A question goes to the first server, and also to the next
// one after its share of the timeout (a fifth, or less if there are more servers) without an answer, or at
// once after a failure; the first real answer counts.
//
// Servers are probed for validation at start, every `probe_interval` (ten seconds while one has never said),
// and before an answer without the AD bit is believed where DANE rests on it: `. NS` with the AD bit means
// yes, without it no; anything else leaves the last verdict as it is. Each change is one line in the log.
//
// A server that cannot be opened, such as a link-local one whose interface is away, is left out, with one line in
// the log, and is tried again while questions are asked.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "sternpost/dns/dns_figures.hpp"
#include "sternpost/dns/name_server.hpp"
#include "sternpost/dns/resolver.hpp"

namespace sternpost {

struct DnsOptions {
    std::vector<NameServer> servers;  // empty: those of `resolv_conf`, followed when it changes
    bool trust_ad = false;            // believe the AD bit of every server; loopback is always believed
    bool trust_resolv_conf_ad =
        false;                      // believe that of the servers in `resolv_conf`, whatever it says itself
    bool validation_wanted = true;  // false: nobody asks for what DANE rests on, so no server is probed
    std::chrono::milliseconds timeout{5000};
    std::chrono::milliseconds probe_interval = std::chrono::minutes(5);
    std::string resolv_conf = "/etc/resolv.conf";
};

class CaresResolver final : public Resolver {
public:
    CaresResolver(const boost::asio::any_io_executor& executor, DnsOptions options);
    ~CaresResolver() override;

    Answer<std::string> txt(std::string name) override;
    Answer<MxRecord> mx(std::string name, Servers whom) override;
    Answer<boost::asio::ip::address> a(std::string name, Servers whom) override;
    Answer<boost::asio::ip::address> aaaa(std::string name, Servers whom) override;
    Answer<std::string> cname(std::string name) override;
    Answer<TlsaRecord> tlsa(std::string name) override;
    boost::asio::awaitable<Validation> validation() override;

    DnsFigures figures() const;
    // Adopts new options; questions under way end with the old ones.
    void reconfigure(DnsOptions options);
    // Every open question ends with Errc::stopped, and so does every later one.
    void stop();

private:
    class Inside;
    std::shared_ptr<Inside> inside_;
};

}  // namespace sternpost
