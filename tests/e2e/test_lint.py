"""sternpost lint: a policy file as its publisher wrote it. The words are kept in golden/lint-NAME.txt."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from process import SEARCH_PATH
from sternpost import binary

GOLDEN = Path(__file__).parent / "golden"
USABLE, UNUSABLE, NO_INPUT, USAGE = 0, 2, 66, 64

GOOD = "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n"
FILES = {
    "good": (GOOD, [], USABLE),
    "covered": (GOOD, ["mx1.example.com", "a.example.net."], USABLE),
    "not-covered": (GOOD, ["mx1.example.com", "b.a.example.net"], UNUSABLE),
    # What one of the guides on the net teaches.
    "mode-test": ("version: STSv1\nmode: test\nmx: *\nmax_age: 604800\n", [], UNUSABLE),
    "all-faults": ("version: STSv2\n mode: enforce\nmx: 192.0.2.1:25\nnmx: a.example\n# comment\nmax-age: 1\n\x07\n", [],
                   UNUSABLE),
    "kindness": ("version: STSv1\nmode: enforce\nmx: a_b.example.com.\n\nmode: none\nmx: 192.0.2.1\nmx: A_b.example.com\n"
                 "max_age: 99999999\nx-contact: someone\n", [], USABLE),
    "html": ("<!DOCTYPE html><html></html>", [], UNUSABLE),
    "empty": ("", [], UNUSABLE),
    "names-in-capitals": ("Version: STSv1\nMode: enforce\nMX: a.example.com\nMax_Age: 1\n", [], UNUSABLE),
    "testing": ("version: STSv1\nmode: testing\nmx: a.example.com\nmax_age: 3600\n", [], USABLE),
}


def lint(text, *options, file="-"):
    data = text if isinstance(text, bytes) else text.encode()
    return subprocess.run([binary("sternpost"), "lint", file, *options], env={"PATH": SEARCH_PATH, "LC_ALL": "C"}, input=data,
                          capture_output=True, timeout=20)


@pytest.mark.parametrize("name", FILES)
def test_what_is_told_in_words(name):
    text, hosts, status = FILES[name]
    done = lint(text, *(["--mx", *hosts] if hosts else []))
    golden = GOLDEN / f"lint-{name}.txt"
    if os.environ.get("STERNPOST_WRITE_GOLDEN"):
        golden.write_bytes(done.stdout)
    assert (done.stdout, done.stderr, done.returncode) == (golden.read_bytes(), b"", status)


def test_the_keys_for_machines():
    done = lint(GOOD, "--json", "--mx", "mx1.example.com", "other.example.org")
    report = json.loads(done.stdout)
    assert done.returncode == UNUSABLE
    assert set(report) == {"schema", "file", "usable", "mode", "max_age", "mx", "lines", "faults", "advice", "coverage"}
    assert (report["schema"], report["usable"], report["mode"], report["max_age"]) == (1, True, "enforce", 604800)
    assert report["lines"][0] == {"number": 1, "text": "version: STSv1", "verdict": "good", "why": None}
    assert report["coverage"] == [{"host": "mx1.example.com", "passes_by": "mx1.example.com"},
                                  {"host": "other.example.org", "passes_by": None}]


def test_a_file_by_its_name(tmp_path):
    file = tmp_path / "mta-sts.txt"
    file.write_text(GOOD)
    assert lint("", file=str(file)).returncode == USABLE


@pytest.mark.parametrize("file", ["/nonexistent/mta-sts.txt", "/"])
def test_a_file_that_cannot_be_read(file):
    done = lint("", file=file)
    assert done.returncode == NO_INPUT
    assert file.encode() in done.stderr


def test_a_file_that_is_too_long():
    done = lint("x-a: b\n" * 10_000)
    assert done.returncode == UNUSABLE
    assert b"64 KiB" in done.stdout


def test_a_file_of_many_lines_is_not_all_shown():
    done = lint(GOOD + "x-a: b\r\n" * 3000 + "mx: m{}.example.com\r\n" * 1)
    assert done.returncode == UNUSABLE
    done = lint(GOOD.replace("mx: *", "".join(f"mx: m{n}.example.org\r\n" for n in range(2000)) + "mx: *"))
    assert done.returncode == USABLE
    assert len(done.stdout.splitlines()) < 100


def test_hostile_bytes_are_made_harmless():
    done = lint(b"version: STSv1\nmode: \x1b[2J\n\xff\xfe\x00\n")
    assert done.returncode == UNUSABLE
    assert all(32 <= byte < 127 or byte == 10 for byte in done.stdout)


def test_a_host_that_is_no_name_is_covered_by_nothing():
    assert lint(GOOD, "--mx", "not a name").returncode == UNUSABLE
