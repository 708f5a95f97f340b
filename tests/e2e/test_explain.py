"""sternpost explain: the whole story of a domain, in words and for machines. No daemon runs here.

The words are kept in golden/explain-NAME.txt, with what differs from run to run replaced: DOMAIN, HOST, N ms, N days, TIME.
STERNPOST_WRITE_GOLDEN=1 writes them anew; read what has changed before it is committed.
"""

import contextlib
import json
import os
import re
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from process import SEARCH_PATH
from sternpost import binary, merged
from scripted_resolver import not_validating, rcode
from world import NOT_FOUND, OTHER_KEY, enforce, policy, secure

GOLDEN = Path(__file__).parent / "golden"
PROTECTED, NO_POLICY, BROKEN, UNKNOWN = 0, 1, 2, 75


def explain(world, key, *options, settings=None):
    daemon = world.sternpostd(settings)
    return daemon.command("explain", key, *options)


def told(world, key, *options, settings=None):
    """What it tells machines, and its exit status."""
    done = explain(world, key, "--json", *options, settings=settings)
    assert done.stderr == ""
    return json.loads(done.stdout), done.returncode


def same_in_every_run(text, domain, host):
    text = text.replace(host, "HOST") if host else text
    text = text.replace(domain, "DOMAIN")
    text = re.sub(r"\b\d+ ms\b", "N ms", text)
    text = re.sub(r"-?\b\d+ days? left", "N days left", text)
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)


class Scene:
    """A domain in some state, and what is to become of it."""

    def __init__(self, build, status, *options):
        self.build, self.status, self.options = build, status, options


def published(text, behaviour="ok", **how):
    def build(world, domain):
        world.publish(domain, text, behaviour, **how)
    return build


def two_records(world, domain):
    world.publish(domain, enforce())
    world.dns.set(f"_mta-sts.{domain}", "TXT", '"v=STSv1; id=1;"', '"v=STSv1; id=2;"', '"v=spf1 -all"')


def no_record(world, domain):
    world.set_mx(domain, "good.mx.test")


def without_record(world, domain):
    world.serve(domain, enforce())
    world.set_mx(domain, "good.mx.test")


def dane(tlsa):
    def build(world, domain):
        host = world.mx_host("explained", tlsa=tlsa(world))
        world.publish(domain, enforce(host), mx=[host])
        return host
    return build


def own_key(world):
    return [world.certificates.tlsa()]


def with_reports(world, domain):
    world.publish(domain, policy("testing", "good.mx.test"))
    world.dns.set(f"_smtp._tls.{domain}", "TXT", f'"v=TLSRPTv1; rua=mailto:tls@{domain},https://{domain}/tls"')


TWO_MX = ("good.mx.test", "mx.elsewhere.test")
SCENES = {
    "enforce": Scene(published(enforce()), PROTECTED, "--probe"),
    "testing": Scene(with_reports, NO_POLICY, "--probe"),
    "mode-none": Scene(published(policy("none")), NO_POLICY),
    "no-record": Scene(no_record, NO_POLICY),
    "policy-without-record": Scene(without_record, NO_POLICY),
    "two-records": Scene(two_records, BROKEN),
    "status-404": Scene(published(enforce(), "status-404"), BROKEN),
    "expired-certificate": Scene(published(enforce(), "cert-expired"), BROKEN),
    "wrong-name": Scene(published(enforce(), "cert-wrong-name"), BROKEN),
    "redirect": Scene(published(enforce(), "status-301"), BROKEN),
    "html": Scene(published(enforce(), "type-html"), BROKEN),
    "mode-test": Scene(published("version: STSv1\nmode: test\nmx: *\nmax_age: 604800\n"), BROKEN),
    "mx-not-covered": Scene(published(enforce(), mx=["mx.elsewhere.test"]), BROKEN),
    "one-mx-not-covered": Scene(published(enforce(), mx=TWO_MX), PROTECTED),
    "wildcard-too-shallow": Scene(published(enforce("*.mx.test"), mx=["two.labels.mx.test"]), BROKEN),
    "mx-with-bad-certificate": Scene(published(enforce("wrong-name.mx.test"), mx=["wrong-name.mx.test"]), BROKEN, "--probe"),
    "mx-without-starttls": Scene(published(enforce("no-starttls.mx.test"), mx=["no-starttls.mx.test"]), BROKEN, "--probe"),
    "dane-good": Scene(dane(own_key), PROTECTED, "--probe"),
    "dane-broken": Scene(dane(lambda world: [OTHER_KEY]), BROKEN, "--probe"),
}


@pytest.mark.parametrize("name", SCENES)
def test_what_is_told_in_words(world, name):
    scene = SCENES[name]
    world.receiver
    domain = world.domain("explained")
    host = scene.build(world, domain)
    done = explain(world, domain, *scene.options)
    text = same_in_every_run(done.stdout, domain, host)
    golden = GOLDEN / f"explain-{name}.txt"
    if os.environ.get("STERNPOST_WRITE_GOLDEN"):
        golden.write_text(text)
    assert (text, done.stderr, done.returncode) == (golden.read_text(), "", scene.status)


def test_it_says_what_the_daemon_says(world, start_sternpostd):
    """For each map; and asks for nothing more than once."""
    sternpostd = start_sternpostd()
    domain = world.domain("same")
    world.publish(domain, enforce("*.mx.test"), mx=TWO_MX)
    answers = [(map, sternpostd.ask(domain, map)) for map in ("sts", "sts-tlsrpt")]
    before = world.gets(domain), world.txt_questions(domain)
    done = sternpostd.command("explain", domain, "--json")
    assert [(answer["map"], answer["reply"]) for answer in json.loads(done.stdout)["answers"]] == answers
    assert (world.gets(domain), world.txt_questions(domain)) == (before[0] + 1, before[1] + 1)


def test_it_changes_nothing(world):
    daemon = world.sternpostd()
    domain = world.domain("untouched")
    world.publish(domain, enforce())
    before = sorted(daemon.directory.iterdir())
    assert daemon.command("explain", domain).returncode == PROTECTED
    assert sorted(daemon.directory.iterdir()) == before


def test_the_keys_for_machines(world):
    """They stay: a change of these needs another schema number."""
    world.receiver
    domain = world.domain("keys")
    world.publish(domain, enforce())
    report, status = told(world, domain, "--probe")
    assert status == PROTECTED
    assert report["schema"] == 1
    assert set(report) == {"schema", "key", "domain", "outcome", "conclusion", "advice", "override", "record", "policy_host",
                           "policy", "mx", "dane", "tls_reports", "answers"}
    layer = {"verdict", "summary"}
    assert set(report["record"]) == layer | {"id", "records"}
    assert set(report["record"]["records"][0]) == {"text", "counts", "why"}
    assert set(report["policy_host"]) == layer | {"host", "addresses", "address", "tls_version", "chain", "chain_fault",
                                                  "http_status", "content_types", "location", "milliseconds"}
    assert set(report["policy_host"]["chain"][0]) == {"subject", "issuer", "names", "not_before", "not_after"}
    assert set(report["policy"]) == layer | {"review"}
    assert set(report["policy"]["review"]) == {"usable", "mode", "max_age", "mx", "lines", "faults", "advice"}
    assert set(report["mx"]) == layer | {"signed", "hosts"}
    host, = report["mx"]["hosts"]
    assert set(host) == {"name", "preference", "passes_by", "dane", "dane_why", "starttls", "lets_mail_through"}
    assert set(host["starttls"]) == {"address", "offered", "tls_version", "chain", "certified", "chain_fault",
                                     "dane_matches", "dane_fault", "failure"}
    assert set(report["dane"]) == layer | {"state"}
    assert set(report["tls_reports"]) == layer | {"records", "rua"}
    assert set(report["answers"][0]) == {"map", "reply", "postfix", "effect"}
    assert host["lets_mail_through"] is True
    assert report["answers"][0]["reply"] == secure()


@pytest.mark.parametrize("key", ["localhost", "[192.0.2.1]", ".example.com", "a..b"])
def test_a_key_that_can_have_no_policy(world, key):
    report, status = told(world, key)
    assert (report["domain"], report["outcome"], status) == (None, "no-policy", NO_POLICY)
    assert [report[layer] for layer in ("record", "policy_host", "policy", "mx", "dane", "tls_reports")] == 6 * [None]
    assert report["answers"] == []


def test_a_smart_host_is_its_own_mx_host(world):
    world.receiver
    world.publish("relay.smarthost.test", enforce("relay.smarthost.test"))
    report, status = told(world, "[relay.smarthost.test]:25", "--probe")
    assert status == PROTECTED
    host, = report["mx"]["hosts"]
    assert (host["name"], host["preference"], host["lets_mail_through"]) == ("relay.smarthost.test", None, True)
    assert report["mx"]["signed"] is None


def test_dns_that_does_not_answer_is_not_no(world):
    domain = world.domain("silent")
    world.publish(domain, enforce())
    world.resolver.script(f"_mta-sts.{domain}", "TXT", rcode("SERVFAIL"))
    report, status = told(world, domain)
    assert (report["outcome"], report["record"]["verdict"], status) == ("unknown", "unknown", UNKNOWN)


def test_a_policy_host_that_nobody_reaches_is_not_a_broken_one(world):
    domain = world.domain("far")
    world.publish(domain, enforce())
    world.dns.set(f"mta-sts.{domain}", "A", "10.99.1.255")
    report, status = told(world, domain)
    assert (report["outcome"], report["policy_host"]["verdict"], status) == ("unknown", "unknown", UNKNOWN)


def test_a_resolver_that_does_not_validate(world):
    domain = world.domain("plain")
    world.publish(domain, enforce())
    world.resolver.script("*", "*", not_validating)
    report, status = told(world, domain)
    assert (report["dane"]["state"], report["answers"][0]["reply"], status) == ("unvalidated", secure(), PROTECTED)


def test_an_override_is_told(world):
    domain = world.domain("ignored")
    world.publish(domain, enforce())
    report, status = told(world, domain, settings={"override": [{"domain": domain, "action": "ignore"}]})
    assert "ignored" in report["override"]
    assert (report["answers"][0]["reply"], report["outcome"], status) == (NOT_FOUND, "no-policy", NO_POLICY)


def by_dane_alone(world, domain):
    host = world.mx_host("uncounted", tlsa=[OTHER_KEY])
    world.publish(domain, enforce("mx.elsewhere.test"), mx=[host])
    return {"answers": {"dane": "off"}}


def overridden(action, *hosts, text=None, **more):
    def build(world, domain):
        world.publish(domain, text or enforce("mx.elsewhere.test"), mx=hosts or ["good.mx.test"])
        return {"override": [{"domain": domain, "action": action, **more}]}
    return build


def unusable_record(world, domain):
    settings = overridden("enforce-testing", text=policy("testing", "good.mx.test"))(world, domain)
    world.dns.set(f"_mta-sts.{domain}", "TXT", '"v=STSv1; id=_;"')
    return settings


@pytest.mark.parametrize("build, outcome, status", (
    (by_dane_alone, "broken", BROKEN),
    (overridden("dane-only"), "broken", BROKEN),
    (overridden("pin", mx=["good.mx.test"]), "protected", PROTECTED),
    (overridden("pin", "mx.elsewhere.test", mx=["good.mx.test"]), "broken", BROKEN),
    (overridden("enforce-testing", text=policy("testing", "good.mx.test")), "protected", PROTECTED),
    (unusable_record, "broken", BROKEN),
), ids=("dane-does-not-count", "dane-only", "pin-fits", "pin-does-not-fit", "enforce-testing", "unusable-record"))
def test_what_is_decided_here_is_what_hosts_are_held_against(world, build, outcome, status):
    domain = world.domain("decided")
    settings = build(world, domain)
    report, exit_status = told(world, domain, settings=settings)
    assert (report["outcome"], exit_status) == (outcome, status), report["conclusion"]


def test_hostile_text_is_made_harmless(world):
    """Escape sequences in records and policy, in words and for machines."""
    domain = world.domain("hostile")
    world.publish(domain, "version: STSv1\nmode: \x1b[31menforce\nx: \x07\nmax_age: 1\n")
    world.dns.set(f"_mta-sts.{domain}", "TXT", '"v=STSv1; id=1;"', r'"\027[2J"')
    for options in ((), ("--json",)):
        done = explain(world, domain, *options)
        assert [c for c in done.stdout if not (c.isprintable() or c == "\n")] == []


def test_colour_and_signs_are_for_who_can_show_them(world):
    domain = world.domain("signs")
    world.publish(domain, enforce())
    daemon = world.sternpostd()
    command = [str(binary("sternpost")), "-c", str(daemon.config), "explain", domain]

    def run(terminal, **environment):
        words = ["script", "-qec", " ".join(command), "/dev/null"] if terminal else command
        return subprocess.run(words, env={"PATH": SEARCH_PATH, "TERM": "xterm", **environment}, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=20).stdout

    assert b"\x1b[" not in run(False, LC_ALL="C.UTF-8")
    assert "✓".encode() in run(False, LC_ALL="C.UTF-8")
    assert run(False, LC_ALL="C").isascii()
    assert b"\x1b[32m" in run(True, LC_ALL="C")
    assert b"\x1b[" not in run(True, LC_ALL="C", NO_COLOR="1")


class HostileSmtp:
    """A mail server that says what no mail server should, on port 25 of `address`."""

    def __init__(self, address, *said):
        self._listener = socket.create_server((address, 25))
        threading.Thread(target=self._serve, args=(said,), daemon=True).start()

    def _serve(self, said):
        connection, _ = self._listener.accept()
        with connection, contextlib.suppress(OSError):  # who has heard enough may go
            for number, text in enumerate(said):
                if number > 0:
                    connection.recv(4096)
                connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)

    def stop(self):
        self._listener.close()


GREETING, OFFER = b"220 hostile ESMTP\r\n", b"250-hostile\r\n250 STARTTLS\r\n"
HOSTILE = {
    "it breaks off": (),
    "it does not speak SMTP": (b"SSH-2.0-x\r\n",),
    "it does not want to talk": (b"554 go away\r\n",),
    "longer than": (b"220-x\r\n" * 5000,),
    "breaks off before TLS": (b"220 " + b"x" * 100_000,),
    "does not offer STARTTLS": (GREETING, b"250-hostile\r\n250-START TLS\r\n250 X-STARTTLS-NOT\r\n", b"221 bye\r\n"),
    "refuses it": (GREETING, OFFER, b"454 not now\r\n"),
    "sends more": (GREETING, OFFER, b"220 go on\r\n250 injected\r\n"),
    "handshake fails": (GREETING, OFFER, b"220 go on\r\n", b"no TLS at all"),
}


def below_the_certificate(name):
    """one.mx.test shows a certificate for *.mx.test."""
    return name.replace(".test", ".mx.test")


def test_dane_by_an_authority_may_certify_the_next_hop(world):
    """RFC 7672 section 3.2.2."""
    world.receiver
    domain = below_the_certificate(world.domain("certified"))
    host = world.mx_host("uncertified", zone="test", tlsa=[world.certificates.tlsa_of_authority()])
    world.publish(domain, enforce(host), mx=[host])
    report, status = told(world, domain, "--probe")
    assert (report["mx"]["hosts"][0]["lets_mail_through"], status) == (True, PROTECTED), report["mx"]


def test_dane_by_an_authority_does_not_certify_an_alias(world):
    """What the MX host is an alias of has the TLSA records, and is the name."""
    world.receiver
    domain, alias = world.domain("uncertified"), below_the_certificate(world.domain("alias"))
    host = world.mx_host("uncertified", zone="test", tlsa=[world.certificates.tlsa_of_authority()])
    world.dns.set(alias, "CNAME", f"{host}.")
    world.publish(domain, enforce(alias), mx=[alias])
    report, status = told(world, domain, "--probe")
    assert (report["mx"]["hosts"][0]["lets_mail_through"], status) == (False, BROKEN), report["mx"]


@pytest.mark.parametrize("why", HOSTILE)
def test_a_hostile_mail_server_is_told_and_does_no_harm(world, why):
    address = "10.99.4.1"
    server = HostileSmtp(address, *HOSTILE[why])
    domain, host = world.domain("hostile"), world.mx_host("hostile", address)
    world.publish(domain, enforce(host), mx=[host])
    report, status = told(world, domain, "--probe")
    server.stop()
    assert why in report["mx"]["hosts"][0]["starttls"]["failure"]
    assert (report["mx"]["hosts"][0]["lets_mail_through"], status) == (False, BROKEN)


def test_without_a_configuration_file_the_defaults_hold():
    done = subprocess.run([binary("sternpost"), "explain", "localhost"], env={"PATH": SEARCH_PATH}, capture_output=True,
                          text=True, timeout=20)
    assert (done.returncode, done.stderr) == (NO_POLICY, "")


def test_a_bad_configuration_is_told(world):
    daemon = world.sternpostd()
    daemon.write_config(merged(daemon.settings, {"https": {"ca-file": "/nonexistent"}}))
    done = daemon.command("explain", "example.test")
    assert done.returncode == 78
    assert "/nonexistent" in done.stderr
