"""The socketmap protocol as Postfix speaks it, and as nobody should speak it."""

import socket

REPLY_SECONDS = 30.0


def netstring(payload):
    payload = payload.encode() if isinstance(payload, str) else payload
    return b"%d:%s," % (len(payload), payload)


class SocketmapClient:
    """One connection. `address` is (host, port) or the path of a UNIX socket."""

    def __init__(self, address, limit=REPLY_SECONDS):
        family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.settimeout(limit)
        self._socket.connect(address if isinstance(address, tuple) else str(address))
        self._received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def ask(self, key, map="sts"):
        """One question and its reply, as Postfix would see it."""
        self.send(key, map)
        return self.reply()

    def ask_many(self, keys, map="sts"):
        """All questions in one write, then all replies."""
        self.send_raw(b"".join(_request(key, map) for key in keys))
        return [self.reply() for _ in keys]

    def send(self, key, map="sts"):
        self.send_raw(_request(key, map))

    def send_raw(self, data):
        self._socket.sendall(data)

    def send_until_full(self, key, map="sts"):
        """Questions without ever taking a reply, until the server reads no more."""
        self._socket.settimeout(0.5)
        try:
            while True:
                self._socket.sendall(_request(key, map) * 1000)
        except TimeoutError:
            pass

    def finish_sending(self):
        self._socket.shutdown(socket.SHUT_WR)

    def reply(self):
        return self.raw_reply().decode()

    def raw_reply(self):
        """The payload of the next netstring. ConnectionError at the end of the stream."""
        length = self._take_until(b":")
        payload = self.receive(int(length))
        assert self.receive(1) == b",", "the reply does not end in a comma"
        return payload

    def receive(self, count):
        """Exactly so many bytes."""
        while len(self._received) < count:
            self._receive()
        taken, self._received = self._received[:count], self._received[count:]
        return taken

    def rest(self):
        """Everything until the server closes."""
        try:
            while data := self._socket.recv(65536):
                self._received += data
        except ConnectionResetError:
            pass  # closed while bytes of ours were unread
        received, self._received = self._received, b""
        return received

    def _take_until(self, mark):
        while mark not in self._received:
            self._receive()
        head, _, self._received = self._received.partition(mark)
        return head

    def _receive(self):
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("closed without a reply")
        self._received += data


def _request(key, map):
    key = key.encode() if isinstance(key, str) else key
    return netstring(map.encode() + b" " + key)
