#!/usr/bin/python3
"""Keeps the tests and the rules that they name in step.

    conformance.py SOURCE_DIRECTORY

Each number that a test names stands in tests/conformance.md, and each rule there is named by a test, but for those marked †.
"""

import pathlib
import re
import sys

# "&#183;" is a character, "row 3" of the migration's tests a row of another table.
RULE = re.compile(r"(?<![&\w])#(\d{1,3})(?: to #(\d{1,3}))?\b")
ROW = re.compile(r"\b[Rr]ows? (\d+(?:(?:, | and | to )\d+)*)")
ROWS_IN = ["tests/dane", "tests/dns", "tests/resolve", "tests/e2e/test_dane_answers.py"]


def listed(text):
    """The numbers of the rules, and those that need no test, by the heading of their tables."""
    lists = {"#": {}, "row": {}}
    for line in text.splitlines():
        if heading := re.match(r"\| (#|row) \|", line):
            table = lists[heading[1]]
        elif rule := re.match(r"\| (\d+)( †)? \|", line):
            table[int(rule[1])] = not rule[2]
    return lists["#"], lists["row"]


def rules_in(text):
    for first, last in RULE.findall(text):
        yield from range(int(first), int(last or first) + 1)


def rows_in(text):
    for numbers in ROW.findall(text):
        for part in re.split(r", | and ", numbers):
            first, _, last = part.partition(" to ")
            yield from range(int(first), int(last or first) + 1)


def named(directory, tests, numbers_in):
    """Where each number is named first."""
    places = {}
    for path in tests:
        for line_number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            for number in numbers_in(line):
                places.setdefault(number, f"{path.relative_to(directory)}:{line_number}")
    return places


def mistakes(what, rules, places):
    for number, place in sorted(places.items()):
        if number not in rules:
            yield f"{place}: {what}{number} does not stand in tests/conformance.md"
    for number, tested in rules.items():
        if tested and number not in places:
            yield f"tests/conformance.md: no test names {what}{number}"


def main():
    directory = pathlib.Path(sys.argv[1])
    rules, rows = listed((directory / "tests/conformance.md").read_text())
    tests = [path for path in sorted((directory / "tests").rglob("*")) if path.suffix in (".cpp", ".py")]
    of_rows = [path for path in tests if any(path.is_relative_to(directory / place) for place in ROWS_IN)]
    found = [*mistakes("#", rules, named(directory, tests, rules_in)), *mistakes("row ", rows, named(directory, of_rows, rows_in))]
    print(*found, sep="\n")
    print(f"{len(rules)} rules, {len(rows)} rows: {len(found)} mistakes")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
