// What each method and path of AdminServer does.
//
// Ownership: belongs to the server; what is in `sources` outlives it.
// Threads:   the resolve loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>
#include <vector>

#include "census.hpp"
#include "exchange.hpp"
#include "history.hpp"
#include "metrics.hpp"
#include "sternpost/admin/admin_server.hpp"

namespace sternpost {

class Resources {
public:
    using Answer = boost::asio::awaitable<Response>;

    Resources(boost::asio::any_io_executor executor, AdminSources sources);

    Answer answer(Request request, Audience audience);
    void set_answering(bool answering) { answering_ = answering; }
    // To be called once a minute.
    void end_minute() {
        history_.end_minute();
        dns_history_.end_minute(sources_.dns());
    }

private:
    struct Resource;
    static const std::vector<Resource>& all();

    Answer page(Request request);
    Answer metrics(Request request);
    Answer healthz(Request request);
    Answer readyz(Request request);
    Answer status(Request request);
    Answer policies(Request request);
    Answer import(Request request);
    Answer policy(Request request);
    Answer forget(Request request);
    Answer refresh(Request request);
    Answer learn(Request request);
    Answer watched(Request request);
    Answer look(Request request);

    boost::asio::awaitable<AllFigures> figures();
    const std::vector<WatchedDomain>& watched_domains() const;
    boost::asio::awaitable<bool> answer_loop_lives();
    Response report(const std::string& domain, const boost::json::object& extra);

    boost::asio::any_io_executor executor_;
    AdminSources sources_;
    Census census_;
    History history_;
    DnsHistory dns_history_;
    WallTime started_;
    bool answering_ = false;
};

}  // namespace sternpost
