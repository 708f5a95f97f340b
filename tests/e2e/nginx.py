"""An ordinary web server as policy host, as most domain owners have it."""

from process import Process, listens, require

CONF = """\
daemon off;
user root;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ }}
http {{
    access_log {directory}/access.log;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    default_type text/plain;
{servers}}}
"""
SERVER = """\
    server {{
        listen {address}:443 ssl http2;
        server_name {host};
        ssl_certificate {certificate};
        ssl_certificate_key {certificate};
        root {directory}/{host};
        {rule}
    }}
"""
HTTP2_ONLY = "if ($server_protocol != HTTP/2.0) { return 505; }"


class Nginx:
    """Serves `hosts`, a dict of host name to policy; those in `http2_only` refuse HTTP/1.1."""

    def __init__(self, directory, address, certificates, hosts, http2_only=()):
        self.directory = directory
        self.directory.mkdir()
        servers = ""
        for host, policy in hosts.items():
            well_known = directory / host / ".well-known"
            well_known.mkdir(parents=True)
            (well_known / "mta-sts.txt").write_text(policy)
            servers += SERVER.format(address=address, host=host, certificate=certificates.file(host),
                                     directory=directory, rule=HTTP2_ONLY if host in http2_only else "")
        config = directory / "nginx.conf"
        config.write_text(CONF.format(directory=directory, servers=servers))
        self.process = Process("nginx", [require("nginx", "nginx"), "-c", config, "-e", directory / "error.log"],
                               directory / "nginx.log")
        self.process.wait_until(lambda: listens(address, 443), "nginx listens")

    def access_log(self):
        return (self.directory / "access.log").read_text()

    def stop(self):
        self.process.stop()
