"""The world that is measured in: parts of the end-to-end tests' world, made for numbers rather than for cases.

    10.99.0.53            Knot, which sternpostd asks directly: no resolver's time is measured along with ours
    10.99.2.1 to .20      policy hosts that drip
    10.99.3.1 to .16      nginx as policy host of 100 groups of 100 domains, each group with a certificate of its own
    10.98.0.0/16          policy hosts that are dead: packets get lost
"""

import contextlib
import functools
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "support")]

from certificates import Certificates  # noqa: E402
from dns_world import AUTHORITY, Dns, txt  # noqa: E402
from namespaces import enter_own_namespaces  # noqa: E402
from policy_host import PolicyHost  # noqa: E402
from process import Process, adopt_orphans, require, wait_until  # noqa: E402
from sternpost import LISTEN, Sternpostd, binary, lab_settings, merged  # noqa: E402

CACHED = "cached.test"  # d0.cached.test, …: what fill_store writes, with DNS that agrees
NONE = "none.test"      # d0.none.test, …: no policy
COLD = "cold.test"
GROUPS = 100
DOMAINS_A_GROUP = 100
NGINX_ADDRESSES = [f"10.99.3.{number}" for number in range(1, 17)]
DRIPPING_ADDRESSES = [f"10.99.2.{number}" for number in range(1, 21)]
TTL = 3600
DNS_UPDATE = 200  # records at a time
FLOOR_REPLY = "OK secure match=mx1.d1000.cached.test:mx2.d1000.cached.test servername=hostname"
# What is known stays known while it is measured. DANE is off as with a Postfix that has not been told of DNSSEC.
SETTINGS = {
    "dns": {"servers": [f"{AUTHORITY}:53"], "min-ttl": "1h", "timeout": "5s"},
    "https": {"timeout": "60s", "connect-timeout": "10s", "min-interval": "60s"},
    "answers": {"dane": "off", "recheck": "1h"},
}

NGINX_CONF = """\
daemon off;
user root;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    default_type text/plain;
    root {directory};
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
{servers}}}
"""
NGINX_SERVER = """\
    server {{
        {listen}
        server_name *.{group};
        ssl_certificate {certificate};
        ssl_certificate_key {certificate};
    }}
"""


class Floor:
    """The smallest server of netstrings, at `address`."""

    def __init__(self, directory, address):
        self.address = address
        self.process = Process("floor", [binary("bench_floor"), address, FLOOR_REPLY], directory / "floor.log")
        self.pid = self.process.pid

    def stop(self):
        self.process.kill()


class BenchWorld:
    """One for a process. stop() ends everything that was started."""

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="sternpost-bench-", dir="/tmp"))
        self.directory.chmod(0o755)
        self.outside = os.open("/proc/self/ns/net", os.O_RDONLY)
        adopt_orphans()
        enter_own_namespaces(self.directory, [])
        self.certificates = Certificates(self.directory / "certificates")
        self._numbers = itertools.count(1)

    @functools.cached_property
    def dns(self):
        dns = Dns(self.directory / "dns")
        dns.set_all((f"*.{CACHED}", "TXT", txt("v=STSv1; id=1;")), (f"*.{CACHED}", "MX", f"10 mx1.{CACHED}."),
                    (f"mx1.{CACHED}", "A", NGINX_ADDRESSES[0]), ttl=TTL)
        return dns

    @functools.cache
    def store(self, policies):
        """A cache file with so many policies. It is copied for each daemon."""
        self.dns
        path = self.directory / f"{policies}.db"
        subprocess.run([binary("bench_fill_store"), path, str(policies), CACHED], check=True)
        return path

    @functools.cached_property
    def cold_groups(self):
        """The groups of domains whose policies are at nginx, which runs from now on."""
        groups = [f"g{number}.{COLD}" for number in range(GROUPS)]
        directory = self.directory / "nginx"
        (directory / ".well-known").mkdir(parents=True)
        (directory / ".well-known" / "mta-sts.txt").write_text(
            f"version: STSv1\nmode: enforce\nmx: mx1.{COLD}\nmx: mx2.{COLD}\nmax_age: 86400\n")
        servers, records = "", []
        for number, group in enumerate(groups):
            hosts = [f"mta-sts.d{domain}.{group}" for domain in range(DOMAINS_A_GROUP)]
            listen = " ".join(f"listen {address}:443 ssl http2;" for address in NGINX_ADDRESSES)
            servers += NGINX_SERVER.format(listen=listen, group=group, certificate=self.certificates.shared(group, hosts))
            records += [(f"*.{group}", "TXT", txt("v=STSv1; id=1;")), (f"*.{group}", "MX", f"10 mx1.{COLD}."),
                        (f"*.{group}", "A", NGINX_ADDRESSES[number % len(NGINX_ADDRESSES)])]
        self.publish(records)
        (directory / "nginx.conf").write_text(NGINX_CONF.format(directory=directory, servers=servers))
        self.start_nginx()
        return groups

    def cold_domains(self, count):
        """So many of them, each group in turn."""
        return [f"d{number // GROUPS}.{self.cold_groups[number % GROUPS]}" for number in range(count)]

    def start_nginx(self):
        directory = self.directory / "nginx"
        self.nginx = Process("nginx", [require("nginx", "nginx"), "-c", directory / "nginx.conf",
                                       "-e", directory / "error.log"], directory / "nginx.log")
        self.nginx.wait_until(lambda: _takes_connections(NGINX_ADDRESSES[0], 443), "nginx listens")

    def dead_domains(self, count):
        """Their policy hosts take no connection, and refuse none."""
        return self._published("dead.test", [f"10.98.{number // 250}.{number % 250 + 1}" for number in range(count)])

    def dripping_domains(self, count):
        """Their policy hosts send a byte a second."""
        addresses = itertools.islice(itertools.cycle(DRIPPING_ADDRESSES), count)
        domains = self._published("drip.test", addresses)
        host = PolicyHost(DRIPPING_ADDRESSES, 443, self.certificates)
        for domain in domains:
            self.certificates.file(f"mta-sts.{domain}")
            host.serve(f"mta-sts.{domain}", "version: STSv1\n" * 10, "drip")
        return domains

    def _published(self, below, addresses):
        records = []
        for number, address in enumerate(addresses):
            domain = f"d{number}.{below}"
            records += [(f"_mta-sts.{domain}", "TXT", txt("v=STSv1; id=1;")), (f"mta-sts.{domain}", "A", address)]
        self.publish(records)
        return [name.removeprefix("mta-sts.") for name, type, _ in records if type == "A"]

    def publish(self, records):
        for first in range(0, len(records), DNS_UPDATE):
            self.dns.set_all(*records[first:first + DNS_UPDATE], ttl=TTL)

    @contextlib.contextmanager
    def floor(self, address):
        floor = Floor(self.directory, address)
        try:
            wait_until(lambda: _takes_connections(*_address(address)), "the floor listens")
            yield floor
        finally:
            floor.stop()

    def new_sternpostd(self, policies=0, settings=None):
        """A daemon that is not yet started, with so many policies in its cache file."""
        self.dns
        directory = self.directory / f"sternpostd-{next(self._numbers)}"
        directory.mkdir()
        if policies:
            shutil.copy(self.store(policies), directory / "cache.db")
        return Sternpostd(directory, merged(self.settings(directory), settings or {}))

    @contextlib.contextmanager
    def sternpostd(self, policies=0, settings=None, **start):
        daemon = self.new_sternpostd(policies, settings).start(**start)
        try:
            yield daemon
            daemon.stop()
        finally:
            if daemon.started():
                daemon.kill9()
            if not os.environ.get("STERNPOST_KEEP"):
                shutil.rmtree(daemon.directory)

    def settings(self, directory):
        lab = lab_settings(directory, self.certificates.ca_file, [])
        return merged(lab, {**SETTINGS, "listen": ["%s:%d" % LISTEN, f"unix:{directory}/socketmap.sock"]})

    def file(self, lines):
        path = self.directory / f"lines-{next(self._numbers)}"
        path.write_text("\n".join(lines) + "\n")
        return path

    def stop(self):
        for part in list(Process.running):
            part.kill()
        if not os.environ.get("STERNPOST_KEEP"):
            shutil.rmtree(self.directory)


def load(address, *options, server=None, prefix=(), **popen):
    """What bench_load has seen. `address` is "IPV4:PORT" or a path."""
    return finished(start_load(address, *options, server=server, prefix=prefix, **popen))


def start_load(address, *options, server=None, prefix=(), **popen):
    command = [*prefix, binary("bench_load"), address, *options, *(["--server", server] if server else [])]
    return subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, **popen)


def finished(process):
    output, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{process.args} ended with status {process.returncode}")
    return json.loads(output)


def _address(text):
    host, colon, port = text.rpartition(":")
    return (host, int(port)) if colon else (text,)


def _takes_connections(*address):
    with socket.socket(socket.AF_INET if len(address) == 2 else socket.AF_UNIX) as client:
        return client.connect_ex(address if len(address) == 2 else address[0]) == 0
