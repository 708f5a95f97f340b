#!/usr/bin/python3
"""sandbox.py UNIT USER DIR... -- COMMAND...

Executes COMMAND, as root, under the restrictions of a systemd service, which is read from its unit: where systemd does
not run, the tests run the daemon as it would. A setting that is not understood here stops it, so that the unit cannot
say more than is tested. It differs from systemd in this: USER takes the place of the unit's own, and DIRs that of its
state, runtime and log directories; what control groups do (see BY_CONTROL_GROUPS) is left out.
"""

import ctypes
import os
import pwd
import signal
import stat
import struct
import subprocess
import sys
from pathlib import Path

import syscall_filters
import unit_file

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER = 0x00020000, 0x04000000, 0x08000000, 0x10000000
PR_SET_PDEATHSIG, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 23, 24, 38
SYS_MOUNT_SETATTR, SYS_KEYCTL = 442, {"x86_64": 250, "aarch64": 219}[os.uname().machine]
AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = -100, 0x8000, 1
KEYCTL_JOIN_SESSION_KEYRING = 1
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

# What a setting must say to be understood.
KNOWN = {
    "CapabilityBoundingSet": "", "AmbientCapabilities": "", "NoNewPrivileges": "yes", "PrivateUsers": "yes",
    "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes",
    "ProtectProc": "invisible", "ProcSubset": "pid", "ProtectClock": "yes", "ProtectControlGroups": "yes",
    "ProtectHostname": "yes", "ProtectKernelLogs": "yes", "ProtectKernelModules": "yes", "ProtectKernelTunables": "yes",
    "PrivateIPC": "yes", "KeyringMode": "private", "LockPersonality": "yes", "MemoryDenyWriteExecute": "yes",
    "RestrictNamespaces": "yes", "RestrictRealtime": "yes", "RestrictSUIDSGID": "yes",
    "SystemCallArchitectures": "native",  # libseccomp kills what uses another
}
WITH_A_VALUE = {"RestrictAddressFamilies", "SystemCallFilter", "SystemCallErrorNumber", "UMask"}
BY_CONTROL_GROUPS = {"DevicePolicy", "TasksMax"}
IN_OUR_PLACE = {"User", "Group", "StateDirectory", "StateDirectoryMode", "RuntimeDirectory", "RuntimeDirectoryMode",
                "LogsDirectory", "LogsDirectoryMode"}
NO_RESTRICTION = {"Type", "ExecStart", "ExecReload", "Sockets", "Restart", "RestartSec", "WatchdogSec",
                  "TimeoutStopSec", "RemoveIPC"}

libc = ctypes.CDLL(None, use_errno=True)


def must(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), what)


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def check(settings):
    for name, value in settings:
        if name in KNOWN:
            assert value == KNOWN[name], f"{name}={value} is not understood here"
        else:
            assert name in WITH_A_VALUE | BY_CONTROL_GROUPS | IN_OUR_PLACE | NO_RESTRICTION, f"{name}= is not understood here"
    missing = KNOWN.keys() - {name for name, _ in settings}
    assert not missing, f"the unit no longer has {missing}: then take it out here too"


def set_read_only(path, read_only, recursive):
    attributes = struct.pack("=QQQQ", *((MOUNT_ATTR_RDONLY, 0) if read_only else (0, MOUNT_ATTR_RDONLY)), 0, 0)
    must(libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, os.fsencode(path), AT_RECURSIVE if recursive else 0, attributes,
                      len(attributes)), f"mount_setattr of {path}")


def see_a_world_of_its_own(directories):
    """ProtectSystem=, ProtectHome=, PrivateTmp=, PrivateDevices=, ProtectProc= and what hides kernel files."""
    must(libc.unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC), "unshare")
    mount("--make-rslave", "/")
    held = {path: os.open(path, os.O_PATH) for path in directories}
    set_read_only("/", True, recursive=True)
    for path in ("/tmp", "/var/tmp"):
        mount("-t", "tmpfs", "-o", "mode=1777,nosuid,nodev", "tmpfs", path)
    for path in ("/home", "/root", "/run/user", "/usr/lib/modules"):
        if Path(path).exists():
            mount("-t", "tmpfs", "-o", "mode=000,ro,nosuid,nodev,noexec", "tmpfs", path)
    for path, descriptor in held.items():
        Path(path).mkdir(parents=True, exist_ok=True)
        mount("--no-canonicalize", "--rbind", f"/proc/{os.getpid()}/fd/{descriptor}", path)
        set_read_only(path, False, recursive=True)
        os.close(descriptor)
    make_devices()
    mount("-t", "proc", "-o", "nosuid,nodev,noexec,hidepid=invisible,subset=pid", "proc", "/proc")


def make_devices():
    numbers = {name: os.stat(f"/dev/{name}").st_rdev for name in DEVICES}
    mount("-t", "tmpfs", "-o", "mode=755,nosuid,noexec", "tmpfs", "/dev")
    for name, number in numbers.items():
        os.mknod(f"/dev/{name}", stat.S_IFCHR | 0o666, number)
        os.chmod(f"/dev/{name}", 0o666)
    Path("/dev/log").symlink_to("/run/systemd/journal/dev-log")
    Path("/dev/shm").mkdir(mode=0o1777)


def become(account):
    """PrivateUsers=, User=, CapabilityBoundingSet=: only root and the user itself have numbers left."""
    read, write = os.pipe()
    main = os.getpid()
    mapper = os.fork()
    if mapper == 0:
        os.close(write)  # or it would wait for itself where the other one fails
        if not os.read(read, 1):
            os._exit(1)
        for kind, number in (("uid", account.pw_uid), ("gid", account.pw_gid)):
            Path(f"/proc/{main}/{kind}_map").write_text(f"0 0 1\n{number} {number} 1\n")
        os._exit(0)
    must(libc.unshare(CLONE_NEWUSER), "unshare")
    os.write(write, b"x")
    assert os.waitpid(mapper, 0)[1] == 0
    os.close(read)
    os.close(write)
    number = 0
    while libc.prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0:
        must(libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0), "prctl")
        number += 1
    os.setgroups([])
    os.setresgid(*[account.pw_gid] * 3)
    os.setresuid(*[account.pw_uid] * 3)


def main(unit, user, *rest):
    directories, command = rest[:rest.index("--")], rest[rest.index("--") + 1:]
    settings = unit_file.settings(unit)
    check(settings)
    account = pwd.getpwnam(user)
    filters = syscall_filters.of(settings)
    # By its descriptor: ProtectHome= may hide where it was built.
    program = os.open(command[0], os.O_RDONLY | os.O_CLOEXEC)
    see_a_world_of_its_own(directories)
    must(libc.syscall(SYS_KEYCTL, KEYCTL_JOIN_SESSION_KEYRING, None), "keyctl")
    become(account)
    os.umask(int(dict(settings)["UMask"], 8))
    must(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")  # lost with the change of user
    must(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    for filter in filters:
        filter.load()
    os.execve(program, command, os.environ)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(*sys.argv[1:])
