"""Connections that are too many, too slow, dead or hostile; descriptors that run out; and what lies where a UNIX socket
is to be."""

import os
import pwd
import re
import resource
import socket
import stat
import struct
import subprocess
import time
from pathlib import Path

import pytest

from process import SEARCH_PATH, require, wait_until
from socketmap import SocketmapClient, netstring
from sternpost import LISTEN, STOP_SECONDS, binary
from world import NOT_FOUND, enforce, secure

TCP_REPAIR = 19
ESTABLISHED = "01"
DRIP_SECONDS = 0.05


def held(world, word):
    """A domain whose policy is under way until it is released."""
    domain = world.domain(word)
    world.publish(domain, enforce(), "held")
    return domain


def release(world, domain):
    wait_until(lambda: world.gets(domain), "the policy is asked for")
    world.policy_host.release(f"mta-sts.{domain}")


def ask_and_wait(sternpostd, domain, count):
    clients = [sternpostd.connect() for _ in range(count)]
    for client in clients:
        client.send(domain)
    return clients


def descriptors(daemon):
    return [int(name) for name in os.listdir(f"/proc/{daemon.process.pid}/fd")]


def established():
    """Connections that the daemon believes in."""
    local = "%02X%02X%02X%02X:%04X" % (1, 0, 0, 127, LISTEN[1])
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1] == local and row[3] == ESTABLISHED for row in rows)


def vanish(client):
    """Gone without a packet, as by a power cut."""
    client._socket.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    client.close()


def reset(client):
    client._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


# More than there may be

def test_the_longest_idle_goes_and_the_live_one_stays(world, start_sternpostd):
    sternpostd = start_sternpostd({"limits": {"connections": 10}})
    with sternpostd.connect() as live:
        silent = []
        for _ in range(50):
            silent.append(sternpostd.connect())
            assert live.ask(".test") == NOT_FOUND
        assert [client.rest() for client in silent[:40]] == [b""] * 40
        assert [client.ask(".test") for client in silent[-9:]] == [NOT_FOUND] * 9


def test_a_question_under_way_is_never_the_one_that_goes(world, start_sternpostd):
    sternpostd = start_sternpostd({"limits": {"connections": 4}})
    domain = held(world, "kept-waiting")
    asking = ask_and_wait(sternpostd, domain, 3)
    wait_until(lambda: world.gets(domain), "the policy is asked for")
    for _ in range(20):
        assert sternpostd.ask(".test") == NOT_FOUND
    release(world, domain)
    assert [client.reply() for client in asking] == [secure()] * 3


def test_with_all_places_asking_the_next_one_waits(world, start_sternpostd):
    sternpostd = start_sternpostd({"limits": {"connections": 4}})
    domain = held(world, "full-house")
    asking = ask_and_wait(sternpostd, domain, 4)
    wait_until(lambda: world.gets(domain), "the policy is asked for")
    with sternpostd.connect() as outside:
        outside.send(".test")
        release(world, domain)
        assert [client.reply() for client in asking] == [secure()] * 4
        assert outside.reply() == NOT_FOUND


def test_who_does_not_take_replies_makes_room_too(world, start_sternpostd):
    sternpostd = start_sternpostd({"limits": {"connections": 2, "idle": "1h"}})
    domain = world.domain("not-taken")
    world.publish(domain, enforce())
    assert sternpostd.ask(domain) == secure()
    stuffed = [sternpostd.connect() for _ in range(2)]
    for client in stuffed:
        client.send_until_full(domain)
    assert sternpostd.ask(domain) == secure()


# Slow, dead, rude

def test_dripping_keeps_nobody_from_an_answer_and_the_idle_limit_holds(world, start_sternpostd):
    sternpostd = start_sternpostd({"limits": {"idle": "1s"}})
    with sternpostd.connect() as dripping:
        dripping.send_raw(b"10000:sts ")

        def closed():
            assert sternpostd.ask(".test") == NOT_FOUND
            try:
                dripping.send_raw(b"a")
            except ConnectionError:
                return True
            time.sleep(DRIP_SECONDS)
            return False

        wait_until(closed, "the dripping connection is closed")


def test_peers_that_vanished_are_forgotten(world, start_sternpostd):
    sternpostd = start_sternpostd({"limits": {"idle": "1s"}})
    domain = held(world, "vanished")
    asking, silent = ask_and_wait(sternpostd, domain, 5), [sternpostd.connect() for _ in range(5)]
    wait_until(lambda: world.gets(domain), "the policy is asked for")
    for client in asking + silent:
        vanish(client)
    assert established() >= len(asking)  # nobody told the daemon
    release(world, domain)
    wait_until(lambda: established() == 0, "the daemon has given them up")
    assert sternpostd.ask(domain) == secure()


def test_resets_in_mid_reply_hurt_nobody(world, sternpostd):
    """Replies of tens of kilobytes, a hundred at once, and a reader who leaves after the first bytes."""
    domain = world.domain("long")
    world.publish(domain, enforce(*(f"mx{number}.mx.test" for number in range(2000))))
    reply = sternpostd.ask(domain)
    before = len(descriptors(sternpostd))
    for _ in range(50):
        client = sternpostd.connect()
        client.send_raw(netstring(f"sts {domain}") * 100)
        client.receive(1)
        reset(client)
    # Not "== before": the connection of the first question, or one of DNS, may still have been open then.
    wait_until(lambda: len(descriptors(sternpostd)) <= before, "all of them are closed")
    with sternpostd.connect() as client:
        assert client.ask_many([domain] * 100) == [reply] * 100


# Descriptors

def limited_to(count):
    return {"wrapper": [require("prlimit", "util-linux"), f"--nofile={count}:{count}"]}


def limit_descriptors(daemon, count):
    """Sets the soft limit of a running daemon; the former one."""
    former, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (count, hard))
    return former


def test_connections_leave_descriptors_for_lookups(world, start_sternpostd):
    """Of 128 half are kept."""
    sternpostd = start_sternpostd(**limited_to(128))
    told = sternpostd.wait_for_log(re.compile("limit on open files"))
    assert "(128)" in told and "room for 64 connections, not for 4096" in told
    with sternpostd.connect() as live:
        assert live.ask(".test") == NOT_FOUND
        domain, cold = held(world, "hoarded"), world.domain("looked-up-all-the-same")
        asking = ask_and_wait(sternpostd, domain, 63)
        wait_until(lambda: world.gets(domain), "the policy is asked for")
        world.publish(cold, enforce())
        assert live.ask(cold) == secure()
        release(world, domain)
        assert [client.reply() for client in asking] == [secure()] * 63


def test_silent_connections_beyond_the_limit_keep_nobody_out(world, start_sternpostd):
    sternpostd = start_sternpostd(**limited_to(128))
    silent = [sternpostd.connect() for _ in range(300)]
    domain = world.domain("heard")
    world.publish(domain, enforce())
    assert sternpostd.ask(domain) == secure()
    for client in silent:
        client.close()


def test_the_soft_limit_is_raised_by_the_daemon(start_sternpostd):
    sternpostd = start_sternpostd(wrapper=[require("prlimit", "util-linux"), "--nofile=64:20000"])
    assert resource.prlimit(sternpostd.process.pid, resource.RLIMIT_NOFILE) == (4096 + 4096, 20000)
    assert "open files" not in sternpostd.log_text()


def test_without_descriptors_accepting_pauses_and_goes_on(world, sternpostd):
    domain = held(world, "no-descriptor")
    asking = ask_and_wait(sternpostd, domain, 5)
    wait_until(lambda: world.gets(domain), "the policy is asked for")
    before = limit_descriptors(sternpostd, 1)
    outside = [sternpostd.connect() for _ in range(10)]
    for client in outside:
        client.send(".test")
    sternpostd.wait_for_log(re.compile("error: .*cannot accept connections: Too many open files"))
    limit_descriptors(sternpostd, before)
    assert [client.reply() for client in outside] == [NOT_FOUND] * 10
    release(world, domain)
    assert [client.reply() for client in asking] == [secure()] * 5
    assert sternpostd.log_text().count("cannot accept connections") == 1


def test_the_longest_idle_gives_its_descriptor(world, sternpostd):
    idle = sternpostd.connect()
    assert idle.ask(".test") == NOT_FOUND
    before = limit_descriptors(sternpostd, max(descriptors(sternpostd)) + 5)
    silent = [sternpostd.connect() for _ in range(50)]
    assert sternpostd.ask(".test") == NOT_FOUND
    assert idle.rest() == b""
    limit_descriptors(sternpostd, before)
    for client in silent:
        client.close()


# Where a UNIX socket is to be

def refused(daemon):
    """What a daemon says that does not start."""
    done = subprocess.run([binary("sternpostd"), "-c", daemon.config], env={"PATH": SEARCH_PATH}, capture_output=True,
                          text=True, timeout=STOP_SECONDS)
    assert done.returncode != 0, done
    return done.stdout + done.stderr


@pytest.fixture
def path(world):
    directory = world.directory / world.domain("socket")
    directory.mkdir()
    return directory / "sternpost.sock"


def listening_at(path):
    return {"listen": [f"unix:{path}"]}


def test_the_socket_of_a_living_daemon_is_left_alone(world, start_sternpostd, path):
    start_sternpostd(listening_at(path))
    before = path.stat()
    told = refused(world.sternpostd(listening_at(path)))
    assert f"unix:{path}" in told and "another program listens there" in told
    assert path.stat().st_ino == before.st_ino
    with SocketmapClient(path) as client:
        assert client.ask(".test") == NOT_FOUND


@pytest.mark.parametrize("make", [
    lambda path: path.write_text("mine\n"),
    lambda path: path.mkdir(),
    lambda path: path.symlink_to(path.parent / "elsewhere"),
    lambda path: os.mkfifo(path),
], ids=["file", "directory", "link", "fifo"])
def test_what_is_no_socket_is_left_alone(world, path, make):
    make(path)
    before = path.lstat()
    told = refused(world.sternpostd(listening_at(path)))
    assert f"unix:{path}" in told and "move it away" in told
    assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)


def test_a_socket_in_a_missing_directory_is_refused_with_the_remedy(world, path):
    told = refused(world.sternpostd(listening_at(path.parent / "nowhere" / path.name)))
    assert "nowhere" in told and "make its folder" in told


def test_a_path_that_is_too_long_is_refused_with_the_limit(world, path):
    told = refused(world.sternpostd(listening_at(path.parent / ("x" * 108))))
    assert str(path.parent) in told and "at most 107 bytes" in told


def test_any_user_may_ask_whatever_the_umask(start_sternpostd, path):
    bash = require("bash", "bash")
    start_sternpostd(listening_at(path), wrapper=[bash, "-c", 'umask 0077; exec "$@"', bash])
    assert stat.S_IMODE(path.stat().st_mode) == 0o666
    postfix = pwd.getpwnam("postfix")
    done = subprocess.run([require("setpriv", "util-linux"), "--reuid", str(postfix.pw_uid), "--regid",
                           str(postfix.pw_gid), "--clear-groups", require("python3", "python3"), "-c",
                           "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
                           "s.sendall(b'9:sts .test,'); print(s.recv(100).decode())", path],
                          capture_output=True, text=True)
    assert done.stdout == netstring(NOT_FOUND).decode() + "\n", done.stderr


def test_the_socket_goes_with_its_daemon(start_sternpostd, path):
    sternpostd = start_sternpostd(listening_at(path))
    assert path.exists()
    sternpostd.stop()
    assert not path.exists()


# Nothing but lookups

@pytest.mark.parametrize("request_text", [
    "purge {}", "PURGE {}", "reload", "reload {}", "stop", "shutdown now", "flush {}", "cache refresh {}",
    "override {} ignore", "set dane off", "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "POST /cache/purge HTTP/1.1", "STS {}",
])
def test_a_command_is_an_unknown_map(world, sternpostd, request_text):
    domain = world.domain("commanded")
    world.publish(domain, enforce())
    assert sternpostd.ask(domain) == secure()
    with sternpostd.connect() as client:
        client.send_raw(netstring(request_text.format(domain)))
        assert client.reply().startswith("PERM unknown map ")
    assert sternpostd.ask(domain) == secure()
    assert world.gets(domain) == 1


@pytest.mark.parametrize("request_text", ["purge {}\n", "reload\r\n", "POST /cache/purge HTTP/1.1\r\n\r\n"])
def test_a_command_without_a_frame_closes_the_connection(world, sternpostd, request_text):
    domain = world.domain("commanded-raw")
    world.publish(domain, enforce())
    assert sternpostd.ask(domain) == secure()
    with sternpostd.connect() as client:
        client.send_raw(request_text.format(domain).encode())
        assert client.rest() == b""
    assert sternpostd.ask(domain) == secure()
    assert world.gets(domain) == 1
