"""What all commands of `sternpost` have in common: what becomes of output that cannot be written, wrong words and surprises."""

import os
import signal
import subprocess

import pytest

from process import SEARCH_PATH
from sternpost import COMMAND_SECONDS, binary
from world import enforce

PRINTING = [["migrate", "--from", "postfix-tlspol", "-"], ["lint", "--json", "-"], ["lint", "--help"], ["--version"]]


def run(*arguments, before=(), **how):
    return subprocess.run([*before, binary("sternpost"), *arguments], env={"PATH": SEARCH_PATH}, input="",
                          stderr=subprocess.PIPE, text=True, timeout=COMMAND_SECONDS, **how)


# Output

@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_output_that_is_lost_is_a_failure(arguments):
    with open("/dev/full", "w") as full:
        done = run(*arguments, stdout=full)
    assert (done.returncode, "sternpost: standard output cannot be written\n" in done.stderr) == (74, True), done
    done = run(*arguments, before=["sh", "-c", 'exec "$@" >&-', "sh"])
    assert (done.returncode, "sternpost: standard output cannot be written\n" in done.stderr) == (74, True), done


def test_so_it_is_where_it_comes_from_the_daemon(start_sternpostd):
    daemon = start_sternpostd()
    for arguments in (["list"], ["stats"], ["import", "-"]):
        with open("/dev/full", "w") as full:
            done = run("-c", daemon.config, "cache", *arguments, stdout=full)
        assert (done.returncode, done.stderr) == (74, "sternpost: standard output cannot be written\n")


def test_an_export_says_once_what_it_could_not_write(world, start_sternpostd):
    daemon = start_sternpostd()
    world.publish(domain := world.domain("exported"), enforce())
    daemon.ask(domain)
    for file, name in (("-", "standard output"), ("/dev/full", "/dev/full")):
        with open("/dev/full", "w") as full:
            done = run("-c", daemon.config, "cache", "export", file, stdout=full)
        assert (done.returncode, done.stderr) == (74, f"sternpost: {name} cannot be written\n")


def test_a_failure_stays_what_it_is():
    with open("/dev/full", "w") as full:
        assert run("report", "/dev/null", stdout=full).returncode == 66
        assert run("lint", stdout=full).returncode == 64


def test_a_reader_that_has_enough_is_no_news():
    reader, pipe = os.pipe()
    os.close(reader)
    done = run("--help", stdout=pipe)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, "")
    done = run("--help", stdout=pipe, restore_signals=False)  # and so SIGPIPE is ignored
    assert (done.returncode, done.stderr) == (74, "")
    os.close(pipe)
