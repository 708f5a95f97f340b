"""The extended grammar, which Postfix 3.10 reads, and the TLS reports that come of it."""

import json
import os
import re
import socket

import pytest

import installations
from dns_world import txt
from extended_reply import read_extended
from postfix import Sender
from process import wait_until
from world import (DANE_ONLY, EXTENDED_SOCKETMAP, NOT_FOUND, OTHER_KEY, SOCKETMAP, TRANSPORTS, enforce, policy, secure)

LONGEST_REPLY = 100_000  # that Postfix reads
LONGEST_POLICY = 65_536
POLICY_TLSA, POLICY_STS, NO_POLICY = 1, 2, 9  # libtlsrpt's numbers
NAME = re.compile(r"[a-z0-9*._-]+")


def ask_extended(sternpostd, domain):
    """What Postfix finds in the reply, which is an answer by MTA-STS."""
    reply = sternpostd.ask(domain, "sts-tlsrpt")
    assert len(reply) <= LONGEST_REPLY
    extended = read_extended(reply)
    assert extended.level == "secure"
    names = [name for name, _ in extended.attributes]
    kinds = ["match", "servername", "policy_type", "policy_domain", "policy_string", "mx_host_pattern"]
    assert sorted(set(names), key=names.index) == kinds, reply[:2000]
    assert [extended.single(kind) for kind in kinds[1:4]] == ["hostname", "sts", domain]
    for name in [*extended.single("match").split(":"), *extended.values("mx_host_pattern")]:
        assert NAME.fullmatch(name), name
    return extended


# The grammar

@pytest.mark.parametrize("map", ["sts-tlsrpt", "QUERYwithTLSRPT"])
def test_the_names_of_the_extended_grammar(world, sternpostd, map):
    """#154, #198: to the byte."""
    domain = world.domain("extended")
    world.publish(domain, enforce("good.mx.test", "*.other.test"))
    assert sternpostd.ask(domain, map) == (
        "OK secure match=good.mx.test servername=hostname"
        f" policy_type=sts policy_domain={domain}"
        " { policy_string = version: STSv1 } { policy_string = mode: enforce }"
        " { policy_string = mx: good.mx.test } { policy_string = mx: *.other.test } { policy_string = max_age: 86400 }"
        " mx_host_pattern=good.mx.test mx_host_pattern=*.other.test")


@pytest.mark.parametrize("map", ["sts-tlsrpt", "QUERYwithTLSRPT"])
def test_other_answers_are_those_of_the_base_grammar(world, sternpostd, map):
    testing, dane = world.domain("testing"), world.domain("dane")
    host = world.mx_host("dane", tlsa=[OTHER_KEY])
    world.publish(testing, policy("testing", "good.mx.test"))
    world.publish(dane, enforce(host), mx=[host])
    assert sternpostd.ask(testing, map) == NOT_FOUND
    assert sternpostd.ask("[192.0.2.1]", map) == NOT_FOUND
    assert sternpostd.ask(dane, map) == DANE_ONLY


def test_the_lines_of_the_policy_come_in_the_order_of_its_file(world, sternpostd):
    domain = world.domain("order")
    world.publish(domain, "mx: *.mx.test\r\nmax_age: 86400\r\nx-note: hello,  world=1\nmode:enforce\r\n\r\n"
                          "mx:\tgood.mx.test \r\nversion: STSv1")
    extended = ask_extended(sternpostd, domain)
    assert extended.values("policy_string") == [
        "mx: *.mx.test", "max_age: 86400", "x-note: hello,  world=1", "mode:enforce", "mx: good.mx.test",
        "version: STSv1"]
    assert extended.values("mx_host_pattern") == ["*.mx.test", "good.mx.test"]


def test_a_domain_in_another_script_is_named_by_its_a_label(world, sternpostd):
    domain = world.domain("bücher")
    ascii_domain = domain.encode("idna").decode()
    world.publish(ascii_domain, enforce())
    assert read_extended(sternpostd.ask(domain, "sts-tlsrpt")).single("policy_domain") == ascii_domain


HOSTILE_LINES = {
    "closing brace": "x-note: } tafile=/etc/passwd {", "opening brace": "x-note: {", "both": "x-note: a}{b",
    "nested": "x-note: {{}}}", "attribute": "x-note: a } policy_failure=validation-failure { policy_string = b",
    "comma": "x-note: a, match=evil.test", "8 bits": "x-note: \N{SNOWMAN} grün",
}


@pytest.mark.parametrize("line", HOSTILE_LINES)
def test_the_text_of_a_policy_adds_no_attribute(world, sternpostd, line):
    """#192: and Postfix can make use of what comes of it."""
    domain = world.domain("hostile")
    world.publish(domain, enforce() + HOSTILE_LINES[line] + "\n")
    extended = ask_extended(sternpostd, domain)
    assert extended.values("policy_string")[:-1] == enforce().splitlines()
    assert extended.values("mx_host_pattern") == ["good.mx.test"]
    world.receiver
    assert world.newest_sender.send(f"user@{domain}").status == "sent"


@pytest.mark.parametrize("host", ["hostname", "nexthop", "dot-nexthop", "192.0.2.1"])
def test_a_policy_of_unusable_names_lets_nobody_pass(world, sternpostd, host):
    """#98, #156: there must be a pattern, or Postfix 3.10.0 to 3.10.5 would crash."""
    domain = world.domain("unusable")
    world.publish(domain, policy("enforce", host))
    extended = ask_extended(sternpostd, domain)
    nobody = "no-mx-host-passes-the-policy.invalid"
    assert (extended.single("match"), extended.values("mx_host_pattern")) == (nobody, [nobody])


def long_policy(hosts, line):
    """A policy as long as one may be, with these MX hosts and then as many lines, line(number), as go in."""
    text, number = enforce(*hosts), 0
    while len(text) + len(line(number)) < LONGEST_POLICY:
        text += f"{line(number)}\n"
        number += 1
    return text


def test_a_policy_of_many_lines_is_told_by_its_first_one(world, sternpostd):
    domain = world.domain("many-lines")
    world.publish(domain, long_policy(["good.mx.test", "*.mx.test"], lambda _: "x:y"))
    extended = ask_extended(sternpostd, domain)
    assert extended.values("policy_string") == ["version: STSv1"]
    assert extended.values("mx_host_pattern") == ["good.mx.test", "*.mx.test"]


def test_of_too_many_patterns_those_of_the_mx_hosts_are_left(world, sternpostd):
    domain = world.domain("many-patterns")
    text = long_policy(["good.mx.test", "*.mx.test"], lambda number: f"mx: *.d{number}.test")
    world.publish(domain, text, mx=["good.mx.test", world.mx_host("backup")])
    extended = ask_extended(sternpostd, domain)
    assert set(extended.values("mx_host_pattern")) == {"good.mx.test", "*.mx.test"}


def test_postfix_reads_replies_of_either_grammar(world, sternpostd):
    """Whatever its release; of the extended ones only 3.10 makes a policy."""
    domain = world.domain("postmap")
    world.publish(domain, enforce())
    extended = sternpostd.ask(domain, "sts-tlsrpt").removeprefix("OK ")
    for sender in world.sender, world.newest_sender:
        assert sender.postmap_query(domain, SOCKETMAP) == (0, secure().removeprefix("OK "), "")
        assert sender.postmap_query(domain, EXTENDED_SOCKETMAP) == (0, extended, "")


# TLS reports

class Collector:
    """Takes the reports in the place of tlsrpt-collectd."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        os.chmod(path, 0o666)
        self._socket.setblocking(False)
        self._reports = []

    def policies(self, domain):
        """Those in the first report about `domain`."""
        report = wait_until(lambda: self._report(domain), f"a report about {domain}")
        return report["policies"]

    def _report(self, domain):
        try:
            while True:
                self._reports.append(json.loads(self._socket.recv(LONGEST_REPLY)))
        except BlockingIOError:
            return next((report for report in self._reports if report["d"] == domain), None)


@pytest.fixture(scope="module")
def reporting(whole_world):
    """A Postfix that reports, and what it reports."""
    whole_world.receiver
    sender = Sender(whole_world.directory / "reporting-sender", whole_world.certificates.ca_file, EXTENDED_SOCKETMAP,
                    TRANSPORTS, port=2528, installation=installations.NEWEST,
                    more_main_cf="smtp_tlsrpt_enable = yes\nsmtp_tlsrpt_socket_name = tlsrpt/socket\n")
    (sender.queue / "tlsrpt").mkdir()
    yield sender, Collector(sender.queue / "tlsrpt/socket")
    sender.stop()


def publish_with_reports(world, domain, *arguments, **more):
    world.publish(domain, *arguments, **more)
    world.dns.set(f"_smtp._tls.{domain}", "TXT", txt(f"v=TLSRPTv1; rua=mailto:reports@{domain}"))


def test_the_report_about_an_enforced_policy(world, sternpostd, reporting):
    sender, collector = reporting
    domain = world.domain("reported")
    publish_with_reports(world, domain, enforce("good.mx.test", "*.other.test") + "x-note: a {brace}\n")
    assert sender.send(f"user@{domain}").status == "sent"
    reported, = collector.policies(domain)
    assert (reported["policy-type"], reported["policy-domain"], reported["f"]) == (POLICY_STS, domain, 0)
    assert reported["policy-string"] == [
        "version: STSv1", "mode: enforce", "mx: good.mx.test", "mx: *.other.test", "max_age: 86400",
        "x-note: a ?brace?"]
    assert reported["mx-host"] == ["good.mx.test", "*.other.test"]


def test_the_report_about_a_policy_that_stopped_a_delivery(world, sternpostd, reporting):
    sender, collector = reporting
    domain = world.domain("reported-failure")
    publish_with_reports(world, domain, enforce("other-ca.mx.test"), mx=["other-ca.mx.test"])
    assert sender.send(f"user@{domain}").status == "deferred"
    reported, = collector.policies(domain)
    assert (reported["policy-type"], reported["policy-domain"], reported["f"]) == (POLICY_STS, domain, 1)


@pytest.mark.parametrize("matches", [True, False])
def test_the_report_about_dane(world, sternpostd, reporting, matches):
    sender, collector = reporting
    domain = world.domain("reported-dane")
    host = world.mx_host("dane", tlsa=[world.certificates.tlsa() if matches else OTHER_KEY])
    publish_with_reports(world, domain, enforce(host), mx=[host])
    assert sender.send(f"user@{domain}").status == ("sent" if matches else "deferred")
    reported, = collector.policies(domain)
    assert (reported["policy-type"], reported["f"]) == (POLICY_TLSA, 0 if matches else 1)


def test_the_report_about_a_domain_without_an_enforced_policy(world, sternpostd, reporting):
    sender, collector = reporting
    domain = world.domain("reported-testing")
    publish_with_reports(world, domain, policy("testing", "good.mx.test"))
    assert sender.send(f"user@{domain}").status == "sent"
    reported, = collector.policies(domain)
    assert (reported["policy-type"], reported["f"]) == (NO_POLICY, 0)
