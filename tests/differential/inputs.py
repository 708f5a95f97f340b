"""Policy files and TXT records: made by the grammar, taken from those that are really published, and damaged."""

import random
import re

FRAGMENTS = [b";", b"=", b":", b".", b"..", b"*.", b"*", b" ", b"\t", b"\n", b"\r", b"\r\n", b"\n\n", b"\0", b"_", b"-", b"[", b"]",
             b"{", b"}", b",", b"\x7f", b"\x1b", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xc2\x80", "ü".encode(), "📧".encode(),
             b"\xef\xbb\xbf", b"mx: ", b"mx: a.example\n", b"mode: none\n", b"mode: junk\n", b"mode:\n", b"mode: a\tb\n",
             b"version: STSv1\n", b"max_age: 1\n", b"max_age: 31557601\n", b"x: y\n", b"MODE: none\n", b"id=", b"id=a;", b"v=STSv1",
             b"v=STSv1;", b"a=b;", b"1.2.3.4", b"0x7f", b"0" * 11, b"9" * 10, b"a" * 33, b"b" * 64, b".example" * 30]
LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Inputs:
    def __init__(self, seed, published):
        self.random = random.Random(seed)
        self.policies = [policy for _, policy in published if policy]
        self.records = [record for record, _ in published if record]

    def policy(self):
        text = self.random.choice(self.policies) if self.one_in(4) else self.made_policy()
        return self.damaged(text)

    def texts(self):
        """The TXT records of one name."""
        others = [b"v=spf1 -all", b"google-site-verification=abc", b"v=STSv10; id=1", b"", b"v=TLSRPTv1; rua=mailto:a@b.example"]
        texts = [self.damaged(self.random.choice(self.records) if self.one_in(4) else self.made_record())]
        while self.one_in(4):
            texts.append(self.random.choice([*others, texts[0], self.made_record()]))
        self.random.shuffle(texts)
        return texts

    def one_in(self, many):
        return self.random.randrange(many) == 0

    def letters(self, most, alphabet=LETTERS):
        return bytes(self.random.choices(alphabet, k=self.random.randint(1, most)))

    def blanks(self):
        return self.random.choice([b"", b"", b"", b" ", b" ", b"\t", b"  ", b" \t"])

    def domain(self):
        if self.one_in(20):
            return self.random.choice([b"192.0.2.1", b"localhost", b"a.0x1f", b"mail_1.example.com", b"x.1", b"_mx.example", b"1.2"])
        if self.one_in(20):
            return self.at_a_limit()
        name = b".".join(self.letters(12, LETTERS + b"-").strip(b"-") or b"x" for _ in range(self.random.randint(1, 5)))
        return name + (b"." if self.one_in(20) else b"")

    def at_a_limit(self):
        """A name with a label of 63 or 64 letters, or one of 253 or 254 in all."""
        if self.one_in(2):
            return b"x" * self.random.choice([63, 64]) + b".example"
        return b".".join([b"x" * 63] * 3 + [b"y" * self.random.choice([61, 62])])

    def field(self, name):
        values = {
            b"version": lambda: b"STSv1",
            b"mode": lambda: self.random.choice([b"enforce", b"testing", b"none"]),
            b"max_age": lambda: str(self.random.choice([0, 1, 86400, 604800, 31557600, 31557601, 9999999999])).encode().zfill(
                11 if self.one_in(20) else self.random.choice([1, 10])),
            b"mx": lambda: self.random.choice([b"", b"", b"*."]) + self.domain(),
        }
        value = values[name]() if name in values else self.letters(20, LETTERS + b" :=;{}.")
        return name + b":" + self.blanks() + value + self.blanks()

    def made_policy(self):
        names = [b"version", b"mode", b"max_age"] + [b"mx"] * self.random.randint(0, 4)
        while self.one_in(3):
            names.append(self.random.choice([b"mode", b"version", b"max_age", self.letters(33, LETTERS + b"_-.")]))
        if self.one_in(2):
            self.random.shuffle(names)
        lines = [self.field(name) for name in names]
        while self.one_in(8):
            lines.insert(self.random.randrange(len(lines) + 1), self.blanks())
        end = self.random.choice([b"\n", b"\n", b"\r\n"])
        return end.join(lines) + self.random.choice([b"", end, end])

    def made_record(self):
        fields = [b"id=" + self.letters(self.random.choice([4, 16, 34]))]
        while self.one_in(3):
            fields.append(self.random.choice([b"id", b"v", self.letters(34, LETTERS + b"_-.")]) + b"=" +
                          self.letters(8, LETTERS + b":<>!~"))
        self.random.shuffle(fields)
        record = b"v=STSv1"
        for field in fields:
            record += self.blanks() + b";" + self.blanks() + field
        return record + self.random.choice([b"", b";", self.blanks() + b";" + self.blanks()])

    def damaged(self, text):
        for _ in range(self.random.choice([0, 0, 1, 1, 2, 4])):
            at = self.random.randrange(len(text) + 1)
            text = self.random.choice(self.EDITS)(self, text, at)
        return text

    def insert(self, text, at):
        return text[:at] + self.random.choice(FRAGMENTS) + text[at:]

    def insert_line(self, text, at):
        at = text.rfind(b"\n", 0, at) + 1
        return self.insert(text, at)

    def remove(self, text, at):
        return text[:at] + text[at + self.random.randint(1, 4):]

    def cut(self, text, at):
        return text[:at] if self.one_in(4) else text

    def overwrite(self, text, at):
        return text[:at] + bytes([self.random.randrange(256)]) + text[at + 1:]

    def repeat(self, text, at):
        begin = self.random.randrange(len(text) + 1)
        return text[:at] + text[begin:begin + self.random.randint(1, 30)] + text[at:]

    def flip_case(self, text, at):
        return text[:at] + text[at:at + 1].swapcase() + text[at + 1:]

    EDITS = [insert, insert_line, remove, cut, overwrite, repeat, flip_case]


def published(file):
    """(TXT record, policy file) as the owners of domains have published them; either may be missing."""
    escapes = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}
    for line in file.read_text().splitlines():
        if not line.startswith("#"):
            _, record, policy = line.split("\t")[:3]
            yield record.encode(), re.sub(r"\\(.)", lambda found: escapes[found[1]], policy).encode()
