#!/usr/bin/python3
"""A policy host (RFC 8461 section 3.3): a real TLS server that behaves or misbehaves as a test asks.

In a test written in Python:

    host = PolicyHost(["10.99.2.1"], 443, Certificates(directory))
    host.serve("mta-sts.example.test", b"version: STSv1...", "status-404")
    host.gets("mta-sts.example.test")  # how many requests came

As a program, for tests in other languages:

    /usr/bin/python3 policy_host.py --address 127.1.2.3 --port 443 --directory DIR

It makes the CA to trust (DIR/ca.pem), prints "ready" when it listens and ends at SIGTERM or when its standard input
closes. The second label of the host name asked for (by SNI) chooses the behaviour: `mta-sts.status-404.test`,
`mta-sts.drip.anything.test`. The body is DIR/HOST.txt if there is one, else an enforce policy whose only mx is
`mx.DOMAIN`, DOMAIN being the host without its first label. DIR/log gets one line for every connection
("connection HOST", HOST being "-" without SNI) and these for every request: "GET HOST PATH",
"tls HOST PROTOCOL new" (or "resumed") and "header HOST NAME: VALUE" (NAME in lower case) for each header.

Behaviours that give the policy:
    ok  chunked  drip-fast  close-delimited  http10  body-max (65,536 bytes)  type-charset  type-upper  type-space
    type-latin1  type-twice-same  tls12-only  tls13-only  cert-wildcard  cert-rsa  cert-intermediate
    early-hints (103 with another Content-Type comes first)  alt-svc  type-twice-parameters  cert-upper-case  http2
    held (waits for release(), as a program for SIGUSR1)  keep-alive (and says close_notify when the client has)
    coding-empty (two headers that list none)
    http2-only  http2-alone-403  http2-alone-505 (their answers to HTTP/1.1)  trailer-type (a chunked body, then another Content-Type)  type-folded (over two lines)
Connections that fail:
    close-before-tls  hang-before-tls  tls11-only  cert-expired  cert-not-yet-valid  cert-wrong-name  cert-domain-only
    cert-cn-only  cert-cn-and-other-name  cert-self-signed  cert-other-ca  cert-partial-wildcard
    cert-high-wildcard  cert-double-wildcard  cert-inner-wildcard  cert-no-intermediate
Answers that are no policy:
    status-NNN (with the policy as body; 3xx but 304 with a Location on the same host)  type-html  type-octet-stream
    type-plain-xml  type-missing  type-empty  type-twice-differ  body-empty  body-over (65,537 bytes)
    chunked-endless  chunked-unfinished  length-short (Content-Length 10, then the body and more)
    length-long (the connection ends before Content-Length)  close-truncated (no length, no close_notify)
    lying-truncated (the same with "HTTP/2" in its HTTP/1.1 status line)
    identity-truncated (the same with "Transfer-Encoding: identity")  http2-differs (cut, each time elsewhere)
    length-garbage  lengths-differ (two, the last one too short)  length-list (the same in one line)  header-large (17 KiB)  header-many (17 KiB of short ones)  header-endless  trailer-endless
    gzip  coding-twice (gzip, then identity)  coding-folded  type-behind-http (another one, "HTTP/x: y", text/plain)
    http2-flood (frames without end that say nothing)  chunk-extension-endless
    http09  garbage  close-at-once (after the request)  http2-truncated  http2-reset  http2-goaway (all three
    in the middle of the body)
Answers that take too long:
    hang (after the request)  hang-after-head  drip (a byte a second)
"""

import argparse
import collections
import gzip
import http.client
import os
import re
import signal
import socket
import ssl
import sys
import threading
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from certificates import Certificates

MAX_POLICY = 65536
PLAIN = ("Content-Type: text/plain",)


class Gone(Exception):
    """The client, or the whole server, has gone away."""


@dataclass
class Request:
    host: str     # by SNI
    method: str
    path: str
    headers: list  # (lower-case name, value) in order
    protocol: str  # of TLS

    def header(self, name):
        return next((value for key, value in self.headers if key == name), None)


@dataclass
class Site:
    body: bytes
    behaviour: str
    released: threading.Event = field(default_factory=threading.Event)
    answers: int = 0


class Exchange:
    """One request that was read; the behaviours below write its answer."""

    def __init__(self, connection, site, request):
        self.connection = connection
        self.site = site
        self.body = site.body
        self.request = request

    def send(self, data):
        try:
            self.connection.sendall(data)
        except OSError as error:
            raise Gone from error

    def head(self, *fields, status=200, version="HTTP/1.1"):
        phrase = http.client.responses.get(status, "Unheard Of")
        lines = [f"{version} {status} {phrase}", "Connection: close", *fields, "", ""]
        self.send("\r\n".join(lines).encode())

    def answer(self, *fields, status=200, body=None):
        body = self.body if body is None else body
        self.head(*fields, f"Content-Length: {len(body)}", status=status)
        self.send(body)

    def chunk(self, data):
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def wait_for_client_to_leave(self):
        try:
            while self.connection.recv(4096):
                pass
        except OSError:
            pass
        raise Gone

    def close_notify(self):
        try:
            self.connection.unwrap()
        except OSError as error:
            raise Gone from error


def padded(body, size):
    """`body` as a valid policy of exactly `size` bytes, by an extension field that nobody knows."""
    line = b"\nx-padding: "
    return body.rstrip(b"\n") + line + b"x" * (size - len(body.rstrip(b"\n")) - len(line))


def with_status(status):
    def respond(exchange):
        redirect = 300 <= status < 400 and status != 304
        location = (f"Location: https://{exchange.request.host}/elsewhere/mta-sts.txt",) if redirect else ()
        body = b"" if status in (204, 304) else None
        exchange.answer(*PLAIN, *location, status=status, body=body)
    return respond


def with_fields(*fields):
    return lambda exchange: exchange.answer(*fields)


def chunked(exchange):
    exchange.head(*PLAIN, "Transfer-Encoding: chunked")
    for start in range(0, len(exchange.body), 20):
        exchange.chunk(exchange.body[start:start + 20])
    exchange.chunk(b"")


def chunked_unfinished(exchange):
    exchange.head(*PLAIN, "Transfer-Encoding: chunked")
    exchange.chunk(exchange.body)


def chunked_endless(exchange):
    exchange.head(*PLAIN, "Transfer-Encoding: chunked")
    exchange.chunk(exchange.body)
    while True:
        exchange.chunk(b"x-padding: " + b"x" * 4000 + b"\n")


def drip(pause):
    def respond(exchange):
        exchange.head(*PLAIN, f"Content-Length: {len(exchange.body)}")
        for byte in exchange.body:
            exchange.send(bytes([byte]))
            time.sleep(pause)
    return respond


def close_delimited(exchange):
    exchange.head(*PLAIN)
    exchange.send(exchange.body)
    exchange.close_notify()


def close_truncated(exchange):
    exchange.head(*PLAIN)
    exchange.send(exchange.body)


def lying_truncated(exchange):
    exchange.send(b"HTTP/2 200 \r\nContent-Type: text/plain\r\n\r\n" + exchange.body)


def identity_truncated(exchange):
    exchange.head(*PLAIN, "Transfer-Encoding: identity")
    exchange.send(exchange.body)


def keep_alive(exchange):
    fields = "HTTP/1.1 200 OK", *PLAIN, f"Content-Length: {len(exchange.body)}", "", ""
    exchange.send("\r\n".join(fields).encode() + exchange.body)
    while exchange.connection.recv(4096):
        pass
    exchange.close_notify()


def trailer_type(exchange):
    exchange.head(*PLAIN, "Transfer-Encoding: chunked", "Trailer: Content-Type")
    exchange.chunk(exchange.body)
    exchange.send(b"0\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n")


def http10(exchange):
    exchange.head(*PLAIN, f"Content-Length: {len(exchange.body)}", version="HTTP/1.0")
    exchange.send(exchange.body)


def body_of(size):
    return lambda exchange: exchange.answer(*PLAIN, body=padded(exchange.body, size))


def length_short(exchange):
    exchange.head(*PLAIN, "Content-Length: 10")
    exchange.send(padded(exchange.body, 2 * MAX_POLICY))


def length_long(exchange):
    exchange.head(*PLAIN, f"Content-Length: {len(exchange.body) + 80}")
    exchange.send(exchange.body)


def lengths_differ(exchange):
    exchange.head(*PLAIN, f"Content-Length: {len(exchange.body)}", f"Content-Length: {len(exchange.body) - 1}")
    exchange.send(exchange.body)


def length_list(exchange):
    exchange.head(*PLAIN, f"Content-Length: {len(exchange.body) - 1}, {len(exchange.body)}")
    exchange.send(exchange.body)


def header_large(exchange):
    exchange.answer(*PLAIN, "X-Padding: " + "x" * 17 * 1024)


def header_endless(exchange):
    exchange.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        exchange.send(b"X-Padding: " + b"x" * 1000 + b"\r\n")


def header_many(exchange):
    exchange.answer(*PLAIN, *(f"X-{number}: {'x' * 80}" for number in range(200)))


def trailer_endless(exchange):
    exchange.head(*PLAIN, "Transfer-Encoding: chunked")
    exchange.chunk(exchange.body)
    exchange.send(b"0\r\n")
    while True:
        exchange.send(b"X-Padding: " + b"x" * 1000 + b"\r\n")


def early_hints(exchange):
    exchange.send(b"HTTP/1.1 103 Early Hints\r\nContent-Type: text/html\r\nContent-Encoding: br\r\n\r\n")
    exchange.answer(*PLAIN)


def length_garbage(exchange):
    exchange.head(*PLAIN, "Content-Length: many")
    exchange.send(exchange.body)


def http2_frame(kind, flags, stream, payload=b""):
    """RFC 9113 section 4.1."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def http2(*last_frames, http1=True, body=lambda exchange: exchange.body):
    """The answer in HTTP/2 frames, of no stated length, that ends with `last_frames`.

    To a client that speaks HTTP/1.1 only, the policy where it would come whole, else status 503; or nothing, or the
    status that `http1` is.
    """
    def respond(exchange):
        if exchange.connection.selected_alpn_protocol() != "h2":
            if not http1:
                raise Gone
            if http1 is not True:
                return exchange.answer(*PLAIN, status=http1)
            whole = any(kind == DATA and flags == END_STREAM for kind, flags, _, _ in last_frames)
            return exchange.answer(*PLAIN, status=200 if whole else 503)
        exchange.send(HTTP2_HEAD)
        exchange.send(http2_frame(DATA, 0, 1, body(exchange)))
        for kind, flags, stream, payload in last_frames:
            exchange.send(http2_frame(kind, flags, stream, payload))
        return exchange.close_notify()
    return respond


def http2_flood(exchange):
    whole_records = http2_frame(DATA, 0, 1) * 1800
    exchange.send(HTTP2_HEAD)
    while True:
        exchange.send(whole_records)


def chunk_extension_endless(exchange):
    exchange.head(*PLAIN, "Transfer-Encoding: chunked")
    exchange.send(b"1;")
    while True:
        exchange.send(b"x" * 16384)


DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY = 0, 1, 3, 4, 7
END_STREAM, ACK, END_HEADERS = 1, 1, 4
INTERNAL_ERROR = (2).to_bytes(4, "big")
# RFC 7541: ":status: 200", and content-type by its index.
HTTP2_HEAD = (http2_frame(SETTINGS, 0, 0) + http2_frame(SETTINGS, ACK, 0)
              + http2_frame(HEADERS, END_HEADERS, 1, b"\x88" + b"\x0f\x10\x0atext/plain"))


def less_each_time(exchange):
    exchange.site.answers += 1
    return exchange.body[:-exchange.site.answers]


def hang(exchange):
    exchange.wait_for_client_to_leave()


def hang_after_head(exchange):
    exchange.head(*PLAIN, f"Content-Length: {len(exchange.body)}")
    exchange.wait_for_client_to_leave()


def held(exchange):
    exchange.site.released.wait()
    exchange.answer(*PLAIN)


RESPONSES = {
    "ok": with_fields(*PLAIN),
    "chunked": chunked,
    "chunked-endless": chunked_endless,
    "chunked-unfinished": chunked_unfinished,
    "drip": drip(1.0),
    "drip-fast": drip(0.01),
    "close-delimited": close_delimited,
    "close-truncated": close_truncated,
    "identity-truncated": identity_truncated,
    "lying-truncated": lying_truncated,
    "keep-alive": keep_alive,
    "trailer-type": trailer_type,
    "http10": http10,
    "http09": lambda exchange: exchange.send(exchange.body),
    "garbage": lambda exchange: exchange.send(bytes(range(256)) * 8),
    "body-empty": lambda exchange: exchange.answer(*PLAIN, body=b""),
    "body-max": body_of(MAX_POLICY),
    "body-over": body_of(MAX_POLICY + 1),
    "length-short": length_short,
    "length-long": length_long,
    "length-garbage": length_garbage,
    "lengths-differ": lengths_differ,
    "length-list": length_list,
    "header-large": header_large,
    "header-many": header_many,
    "header-endless": header_endless,
    "trailer-endless": trailer_endless,
    "early-hints": early_hints,
    "alt-svc": with_fields(*PLAIN, 'Alt-Svc: h3=":443"; ma=86400', "Cache-Control: max-age=60", "Age: 59",
                           'ETag: "a"', "Set-Cookie: a=b", "Strict-Transport-Security: max-age=86400"),
    "close-at-once": lambda exchange: None,
    "gzip": lambda exchange: exchange.answer(*PLAIN, "Content-Encoding: gzip", body=gzip.compress(exchange.body)),
    "coding-twice": with_fields(*PLAIN, "Content-Encoding: gzip", "Content-Encoding: identity"),
    "coding-empty": with_fields(*PLAIN, "Content-Encoding:", "Content-Encoding: , Identity ,"),
    "coding-folded": with_fields(*PLAIN, "Content-Encoding:\r\n gzip"),
    "hang": hang,
    "hang-after-head": hang_after_head,
    "held": held,
    "http2": http2((DATA, END_STREAM, 1, b"")),
    "http2-only": http2((DATA, END_STREAM, 1, b""), http1=False),
    "http2-alone-403": http2((DATA, END_STREAM, 1, b""), http1=403),
    "http2-alone-505": http2((DATA, END_STREAM, 1, b""), http1=505),
    "http2-differs": http2(http1=False, body=less_each_time),
    "http2-truncated": http2(),
    "http2-reset": http2((RST_STREAM, 0, 1, INTERNAL_ERROR)),
    "http2-flood": http2_flood,
    "chunk-extension-endless": chunk_extension_endless,
    "http2-goaway": http2((GOAWAY, 0, 0, bytes(4) + INTERNAL_ERROR)),
    "type-charset": with_fields("Content-Type: text/plain; charset=utf-8"),
    "type-upper": with_fields('Content-Type: TEXT/PLAIN;charset="UTF-8"'),
    "type-space": with_fields("Content-Type: text/plain ; x=y"),
    "type-latin1": with_fields("Content-Type: text/plain; charset=iso-8859-1"),
    "type-twice-same": with_fields(*PLAIN, *PLAIN),
    "type-twice-parameters": with_fields(*PLAIN, "Content-Type: text/plain; charset=utf-8"),
    "type-twice-differ": with_fields(*PLAIN, "Content-Type: text/html"),
    "type-html": with_fields("Content-Type: text/html"),
    "type-octet-stream": with_fields("Content-Type: application/octet-stream"),
    "type-plain-xml": with_fields("Content-Type: text/plain+xml"),
    "type-folded": with_fields("Content-Type:\r\n text/plain"),
    "type-behind-http": with_fields("Content-Type: text/html", "HTTP/x: y", *PLAIN),
    "type-missing": with_fields(),
    "type-empty": with_fields("Content-Type:"),
}
TLS_VERSIONS = {
    "tls11-only": (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1),
    "tls12-only": (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2),
    "tls13-only": (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3),
}


def response_to(behaviour):
    """What to do after the handshake; behaviours that spoil the handshake answer properly if it succeeds."""
    status = re.fullmatch(r"status-(\d{3})", behaviour)
    if status:
        return with_status(int(status.group(1)))
    if behaviour.startswith(("cert-", "tls1")) or behaviour.endswith("-before-tls"):
        return RESPONSES["ok"]
    return RESPONSES[behaviour]


def server_name(hello):
    """The SNI host name in a TLS record with a ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3), or None."""
    def skip(position, length_bytes):
        return position + length_bytes + int.from_bytes(hello[position:position + length_bytes], "big")

    position = 5 + 4 + 2 + 32  # record header, handshake header, version, random
    position = skip(position, 1)  # session id
    position = skip(position, 2)  # cipher suites
    position = skip(position, 1)  # compression methods
    position += 2
    while position + 4 <= len(hello):
        kind = int.from_bytes(hello[position:position + 2], "big")
        end = skip(position + 2, 2)
        if kind == 0:
            return hello[position + 9:end].decode("ascii", "replace").lower()  # list length, type, name length
        position = end
    return None


def cipher_suites(hello):
    """Their numbers, as the ClientHello offers them."""
    session_id = 5 + 4 + 2 + 32
    length_at = session_id + 1 + hello[session_id]
    suites = hello[length_at + 2:length_at + 2 + int.from_bytes(hello[length_at:length_at + 2], "big")]
    return [suites[at:at + 2].hex() for at in range(0, len(suites), 2)]


class PolicyHost:
    """Serves every site on all `addresses`, a thread for each connection."""

    def __init__(self, addresses, port, certificates, log=None, unknown_site=None):
        self.certificates = certificates
        self._log_file = open(log, "a", buffering=1) if log else None
        self._unknown_site = unknown_site or (lambda host: None)
        self._sites = {}
        self._requests = []
        self._connections = collections.Counter()
        self._open = set()
        self._lock = threading.Lock()
        self._contexts = {}
        self._stopping = False
        self._listeners = [self._listen(address, port) for address in addresses]

    def serve(self, host, body, behaviour="ok"):
        """From now on `host` has this policy and behaves so."""
        response_to(behaviour)  # a misspelt one fails here, not in a thread
        body = body.encode() if isinstance(body, str) else body
        with self._lock:
            previous = self._sites.get(host)
            self._sites[host] = Site(body, behaviour)
        if previous:
            previous.released.set()

    def release(self, host=None):
        """Lets the "held" answers of one host, or of all, go out."""
        with self._lock:
            sites = [self._sites[host]] if host else list(self._sites.values())
        for site in sites:
            site.released.set()

    def requests(self, host):
        with self._lock:
            return [request for request in self._requests if request.host == host]

    def gets(self, host):
        return len(self.requests(host))

    def connections(self, host):
        with self._lock:
            return self._connections[host]

    def stop(self):
        with self._lock:
            self._stopping = True
            connections = list(self._open)
        for listener in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.release()
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it was closed meanwhile

    def _listen(self, address, port):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.create_server((address, port), family=family, backlog=1024)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # stop() closed the listener
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve_connection, args=(connection,), daemon=True).start()

    def _serve_connection(self, connection):
        with self._lock:
            if self._stopping:
                connection.close()
                return
            self._open.add(connection)
        try:
            self._converse(connection)
        except (Gone, OSError):
            pass
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _converse(self, connection):
        hello = self._peek_at_hello(connection)
        host = server_name(hello)
        self._note(f"connection {host or '-'}")
        self._note(f"ciphers {host or '-'} {' '.join(cipher_suites(hello))}")
        with self._lock:
            self._connections[host] += 1
        site = self._site(host)
        if site is None or site.behaviour == "close-before-tls":
            return
        if site.behaviour == "hang-before-tls":
            Exchange(connection, site, None).wait_for_client_to_leave()
        with self._context(host, site.behaviour).wrap_socket(connection, server_side=True,
                                                             suppress_ragged_eofs=False) as secured:
            with self._lock:
                self._open.add(secured)
            try:
                request = self._read_request(secured, host)
                response_to(site.behaviour)(Exchange(secured, site, request))
            finally:
                with self._lock:
                    self._open.discard(secured)

    def _peek_at_hello(self, connection):
        peek = socket.MSG_PEEK | socket.MSG_WAITALL
        record_header = connection.recv(5, peek)
        if len(record_header) < 5:
            raise Gone
        return connection.recv(5 + int.from_bytes(record_header[3:], "big"), peek)

    def _site(self, host):
        with self._lock:
            site = self._sites.get(host) or self._unknown_site(host)
            if site:
                self._sites[host] = site
            return site

    def _context(self, host, behaviour):
        with self._lock:
            if (host, behaviour) not in self._contexts:
                self._contexts[host, behaviour] = self._make_context(host, behaviour)
            return self._contexts[host, behaviour]

    def _make_context(self, host, behaviour):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        flaw = behaviour.removeprefix("cert-") if behaviour.startswith("cert-") else "good"
        context.load_cert_chain(self.certificates.file(host, flaw))
        if behaviour in TLS_VERSIONS:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.1 is meant
                context.minimum_version, context.maximum_version = TLS_VERSIONS[behaviour]
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        if behaviour.startswith("http2"):
            context.set_alpn_protocols(["h2"])
        return context

    def _read_request(self, secured, host):
        received = b""
        while b"\r\n\r\n" not in received:
            data = secured.recv(4096)
            if not data:
                raise Gone
            received += data
        request_line, *lines = received.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        method, path, _ = request_line.split(" ", 2)
        pairs = (line.partition(":") for line in lines)
        headers = [(name.lower(), value.strip()) for name, _, value in pairs]
        request = Request(host, method, path, headers, secured.version())
        with self._lock:
            self._requests.append(request)
        self._note(f"{method} {host} {path}")
        self._note(f"tls {host} {secured.version()} {'resumed' if secured.session_reused else 'new'}")
        for name, value in request.headers:
            self._note(f"header {host} {name}: {value}")
        return request

    def _note(self, line):
        if self._log_file:
            with self._lock:
                self._log_file.write(line + "\n")


def site_by_name(directory):
    """The table of the module's text: the second label is the behaviour."""
    def site(host):
        labels = (host or "").split(".")
        if len(labels) < 3 or not re.fullmatch(r"[a-z0-9._-]+", host):
            return None
        own_body = directory / f"{host}.txt"
        domain = ".".join(labels[1:])
        default = f"version: STSv1\nmode: enforce\nmx: mx.{domain}\nmax_age: 86400\n".encode()
        try:
            response_to(labels[1])
        except KeyError:
            return None
        return Site(own_body.read_bytes() if own_body.exists() else default, labels[1])
    return site


def main():
    parser = argparse.ArgumentParser(description="A policy host that behaves or misbehaves as its host names say.")
    parser.add_argument("--address", action="append", required=True)
    parser.add_argument("--port", type=int, default=443)
    parser.add_argument("--directory", type=Path, required=True)
    options = parser.parse_args()

    certificates = Certificates(options.directory)
    host = PolicyHost(options.address, options.port, certificates, log=options.directory / "log",
                      unknown_site=site_by_name(options.directory))
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    # Not in the handler: another signal may interrupt it where it holds the lock.
    signal.signal(signal.SIGUSR1, lambda *_: threading.Thread(target=host.release).start())
    print("ready", flush=True)
    sys.stdin.read()
    host.stop()


if __name__ == "__main__":
    main()
