"""RFC 8461's grammars read plainly, and independently of the program: sections 3.1 (TXT record) and 3.2 (policy file).

Where sternpost reads more kindly than the grammar on purpose, the place says so with kind(), and KINDNESSES says why.
A field "other" than those that the grammar names has another name than these. Of a field given twice, "all entries
except for the first SHALL be ignored" (section 3.2, for both).
"""

import re

KINDNESSES = {
    "blank line": "one policy file in twenty ends in one; to refuse it would take protection away",
    "dot at the end of an mx": "an absolute name, which means the same host",
    "underscore in an mx": "no host name has one by RFC 5321, but real MX hosts do",
    "address as mx": "the grammar's Domain lets it pass: it is kept, and no MX host ever passes by it",
    "max_age above its maximum": "section 3.2 has a maximum of 31557600, and no word on more: it is cut to that",
    "second entry read over": "it is ignored whatever its value is, and so need not be an extension either",
}
MAX_MAX_AGE = 31557600  # section 3.2

# RFC 5321 section 4.1.2; the lengths are those of RFC 1035 section 2.3.4.
SUB_DOMAIN = re.compile(rb"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")
ADDRESS = re.compile(rb"(.*\.)?([0-9]+|0[xX][0-9A-Fa-f]*)")
MAX_LABEL, MAX_NAME = 63, 253

FIELD = re.compile(rb"([A-Za-z0-9][A-Za-z0-9_.-]{0,31}):[ \t]*(.*?)[ \t]*", re.DOTALL)
VALUES = {
    b"version": re.compile(rb"STSv1"),
    b"mode": re.compile(rb"testing|enforce|none"),
    b"max_age": re.compile(rb"[0-9]{1,10}"),
}


def is_domain(name):
    labels = name.split(b".")
    return len(name) <= MAX_NAME and all(len(label) <= MAX_LABEL and SUB_DOMAIN.fullmatch(label) for label in labels)


def is_text(value):
    """UTF-8 without control characters, but for tabs."""
    try:
        return not re.search("[\x00-\x08\x0a-\x1f\x7f]", value.decode())
    except UnicodeDecodeError:
        return False


def is_extension_value(value):
    return value != b"" and b"\t" not in value and is_text(value)


class Policy:
    """One policy file. `result` is None where it is none, else (mode, max_age, patterns)."""

    def __init__(self, body):
        self.kindnesses = set()
        self.first = {}
        self.patterns = []
        self.result = self.read(body)

    def kind(self, kindness):
        assert kindness in KINDNESSES
        self.kindnesses.add(kindness)
        return True

    def read(self, body):
        # Before the first and behind the last sts-policy-term stands a field; the last term may be missing.
        *ended, last = body.split(b"\n")
        lines = [line.removesuffix(b"\r") for line in ended] + ([last] if last else [])
        if not all(self.read_line(line) for line in lines):
            return None
        if not VALUES.keys() <= self.first.keys():
            return None
        mode, max_age = self.first[b"mode"], int(self.first[b"max_age"])
        if mode != b"none" and not self.patterns:
            return None
        if max_age > MAX_MAX_AGE:
            self.kind("max_age above its maximum")
        return mode, min(max_age, MAX_MAX_AGE), list(dict.fromkeys(self.patterns))

    def read_line(self, line):
        if not line.strip(b" \t"):
            return self.kind("blank line")
        field = FIELD.fullmatch(line)
        if not field:
            return False
        name, value = field.groups()
        if name == b"mx":
            return self.read_mx(value)
        if name not in VALUES:
            return is_extension_value(value)
        if name in self.first:
            return is_extension_value(value) or is_text(value) and self.kind("second entry read over")
        self.first[name] = value
        return bool(VALUES[name].fullmatch(value))

    def read_mx(self, value):
        used = set()
        if value.endswith(b"."):
            value = value[:-1]
            used.add("dot at the end of an mx")
        domain = value.removeprefix(b"*.")
        if not is_domain(domain):
            if b"_" not in domain or not is_domain(domain.replace(b"_", b"x")):
                return False
            used.add("underscore in an mx")
        pattern = value.lower()
        if ADDRESS.fullmatch(domain):
            used.add("address as mx")
            pattern += b"!"
        for kindness in used:
            self.kind(kindness)
        self.patterns.append(pattern)
        return True


# *WSP ";" *WSP, and what is left of it where it cannot be.
DELIM = rb"[ \t]*;[ \t]*"
EXTENSION = rb"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}=[\x21-\x3a\x3c\x3e-\x7e]+"
RECORD = re.compile(rb"v=STSv1((?:" + DELIM + EXTENSION + rb")+)(?:" + DELIM + rb")?")
CANDIDATE = re.compile(rb"v=STSv1" + DELIM)
ID = re.compile(rb"[A-Za-z0-9]{1,32}")


def read_record(texts):
    """The TXT records of one name: "none" counts, "unusable", or the id."""
    candidates = [text for text in texts if CANDIDATE.match(text)]
    if not candidates:
        return b"none"
    record = RECORD.fullmatch(candidates[0])
    if len(candidates) > 1 or not record:
        return b"unusable"
    ids = [field[3:] for field in re.findall(EXTENSION, record[1]) if field.startswith(b"id=")]
    return b"id " + ids[0] if ids and ID.fullmatch(ids[0]) else b"unusable"
