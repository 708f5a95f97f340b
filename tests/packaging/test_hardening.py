"""What is built for users is hardened: the programs say so themselves."""

import re
import subprocess

import pytest

from sternpost import binary

each_program = pytest.mark.parametrize("program", ["sternpostd", "sternpost"])


def readelf(program, *options):
    return subprocess.run(["readelf", "--wide", *options, binary(program)], check=True, capture_output=True, text=True).stdout


@each_program
def test_it_can_be_loaded_anywhere(program):
    assert re.search(r"Type: +DYN", readelf(program, "--file-header"))
    assert re.search(r"FLAGS_1.*PIE", readelf(program, "--dynamic"))


@each_program
def test_what_the_linker_has_filled_in_is_read_only(program):
    assert "GNU_RELRO" in readelf(program, "--program-headers")
    assert re.search(r"FLAGS_1.*NOW", readelf(program, "--dynamic"))


@each_program
def test_no_stack_and_no_segment_is_executable_and_writable(program):
    headers = readelf(program, "--program-headers")
    flags = re.findall(r"^  (\w+) +0x.* ([R ][W ][E ]) 0x", headers, re.M)
    assert ("GNU_STACK", "RW ") in flags
    assert [name for name, rights in flags if "W" in rights and "E" in rights] == []


@each_program
def test_stack_and_buffers_are_guarded(program):
    symbols = readelf(program, "--dyn-syms")
    assert "__stack_chk_fail" in symbols
    assert re.search(r"__(mem|str|vsn|sn|read|f?printf|realpath|fdelt|vfprintf)\w*_chk", symbols)
