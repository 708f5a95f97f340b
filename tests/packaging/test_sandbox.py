"""The daemon under the restrictions of its unit: they are in force, and it works within them."""

import os
import pwd
import re
import shutil
import subprocess
import sys

import pytest

from sternpost import SANDBOX, SANDBOX_USER, UNIT
from world import DANE_ONLY, NOT_FOUND, OTHER_KEY, enforce, secure

NOBODY = pwd.getpwnam(SANDBOX_USER)
AUTO = {"answers": {"dane": "auto"}}

# What a daemon that strangers have taken over might try; each must fail.
FORBIDDEN = {
    "write in /etc": "open('/etc/written', 'w')",
    "write in /usr": "open('/usr/written', 'w')",
    "write in /var": "open('/var/spool/written', 'w')",
    "see the files of root": "assert os.listdir('/root')",
    "see other processes": "os.stat('/proc/1/status')",
    "read the kernel's settings": "open('/proc/sys/kernel/hostname')",
    "open a socket of another family": "socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET, 0)",
    "open a packet socket": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)",
    "listen at a port of root's": "socket.socket().bind(('127.0.0.1', 26))",
    "map memory to write and to execute": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
    "make a namespace": "must(libc.unshare(0x10000000))",
    "mount": "must(libc.mount(b'none', b'/tmp', b'tmpfs', 0, None))",
    "trace": "must(libc.ptrace(0, 0, 0, 0))",
    "become root": "os.setuid(0)",
    "set the clock": "time.clock_settime(time.CLOCK_REALTIME, 0)",
    "name the host": "socket.sethostname('other')",
    "set the user-id bit": "open('/tmp/own', 'w').close(); os.chmod('/tmp/own', 0o4755)",
    "be scheduled first": "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))",
    "make a device": "os.mknod('/tmp/device', 0o020600, os.makedev(1, 3))",
    "load a kernel module": "must(libc.syscall(313, 0, b'', 0))",
}
PROBE = """\
import ctypes, mmap, os, socket, time
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
try:
    {attempt}
except (OSError, PermissionError) as refused:
    print("refused:", refused)
else:
    print("done")
"""


def inside(world, attempt):
    directory = world.directory / "inside"
    directory.mkdir(exist_ok=True)
    # Not by its own path: what is executed must be a program, and Python's own name is a link on some systems.
    python = os.path.realpath(sys.executable)
    done = subprocess.run([sys.executable, "-B", SANDBOX, UNIT, SANDBOX_USER, directory, "--", python, "-c",
                           PROBE.format(attempt=attempt)], capture_output=True, text=True)
    assert done.stderr == "", done.stderr
    return done.stdout.strip()


@pytest.fixture(autouse=True)
def sandbox(monkeypatch):
    monkeypatch.setenv("STERNPOST_SANDBOX", "1")


@pytest.mark.parametrize("what", FORBIDDEN)
def test_it_is_forbidden_to(whole_world, what):
    assert inside(whole_world, FORBIDDEN[what]).startswith("refused:")


def test_what_is_not_forbidden_is_possible(whole_world):
    """The probe itself works."""
    assert inside(whole_world, "open('/tmp/own', 'w'); socket.socket(); open('/etc/passwd')") == "done"


def test_each_thread_is_restricted(sternpostd):
    tasks = list((f"/proc/{sternpostd.process.pid}/task/{task}/status"
                  for task in os.listdir(f"/proc/{sternpostd.process.pid}/task")))
    assert len(tasks) >= 2
    for task in tasks:
        status = dict(line.split(":\t", 1) for line in open(task).read().splitlines() if ":\t" in line)
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
        assert status["Uid"].split() == [str(NOBODY.pw_uid)] * 4
        assert [int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")] == [0] * 5


def test_policies_are_fetched_kept_and_answered(world, start_sternpostd):
    sternpostd = start_sternpostd()
    domain = world.domain("kept")
    world.publish(domain, enforce())
    assert sternpostd.ask(domain) == secure()
    world.remove_policy_host(domain)
    sternpostd.restart()
    assert sternpostd.ask(domain) == secure()
    assert sternpostd.ask("nothing.test") == NOT_FOUND


def test_dane_is_looked_at(world, sternpostd):
    domain, host = world.domain("dane"), world.mx_host("dane", tlsa=[OTHER_KEY])
    world.publish(domain, enforce(host), mx=(host,))
    assert sternpostd.ask(domain) == DANE_ONLY


@pytest.mark.parametrize("level, said", [("dnssec", "dane: on, as Postfix has"), ("enabled", "dane: off, as Postfix has")])
def test_postconf_runs_in_the_sandbox(world, start_sternpostd, level, said):
    """dane = "auto" asks the real postconf, which reads main.cf within the same restrictions."""
    etc = world.directory / f"postfix-{level}"
    shutil.copytree("/etc/postfix", etc)
    (etc / "main.cf").write_text(f"compatibility_level = 3.6\nsmtp_dns_support_level = {level}\n")
    sternpostd = start_sternpostd(AUTO, environment={"MAIL_CONFIG": str(etc)})
    sternpostd.wait_for_log(re.compile(re.escape(said)))


def test_a_reload_and_signs_of_life(start_sternpostd):
    sternpostd = start_sternpostd(environment={"WATCHDOG_USEC": "50000"})
    sternpostd.process.wait_until(lambda: sternpostd.notify.said("WATCHDOG=1"), "a sign of life")
    sternpostd.reload()
    sternpostd.wait_for_log(re.compile("info: reloaded"))
    signs = sternpostd.notify.messages.count("WATCHDOG=1")
    sternpostd.process.wait_until(
        lambda: sternpostd.notify.said("") or sternpostd.notify.messages.count("WATCHDOG=1") > signs, "another one")


def test_nobody_who_does_not_want_signs_of_life_gets_them(sternpostd):
    assert sternpostd.ask(".test") == NOT_FOUND
    sternpostd.reload()
    sternpostd.wait_for_log(re.compile("info: reloaded"))
    assert not sternpostd.notify.said("WATCHDOG=1")
