#!/usr/bin/python3
"""compare.py READ_BATCH [INPUTS]: reads so many inputs (100,000) by RFC 8461's grammar, and by the parsers of sternpost.

The inputs are the same in every run. A difference that is no kindness on purpose (rfc8461.py) is told, and fails.
"""

import collections
import pathlib
import struct
import subprocess
import sys

from inputs import Inputs, published
from rfc8461 import KINDNESSES, Policy, read_record

MOST_TOLD = 20


def length_and(data):
    return struct.pack(">I", len(data)) + data


def by_program(program, batch):
    stdin = b"".join(kind + length_and(data) for kind, data in batch)
    stdout = subprocess.run([program], input=stdin, stdout=subprocess.PIPE, check=True).stdout
    return stdout.split(b"\n")[:-1]


def by_grammar(policy):
    """As read_batch writes it, and the kindnesses that were needed."""
    read = Policy(policy)
    if read.result is None:
        return b"invalid", set()
    mode, max_age, patterns = read.result
    return b" ".join([mode, str(max_age).encode(), *patterns]), read.kindnesses


def main(program, count=100_000):
    real = pathlib.Path(__file__).parent.parent / "data" / "real-policies.tsv"
    inputs = Inputs(8461, list(published(real)))
    batch, expected, needed = [], [], collections.Counter()
    outcomes = collections.Counter()
    for number in range(count):
        if number % 2:
            texts = inputs.texts()
            batch.append((b"T", b"".join(map(length_and, texts))))
            expected.append(read_record(texts))
            outcomes[b"record " + expected[-1].split(b" ")[0]] += 1
        else:
            policy = inputs.policy()
            result, kindnesses = by_grammar(policy)
            batch.append((b"P", policy))
            expected.append(result)
            needed.update(kindnesses)
            outcomes[b"policy " + result.split(b" ")[0]] += 1
    read = by_program(program, batch)
    different = [i for i in range(count) if i >= len(read) or read[i] != expected[i]]
    for i in different[:MOST_TOLD]:
        print(f"{batch[i][1]!r}\n  by the grammar: {expected[i]!r}\n  by sternpost:   {read[i] if i < len(read) else None!r}")
    print(f"{count} inputs:", ", ".join(f"{number} {outcome.decode()}" for outcome, number in sorted(outcomes.items())))
    for kindness, reason in KINDNESSES.items():
        print(f"{needed[kindness]:6} by kindness: {kindness} ({reason})")
    print(f"{len(different)} differences")
    # Else it would not say much.
    poor = [outcome for outcome, number in outcomes.items() if number < count // 200] + \
           [kindness for kindness in KINDNESSES if needed[kindness] < count // 10_000]
    if len(outcomes) != 7 or poor:
        print("too few of:", poor or outcomes)
    return 1 if different or poor or len(read) != count or len(outcomes) != 7 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
