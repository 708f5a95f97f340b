"""What the daemon is told when it asks whether Postfix does DNSSEC."""

from process import SEARCH_PATH, require
from sternpost import give_to_daemon

# A machine without Postfix: the daemon sees an empty /usr/sbin.
WITHOUT_POSTFIX = [require("unshare", "util-linux"), "--mount", "sh", "-c",
                   'mount -t tmpfs tmpfs /usr/sbin && exec "$@"', "sh"]


class Postconf:
    """A postconf(1) that comes first in the daemon's PATH, and the main.cf that it says it has read."""

    def __init__(self, directory):
        self._said, self._calls, self._main_cf = directory / "said", directory / "calls", directory / "main.cf"
        self.environment = {"PATH": f"{directory}:{SEARCH_PATH}"}
        program = directory / "postconf"
        program.write_text(f'#!/bin/sh\necho "$@" >>{self._calls}\nprintf "%s\\n" {directory}\ncat {self._said}\n')
        program.chmod(0o755)
        give_to_daemon(directory)

    def says(self, level):
        self._said.write_text(f"{level}\n")
        self._main_cf.write_text(f"smtp_dns_support_level = {level}\n")

    def questions(self):
        return set(self._calls.read_text().splitlines())
