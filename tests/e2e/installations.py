"""The releases of Postfix that mail is sent by: this machine's own and, where that is older than 3.10, Debian 13's.

Debian 13's lies in the directory tree of tests/in-debian. It runs by chroot, in the network and the directory of the
test world, which it sees at the same path.
"""

import functools
import os
import subprocess
from pathlib import Path

from process import require

TREE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sternpost" / "trixie"
HOW_TO_MAKE_THE_TREE = "tests/in-debian trixie packaging/build-dependencies postfix"
EXTENDED_GRAMMAR_SINCE = (3, 10)


class Installation:
    """A Postfix as its package installs it, on this machine or in the tree `root`."""

    def __init__(self, root=None):
        self._root = root

    def command(self, program):
        """How to start one of Postfix's commands."""
        return ["chroot", self._root, program] if self._root else [require(program, "postfix")]

    def daemon(self, program):
        return [*(["chroot", self._root] if self._root else []), f"/usr/lib/postfix/sbin/{program}"]

    def owner(self):
        """The numbers of user and group that its daemons run as."""
        users = Path(self._root or "/") / "etc/passwd"
        entries = (line.split(":") for line in users.read_text().splitlines())
        uid, gid = next((uid, gid) for name, _, uid, gid, *_ in entries if name == "postfix")
        return int(uid), int(gid)

    @functools.cached_property
    def version(self):
        output = subprocess.run([*self.command("postconf"), "-d", "-h", "mail_version"], check=True,
                                capture_output=True, text=True).stdout
        return tuple(int(number) for number in output.split(".")[:2])

    @property
    def knows_the_extended_grammar(self):
        return self.version >= EXTENDED_GRAMMAR_SINCE


OWN = Installation()
IN_TREE = Installation(TREE)
ALL = [OWN] if OWN.knows_the_extended_grammar else [OWN, IN_TREE]
NEWEST = ALL[-1]


def share_world_with_tree(directory):
    """Once a process, in its own mount namespace; `directory` is the world's, in /tmp."""
    if IN_TREE not in ALL:
        return
    _require_postfix_in_tree()
    inside = TREE / directory.relative_to("/")
    mounts = [
        ["--bind", TREE, TREE],
        ["--rbind", "/dev", TREE / "dev"],
        ["-t", "proc", "proc", TREE / "proc"],
        ["-t", "tmpfs", "tmpfs", TREE / "tmp"],
        ["--bind", "/etc/resolv.conf", TREE / "etc/resolv.conf"],
        ["--bind", directory, inside],
    ]
    for arguments in mounts:
        if arguments[-1] == inside:
            inside.mkdir()
        subprocess.run(["mount", *map(str, arguments)], check=True)


def _require_postfix_in_tree():
    status = subprocess.run([require("dpkg-query", "dpkg"), f"--admindir={TREE}/var/lib/dpkg", "--show",
                             "--showformat=${db:Status-Status}", "postfix"], capture_output=True, text=True).stdout
    if status != "installed":
        raise RuntimeError(f"Debian 13's Postfix is missing in {TREE}: {HOW_TO_MAKE_THE_TREE}")
