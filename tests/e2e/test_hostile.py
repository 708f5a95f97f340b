"""Clients, domain owners and web servers that mean harm, or are broken: nothing crashes, nothing leaks through."""

import json
import re
import socket
import time

import pytest

from process import wait_until
from scripted_resolver import answer, by_tcp
from socketmap import netstring
from sternpost import MEMORY_LIMIT
from world import GOOD_MX, NOT_FOUND, POLICY_V6, enforce, policy, secure

CLOSED_WITHOUT_REPLY = b""
REPLY_LIMIT = 100_000  # bytes that Postfix takes

# Conformance #193: after these, the stream can mean anything.
BROKEN_FRAMES = {
    "no number": b"hello,",
    "empty length": b":,",
    "empty length, good payload": b":sts example.test,",
    "leading zero": b"016:sts example.test,",
    "many leading zeros": b"0000000016:sts example.test,",
    "negative length": b"-1:sts example.test,",
    "plus sign": b"+16:sts example.test,",
    "space before the length": b" 16:sts example.test,",
    "hexadecimal length": b"0x10:sts example.test,",
    "length of 2 GiB": b"2147483648:sts example.test,",
    "length over 64 bits": b"99999999999999999999:sts example.test,",
    "endless length": b"1" * 100_000,
    "length over the limit": b"1000000:" + b"x" * 1_000_000 + b",",
    "bad terminator": b"16:sts example.test;",
    "length too small": b"15:sts example.test,",
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "SMTP": b"EHLO client.test\r\n",
    "TLS": bytes.fromhex("16030100a5010000a10303") + bytes(range(150)),
    "all bytes": bytes(range(256)),
    "NULs": b"\0" * 4096,
}
# What a policy may try to smuggle into an answer, into a TLSRPT attribute or into the log.
POISONS = [
    "} tafile=/etc/passwd {", "{", "}", "}{", "a:b", "a,b", "a b", "a=b", "good.mx.test:hostname", "hostname", "nexthop",
    "dot-nexthop", "good.mx.test servername=evil.test", "a\tb", "a\x00b", "a\x1b[31mb", "a\x7fb", "a\rb", "a\u0085b",
    "gööd.mx.test", "*", "*.", ".mx.test", "192.0.2.1", "-x.test", "x" * 300, "%s%n", "$(id)", "\\x41", "'", '"',
]
CLEAN_ANSWER = re.compile(r"OK secure match=[a-z0-9._-]+(:[a-z0-9._-]+)* servername=hostname")
KEYWORDS = {"hostname", "nexthop", "dot-nexthop"}


def assert_clean(reply):
    assert reply == NOT_FOUND or CLEAN_ANSWER.fullmatch(reply), reply
    assert KEYWORDS.isdisjoint(matched_names(reply)), reply


def matched_names(reply):
    found = re.search(r" match=(\S+)", reply)
    return found[1].split(":") if found else []


def assert_clean_log(sternpostd):
    """#188: one line an event, and nothing that a terminal would obey."""
    unfit = {byte for byte in sternpostd.log.read_bytes() if byte != 0x0a and not 0x20 <= byte <= 0x7e}
    assert unfit == set()


# Clients

@pytest.mark.parametrize("frame", BROKEN_FRAMES)
def test_a_broken_frame_closes_the_connection_without_a_reply(world, sternpostd, frame):
    with sternpostd.connect() as client:
        try:
            client.send_raw(BROKEN_FRAMES[frame])
        except ConnectionError:
            pass  # closed before all of it was sent
        assert client.rest() == CLOSED_WITHOUT_REPLY
    assert sternpostd.ask(".test") == NOT_FOUND


@pytest.mark.parametrize("cut", [b"1", b"16", b"16:", b"16:sts exa", b"16:sts example.test"])
def test_a_request_that_is_cut_short_gets_no_reply(world, sternpostd, cut):
    with sternpostd.connect() as client:
        client.send_raw(cut)
        client.finish_sending()
        assert client.rest() == CLOSED_WITHOUT_REPLY
    assert sternpostd.ask(".test") == NOT_FOUND


def test_replies_before_a_broken_frame_are_given(world, sternpostd):
    with sternpostd.connect() as client:
        client.send_raw(netstring("sts .test") * 3 + b":,")
        assert client.rest() == netstring(NOT_FOUND) * 3


def test_a_request_may_come_byte_by_byte(world, sternpostd):
    domain = world.domain("drop-by-drop")
    world.publish(domain, enforce())
    with sternpostd.connect() as client:
        for byte in netstring(f"sts {domain}"):
            client.send_raw(bytes([byte]))
            time.sleep(0.005)  # so that the bytes travel one by one
        assert client.reply() == secure()


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1000])
def test_requests_may_be_cut_anywhere(world, sternpostd, size):
    """#193."""
    domain = world.domain("cut")
    world.publish(domain, enforce())
    assert sternpostd.ask(domain) == secure()
    stream = netstring(f"sts {domain}") + netstring("sts .test") + netstring("nobody x") + netstring(f"sts {domain}")
    with sternpostd.connect() as client:
        for start in range(0, len(stream), size):
            client.send_raw(stream[start:start + size])
        first, second, third, fourth = (client.reply() for _ in range(4))
    assert (first, second, fourth) == (secure(), NOT_FOUND, secure())
    assert third.startswith("PERM ")


def test_pipelined_requests_are_answered_in_order(world, sternpostd):
    domain, cold = world.domain("pipeline"), world.domain("pipeline-cold")
    world.publish(domain, enforce("good.mx.test"))
    world.publish(cold, enforce("backup.mx.test"))
    keys = [(domain, cold, ".test", "[192.0.2.1]")[number % 4] for number in range(100)]
    expected = [(secure("good.mx.test"), secure("backup.mx.test"), NOT_FOUND, NOT_FOUND)[number % 4]
                for number in range(100)]
    with sternpostd.connect() as client:
        assert client.ask_many(keys) == expected
    assert (world.gets(domain), world.gets(cold)) == (1, 1)


@pytest.mark.parametrize("request_text", ["", "sts", " ", "  ", "sts  ", "\n", "sts\texample.test", "x" * 10_000])
def test_a_request_without_map_or_key_hurts_nobody(world, sternpostd, request_text):
    """#134: a plain no, a permanent error or the end of the connection."""
    with sternpostd.connect() as client:
        client.send_raw(netstring(request_text))
        client.finish_sending()
        reply = client.rest()
    assert reply in (CLOSED_WITHOUT_REPLY, netstring(NOT_FOUND)) or re.fullmatch(rb"\d+:PERM [ -~]+,", reply)
    assert sternpostd.ask(".test") == NOT_FOUND


def test_keys_of_ten_thousand_bytes_are_answered(world, sternpostd):
    with sternpostd.connect() as client:
        assert client.ask("a" * 10_000) == NOT_FOUND
        assert client.ask(b"\xf0" * 10_000) == NOT_FOUND
        assert client.ask("a." * 5_000) == NOT_FOUND


def test_clients_that_come_and_go_leave_nothing_behind(world, sternpostd):
    domain = world.domain("deserted")
    world.publish(domain, enforce(), "held")
    for _ in range(200):
        with sternpostd.connect() as client:
            client.send(domain)
    wait_until(lambda: world.gets(domain), "the policy is asked for")
    world.policy_host.release(f"mta-sts.{domain}")
    assert sternpostd.ask(domain) == secure()


def test_replies_that_nobody_takes_cost_no_memory(world, start_sternpostd):
    """Long ones, many to each of many clients: the same bytes for all."""
    sternpostd = start_sternpostd({"answers": {"dane": "off"}})
    domain = world.domain("not-taken")
    publish_hosts(world, domain, 400)
    reply = sternpostd.ask(domain)
    assert REPLY_LIMIT * 0.9 < len(reply) <= REPLY_LIMIT
    clients = [sternpostd.connect() for _ in range(100)]
    for client in clients:
        client._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        client.send_raw(netstring(f"sts {domain}") * 150)
        assert sternpostd.ask(".test") == NOT_FOUND
    assert sternpostd.resident_bytes() < MEMORY_LIMIT
    assert clients[0].reply() == reply
    for client in clients:
        client.close()


def test_silent_clients_do_not_keep_others_out(world, start_sternpostd):
    """The longest idle connection makes room for a new one."""
    sternpostd = start_sternpostd({"limits": {"connections": 10}})
    silent = [sternpostd.connect() for _ in range(30)]
    assert sternpostd.ask(".test") == NOT_FOUND
    for client in silent:
        client.close()


# Domain owners

@pytest.mark.parametrize("poison", POISONS)
def test_no_field_of_a_policy_reaches_the_answer_unchecked(world, sternpostd, poison):
    """#156, #192."""
    texts = {
        "as-mx": policy("enforce", poison),
        "beside-mx": policy("enforce", "good.mx.test", poison),
        "as-wildcard": policy("enforce", f"*.{poison}"),
        "as-mode": policy(poison, "good.mx.test"),
        "as-max-age": policy("enforce", "good.mx.test", max_age=poison),
        "as-version": enforce().replace("STSv1", poison),
        "as-key": enforce() + f"{poison}: x\n",
        "as-extension": enforce() + f"x-note: {poison}\n",
        "as-line": enforce() + f"{poison}\n",
    }
    for word, text in texts.items():
        domain = world.domain(word)
        world.publish(domain, text)
        assert_clean(sternpostd.ask(domain))
    assert_clean_log(sternpostd)


@pytest.mark.parametrize("host", ["hostname", "nexthop", "dot-nexthop", "192.0.2.1"])
def test_an_enforced_policy_of_unusable_names_lets_nobody_pass(world, sternpostd, host):
    """#98, #156: it is enforced all the same, and Postfix must not read the name as a keyword."""
    domain = world.domain("unusable")
    world.publish(domain, policy("enforce", host))
    assert sternpostd.ask(domain) == secure("no-mx-host-passes-the-policy.invalid")


def test_a_policy_with_thousands_of_hosts_is_answered_within_postfix_limit(world, sternpostd):
    """#104: in the extended grammar, with the policy and all patterns beside the names, there would be three times too much."""
    domain = world.domain("thousands")
    hosts = [f"mx{number}.mx.test" for number in range(3000)]
    world.publish(domain, enforce(*hosts, GOOD_MX.name))
    reply = sternpostd.ask(domain)
    assert_clean(reply)
    assert set(matched_names(reply)) == {*hosts, GOOD_MX.name}

    status, value, trouble = world.newest_sender.postmap_query(domain)
    assert (status, trouble) == (0, "")
    assert len("OK " + value) <= REPLY_LIMIT
    assert set(matched_names(value)) == {*hosts, GOOD_MX.name}
    assert re.findall(r"mx_host_pattern=(\S+)", value) == [GOOD_MX.name]


@pytest.mark.parametrize("count, fits", [(400, True), (430, False)])
def test_a_wildcard_with_hundreds_of_long_hosts_is_answered_within_postfix_limit(world, start_sternpostd, count, fits):
    """#104: so many names fill what Postfix takes; with more of them none passes."""
    start_sternpostd({"answers": {"dane": "off"}})  # which looks at the first few hosts alone
    domain = world.domain("hundreds")
    hosts = publish_hosts(world, domain, count)
    assert (len(secure(*hosts)) <= REPLY_LIMIT) == fits
    status, value, trouble = world.sender.postmap_query(domain)
    assert (status, trouble) == (0, "")
    assert len("OK " + value) <= REPLY_LIMIT
    assert set(matched_names(value)) == (set(hosts) if fits else {"no-mx-host-passes-the-policy.invalid"})


def publish_hosts(world, domain, count):
    """A wildcard for so many hosts with long names."""
    parent = ".".join(["x" * 60] * 3 + [domain])
    hosts = [f"{'y' * 40}{number}.{parent}" for number in range(100, 100 + count)]
    world.publish(domain, enforce(f"*.{parent}"))
    world.resolver.script(domain, "MX", by_tcp(answer(*(f"10 {host}." for host in hosts))))
    return hosts


# Web servers

@pytest.mark.parametrize("behaviour", ["header-endless", "header-large", "chunked-endless", "body-over", "length-short",
                                       "garbage", "gzip"])
def test_a_flood_from_a_policy_host_is_cut_off(world, sternpostd, behaviour):
    """#57, #61, #187."""
    domain = world.domain("flood")
    world.publish(domain, enforce(), behaviour)
    assert sternpostd.ask(domain) == NOT_FOUND
    assert sternpostd.resident_bytes() < MEMORY_LIMIT
    assert_clean_log(sternpostd)


def test_an_error_page_cannot_write_to_the_log(world, sternpostd):
    """#188."""
    domain = world.domain("forged")
    world.publish(domain, b"version: STSv1\nmode: enf\x1b[2Jorce\r\n\n2026-01-01 all is well\nmx: \x07\x9b\xff\n")
    assert sternpostd.ask(domain) == NOT_FOUND
    assert_clean_log(sternpostd)
    assert not any(line.startswith("2026-01-01 all is well") for line in sternpostd.log_text().splitlines())


def test_json_lines_are_objects_with_their_keys_whatever_a_policy_host_says(world, start_sternpostd):
    """#188."""
    sternpostd = start_sternpostd({"log": {"format": "json"}})
    domain = world.domain("forged-json")
    world.publish(domain, b'version: STSv1\nmode: enf\x1b"},{"level":"orce\\\r\n\nmx: \x07\x9b\xff\n')
    assert sternpostd.ask(domain) == NOT_FOUND
    assert_clean_log(sternpostd)
    lines = [json.loads(line) for line in sternpostd.log_text().splitlines()]
    for line in lines:
        assert {"time", "level", "topic", "message", "count"} <= set(line), line
    line, = [line for line in lines if "not fetched" in line["message"]]
    assert (line["level"], line["topic"], line["domain"], line["count"]) == ("warning", "policy", domain, 1)


def test_a_hundred_dead_policy_hosts_do_not_stop_a_living_one(world, sternpostd):
    """At another address, for there is a limit for each; fetches older than two seconds make way for others."""
    dead, alive = [world.domain("dead") for _ in range(100)], world.domain("alive")
    clients = [sternpostd.connect() for _ in dead]
    for client, domain in zip(clients, dead):
        world.publish(domain, enforce(), "hang")
        client.send(domain)
    world.publish(alive, enforce())
    world.dns.remove(f"mta-sts.{alive}", "A")
    world.dns.set(f"mta-sts.{alive}", "AAAA", POLICY_V6)
    start = time.monotonic()
    assert sternpostd.ask(alive) == secure()
    assert time.monotonic() - start < 5
    for client in clients:
        client.close()
