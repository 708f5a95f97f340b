#include "live_look.hpp"

#include "sternpost/loop/spawn.hpp"
#include "sternpost/settings/settings.hpp"

namespace asio = boost::asio;

namespace sternpost {

namespace {

asio::awaitable<void> ask_postfix(PostfixDnssec& into) {
    into = co_await ask_postconf();
}

}  // namespace

PostfixDnssec::Answer dnssec_of_postfix(const Config& config) {
    if (!goes_by_postfix(config)) return PostfixDnssec::Answer::otherwise;
    asio::io_context io(1);
    PostfixDnssec said;
    spawn(io.get_executor(), "postfix", ask_postfix(said));
    io.run();
    return said.answer;
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
