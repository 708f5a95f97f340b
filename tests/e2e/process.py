"""Programs that the test world starts, their logs, and waiting with a limit."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

SEARCH_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
POLL_SECONDS = 0.01
# Only what fails takes as long. Well beyond every interval of sternpostd: it looks for what is due each 10 s, and asks
# resolvers that have failed each 30 s.
WAIT_SECONDS = 60.0


def require(program, package):
    """The path of `program`. A missing one fails the test: a world with holes proves nothing."""
    path = shutil.which(program, path=SEARCH_PATH)
    if path is None:
        raise RuntimeError(f"{program} is missing: apt install {package}")
    return path


def wait_until(condition, what, limit=WAIT_SECONDS):
    """The first true value of condition(); fails after `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit} s: {what}")
        time.sleep(POLL_SECONDS)


def adopt_orphans():
    """What a program leaves behind when it ends becomes this process's child, and can be waited for."""
    PR_SET_CHILD_SUBREAPER = 36
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl: become the reaper of orphans")


class Process:
    """One program in the foreground; standard output and error go to `log`. It dies with pytest, however that ends."""

    running = []  # for the report of a failed test

    def __init__(self, name, command, log, environment=None, **popen):
        self.name = name
        self.log = Path(log)
        command = ["setpriv", "--pdeathsig", "KILL", "--", *map(str, command)]
        with open(self.log, "ab") as output:
            self._popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                           env={"PATH": SEARCH_PATH, **(environment or {})},
                                           start_new_session=True, **popen)
        Process.running.append(self)

    @property
    def pid(self):
        return self._popen.pid

    def alive(self):
        return self._popen.poll() is None

    def log_text(self):
        return self.log.read_text(errors="backslashreplace") if self.log.exists() else ""

    def wait_until(self, condition, what, limit=WAIT_SECONDS):
        """As wait_until(), and fails at once when the program has ended."""
        def still_running():
            assert self.alive(), f"{self.name} ended with status {self._popen.returncode}:\n{self.log_text()[-3000:]}"
            return condition()
        return wait_until(still_running, what, limit)

    def signal(self, number):
        os.kill(self.pid, number)

    def wait(self, limit):
        """The exit status (negative: by a signal)."""
        try:
            status = self._popen.wait(limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} has not ended within {limit} s") from None
        self._forget()
        return status

    def kill(self):
        """SIGKILL to it and to what it started. Harmless when it has ended."""
        self.alive()  # takes note of the status, if it has one
        try:
            os.killpg(self.pid, signal.SIGKILL)
            self._reap()
        except ProcessLookupError:
            pass
        self._forget()

    def stop(self, limit=5.0):
        """SIGTERM; SIGKILL when that does not help."""
        if self.alive():
            self.signal(signal.SIGTERM)
            try:
                self._popen.wait(limit)
            except subprocess.TimeoutExpired:
                pass
        self.kill()

    def _reap(self):
        """Waits for all of the group: orphans are given to us (see adopt_orphans)."""
        self._popen.wait()
        try:
            while True:
                os.waitpid(-self.pid, 0)
        except ChildProcessError:
            pass

    def _forget(self):
        if self in Process.running:
            Process.running.remove(self)


def listens(address, port):
    try:
        socket.create_connection((address, port), 1).close()
    except ConnectionRefusedError:
        return False
    return True
