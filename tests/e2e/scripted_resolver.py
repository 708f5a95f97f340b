"""A DNS server between sternpostd and the real resolver: it counts the questions and answers badly where told to.

Not scripted means passed on byte by byte, over the transport that the question came by.

    resolver = ScriptedResolver(("127.0.0.1", 5353), upstream=("127.0.0.1", 53))
    resolver.script("_mta-sts.example.test", "TXT", rcode("SERVFAIL"))
    resolver.count("_mta-sts.example.test", "TXT")
"""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

LIMIT_SECONDS = 10.0


@dataclass(frozen=True)
class Question:
    name: str  # lower case, no final dot
    type: str
    transport: str  # "udp" or "tcp"


# What to do with a question: action(query, transport, forward) gives the bytes to answer, or None for silence.

def drop(query, transport, forward):
    return None


def delay(seconds):
    def action(query, transport, forward):
        time.sleep(seconds)
        return forward()
    return action


def rcode(name):
    def action(query, transport, forward):
        response = dns.message.make_response(query, recursion_available=True)
        response.set_rcode(dns.rcode.from_text(name))
        return response.to_wire()
    return action


def truncate(query, transport, forward):
    """Over UDP nothing but the TC flag: the asker must come by TCP."""
    if transport == "tcp":
        return forward()
    response = dns.message.make_response(query, recursion_available=True)
    response.flags |= dns.flags.TC
    return response.to_wire()


def other_question(query, transport, forward):
    """The answer to a question that was not asked, under the id of the one that was."""
    response = dns.message.from_wire(forward())
    response.question[0].name = dns.name.from_text("other.invalid.")
    return response.to_wire()


def answer(*rdata, authentic=True):
    """These records, of the type and name that were asked for; none: there are none of that type."""
    def action(query, transport, forward):
        question, = query.question
        response = dns.message.make_response(query, recursion_available=True)
        if rdata:
            response.answer.append(dns.rrset.from_text(question.name, 1, "IN", question.rdtype, *rdata))
        if authentic:
            response.flags |= dns.flags.AD
        return response.to_wire(max_size=65535)
    return action


def by_tcp(action):
    """By TCP this, and by UDP what makes the asker come by TCP."""
    return lambda query, transport, forward: truncate(query, transport, lambda: action(query, transport, forward))


def not_authentic(query, transport, forward):
    """The answer without its AD flag."""
    response = dns.message.from_wire(forward())
    response.flags &= ~dns.flags.AD
    return response.to_wire()


def said_to_be_authentic(query, transport, forward):
    """The answer with the AD flag, signed or not."""
    response = dns.message.from_wire(forward())
    response.flags |= dns.flags.AD
    return response.to_wire()


def not_validating(query, transport, forward):
    """As by a resolver without DNSSEC: what is bogus is given, and nothing is authentic."""
    query.flags |= dns.flags.CD
    response = dns.message.from_wire(forward(query.to_wire()))
    response.flags &= ~(dns.flags.AD | dns.flags.CD)
    return response.to_wire()


class ScriptedResolver:
    """Its threads end with the process."""

    def __init__(self, address, upstream):
        self._upstream = upstream
        self._script = {}
        self._questions = []
        self._lock = threading.Lock()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(address)
        self._tcp = socket.create_server(address, backlog=1024)
        threading.Thread(target=self._serve_udp, daemon=True).start()
        threading.Thread(target=self._serve_tcp, daemon=True).start()

    def script(self, name, type, action):
        """`name` may be "*" for every name, and then `type` "*" for every type."""
        with self._lock:
            self._script[name.lower(), type] = action

    def forget_script(self):
        with self._lock:
            self._script.clear()

    def questions(self):
        with self._lock:
            return list(self._questions)

    def count(self, name, type):
        return sum(q.name == name.lower() and q.type == type for q in self.questions())

    def asked_about(self, suffix):
        """Every question for a name that ends so."""
        return [q for q in self.questions() if q.name.endswith(suffix.lower())]

    def _serve_udp(self):
        while True:
            wire, client = self._udp.recvfrom(65535)
            threading.Thread(target=self._answer_udp, args=(wire, client), daemon=True).start()

    def _answer_udp(self, wire, client):
        answer = self._answer(wire, "udp")
        if answer:
            self._udp.sendto(answer, client)

    def _serve_tcp(self):
        while True:
            connection, _ = self._tcp.accept()
            threading.Thread(target=self._converse_tcp, args=(connection,), daemon=True).start()

    def _converse_tcp(self, connection):
        with connection, contextlib.suppress(ConnectionError):
            while wire := _read_tcp(connection):
                answer = self._answer(wire, "tcp")
                if answer:
                    connection.sendall(len(answer).to_bytes(2, "big") + answer)

    def _answer(self, wire, transport):
        query = dns.message.from_wire(wire)
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        type = dns.rdatatype.to_text(query.question[0].rdtype)
        with self._lock:
            self._questions.append(Question(name, type, transport))
            action = self._script.get((name, type)) or self._script.get(("*", type)) or self._script.get(("*", "*"))
        forward = self._forward_udp if transport == "udp" else self._forward_tcp
        try:
            return action(query, transport, lambda other=wire: forward(other)) if action else forward(wire)
        except TimeoutError:
            return None

    def _forward_udp(self, wire):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
            upstream.settimeout(LIMIT_SECONDS)
            upstream.connect(self._upstream)
            upstream.send(wire)
            return upstream.recv(65535)

    def _forward_tcp(self, wire):
        with socket.create_connection(self._upstream, LIMIT_SECONDS) as upstream:
            upstream.sendall(len(wire).to_bytes(2, "big") + wire)
            return _read_tcp(upstream)


def _read_tcp(connection):
    """One DNS message, or None at the end of the stream."""
    length = connection.recv(2, socket.MSG_WAITALL)
    if len(length) < 2:
        return None
    return connection.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL)
