#include "live_look.hpp"

#include "run_to_end.hpp"
#include "sternpost/settings/settings.hpp"

namespace asio = boost::asio;

namespace sternpost {

PostfixDnssec::Answer dnssec_of_postfix(const Config& config) {
    if (!goes_by_postfix(config)) return PostfixDnssec::Answer::otherwise;
    asio::io_context io(1);
    return run_to_end(io, ask_postconf()).answer;
}

LiveLook::LiveLook(asio::io_context& io, const Config& config, PostfixDnssec::Answer postfix)
    : resolver(io.get_executor(), dns_options(config, postfix)),
      fetcher(io.get_executor(), https_options(config)),
      anchors(config.https.ca_file),
      probe(anchors) {}

LookTools LiveLook::tools(bool probing) {
    return LookTools{resolver, fetcher, clock, probing ? &probe : nullptr};
}

void LiveLook::stop() {
    fetcher.stop();
    resolver.stop();
}

}  // namespace sternpost
