"""What surrounds the packages: their build dependencies, and the scripts that make them."""

import re
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
PACKAGING = SOURCE / "packaging"


def test_what_the_unit_tests_start_is_a_build_dependency():
    needed = {package for path in (SOURCE / "tests").rglob("*.[ch]pp")
              for package in re.findall(r'require_program\("[^"]+", "([^"]+)"\)', path.read_text())}
    declared = set(re.findall(r"^ (\S+) <!nocheck>,$", (PACKAGING / "debian" / "control").read_text(), re.MULTILINE))
    assert needed and needed <= declared
