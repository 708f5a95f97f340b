// A request and its response, freed of HTTP's wrapping.
//
// Threads: values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sternpost/base/result.hpp"

namespace sternpost {

// Who can connect to a socket.
enum class Audience {
    operators,
    scrapers,  // of figures, from anywhere
    scrapers_on_loopback,
};

inline constexpr std::string_view plain_text = "text/plain; charset=utf-8";
inline constexpr std::string_view json_text = "application/json";
inline constexpr std::string_view html_text = "text/html; charset=utf-8";

struct Request {
    std::string method;             // "GET" also for HEAD
    std::vector<std::string> path;  // "/v1/policies/D" in parts
    std::vector<std::pair<std::string, std::string>> query;
    std::string body;
    std::string host;  // with its port; empty: none is named
    std::string peer;  // for the log: "uid 0"
    Audience audience = Audience::scrapers;

    // Empty: it has no such parameter.
    std::string_view parameter(std::string_view name) const {
        for (const auto& [key, value] : query)
            if (key == name) return value;
        return {};
    }
};

struct Response {
    unsigned status = 200;
    std::string_view type = plain_text;
    std::string body;
    std::string allow;                // the methods that the resource knows, with status 405
    std::string_view content_policy;  // what a browser may do with it
};

// "/v1/policies?after=a.test", into `request`; from "http://HOST/v1/policies" the host too, whatever the Host header said.
// Percent-encoding is refused: no path and no parameter needs it.
Result<void> read_target(std::string_view target, Request& request);

// Whether a request to this host is meant for an address on loopback. A web page whose name was made to point
// there (DNS rebinding) sends its own name.
bool names_loopback(std::string_view host);

// {"error": "…"}
Response refusal(unsigned status, const std::string& why);

}  // namespace sternpost
