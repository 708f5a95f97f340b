#include "sternpost/admin/admin_server.hpp"

#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "listener.hpp"
#include "resources.hpp"

namespace asio = boost::asio;

namespace sternpost {

class AdminServer::Inside : public std::enable_shared_from_this<Inside> {
public:
    Inside(asio::any_io_executor executor, AdminSources sources, const AdminOptions& options)
        : executor_(std::move(executor)),
          options_(options),
          resources_(executor_, std::move(sources)),
          minute_(executor_) {}

    using ListenerPtr = std::shared_ptr<Listener>;

    void replace(ListenerPtr& listener, std::optional<ListeningSocket> socket, Audience audience) {
        if (listener) listener->stop();
        listener.reset();
        if (!socket) return;
        Service service;
        service.audience = audience;
        service.request_time = options_.request_time;
        service.answer = [self = shared_from_this(), audience](Request request) {
            return self->resources_.answer(std::move(request), audience);
        };
        listener = std::make_shared<Listener>(executor_, std::move(*socket), std::move(service));
        listener->start();
    }

    // Until minute_ is cancelled.
    void wait_for_minute() {
        minute_.expires_after(options_.minute);
        minute_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
            const auto self = weak.lock();
            if (error || !self) return;
            self->resources_.end_minute();
            self->wait_for_minute();
        });
    }

    static Audience audience_of(const std::optional<ListeningSocket>& socket) {
        return socket && names_loopback(socket->name()) ? Audience::scrapers_on_loopback : Audience::scrapers;
    }

    asio::any_io_executor executor_;
    AdminOptions options_;
    Resources resources_;
    asio::steady_timer minute_;
    ListenerPtr operators_;
    ListenerPtr scrapers_;
};

AdminServer::AdminServer(asio::any_io_executor executor, AdminSources sources, const AdminOptions& options)
    : inside_(std::make_shared<Inside>(std::move(executor), std::move(sources), options)) {
    inside_->wait_for_minute();
}

AdminServer::~AdminServer() {
    stop();
}

void AdminServer::serve_operators(std::optional<ListeningSocket> socket) {
    inside_->replace(inside_->operators_, std::move(socket), Audience::operators);
}

void AdminServer::serve_metrics(std::optional<ListeningSocket> socket) {
    const Audience audience = Inside::audience_of(socket);
    inside_->replace(inside_->scrapers_, std::move(socket), audience);
}

void AdminServer::set_answering(bool answering) {
    inside_->resources_.set_answering(answering);
}

void AdminServer::stop() {
    inside_->minute_.cancel();
    serve_operators(std::nullopt);
    serve_metrics(std::nullopt);
}

}  // namespace sternpost
