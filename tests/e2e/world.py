"""The test world: the Internet as far as sternpostd and Postfix need it, in a network namespace of this process.

README.md lists who lives at which address. Parts are started when a test first uses them.
"""

import functools
import itertools
import os
import shutil
import tempfile
from pathlib import Path

import installations
from certificates import Certificates
from dns_world import Dns, txt
from namespaces import enter_own_namespaces
from nginx import Nginx
from policy_host import PolicyHost
from postfix import Mx, Receiver, Sender
from process import Process, adopt_orphans
from scripted_resolver import ScriptedResolver
from sternpost import LISTEN, Sternpostd, lab_settings, merged

RESOLVER_FOR_TESTS = ("127.0.0.1", 5353)
FAR_RESOLVER = ("10.99.0.54", 53)  # not on loopback
POLICY_V4, POLICY_V6 = "10.99.2.1", "fd99::2:1"
NGINX_V4 = "10.99.2.2"
BLACK_HOLE = {"A": "10.98.0.1", "AAAA": "fd98::1"}  # packets to these get lost
SOCKETMAP = "socketmap:inet:%s:%d:sts" % LISTEN
EXTENDED_SOCKETMAP = "socketmap:inet:%s:%d:sts-tlsrpt" % LISTEN

GOOD_MX = Mx("good.mx.test", ("10.99.1.1", "fd99::1:1"))
MX_HOSTS = (
    GOOD_MX,
    Mx("backup.mx.test", ("10.99.1.2",)),
    Mx("v6.mx.test", ("fd99::1:2",)),
    Mx("wrong-name.mx.test", ("10.99.1.3",), "wrong-name"),
    Mx("other-ca.mx.test", ("10.99.1.4",), "other-ca"),
    Mx("expired.mx.test", ("10.99.1.5",), "expired"),
    Mx("no-starttls.mx.test", ("10.99.1.6",), None),
    Mx("two.labels.mx.test", ("10.99.1.7",)),
    Mx("mx.elsewhere.test", ("10.99.1.8",)),
    Mx("relay.smarthost.test", ("10.99.1.9",)),
    Mx("relay.wrong-name.test", ("10.99.1.10",), "wrong-name"),
    # With these behind it, a host of any name below mx.test shows a good certificate, or one that only DANE lets pass.
    Mx("one.mx.test", ("10.99.1.11",), "wildcard"),
    Mx("two.mx.test", ("10.99.1.12",), "wildcard"),
    Mx("no-ca.mx.test", ("10.99.1.13",), "other-ca"),
    Mx("dane.smarthost.test", ("10.99.1.14",), "other-ca", port=587),
)
ADDRESS_OF = {mx.name: mx.addresses[0] for mx in MX_HOSTS}
NOBODY = "10.99.1.255"  # refuses connections
# Mail for these domains goes to a smart host.
TRANSPORTS = {
    "by-good-relay.test": "smtp:[relay.smarthost.test]:25",
    "by-wrong-relay.test": "smtp:[relay.wrong-name.test]:25",
    "by-dane-relay.test": "smtp:[dane.smarthost.test]:587",
}
OTHER_KEY = "3 1 1 " + "0" * 64  # the TLSA record of a key that no server has
NGINX_HOSTS = {
    f"mta-sts.{domain}": f"version: STSv1\r\nmode: enforce\r\nmx: {GOOD_MX.name}\r\nmax_age: 86400\r\n"
    for domain in ("by-nginx.test", "by-http2-only.test")
}


def policy(mode, *mx, max_age=86400):
    return "".join(["version: STSv1\n", f"mode: {mode}\n", *(f"mx: {host}\n" for host in mx), f"max_age: {max_age}\n"])


def enforce(*mx, max_age=86400):
    return policy("enforce", *(mx or (GOOD_MX.name,)), max_age=max_age)


def secure(*names):
    """The reply of the base grammar that lets these names pass."""
    return f"OK secure match={':'.join(names or (GOOD_MX.name,))} servername=hostname"


NOT_FOUND = "NOTFOUND "
DANE_ONLY = "OK dane-only"


class World:
    """One for a pytest process. stop() ends everything that was started."""

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="sternpost-", dir="/tmp"))
        self.directory.chmod(0o755)  # Postfix's own user must get through
        adopt_orphans()
        v6_hosts = [address for mx in MX_HOSTS for address in mx.addresses if ":" in address]
        enter_own_namespaces(self.directory, [*v6_hosts, POLICY_V6])
        installations.share_world_with_tree(self.directory)
        self.certificates = Certificates(self.directory / "certificates")
        self._numbers = itertools.count(1)

    @functools.cached_property
    def dns(self):
        dns = Dns(self.directory / "dns")
        dns.set_all(*((mx.name, "AAAA" if ":" in address else "A", address)
                      for mx in MX_HOSTS for address in mx.addresses))
        return dns

    @functools.cached_property
    def resolver(self):
        self.dns  # its upstream must be there first
        return ScriptedResolver(RESOLVER_FOR_TESTS, upstream=("127.0.0.1", 53))

    @functools.cached_property
    def far_resolver(self):
        self.dns
        return ScriptedResolver(FAR_RESOLVER, upstream=("127.0.0.1", 53))

    @functools.cached_property
    def policy_host(self):
        return PolicyHost([POLICY_V4, POLICY_V6], 443, self.certificates)

    @functools.cached_property
    def nginx(self):
        self.dns.set_all(*((host, "A", NGINX_V4) for host in NGINX_HOSTS))
        return Nginx(self.directory / "nginx", NGINX_V4, self.certificates, NGINX_HOSTS,
                     http2_only=("mta-sts.by-http2-only.test",))

    @functools.cached_property
    def receiver(self):
        self.dns
        return Receiver(self.directory / "receiver", self.certificates, MX_HOSTS)

    @functools.cached_property
    def sender(self):
        self.receiver
        return Sender(self.directory / "sender", self.certificates.ca_file, SOCKETMAP, TRANSPORTS)

    @functools.cached_property
    def newest_sender(self):
        """A Postfix that knows the extended grammar, and asks for it."""
        self.receiver
        return Sender(self.directory / "newest-sender", self.certificates.ca_file, EXTENDED_SOCKETMAP, TRANSPORTS,
                      port=2527, installation=installations.NEWEST)

    def domain(self, word):
        """A name that no other test has used, so that nobody's back-off or cache is in the way."""
        return f"{word}-{next(self._numbers)}.test"

    def publish(self, domain, policy_text, behaviour="ok", id="1", mx=(GOOD_MX.name,)):
        """All that a domain with MTA-STS has: TXT, policy host, policy, MX."""
        self.policy_host.serve(f"mta-sts.{domain}", policy_text, behaviour)
        self.dns.set_all(_address_of_policy_host(domain), _record(domain, id), _mx(domain, mx))

    def serve(self, domain, policy_text, behaviour="ok"):
        """The policy, and the policy host's address; no TXT."""
        self.policy_host.serve(f"mta-sts.{domain}", policy_text, behaviour)
        self.dns.set(*_address_of_policy_host(domain))

    def set_id(self, domain, id):
        self.dns.set(*_record(domain, id))

    def set_mx(self, domain, *hosts):
        self.dns.set(*_mx(domain, hosts))

    def remove_policy_host(self, domain):
        """Neither name nor server is left."""
        self.dns.remove(f"mta-sts.{domain}")
        self.policy_host.serve(f"mta-sts.{domain}", "", "close-before-tls")

    def hide(self, *domains):
        """From now on only who has seen them before knows the policies."""
        for domain in domains:
            self.remove_policy_host(domain)
            self.dns.remove(f"_mta-sts.{domain}")

    def mx_host(self, word, behind="one.mx.test", tlsa=(), zone="mx.test"):
        """A new name for the MX host `behind` (or for an address), with these TLSA records."""
        host = f"{word}-{next(self._numbers)}.{zone}"
        self.dns.set(host, "A", ADDRESS_OF.get(behind, behind))
        self.set_tlsa(host, *tlsa)
        return host

    def set_tlsa(self, host, *records, port=25):
        self.dns.set(f"_{port}._tcp.{host}", "TLSA", *records)

    def gets(self, domain):
        return self.policy_host.gets(f"mta-sts.{domain}")

    def txt_questions(self, domain):
        return self.resolver.count(f"_mta-sts.{domain}", "TXT")

    def sternpostd(self, settings=None):
        """A daemon with a directory of its own, not yet started."""
        self.resolver
        self.policy_host
        directory = self.directory / f"sternpostd-{next(self._numbers)}"
        directory.mkdir()
        lab = lab_settings(directory, self.certificates.ca_file, ["%s:%d" % RESOLVER_FOR_TESTS])
        return Sternpostd(directory, merged(lab, settings or {}))

    def stop(self):
        for part in list(Process.running):
            part.kill()
        if "policy_host" in vars(self):
            self.policy_host.stop()
        if not os.environ.get("STERNPOST_KEEP"):
            shutil.rmtree(self.directory)


def _address_of_policy_host(domain):
    return f"mta-sts.{domain}", "A", POLICY_V4


def _record(domain, id):
    return f"_mta-sts.{domain}", "TXT", txt(f"v=STSv1; id={id};")


def _mx(domain, hosts):
    return domain, "MX", *(f"{preference} {host}." for preference, host in enumerate(hosts, start=10))
