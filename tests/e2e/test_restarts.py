"""Restarts under load: systemd holds the listening sockets, and no question is lost.

The test holds them itself. systemd-socket-activate cannot stand in for it: it becomes the daemon, and its socket ends with
the first one.
"""

import socket
import threading

import pytest

from process import Process, require
from socketmap import SocketmapClient
from sternpost import LISTEN, binary
from world import NOT_FOUND, enforce, secure

RESTARTS = 20
LOOKUPS = 20_000
CLIENTS = 8
DOMAINS = 20


class Postfix(threading.Thread):
    """Asks as smtp(8) does: one connection for all questions; after the end of the stream it connects and asks again,
    once."""

    def __init__(self, address, expected, goes_on):
        super().__init__(daemon=True)
        self._address, self._expected, self._goes_on = address, expected, goes_on
        self._client = None
        self.answered = self.reconnected = 0
        self.wrong = []

    def run(self):
        keys = list(self._expected)
        while self._goes_on(self):
            key = keys[self.answered % len(keys)]
            try:
                reply = self._ask(key)
            except OSError as error:
                reply = repr(error)
            if reply != self._expected[key]:
                self.wrong.append((key, reply))
            self.answered += 1
        if self._client:
            self._client.close()

    def _ask(self, key):
        try:
            return self._ask_once(key)
        except ConnectionError:
            self._client.close()
            self._client = None
            self.reconnected += 1
            return self._ask_once(key)

    def _ask_once(self, key):
        if self._client is None:
            self._client = SocketmapClient(self._address)
        return self._client.ask(key)


def activation(listeners):
    """How to start the daemon with `listeners` as systemd would: from descriptor 3 on, said in the environment."""
    bash = require("bash", "bash")
    # By way of high numbers, since a listener may itself have one of those that are handed over.
    park = " ".join(f"{100 + number}<&{listener.fileno()}" for number, listener in enumerate(listeners))
    hand_over = " ".join(f"{3 + number}<&{100 + number} {100 + number}<&-" for number in range(len(listeners)))
    script = f'exec {park}; export LISTEN_FDS={len(listeners)} LISTEN_PID=$$; exec "$@" {hand_over}'
    return {"wrapper": [bash, "-c", script, bash], "pass_fds": [listener.fileno() for listener in listeners]}


@pytest.fixture
def listeners(world):
    path = world.directory / "held.sock"
    with socket.create_server(LISTEN, backlog=128) as tcp, socket.socket(socket.AF_UNIX) as local:
        local.bind(str(path))
        local.listen(128)
        yield [tcp, local]
    path.unlink()


def test_systemd_hands_over_its_sockets(world):
    """The real systemd-socket-activate: the first question waits while the daemon starts."""
    path = world.directory / "activated-by-systemd.sock"
    lab = world.sternpostd({"listen": ["%s:%d" % LISTEN, f"unix:{path}"]})
    process = Process("systemd-socket-activate", [
        require("systemd-socket-activate", "systemd"), "--listen", "%s:%d" % LISTEN, "--listen", path,
        binary("sternpostd"), "-c", lab.config], lab.log)
    try:
        process.wait_until(lambda: f"Listening on {path}" in process.log_text(), "it listens")
        for address in (path, LISTEN):
            with SocketmapClient(address) as client:
                assert client.ask(".test") == NOT_FOUND
        assert "not on those of" not in lab.log_text()  # the lists agree
    finally:
        process.stop()


def test_twenty_restarts_during_twenty_thousand_lookups(world, start_sternpostd, listeners):
    settings = {"answers": {"dane": "off", "recheck": "1h"}, "listen": ["%s:%d" % LISTEN,
                                                                     f"unix:{listeners[1].getsockname()}"]}
    sternpostd = start_sternpostd(settings, **activation(listeners))
    expected = {".test": NOT_FOUND}
    for number in range(DOMAINS):
        domain, host = world.domain("lasting"), f"mx{number}.mx.test"
        world.publish(domain, enforce(host), mx=(host,))
        expected[domain] = secure(host)
        assert sternpostd.ask(domain) == expected[domain]

    restarted = threading.Event()
    share = LOOKUPS // CLIENTS
    clients = [Postfix(listeners[number % 2].getsockname(), expected,
                       lambda client: client.answered < share or not restarted.is_set()) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        for _ in range(RESTARTS):
            sternpostd.stop()
            sternpostd.start(**activation(listeners))
            # Postfix asks again once: it would not bear the same question to be lost in two restarts.
            before = [client.answered for client in clients]
            sternpostd.process.wait_until(
                lambda: all(client.answered > number for client, number in zip(clients, before)), "all are served again")
    finally:
        restarted.set()
        for client in clients:
            client.join()

    assert [client.wrong for client in clients] == [[]] * CLIENTS
    assert sum(client.answered for client in clients) >= LOOKUPS
    assert min(client.reconnected for client in clients) >= RESTARTS // 2
    assert all(world.gets(domain) == 1 for domain in expected if domain != ".test")
