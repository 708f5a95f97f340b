"""The daemon's admin server, spoken to over HTTP."""

import http.client
import json
import re
import socket

REPLY_SECONDS = 60.0
SAMPLE = re.compile(r"^([a-z_]+)(?:\{(.*)\})? (\S+)$")


class _OverUnix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=REPLY_SECONDS)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Admin:
    """`address` is the path of the socket, or (host, port)."""

    def __init__(self, address):
        self._address = address

    def ask(self, method, target, body=None, headers=None):
        """Status and body."""
        connection = (http.client.HTTPConnection(*self._address, timeout=REPLY_SECONDS)
                      if isinstance(self._address, tuple) else _OverUnix(self._address))
        try:
            connection.request(method, target, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def get(self, target):
        status, body = self.ask("GET", target)
        assert status == 200, (target, status, body)
        return body

    def status(self):
        return json.loads(self.get("/v1/status"))

    def metrics(self):
        """{name: {labels: value}}; labels are as in the text, such as 'mode="enforce"'."""
        found = {}
        for line in self.get("/metrics").splitlines():
            if not line.startswith("#"):
                name, labels, value = SAMPLE.match(line).groups()
                found.setdefault(name, {})[labels or ""] = float(value)
        return found
