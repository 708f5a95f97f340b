// One listening socket of AdminServer, and the connections that it has accepted.
//
// Ownership: shared by its coroutines; whoever made it calls stop().
// Threads:   the resolve loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <list>
#include <memory>

#include "http_session.hpp"
#include "sternpost/socketmap/listening_socket.hpp"

namespace sternpost {

class Listener : public std::enable_shared_from_this<Listener> {
public:
    Listener(boost::asio::any_io_executor executor, ListeningSocket socket, Service service);

    void start();
    // Requests that are being answered are finished.
    void stop();

private:
    using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;
    using Sessions = std::list<std::shared_ptr<HttpSession>>;  // the oldest first

    static boost::asio::awaitable<void> accept(std::shared_ptr<Listener> self);
    static boost::asio::awaitable<void> serve(std::shared_ptr<Listener> self,
                                              std::shared_ptr<HttpSession> session);
    boost::asio::awaitable<void> rest();
    bool make_room();

    boost::asio::any_io_executor executor_;
    ListeningSocket socket_;
    Acceptor acceptor_;
    Service service_;
    Sessions sessions_;
};

}  // namespace sternpost
