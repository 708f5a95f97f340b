"""The two other resolvers, as somebody comes from them: Debian's postfix-mta-sts-resolver itself, and what postfix-tlspol prints."""

import json
import re
import signal

from process import Process, require, wait_until
from socketmap import SocketmapClient

STOP_SECONDS = 30.0


class MtaStsResolver:
    """postfix-mta-sts-resolver in `directory`, with a cache of SQLite. `settings` are those of mta-sts-daemon.yml."""

    def __init__(self, directory, ca_file, settings):
        directory.mkdir()
        self.config = directory / "mta-sts-daemon.yml"
        self.cache = directory / "cache.db"
        self.address = ("127.0.0.1", settings["port"])
        self._log = directory / "log"
        self._ca_file = ca_file
        # JSON is YAML.
        self.config.write_text(json.dumps({**settings, "cache": {"type": "sqlite", "options": {"filename": str(self.cache)}}},
                                          indent=2))

    def start(self):
        program = require("mta-sts-daemon", "postfix-mta-sts-resolver")
        self._process = Process("mta-sts-daemon", [program, "-v", "debug", "-c", self.config], self._log,
                                {"SSL_CERT_FILE": str(self._ca_file)})
        self._process.wait_until(self._listens, "postfix-mta-sts-resolver listens", 30.0)
        return self

    def ask(self, key, zone):
        with SocketmapClient(self.address) as client:
            return client.ask(key, zone)

    def stop(self):
        self._process.signal(signal.SIGTERM)
        self._process.wait(STOP_SECONDS)

    def kill9(self):
        self._process.kill()

    def _listens(self):
        try:
            SocketmapClient(self.address).close()
            return True
        except ConnectionRefusedError:
            return False


def names_in(reply):
    """Of a "secure" reply the names of match=, in no order: the one of postfix-mta-sts-resolver is by chance."""
    return set(re.fullmatch(r"OK secure match=(\S+) servername=hostname", reply)[1].split(":"))


def tlspol_dump(policies, hits=True):
    """What postfix-tlspol -dump prints of {domain: policy}, or without `hits` -export."""
    if hits:
        return "".join(f"{domain:<28}  {number:6}  {policy}\n" for number, (domain, policy) in enumerate(policies.items()))
    return "".join(f"{domain:<28} {policy}\n" for domain, policy in policies.items())
