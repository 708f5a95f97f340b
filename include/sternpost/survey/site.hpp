// The part of a web server's configuration that serves a policy file: as text/plain, over HTTPS, without a redirect.
//
// Threads: any; pure.
// Source:  RFC 8461 section 3.3.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace sternpost {

enum class WebServer { nginx, caddy, apache };
inline constexpr std::array<std::string_view, 3> web_server_names{"nginx", "caddy", "apache"};

// Where the file is put if nobody says otherwise.
std::string usual_root(const std::string& domain);

// `root`: an absolute path without blanks, quotes or braces.
std::string site_for(WebServer server, const std::string& domain, const std::string& root);

}  // namespace sternpost
