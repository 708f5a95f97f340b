"""What relays share their memory through: a Valkey or Redis, its replica and a Sentinel."""

import os
import shutil
import socket

from process import SEARCH_PATH, Process, wait_until

PROGRAMS = ("valkey-server", "redis-server")
REPLY_SECONDS = 10.0


def program():
    """$STERNPOST_ENGINE, or whichever is installed."""
    for name in filter(None, (os.environ.get("STERNPOST_ENGINE"), *PROGRAMS)):
        if path := shutil.which(name, path=SEARCH_PATH):
            return path
    raise RuntimeError("valkey-server or redis-server is missing: apt install one of them")


class Engine:
    """One server. `settings` are lines of its configuration."""

    def __init__(self, directory, port, *settings, arguments=()):
        self.address = ("127.0.0.1", port)
        self.directory = directory
        self.directory.mkdir()
        self._config = directory / "engine.conf"
        self._config.write_text("\n".join((f"port {port}", "bind 127.0.0.1", f"dir {directory}", "daemonize no",
                                           *settings)) + "\n")
        self._arguments = arguments
        self.start()

    @property
    def name(self):
        return "%s:%d" % self.address

    def start(self):
        self.process = Process("engine", [program(), self._config, *self._arguments], self.directory / "engine.log")
        self.process.wait_until(self.answers, "the engine answers")

    def answers(self):
        try:
            return self.ask("PING") is not None
        except OSError:
            return False

    def ask(self, *words):
        """One command on a connection of its own, and its reply; an error is a RuntimeError."""
        with socket.create_connection(self.address, timeout=REPLY_SECONDS) as connection:
            words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
            connection.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
            return _reply(connection.makefile("rb"))

    def kill(self):
        self.process.kill()

    def signal(self, number):
        self.process.signal(number)


class Server(Engine):
    """Keeps nothing on disk."""

    def __init__(self, directory, port, *settings):
        super().__init__(directory, port, 'save ""', "appendonly no", "repl-diskless-sync-delay 0", *settings)

    def replicates(self):
        """Whether its replica has all."""
        return "state=online" in self.ask("INFO", "replication").decode()


class Sentinel(Engine):
    """Watches one master, alone."""

    def __init__(self, directory, port, master):
        host, number = master.address
        super().__init__(directory, port, f"sentinel monitor mymaster {host} {number} 1",
                         "sentinel down-after-milliseconds mymaster 300", "sentinel failover-timeout mymaster 3000",
                         arguments=("--sentinel",))
        wait_until(self.knows_a_replica, "the Sentinel knows the replica", 20.0)

    def knows_a_replica(self):
        return len(self.ask("SENTINEL", "replicas", "mymaster")) > 0

    def master(self):
        host, port = self.ask("SENTINEL", "get-master-addr-by-name", "mymaster")
        return host.decode(), int(port)


def _reply(stream):
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionError("the engine has closed the connection")
    kind, text = line[:1], line[1:-2]
    if kind == b"-":
        raise RuntimeError(text.decode())
    if kind == b":":
        return int(text)
    if kind == b"$":
        return None if text == b"-1" else stream.read(int(text) + 2)[:-2]
    if kind == b"*":
        return None if text == b"-1" else [_reply(stream) for _ in range(int(text))]
    return text
