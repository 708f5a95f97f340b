"""The daemon under test and its command, with a configuration for the test world."""

import copy
import datetime
import json
import os
import pwd
import signal
import socket
import subprocess
import time
from pathlib import Path

from process import SEARCH_PATH, WAIT_SECONDS, Process
from socketmap import SocketmapClient

LISTEN = ("127.0.0.1", 8461)
STOP_SECONDS = 5.0  # the design's promise for TERM
COMMAND_SECONDS = 20.0
LOG_LOOKS, LOG_LOOK_SECONDS = 50, 0.02
# Of what users run. With the sanitizers nothing is optimised, and everything has its red zones.
MEMORY_LIMIT = (400 if os.environ.get("STERNPOST_SANITIZE") else 200) * 1024 * 1024
SANDBOX = Path(__file__).resolve().parents[1] / "packaging" / "sandbox.py"
UNIT = SANDBOX.parents[2] / "packaging" / "systemd" / "sternpostd.service.in"
SANDBOX_USER = "daemon"


def give_to_daemon(path):
    """What the daemon may read or write although others may not: in its sandbox it is not root."""
    if os.environ.get("STERNPOST_SANDBOX"):
        account = pwd.getpwnam(SANDBOX_USER)
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def secret(directory, name, *lines):
    path = directory / name
    path.write_text("".join(line + "\n" for line in lines))
    path.chmod(0o440)
    give_to_daemon(path)
    return str(path)


def binary(name):
    """The path of a built program. $STERNPOST_BIN is the directory that holds it."""
    directory = os.environ.get("STERNPOST_BIN")
    if not directory:
        raise RuntimeError("set STERNPOST_BIN to the directory of sternpostd, such as build/release/bin")
    path = Path(directory).resolve() / name
    if not path.is_file():
        raise RuntimeError(f"{path} is missing: build it first")
    return path


def toml(settings):
    """`settings` as TOML: a dict is a table, a list of dicts an array of inline tables."""
    plain = {key: value for key, value in settings.items() if not isinstance(value, dict)}
    lines = [f"{key} = {_value(value)}" for key, value in plain.items()]
    for name, table in settings.items():
        if isinstance(table, dict):
            lines += _table(name, table)
    return "\n".join(lines) + "\n"


def _table(name, table):
    lines = [f"[{name}]"]
    lines += [f"{key} = {_value(value)}" for key, value in table.items() if not isinstance(value, dict)]
    for key, value in table.items():
        if isinstance(value, dict):
            lines += _table(f"{name}.{key}", value)
    return lines


def _value(value):
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, datetime.date):
        return value.isoformat()
    return json.dumps(value)


def lab_settings(directory, ca_file, dns_servers):
    """Real behaviour, but with waits that a test can sit through."""
    return {
        "listen": ["%s:%d" % LISTEN],
        "dns": {"servers": dns_servers, "timeout": "2s", "min-ttl": "1s"},
        "https": {"ca-file": str(ca_file), "allow-private-addresses": True, "timeout": "20s",
                  "connect-timeout": "2s", "min-interval": "1s"},
        "cache": {"path": str(directory / "cache.db")},
        "answers": {"dane": "on", "recheck": "1s"},
        "admin": {"socket": str(directory / "admin.sock")},
    }


def merged(settings, changes):
    """`settings` with `changes` laid over it, table by table."""
    result = copy.deepcopy(settings)
    for key, value in changes.items():
        result[key] = merged(result.get(key, {}), value) if isinstance(value, dict) else value
    return result


class ReadinessSocket:
    """The service manager's end of sd_notify(3)."""

    def __init__(self, path):
        self.path = Path(path)
        self.path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self.path.chmod(0o777)  # as systemd's: whoever the daemon has become may write to it
        self._socket.setblocking(False)
        self.messages = []

    def said(self, assignment):
        """Whether a message with the line `assignment` has come."""
        try:
            while True:
                self.messages += self._socket.recv(4096).decode().splitlines()
        except BlockingIOError:
            return assignment in self.messages

    def fileno(self):
        return self._socket.fileno()

    def close(self):
        self._socket.close()


class Sternpostd:
    """One sternpostd in `directory`; start() returns when it has said READY=1."""

    def __init__(self, directory, settings):
        self.directory = Path(directory)
        self.directory.mkdir(exist_ok=True)
        self.config = self.directory / "sternpost.toml"
        self.log = self.directory / "sternpostd.log"
        self.address = LISTEN
        self.process = None
        self.notify = None
        self.write_config(settings)

    def write_config(self, settings):
        self.settings = settings
        self.config.write_text(toml(settings))

    def start(self, wrapper=(), environment=None, ready_within=WAIT_SECONDS, **popen):
        """`wrapper` is a command that ends in executing what follows it."""
        self.notify = ReadinessSocket(self.directory / "notify")
        environment = {"NOTIFY_SOCKET": str(self.notify.path), **(environment or {})}
        if os.environ.get("STERNPOST_SANDBOX"):
            wrapper = [*wrapper, *self._sandbox()]
            environment.setdefault("ASAN_OPTIONS", "detect_leaks=0")  # the leak sanitizer would trace the process
        self.process = Process("sternpostd", [*wrapper, binary("sternpostd"), "-c", self.config], self.log, environment,
                               **popen)
        self.process.wait_until(lambda: self.notify.said("READY=1"), "sternpostd says READY=1", ready_within)
        return self

    def stop(self):
        """TERM; it must end in time and with status 0."""
        process, self.process = self.process, None
        assert process.alive(), f"sternpostd has ended by itself:\n{self.log_text()[-3000:]}"
        process.signal(signal.SIGTERM)
        try:
            status = process.wait(STOP_SECONDS)
        finally:
            process.kill()
            self.notify.close()
        assert status == 0, f"sternpostd ended with status {status}:\n{self.log_text()[-3000:]}"

    def _sandbox(self):
        """Starts what follows under the restrictions of the systemd unit; the world's directory stays as it is."""
        # Sockets are systemd's to make; here the daemon makes them itself.
        of_sockets = [Path(address[5:]).parent for address in self.settings["listen"] if address.startswith("unix:")]
        for path in (self.directory, *self.directory.iterdir(), *of_sockets):
            give_to_daemon(path)
        return ["/usr/bin/python3", "-B", SANDBOX, UNIT, SANDBOX_USER, self.directory.parent, "--"]

    def kill9(self):
        self.process.kill()
        self.process = None
        self.notify.close()

    def restart(self):
        self.stop()
        return self.start()

    def reload(self):
        self.process.signal(signal.SIGHUP)

    def started(self):
        """True from start() to stop() or kill9(), also when it has crashed in between."""
        return self.process is not None

    def log_text(self):
        """All that has been said by now: a thread of its own writes it."""
        written = None
        for _ in range(LOG_LOOKS):
            before, written = written, self.log.read_text(errors="backslashreplace") if self.log.exists() else ""
            if written == before or not self.started():
                break
            time.sleep(LOG_LOOK_SECONDS)
        return written

    def wait_for_log(self, pattern):
        """The first line of the log that the compiled `pattern` is found in."""
        def line():
            return next((line for line in self.log_text().splitlines() if pattern.search(line)), None)
        return self.process.wait_until(line, f"a log line like {pattern.pattern!r}")

    def resident_bytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(kilobytes) * 1024

    def connect(self):
        return SocketmapClient(self.address)

    def ask(self, key, map="sts"):
        """One question on a connection of its own."""
        with self.connect() as client:
            return client.ask(key, map)

    def command(self, *arguments, program="sternpost"):
        """Runs `sternpost` (or `sternpostd` in a mode that ends by itself) with this daemon's configuration."""
        return subprocess.run([binary(program), "-c", self.config, *arguments], env={"PATH": SEARCH_PATH},
                              capture_output=True, text=True, timeout=COMMAND_SECONDS)
