"""What surrounds the packages: their build dependencies, and the scripts that make them."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from process import wait_until

SOURCE = Path(__file__).resolve().parents[2]
PACKAGING = SOURCE / "packaging"


def test_what_the_unit_tests_start_is_a_build_dependency():
    needed = {package for path in (SOURCE / "tests").rglob("*.[ch]pp")
              for package in re.findall(r'require_program\("[^"]+", "([^"]+)"\)', path.read_text())}
    declared = set(re.findall(r"^ (\S+) <!nocheck>,$", (PACKAGING / "debian" / "control").read_text(), re.MULTILINE))
    assert needed and needed <= declared


@pytest.fixture
def programs(tmp_path):
    """Makes a program that the script under test finds first; the environment in which it does."""
    def make(**scripts):
        for name, script in scripts.items():
            (tmp_path / name).write_text("#!/bin/bash\n" + script)
            (tmp_path / name).chmod(0o755)
        return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    return make


RUNS = "exec sleep 60"


@pytest.mark.parametrize("unbound, sternpostd, status", [
    ("exit 3", RUNS, 3), (RUNS, "exit 78", 78), ("exit 3", "exit 3", 3), (RUNS, "sleep 0.1; exit 4", 4), (RUNS, "kill -9 $$", 137)])
def test_a_container_ends_with_the_status_of_who_ends(programs, unbound, sternpostd, status):
    environment = programs(unbound=unbound, sternpostd=sternpostd)
    done = subprocess.run([PACKAGING / "container" / "start"], env=environment, timeout=10)
    assert done.returncode == status


def test_hup_ends_no_container_and_term_does(programs, tmp_path):
    heard = tmp_path / "heard"
    environment = programs(unbound=RUNS, sternpostd=f"trap 'echo HUP >>{heard}' HUP\ntrap 'exit 0' TERM\n"
                                                    f"touch {heard}\nwhile sleep 0.01; do :; done\n")
    with subprocess.Popen([PACKAGING / "container" / "start"], env=environment) as container:
        for count in range(3):
            wait_until(lambda: heard.exists() and heard.read_text() == "HUP\n" * count, f"{count} HUPs")
            container.send_signal(signal.SIGTERM if count == 2 else signal.SIGHUP)
        assert container.wait(10) == 0
