// Requests to the running daemon over its admin socket (see AdminServer).
//
// Threads: one a client.
// Time:    a request and its answer have `patience` each; what may rightly take longer says so, or settles for less.
// Errors:  Errc::untrusted when the socket is not ours to use, Errc::temporary when nobody answers; with the remedy.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
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

// Of what waits for DNS or a policy host: each of the two has its own limit, and another fetch may come first.
inline constexpr std::chrono::seconds usual_patience{180};
// Where the answer is welcome and not needed: the daemon's disk may hang.
inline constexpr std::chrono::seconds short_patience{2};

class AdminClient {
public:
    explicit AdminClient(std::string socket, std::chrono::milliseconds patience = usual_patience);
    ~AdminClient();

    Result<AdminReply> get(const std::string& target);
    Result<AdminReply> post(const std::string& target, const std::string& body = "");
    Result<AdminReply> erase(const std::string& target);
    // Whether the last request got no answer within the patience: what it asked for may go on.
    bool gave_up() const { return gave_up_; }

private:
    class Connection;
    Result<AdminReply> ask(const std::string& method, const std::string& target, const std::string& body);
    Result<AdminReply> explain(int error) const;

    std::string socket_;
    std::chrono::milliseconds patience_;
    bool gave_up_ = false;
    std::unique_ptr<Connection> connection_;  // kept as long as it lasts
};

}  // namespace sternpost
