#include "sternpost/survey/site.hpp"

namespace sternpost {

namespace {

constexpr std::string_view for_nginx =
    R"(# A file of its own in /etc/nginx/sites-enabled (or conf.d), then: nginx -t && systemctl reload nginx
server {
    listen 443 ssl;
    listen [::]:443 ssl;
    server_name mta-sts.DOMAIN;
    ssl_certificate     /etc/letsencrypt/live/mta-sts.DOMAIN/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/mta-sts.DOMAIN/privkey.pem;

    location = /.well-known/mta-sts.txt {
        root ROOT;
        types { }
        default_type text/plain;
    }
    location / {
        return 404;
    }
}
)";

constexpr std::string_view for_caddy =
    R"(# Part of /etc/caddy/Caddyfile, then: systemctl reload caddy. Caddy gets the certificate by itself.
mta-sts.DOMAIN {
    root * ROOT
    header /.well-known/mta-sts.txt Content-Type text/plain
    file_server
}
)";

constexpr std::string_view for_apache =
    R"(# A file of its own in /etc/apache2/sites-enabled, with mod_ssl (a2enmod ssl), then: systemctl reload apache2
<VirtualHost *:443>
    ServerName mta-sts.DOMAIN
    DocumentRoot "ROOT"
    SSLEngine on
    SSLCertificateFile    /etc/letsencrypt/live/mta-sts.DOMAIN/fullchain.pem
    SSLCertificateKeyFile /etc/letsencrypt/live/mta-sts.DOMAIN/privkey.pem
    <Directory "ROOT">
        Options None
        AllowOverride None
        Require all granted
    </Directory>
    <Location "/.well-known/mta-sts.txt">
        ForceType text/plain
    </Location>
</VirtualHost>
)";

std::string_view template_for(WebServer server) {
    switch (server) {
        case WebServer::nginx:
            return for_nginx;
        case WebServer::caddy:
            return for_caddy;
        case WebServer::apache:
            break;
    }
    return for_apache;
}

std::string with(std::string text, std::string_view name, const std::string& value) {
    for (std::size_t at = text.find(name); at != text.npos; at = text.find(name, at + value.size()))
        text.replace(at, name.size(), value);
    return text;
}

}  // namespace

std::string usual_root(const std::string& domain) {
    return "/var/www/mta-sts." + domain;
}

std::string site_for(WebServer server, const std::string& domain, const std::string& root) {
    return with(with(std::string(template_for(server)), "DOMAIN", domain), "ROOT", root);
}

}  // namespace sternpost
