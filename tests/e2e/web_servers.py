"""Web servers with the site that `sternpost publish --for` prints: as it is, but for the address and the certificate."""

import re

from process import Process, listens, require

NGINX = """\
daemon off;
user root;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ }}
http {{
    access_log off;
    include /etc/nginx/mime.types;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
{site}}}
"""
CADDY = """\
{{
    admin off
    auto_https off
    storage file_system {directory}
}}
{site}"""
APACHE = """\
ServerRoot {directory}
ServerName localhost
PidFile {directory}/apache.pid
ErrorLog {directory}/error.log
DefaultRuntimeDir {directory}
Mutex file:{directory}
User www-data
Group www-data
Listen {address}:443
{modules}{site}"""
APACHE_MODULES = ("mpm_event", "authz_core", "ssl", "socache_shmcb", "mime")


class WebServer:
    """Serves `site`, the words of `sternpost publish` for the web server `kind`, at `address`."""

    def __init__(self, kind, directory, site, address, certificate):
        directory.mkdir()
        text, command = getattr(self, "_" + kind)(directory, site, address, certificate)
        self.process = Process(kind, command, directory / f"{kind}.log", {"HOME": str(directory)})
        self.process.wait_until(lambda: listens(address, 443), f"{kind} listens")

    def _nginx(self, directory, site, address, certificate):
        site = re.sub(r"(ssl_certificate(?:_key)? +)/etc/\S+;", rf"\g<1>{certificate};", site)
        site = site.replace("listen 443", f"listen {address}:443").replace("    listen [::]:443 ssl;\n", "")
        config = directory / "nginx.conf"
        config.write_text(NGINX.format(directory=directory, site=site))
        return config, [require("nginx", "nginx"), "-c", config, "-e", directory / "error.log"]

    def _caddy(self, directory, site, address, certificate):
        config = directory / "Caddyfile"
        site = site.replace(" {\n", f" {{\n    bind {address}\n    tls {certificate} {certificate}\n", 1)
        config.write_text(CADDY.format(directory=directory, site=site))
        return config, [require("caddy", "caddy"), "run", "--config", config, "--adapter", "caddyfile"]

    def _apache(self, directory, site, address, certificate):
        site = re.sub(r"(SSLCertificate(?:Key)?File +)/etc/\S+", rf"\g<1>{certificate}", site)
        site = site.replace("*:443", f"{address}:443")
        modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in APACHE_MODULES)
        (directory / "mime.types").write_text("text/html html\n")
        config = directory / "apache.conf"
        config.write_text(APACHE.format(directory=directory, address=address, modules=modules,
                                        site=f"TypesConfig {directory}/mime.types\n{site}"))
        return config, [require("apache2", "apache2-bin"), "-D", "FOREGROUND", "-f", config]

    def stop(self):
        self.process.stop()
