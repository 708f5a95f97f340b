// Requests to the running daemon over its admin socket (see AdminServer).
//
// Threads: one per client.
// Time:    a request and its answer have `patience` each; whoever may rightly need longer, or settles for less, says so.
// Errors:  Errc::untrusted when the socket is not ours to use, Errc::temporary when nobody answers; with the remedy.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "sternpost/base/result.hpp"
#include "sternpost/config/config.hpp"

namespace sternpost {

struct AdminReply {
    unsigned status = 0;
    std::string body;

    bool good() const { return status >= 200 && status < 300; }
    // The body; an empty object if it is not one.
    boost::json::object object() const;
    // What the daemon says about a request that it did not carry out.
    std::string error() const;
};

// For what waits for DNS or a policy host: each of the two has its own limit, and another fetch may come first.
inline constexpr std::chrono::seconds usual_patience{180};
// For an answer that is welcome but not needed: the daemon's disk may hang.
inline constexpr std::chrono::seconds short_patience{2};

class AdminClient {
public:
    explicit AdminClient(std::string socket, std::chrono::milliseconds patience = usual_patience);
    ~AdminClient();

    Result<AdminReply> get(const std::string& target);
    Result<AdminReply> post(const std::string& target, const std::string& body = "");
    Result<AdminReply> erase(const std::string& target);
    // Whether the last request got no answer within the patience: what it asked for may still be going on.
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

// Where the running daemon listens: systemd may have given it sockets other than its configuration names. Empty: unknown.
std::vector<ListenAddress> addresses_in_use(const Config& config);

}  // namespace sternpost
