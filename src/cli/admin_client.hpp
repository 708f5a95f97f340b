// Requests to the running daemon over its admin socket (see AdminServer).
//
// Threads: one a client.
// Errors:  Errc::untrusted when the socket is not ours to use, Errc::temporary when nobody answers; with the remedy.
#pragma once

#include <boost/json/value.hpp>
#include <memory>
#include <string>

#include "sternpost/base/result.hpp"

namespace sternpost {

struct AdminReply {
    unsigned status = 0;
    std::string body;

    bool good() const { return status >= 200 && status < 300; }
    // The body; an empty object where it is none.
    boost::json::object object() const;
    // What the daemon says of a request that it did not do.
    std::string error() const;
};

class AdminClient {
public:
    explicit AdminClient(std::string socket);
    ~AdminClient();

    Result<AdminReply> get(const std::string& target);
    Result<AdminReply> post(const std::string& target, const std::string& body = "");
    Result<AdminReply> erase(const std::string& target);

private:
    class Connection;
    Result<AdminReply> ask(const std::string& method, const std::string& target, const std::string& body);
    Result<AdminReply> explain(int error) const;

    std::string socket_;
    std::unique_ptr<Connection> connection_;  // kept as long as it lasts
};

}  // namespace sternpost
