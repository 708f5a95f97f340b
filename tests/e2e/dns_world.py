"""The DNS of the test world: Knot holds the zones, Unbound validates what it says.

    .          signed; its key is Unbound's trust anchor
    test.      signed, DS in the root: most test domains
    unsigned.  delegated without DS: insecure
    bogus.     signed, but the DS in the root is another key's: nothing in it validates
"""

import shutil
import socket
import subprocess

import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.update

from process import Process, require

AUTHORITY = "10.99.0.53"
RESOLVER = "127.0.0.1"
ZONES = ("test", "unsigned", "bogus")
SIGNED = (".", "test", "bogus")
UPDATE_SECONDS = 10.0

# The last number is the TTL of denials: a cached NSEC record would contradict the zone as it is after an update, and
# Unbound would take that for a forgery.
ZONE_FILE = """\
$TTL 1
{origin} SOA ns.test. hostmaster.test. 1 3600 600 86400 0
{origin} NS ns.test.
"""
KNOT_CONF = """\
server:
    rundir: {directory}
    listen: {authority}@53
log:
  - target: stderr
    any: warning
database:
    storage: {directory}
policy:
  - id: by-hand
    manual: on
    algorithm: ecdsap256sha256
    nsec3: off
acl:
  - id: tests
    address: 10.99.0.0/16
    action: update
template:
  - id: default
    storage: {directory}
    journal-content: none
    zonefile-load: whole
    zonefile-sync: -1
    dnssec-policy: by-hand
    acl: tests
zone:
"""
UNBOUND_CONF = """\
server:
    directory: "{directory}"
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    logfile: ""
    verbosity: 1
    log-servfail: yes
    val-log-level: 2
    do-daemonize: no
    num-threads: 1
    interface: {resolver}
    access-control: 127.0.0.0/8 allow
    module-config: "validator iterator"
    trust-anchor-file: "{directory}/root.key"
    cache-min-ttl: 0
    cache-max-negative-ttl: 1
    val-bogus-ttl: 0
    infra-host-ttl: 0
    aggressive-nsec: no
    harden-below-nxdomain: no
    local-zone: "test." nodefault
stub-zone:
    name: "."
    stub-addr: {authority}
remote-control:
    control-enable: yes
    control-interface: {directory}/control
    control-use-cert: no
"""


class Knot:
    """The authoritative server, with all zones."""

    def __init__(self, directory):
        self._config = directory / "knot.conf"
        zones = "".join(f"  - domain: {zone}\n    dnssec-signing: {'on' if zone in SIGNED else 'off'}\n"
                        for zone in (".", *ZONES))
        self._config.write_text(KNOT_CONF.format(directory=directory, authority=AUTHORITY) + zones)
        for zone in SIGNED:
            self._keymgr(zone, "generate", "algorithm=ecdsap256sha256", "ksk=yes", "zsk=yes")
        for zone in ZONES:
            (directory / f"{zone}.zone").write_text(ZONE_FILE.format(origin=f"{zone}.") + self._name_server(zone))
        delegations = "".join(f"{zone}. NS ns.test.\n" for zone in ZONES)
        key_digests = self._keymgr("test", "ds") + _of_another_key(self._keymgr("bogus", "ds"))
        (directory / ".zone").write_text(ZONE_FILE.format(origin=".") + self._name_server("test")
                                         + delegations + key_digests)
        self.trust_anchor = self._keymgr(".", "ds")
        self.process = Process("knotd", [require("knotd", "knot"), "-c", self._config], directory / "knot.log")
        self.process.wait_until(self._serves_all_zones, "knotd serves all zones, signed")

    def set(self, zone, record_sets, ttl):
        """One update for all: each (name, type, rdata...) in the place of all records of that type there.

        Where the old or the new record is a CNAME, in the place of all that there are.
        """
        update = dns.update.UpdateMessage(f"{zone}.")
        for name, type, *rdata in record_sets:
            update.delete(f"{name}.", "CNAME")
            update.delete(f"{name}.", *([] if type == "CNAME" else [type]))
            for text in rdata:
                update.add(f"{name}.", ttl, type, text)
        _send(update)

    def _keymgr(self, zone, *arguments):
        command = [require("keymgr", "knot"), "-c", self._config, zone, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def _name_server(self, zone):
        return f"ns.test. A {AUTHORITY}\n" if zone == "test" else ""

    def _serves_all_zones(self):
        return all(_answers(AUTHORITY, zone, "DNSKEY" if zone in SIGNED else "SOA") for zone in (".", *ZONES))


class Unbound:
    """The validating resolver of Postfix, and behind the scripted resolver that of sternpostd."""

    def __init__(self, directory, trust_anchor):
        self._control = directory / "control"
        config = directory / "unbound.conf"
        config.write_text(UNBOUND_CONF.format(directory=directory, authority=AUTHORITY, resolver=RESOLVER))
        (directory / "root.key").write_text(trust_anchor)
        # Debian's AppArmor profile of /usr/sbin/unbound keeps it from files outside of /etc/unbound.
        program = shutil.copy(require("unbound", "unbound"), directory)
        self._command = [program, "-d", "-p", "-c", config]
        self._log = directory / "unbound.log"
        self.start()

    def start(self):
        self.process = Process("unbound", self._command, self._log)
        self.process.wait_until(lambda: _answers(RESOLVER, "test", "SOA"), "unbound answers")

    def stop(self):
        self.process.stop()

    def forget(self, zone):
        """Empties the cache below `zone`: what was changed is seen at once, whatever its TTL was."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self._control))
            control.sendall(f"UBCT1 flush_zone {zone}\n".encode())
            reply = control.makefile().read()
        assert reply.startswith("ok"), reply


class Dns:
    """Both together. Names are written without a final dot; the last label tells the zone."""

    def __init__(self, directory):
        directory.mkdir()
        self._knot = Knot(directory)
        self._unbound = Unbound(directory, self._knot.trust_anchor)

    def set(self, name, type, *rdata, ttl=1):
        """These records in the place of all of that type (or, with a CNAME, of all that there are)."""
        self.set_all((name, type, *rdata), ttl=ttl)

    def set_all(self, *record_sets, ttl=1):
        """As set() for each (name, type, rdata...), all in one zone, and quicker."""
        zone, = {_zone_of(name) for name, *_ in record_sets}
        self._knot.set(zone, record_sets, ttl)
        self._unbound.forget(zone)

    def remove(self, name, type="ANY"):
        """All records of that name, or those of one type."""
        self.set(name, "CNAME" if type == "ANY" else type)

    def stop_resolver(self):
        """Until start_resolver() nobody answers; what is in the zones stays."""
        self._unbound.stop()

    def start_resolver(self):
        self._unbound.start()

    def stop(self):
        self._unbound.stop()
        self._knot.process.stop()


def txt(*strings):
    """One TXT record of these strings, as zone files have it."""
    return " ".join('"' + s.replace("\\", "\\\\").replace('"', '\\"') + '"' for s in strings)


def _zone_of(name):
    return name.rpartition(".")[2]


def _send(update):
    response = dns.query.tcp(update, AUTHORITY, timeout=UPDATE_SECONDS)
    assert response.rcode() == dns.rcode.NOERROR, response


def _of_another_key(ds_records):
    """The same DS records with other digests."""
    return "".join(f"{fields} {'0' * len(digest)}\n"
                   for fields, _, digest in (line.rpartition(" ") for line in ds_records.splitlines()))


def _answers(server, name, type):
    query = dns.message.make_query(f"{name}." if name != "." else ".", type, want_dnssec=True)
    try:
        response = dns.query.udp(query, server, timeout=0.05)
    except (OSError, dns.exception.Timeout):
        return False
    return response.rcode() == dns.rcode.NOERROR and bool(response.answer)
