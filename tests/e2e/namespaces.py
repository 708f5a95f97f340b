"""A network and a set of mounts that belong to this one pytest process: nothing leaves, nothing outside changes."""

import ctypes
import os
import subprocess

from process import require

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000

# All of these addresses are this host's own (loopback).
HOSTS_V4 = "10.99.0.0/16"
# Packets to these get lost without an answer: connecting to them hangs.
BLACK_HOLE_V4 = "10.98.0.0/16"
BLACK_HOLE_V6 = "fd98::/64"


def enter_own_namespaces(directory, v6_hosts):
    """Once a process, before it has threads. Puts `nameserver 127.0.0.1` in the place of /etc/resolv.conf."""
    if os.geteuid() != 0:
        raise RuntimeError("the end-to-end tests need root (they make network namespaces)")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare: own network and mount namespaces")
    _run(require("mount", "mount"), "--make-rprivate", "/")
    _make_network(v6_hosts)

    resolv_conf = directory / "resolv.conf"
    resolv_conf.write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:2\n")
    _run("mount", "--bind", resolv_conf, "/etc/resolv.conf")


def _make_network(v6_hosts):
    commands = [
        "link set lo up",
        f"addr add {HOSTS_V4.replace('0.0/', '0.1/')} dev lo",  # on lo a prefix makes all its addresses local
        *(f"addr add {host}/128 dev lo nodad" for host in v6_hosts),
        "link add hole type veth peer name bottom",
        "link set hole arp off up",  # without ARP packets go out to nobody
        "link set bottom up",
        f"route add {BLACK_HOLE_V4} dev hole src 10.99.0.1",
        f"route add {BLACK_HOLE_V6} dev hole",
    ]
    subprocess.run([require("ip", "iproute2"), "-batch", "-"], input="\n".join(commands) + "\n", text=True, check=True)


def _run(*command):
    subprocess.run([str(word) for word in command], check=True)
