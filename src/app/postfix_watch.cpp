#include "postfix_watch.hpp"

#include <utility>

#include "sternpost/log/log.hpp"

namespace sternpost {

namespace {

// If no Postfix answered, there may be no file to watch.
constexpr std::chrono::minutes interval_after_silence{1};

}  // namespace

boost::asio::awaitable<bool> PostfixWatch::look() {
    if (!may_have_changed()) co_return false;
    may_have_changed_ = false;
    asked_ = std::chrono::steady_clock::now();
    if (last_) main_cf_ = state_of(last_->main_cf);
    PostfixDnssec said = co_await ask_postconf();
    silent_ = said.answer == PostfixDnssec::Answer::no_postfix;
    // A main.cf that is just being written, say: the previous answer stands.
    if (silent_ && last_) co_return false;
    const bool changed = !last_ || last_->answer != said.answer;
    if (!last_ || last_->main_cf != said.main_cf) main_cf_ = state_of(said.main_cf);
    last_ = std::move(said);
    if (changed) log();
    co_return changed;
}

bool PostfixWatch::may_have_changed() const {
    if (may_have_changed_ || !last_) return true;
    if (silent_ && std::chrono::steady_clock::now() >= asked_ + interval_after_silence) return true;
    return state_of(last_->main_cf) != main_cf_;
}

void PostfixWatch::log() const {
    switch (last_->answer) {
        case PostfixDnssec::Answer::dnssec:
            say(LogLevel::info, Topic::dane, "on, as Postfix has smtp_dns_support_level = dnssec");
            break;
        case PostfixDnssec::Answer::otherwise:
            say(LogLevel::warning, Topic::dane,
                "off, as Postfix has smtp_dns_support_level = \"{}\": MTA-STS alone decides, "
                "also where a domain has DANE. Set smtp_dns_support_level = dnssec in main.cf, "
                "or dane = \"off\" to keep it so",
                last_->said);
            break;
        case PostfixDnssec::Answer::no_postfix:
            say(LogLevel::warning, Topic::dane,
                "on where the DNS servers validate, as no Postfix says what it has ({}). "
                "It must have smtp_dns_support_level = dnssec, or it defers all mail to domains with DANE; "
                "dane = \"on\" or \"off\" decides it",
                last_->said);
            break;
    }
}

}  // namespace sternpost
