"""The extended grammar of a TLS policy, read as Postfix 3.10 does: mystrtokq() and extpar(), then split_nameval()."""

import re
from dataclasses import dataclass

SEPARATORS = ", \t\r\n"


@dataclass(frozen=True)
class ExtendedReply:
    level: str
    attributes: tuple  # of (name, value), in order

    def values(self, name):
        return [value for other, value in self.attributes if other == name]

    def single(self, name):
        value, = self.values(name)
        return value


def read_extended(reply):
    """Fails where Postfix would call the policy invalid."""
    assert re.fullmatch(r"OK [ -~]+", reply), reply
    level, *tokens = _tokens(reply.removeprefix("OK "))
    return ExtendedReply(level, tuple(_name_and_value(token) for token in tokens))


def _tokens(rest):
    while rest := rest.lstrip(SEPARATORS):
        if rest.startswith("{"):
            end = _closing_brace(rest)
            token, rest = rest[1:end].strip(), rest[end + 1:]
            assert rest == "" or rest[0] in SEPARATORS, f"text right after a closing brace: {rest[:40]!r}"
        else:
            token = re.match(rf"[^{SEPARATORS}]+", rest)[0]
            assert not set("{}") & set(token), f"a brace within {token!r}"
            rest = rest[len(token):]
        yield token


def _closing_brace(text):
    depth = 0
    for index, character in enumerate(text):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0:
            return index
    raise AssertionError(f"a brace that is not closed: {text[:40]!r}")


def _name_and_value(token):
    name, equals, value = token.partition("=")
    assert equals, f"no attribute: {token!r}"
    return name.strip(), value.strip()
