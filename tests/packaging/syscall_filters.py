"""What systemd.exec(5) says of system calls, as seccomp filters: one a setting, the list of those that are allowed last."""

import errno
import functools
import os
import socket
import subprocess

import seccomp
from seccomp import ALLOW, EQ, ERRNO, GE, MASKED_EQ, NE

PROT_WRITE, PROT_EXEC = 2, 4
SHM_EXEC = 0o100000
SET_ID_BITS = (0o4000, 0o2000)
NEW_NAMESPACES = (0x00000080, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
REAL_TIME_POLICIES = (1, 2, 6)  # FIFO, RR, DEADLINE
FAMILIES_END = 64
# The number of the argument that has the mode of a new or changed file.
MODES = {"chmod": 1, "fchmod": 1, "fchmodat": 2, "mkdir": 1, "mkdirat": 2, "mknod": 1, "mknodat": 2, "creat": 1,
         "open": 2, "openat": 3}


@functools.cache
def calls_of(group):
    """The system calls of a group such as @network-io, as systemd has it."""
    if not group.startswith("@"):
        return frozenset([group])
    listed = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", group], check=True, capture_output=True,
                            text=True).stdout
    names = [line.strip() for line in listed.splitlines()]
    return frozenset().union(*(calls_of(name) for name in names if name and name[0] != "#" and name != group))


def without(calls, action=ERRNO(errno.EPERM)):
    filter = seccomp.SyscallFilter(ALLOW)
    for call in sorted(calls):
        add(filter, action, call)
    return filter


def add(filter, action, call, *arguments):
    try:
        filter.add_rule(action, call, *arguments)
    except (ValueError, RuntimeError):
        pass  # this processor, or libseccomp, does not know the call: then nobody can make it here


def allowed(lists, action):
    """SystemCallFilter=: the first list says whether it is of those that are allowed; "~" takes away."""
    assert lists and not lists[0].startswith("~"), "SystemCallFilter= is understood as a list of what is allowed"
    calls = set(calls_of("@default"))
    for entry in lists:
        named = frozenset().union(*(calls_of(name) for name in entry.lstrip("~").split()))
        calls = calls - named if entry.startswith("~") else calls | named
    filter = seccomp.SyscallFilter(action)
    for call in sorted(calls):
        add(filter, ALLOW, call)
    return filter


def address_families(names):
    wanted = {getattr(socket, name) for name in names.split()}
    filter = seccomp.SyscallFilter(ALLOW)
    for family in range(FAMILIES_END):
        if family not in wanted:
            filter.add_rule(ERRNO(errno.EAFNOSUPPORT), "socket", seccomp.Arg(0, EQ, family))
    filter.add_rule(ERRNO(errno.EAFNOSUPPORT), "socket", seccomp.Arg(0, GE, FAMILIES_END))
    return filter


def memory_deny_write_execute():
    filter = seccomp.SyscallFilter(ALLOW)
    both = PROT_WRITE | PROT_EXEC
    add(filter, ERRNO(errno.EPERM), "mmap", seccomp.Arg(2, MASKED_EQ, both, both))
    for call in ("mprotect", "pkey_mprotect"):
        add(filter, ERRNO(errno.EPERM), call, seccomp.Arg(2, MASKED_EQ, PROT_EXEC, PROT_EXEC))
    add(filter, ERRNO(errno.EPERM), "shmat", seccomp.Arg(2, MASKED_EQ, SHM_EXEC, SHM_EXEC))
    return filter


def restrict_namespaces():
    filter = without({"unshare", "setns"})
    for flag in NEW_NAMESPACES:
        add(filter, ERRNO(errno.EPERM), "clone", seccomp.Arg(0, MASKED_EQ, flag, flag))
    add(filter, ERRNO(errno.ENOSYS), "clone3")  # its flags cannot be seen
    return filter


def restrict_realtime():
    filter = seccomp.SyscallFilter(ALLOW)
    for policy in REAL_TIME_POLICIES:
        add(filter, ERRNO(errno.EPERM), "sched_setscheduler", seccomp.Arg(1, EQ, policy))
    return filter


def restrict_set_id_bits():
    filter = seccomp.SyscallFilter(ALLOW)
    for call, argument in MODES.items():
        for bit in SET_ID_BITS:
            create = [seccomp.Arg(argument - 1, MASKED_EQ, os.O_CREAT, os.O_CREAT)] if "open" in call else []
            add(filter, ERRNO(errno.EPERM), call, *create, seccomp.Arg(argument, MASKED_EQ, bit, bit))
    return filter


def lock_personality():
    filter = seccomp.SyscallFilter(ALLOW)
    add(filter, ERRNO(errno.EPERM), "personality", seccomp.Arg(0, NE, 0))
    return filter


def of(settings):
    """The filters that the unit's settings stand for."""
    values = dict(settings)
    yes = {name for name, value in settings if value == "yes"}
    makers = {
        "ProtectClock": lambda: without(calls_of("@clock")),
        "ProtectHostname": lambda: without({"sethostname", "setdomainname"}),
        "ProtectKernelLogs": lambda: without({"syslog"}),
        "ProtectKernelModules": lambda: without(calls_of("@module")),
        "PrivateDevices": lambda: without(calls_of("@raw-io")),
        "LockPersonality": lock_personality,
        "MemoryDenyWriteExecute": memory_deny_write_execute,
        "RestrictNamespaces": restrict_namespaces,
        "RestrictRealtime": restrict_realtime,
        "RestrictSUIDSGID": restrict_set_id_bits,
    }
    filters = [make() for name, make in makers.items() if name in yes]
    if "RestrictAddressFamilies" in values:
        filters.append(address_families(values["RestrictAddressFamilies"]))
    lists = [value for name, value in settings if name == "SystemCallFilter"]
    if lists:
        filters.append(allowed(lists, ERRNO(getattr(errno, values["SystemCallErrorNumber"]))))
    return filters
