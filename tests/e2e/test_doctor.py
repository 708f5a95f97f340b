"""What `sternpost doctor` says of real Postfix configurations: each rule that main.cf and master.cf can break is broken
in turn, its remedy is tried, and the lines of postfix/main.cf.* are found good."""

import json
import os
import shutil
import socket
import subprocess

import pytest

import installations
from process import SEARCH_PATH
from sternpost import COMMAND_SECONDS, binary
from test_snippets import PAIRS, SNIPPETS

BASE = """\
compatibility_level = 3.6
queue_directory = {place.queue}
data_directory = {place.directory}/data
default_transport = smtp
"""
MASTER_CF = """\
smtp      unix  -  -  {chroot}  -  -  smtp
relay     unix  -  -  {chroot}  -  -  smtp -o syslog_name=postfix/$service_name
tlsproxy  unix  -  -  n  -  0  tlsproxy
"""
OURS = "socketmap:inet:127.0.0.1:8461:{map}"
BY_PATH = "socketmap:unix:sternpost/socketmap.sock:{map}"

# What is laid over a good configuration: (rule, severity, lines of main.cf, more of what Place.write() takes).
FAULTS = [
    ("map-missing", "broken", "smtp_tls_policy_maps ="),
    ("map-missing", "broken", "smtp_tls_policy_maps = inline:{{ {{example.com = may}} }}, hash:/x"),
    ("map-missing", "advice", "", {"master": "relay unix - - n - - smtp -o smtp_tls_policy_maps="}),
    ("map-missing", "broken", "", {"master": "smtp unix - - n - - smtp -o {{ smtp_tls_policy_maps = hash:/x }}"}),
    ("map-missing", "broken", "ours = " + OURS + "\nsmtp_tls_policy_maps = $ours",
     {"master": "smtp unix - - n - - smtp -o ours=static:may"}),
    ("map-nested", "broken", "smtp_tls_policy_maps = unionmap:{{static:may, " + OURS + "}}"),
    ("map-proxied", "advice", "smtp_tls_policy_maps = proxy:" + OURS),
    ("map-hidden", "broken", "first = static:may\nsmtp_tls_policy_maps = $first, " + OURS),
    ("map-unusable", "broken", "smtp_tls_policy_maps = hash:/nowhere, " + OURS),
    ("map-unusable", "broken", "smtp_tls_policy_maps = " + OURS + ", texthash:/nowhere"),
    ("map-unusable", "broken", "smtp_tls_policy_maps = " + OURS + ", unheard-of:/etc/passwd"),
    ("map-unusable", "broken", "", {"master": "relay unix - - n - - smtp -o smtp_tls_policy_maps=" + OURS + ",regexp:/x"}),
    ("level-none", "advice", "smtp_tls_security_level ="),
    ("level-none", "advice", "", {"master": "relay unix - - n - - smtp -o smtp_tls_security_level=none"}),
    ("level-lowered", "advice", "", {"master": "relay unix - - n - - smtp -o smtp_tls_security_level=may"}),
    ("level-after-tlspol", "advice", "smtp_tls_security_level = may\n"
     "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:QUERY"),
    ("level-too-strict", "advice", "smtp_tls_security_level = encrypt"),
    ("level-too-strict", "broken", "smtp_tls_security_level = secure"),
    ("level-after-tlspol", "advice", "smtp_tls_security_level = may",
     {"backup": "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8642:QUERY\n"}),
    ("dane-insecure-mx", "advice", "smtp_tls_dane_insecure_mx_policy = may"),
    ("dane-insecure-mx", "information", "smtp_tls_security_level = may\nsmtp_tls_dane_insecure_mx_policy = may"),
    ("wrappermode", "broken", "smtp_tls_wrappermode = yes"),
    ("relay-host", "advice", "relayhost = [relay.example.com]"),
    ("relay-host", "advice", "transport_maps = inline:{{ {{* = smtp:[relay.example.com]}} }}"),
    ("fallback-relay", "advice", "smtp_fallback_relay = [fallback.example.com]"),
    ("dnssec-off", "broken", "smtp_dns_support_level = enabled"),
    ("dnssec-off", "broken", "", {"master": "relay unix - - n - - smtp -o smtp_dns_support_level=enabled"}),
    ("host-lookup", "broken", "smtp_host_lookup = native"),
    ("resolver-options", "broken", "smtp_dns_resolver_options = res_defnames"),
    ("mx-errors-ignored", "broken", "ignore_mx_lookup_error = yes"),
    ("dns-disabled", "broken", "disable_dns_lookups = yes"),
    ("ca-missing", "broken", "smtp_tls_CAfile ="),
    ("ca-file", "broken", "smtp_tls_CAfile = /nowhere/ca.crt"),
    ("client-certificate", "broken", "smtp_tls_cert_file = /nowhere/client.pem"),
    ("client-certificate", "broken", "smtp_tls_eccert_file = /etc/ssl/certs/ca-certificates.crt"),
    ("client-certificate", "broken", "smtp_tls_cert_file = /etc/passwd\nsmtp_tls_key_file = /etc/passwd"),
    ("ca-path", "broken", "smtp_tls_CAfile =\nsmtp_tls_CApath = /etc/ssl/certs", {"chroot": "y"}),
    ("trust-anchor", "broken", "smtp_tls_trust_anchor_file = /etc/ssl/certs/ca-certificates.crt"),
    ("cert-match", "advice", "smtp_tls_secure_cert_match = hostname, nexthop"),
    ("cname-servername", "advice", "smtp_cname_overrides_servername = yes"),
    ("mandatory-protocols", "advice", "smtp_tls_mandatory_protocols = !SSLv2, !SSLv3"),
    ("mandatory-protocols", "broken", "smtp_tls_mandatory_protocols = <=TLSv1.1"),
    ("ciphers", "broken", "smtp_tls_mandatory_ciphers = null"),
    ("ciphers", "broken", "smtp_tls_mandatory_ciphers = strong"),
    ("obsolete", "advice", "smtp_use_tls = yes"),
    ("loglevel", "information", "smtp_tls_loglevel = 0"),
    ("tlsproxy", "broken", "smtp_tls_connection_reuse = yes", {"tlsproxy": False}),
    ("tlsproxy", "advice", "smtp_tls_connection_reuse = yes", {"master": "tlsproxy unix - - n - 1 tlsproxy"}),
    ("too-many-clients", "advice", "default_process_limit = 3000"),
    ("too-many-clients", "advice", "", {"master": "smtp unix - - n - 0 smtp"}),
    ("inet-name", "advice", "smtp_tls_policy_maps = socketmap:inet:localhost:8461:{map}"),
    ("daemon-silent", "broken", "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:1:{map}"),
    ("socket-missing", "broken", "smtp_tls_policy_maps = socketmap:unix:nowhere.sock:{map}"),
    ("socket-missing", "broken", "smtp_tls_policy_maps = socketmap:unix:{place.queue}/sternpost/socketmap.sock:{map}",
     {"chroot": "y"}),
    ("socket-path", "broken", "smtp_tls_policy_maps = socketmap:unix:" + 110 * "a" + ":{map}"),
    ("socket-closed", "broken", "smtp_tls_policy_maps = socketmap:unix:closed/socketmap.sock:{map}"),
    ("socket-closed", "broken", "smtp_tls_policy_maps = socketmap:unix:closed/socketmap.sock:{map}", {"chroot": "y"}),
    ("map-unknown", "broken", "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:unheard-of"),
    ("smtputf8", "information", "smtputf8_enable = no"),
]
FAULTS_OF_3_7 = [
    ("grammar-too-new", "broken", "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:sts-tlsrpt"),
]
FAULTS_OF_3_10 = [
    ("grammar-base", "advice", "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:sts"),
    ("mx-patterns-off", "advice", "smtp_tls_enforce_sts_mx_patterns = no"),
    ("tlsrpt-socket", "advice", "smtp_tlsrpt_enable = yes"),
    ("tlsrpt-socket", "advice", "smtp_tlsrpt_enable = yes\nsmtp_tlsrpt_socket_name = private/tlsrpt"),
    ("tlsrpt-map", "advice", "smtp_tlsrpt_enable = yes\nsmtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:sts"),
    ("tlsrpt-level", "advice", "smtp_tlsrpt_enable = yes\nsmtp_tls_security_level ="),
    ("session-cache", "broken", "smtp_tls_session_cache_database = btree:/x\nsmtp_tls_policy_maps = inline:{{ {{a.test ="
     " secure policy_type=sts policy_failure=sts-policy-invalid}} }}, " + OURS),
    ("tls-required", "information", ""),
]

# Faults that do not hide one another, and are mended by commands alone.
MENDED = """\
smtp_tls_policy_maps = {place.kept}, static:may, socketmap:inet:127.0.0.1:8461:{map}
smtp_tls_security_level = secure
smtp_tls_dane_insecure_mx_policy = may
smtp_dns_resolver_options = res_defnames
ignore_mx_lookup_error = yes
disable_dns_lookups = yes
smtp_tls_CAfile =
smtp_tls_trust_anchor_file = /etc/ssl/certs/ca-certificates.crt
smtp_tls_secure_cert_match = hostname, nexthop
smtp_cname_overrides_servername = yes
smtp_tls_mandatory_protocols = TLSv1
smtp_tls_mandatory_ciphers = null
smtp_tls_mandatory_exclude_ciphers = HIGH
smtp_use_tls = yes
smtp_tls_loglevel = 0
smtp_tls_connection_reuse = yes
"""
MENDED_MASTER = """\
relay unix - - n - - smtp -o smtp_tls_security_level=none -o smtp_tls_policy_maps= -o smtp_dns_support_level=enabled
tlsproxy unix - - n - 1 tlsproxy
named unix - - n - - smtp -o smtp_tls_policy_maps={place.kept},socketmap:inet:localhost:8461:{map}
unheard unix - - n - - smtp -o {{ smtp_tls_policy_maps = {place.kept}, socketmap:inet:127.0.0.1:8461:unheard-of }}
lost unix - - y - - smtp -o smtp_tls_policy_maps={place.kept},socketmap:unix:{place.socket}:{map}
within unix - - n - - smtp -o smtp_tls_policy_maps=unionmap:{{{place.kept},socketmap:inet:127.0.0.1:8461:{map}}}
other unix - - n - - smtp -o smtp_tls_policy_maps={place.kept},socketmap:inet:127.0.0.1:8642:QUERY
"""
MENDED_RULES = {"map-missing", "map-hidden", "map-nested", "map-unknown", "inet-name", "socket-missing", "level-none", "level-too-strict", "dns-disabled",
                "resolver-options", "mx-errors-ignored", "ca-missing", "trust-anchor", "cert-match", "cname-servername",
                "mandatory-protocols", "ciphers", "obsolete", "tlsproxy"}


def faults_of(installation):
    if installation.knows_the_extended_grammar:
        return FAULTS + FAULTS_OF_3_10
    return FAULTS + FAULTS_OF_3_7


class Place:
    """A Postfix that is configured, and does not run."""

    def __init__(self, directory, installation):
        self.installation = installation
        self.directory = directory
        self.config, self.queue = directory / "etc", directory / "queue"
        for path in (directory, self.config, self.queue, self.queue / "sternpost", self.queue / "closed"):
            path.mkdir()
        (directory / "kept").write_text("kept.test may\n")
        self.map = "sts-tlsrpt" if installation.knows_the_extended_grammar else "sts"
        self.path = f"{self._programs()}:{SEARCH_PATH}"
        self.doctor_config = directory / "sternpost.toml"
        self.doctor_config.write_text(f'listen = ["127.0.0.1:8461", "unix:{self.socket}"]\n')

    @property
    def socket(self):
        return self.queue / "sternpost" / "socketmap.sock"

    @property
    def kept(self):
        """A table that an operator has."""
        return f"texthash:{self.directory}/kept"

    def _programs(self):
        """A directory for PATH: its postconf and postmap are this installation's."""
        programs = self.directory / "bin"
        programs.mkdir()
        for name in "postconf", "postmap":
            words = " ".join(str(word) for word in self.installation.command(name))
            # In the tree this very directory is there, too: PATH must not lead back to it.
            (programs / name).write_text(f'#!/bin/sh\nPATH={SEARCH_PATH} exec {words} "$@"\n')
            (programs / name).chmod(0o755)
        return programs

    def write(self, main_cf, master="", chroot="n", tlsproxy=True, backup=None):
        """Later lines of main.cf take the place of earlier ones; a service in `master` that of the usual one."""
        lines = MASTER_CF.format(chroot=chroot).splitlines()
        given = master.format(place=self, map=self.map)
        replaced = [line.split()[0] for line in given.splitlines()]
        lines = [line for line in lines if line.split()[0] not in replaced]
        lines = [line for line in lines if tlsproxy or not line.startswith("tlsproxy")]
        (self.config / "main.cf").write_text(BASE.format(place=self) + main_cf)
        (self.config / "master.cf").write_text("\n".join([*lines, given]) + "\n")
        for name in ("main.cf", "master.cf"):
            os.utime(self.config / name, (0, 0))  # Postfix reads a file that was changed just now again and again
        kept = self.config / "main.cf.bak"
        kept.unlink(missing_ok=True)
        if backup:
            kept.write_text(backup)

    def run(self, *arguments, environment=None, config=None):
        return subprocess.run([binary("sternpost"), "-c", config or self.doctor_config, "doctor", *arguments],
                              env={"PATH": self.path, "MAIL_CONFIG": str(self.config), **(environment or {})},
                              capture_output=True, text=True, timeout=COMMAND_SECONDS)

    def examine(self, *arguments):
        """The object that `doctor --json` prints, whose status is how it has ended."""
        done = self.run("--json", *arguments)
        assert done.stderr == "" and done.returncode in (0, 1, 2), done
        said = json.loads(done.stdout)
        assert said["status"] == done.returncode
        return said

    def mend(self, commands):
        for command in commands:
            done = subprocess.run(["sh", "-c", command], env={"PATH": self.path, "MAIL_CONFIG": str(self.config)},
                                  capture_output=True, text=True, timeout=COMMAND_SECONDS)
            assert done.returncode == 0, (command, done)


@pytest.fixture(scope="module")
def places(whole_world):
    return [Place(whole_world.directory / ("doctor-%d.%d" % each.version), each) for each in installations.ALL]


@pytest.fixture(scope="module")
def sternpostd(whole_world, places):
    """One for all, on loopback and in each queue directory."""
    whole_world.dns
    daemon = whole_world.sternpostd({"listen": ["127.0.0.1:8461", *(f"unix:{place.socket}" for place in places)]})
    closed = [socket.socket(socket.AF_UNIX) for _ in places]
    for listening, place in zip(closed, places):
        listening.bind(str(place.queue / "closed" / "socketmap.sock"))
        listening.listen()
        (place.queue / "closed").chmod(0o700)
    yield daemon.start()
    daemon.stop()
    for listening in closed:
        listening.close()


@pytest.fixture(params=range(len(installations.ALL)),
                ids=["%d.%d" % installation.version for installation in installations.ALL])
def place(sternpostd, places, request):
    return places[request.param]


def snippet(place, name):
    """The file as it is, or with the name of the table that it gives for Postfix 3.10."""
    text = (SNIPPETS / name).read_text()
    return text.replace(":sts\n", f":{place.map}\n")


def good(place):
    return snippet(place, "main.cf.dane")


def findings(said, rule):
    return [finding for finding in said["findings"] if finding["rule"] == rule]


def commands_of(remedy):
    """Those that only change this Postfix; what begins with # is a word to people."""
    commands = [command for command in remedy if not command.startswith("#")]
    return commands if all(command.startswith(("postconf ", "chmod ")) for command in commands) else []


@pytest.mark.parametrize("name", sorted({name for name, _ in PAIRS}))
def test_the_lines_of_the_package_are_good(place, name):
    if (name, place.installation) not in PAIRS:
        name = "main.cf.sts"
    place.write(snippet(place, name), chroot="y" if name == "main.cf.chroot" else "n")
    collector = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    reports = place.queue / "run" / "tlsrpt"
    reports.mkdir(parents=True, exist_ok=True)
    collector.bind(str(reports / "tlsrpt.sock"))
    said = place.examine()
    collector.close()
    shutil.rmtree(place.queue / "run")
    assert said["status"] == 0, said["findings"]
    assert said["good"]


def test_the_three_lines_are_good(place):
    """Those that postfix/setup writes, and no other."""
    lines = [line for line in snippet(place, "main.cf.sts").splitlines() if "loglevel" not in line]
    place.write("\n".join(lines) + "\n")
    said = place.examine()
    assert said["status"] == 0 and findings(said, "loglevel"), said["findings"]


def broken_places():
    return [pytest.param(number, index, id="%d.%d-%s-%d" % (*installation.version, fault[0], index))
            for number, installation in enumerate(installations.ALL)
            for index, fault in enumerate(faults_of(installation))]


@pytest.mark.parametrize("number, index", broken_places())
def test_each_fault_is_found(sternpostd, places, number, index):
    place = places[number]
    rule, severity, lines, *more = faults_of(place.installation)[index]
    place.write(good(place) + lines.format(place=place, map=place.map) + "\n", **(more[0] if more else {}))
    said = place.examine()
    found = findings(said, rule)
    assert [finding["severity"] for finding in found] == [severity], said["findings"]
    assert said["status"] >= {"information": 0, "advice": 1, "broken": 2}[severity]


def test_faults_are_mended_by_their_remedies(place):
    """All that can be at once."""
    place.write(good(place) + MENDED.format(place=place, map=place.map), master=MENDED_MASTER)
    before = place.examine()
    rules = {finding["rule"] for finding in before["findings"] if finding["severity"] != "information"}
    assert rules >= MENDED_RULES, MENDED_RULES - rules
    for finding in before["findings"]:
        place.mend(commands_of(finding["remedy"]))
    after = place.examine()
    assert after["status"] == 0, after["findings"]
    assert place.kept in (place.config / "main.cf").read_text()
    assert (place.config / "master.cf").read_text().count(place.kept) == 5


def test_a_closed_socket_is_opened_by_its_remedy(place):
    place.write(good(place) + f"smtp_tls_policy_maps = socketmap:unix:closed/socketmap.sock:{place.map}\n")
    place.mend(findings(place.examine(), "socket-closed")[0]["remedy"])
    closed = place.queue / "closed"
    assert [oct(path.stat().st_mode & 0o777) for path in (closed, closed / "socketmap.sock")] == ["0o701", "0o666"]
    closed.chmod(0o700)


def test_it_changes_nothing(place):
    def state():
        return {path: (path.stat().st_mtime_ns, path.stat().st_mode)
                for path in [*place.config.rglob("*"), *place.queue.rglob("*")]}
    place.write("smtp_tls_CAfile =\n", chroot="y")
    before = state()
    assert place.run().returncode == 2
    assert state() == before


def test_another_instance(place):
    place.write(good(place))
    other = place.directory / "other"
    shutil.copytree(place.config, other)
    with open(other / "main.cf", "a") as main_cf:
        main_cf.write("smtp_tls_loglevel = 0\n")
    said = place.examine("--postfix", other)
    shutil.rmtree(other)
    assert said["postfix"]["config_directory"] == str(other)
    assert findings(said, "loglevel")[0]["remedy"] == [f"postconf -c '{other}' -e 'smtp_tls_loglevel = 1'"]
    assert place.examine()["status"] == 0


def test_for_people(place):
    place.write(good(place) + "smtp_tls_CAfile =\nsmtp_cname_overrides_servername = yes\nsmtp_tls_loglevel = 0\n")
    done = place.run(environment={"LC_ALL": "C"})
    assert done.returncode == 2
    assert done.stdout.isascii() and "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines.index("Broken") < lines.index("Advice") < lines.index("Information") < lines.index("Good")
    assert "       postconf -e 'smtp_tls_loglevel = 1'" in lines
    assert lines[-1].startswith("1 broken, 1 advice, ") and lines[-1].endswith("postfix reload")
    assert "✓" in place.run(environment={"LC_ALL": "C.UTF-8"}).stdout


@pytest.mark.parametrize("map", ["postfix", "QUERY", "sts"])
def test_sockets_of_systemd_are_those_that_count(whole_world, places, map):
    """And not those of "listen", where nobody listens."""
    place = places[0]
    path = place.queue / "sternpost" / "of-systemd.sock"
    daemon = whole_world.sternpostd({"listen": ["127.0.0.1:8462"]})
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        path.chmod(0o666)
        script = f'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@" 3<&{listener.fileno()}'
        daemon.start(wrapper=["bash", "-c", script, "bash"], pass_fds=[listener.fileno()])
        place.write(good(place) + f"smtp_tls_policy_maps = socketmap:unix:sternpost/of-systemd.sock:{map}\n")
        said = json.loads(place.run("--json", config=daemon.config).stdout)
        place.write(good(place) + "smtp_tls_policy_maps =\n")
        missing = json.loads(place.run("--json", config=daemon.config).stdout)
        daemon.stop()
    path.unlink()
    assert not findings(said, "map-missing")
    remedy = findings(missing, "map-missing")[0]["remedy"]
    assert any("socketmap:unix:sternpost/of-systemd.sock:" in command for command in remedy), remedy


def test_a_dns_server_of_the_daemon_that_is_silent(place):
    """Though Postfix has another one."""
    place.write(good(place))
    silent = place.directory / "silent.toml"
    listen = place.doctor_config.read_text()
    for servers, severity, status in (["127.0.0.1:5999"], "broken", 2), (["127.0.0.1", "127.0.0.1:5999"], "advice", 1):
        silent.write_text(f"{listen}[dns]\nservers = {json.dumps(servers)}\n")
        done = place.run("--json", config=silent)
        found = findings(json.loads(done.stdout), "dns-server-silent")
        assert done.returncode == status and [finding["severity"] for finding in found] == [severity], done
        assert "no connection to 127.0.0.1:5999" in found[0]["what"]
        assert found[0]["remedy"][0] == "dig -p 5999 '@127.0.0.1' a.root-servers.net"


def test_no_directory_is_not_the_usual_one(place):
    done = place.run("--postfix", "")
    assert done.returncode == 64 and "a directory is wanted" in done.stderr, done


def test_a_postfix_that_cannot_be_asked(place):
    for directory, words in ("/nowhere", "No such file"), (place.directory, "main.cf"):
        done = place.run("--postfix", directory)
        assert done.returncode == 75, done
        assert words in done.stderr and done.stdout == ""


def test_a_configuration_with_mistakes(place):
    bad = place.directory / "bad.toml"
    bad.write_text("lissen = []\n")
    done = place.run(config=bad)
    assert done.returncode == 78 and f"{bad}:1:" in done.stderr
