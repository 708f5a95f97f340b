"""Nothing is lost: what was answered `secure` is so after kill -9 at any moment, with DNS and policy hosts dead."""

import itertools
import os
import random
import shutil
import signal
import threading
import time

import pytest

from process import wait_until
from scripted_resolver import rcode
from world import POLICY_V4, enforce, secure

ROUNDS, RUNS = 21, 10  # 210 crashes in all
DOMAINS_A_ROUND = 12
CLIENTS = 8
LONGEST_WAIT = 0.05  # seconds
COPIES = 12
SETTINGS = {"answers": {"dane": "off"}, "log": {"level": "warning"}}


@pytest.fixture
def dice():
    """Other ones in each run. A failed test shows what STERNPOST_SEED has to be to throw them again."""
    seed = int(os.environ.get("STERNPOST_SEED", time.time_ns()))
    print(f"STERNPOST_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def names(world):
    """New domains without end, each with an enforce policy; one wildcard has the records of all."""
    parent = world.domain("crash")
    world.dns.set_all((f"*.{parent}", "TXT", '"v=STSv1; id=1;"'), (f"*.{parent}", "A", POLICY_V4))

    def publish():
        for number in itertools.count():
            domain = f"d{number}.{parent}"
            world.policy_host.serve(f"mta-sts.{domain}", enforce())
            yield domain
    return publish()


class Learning:
    """Several clients ask for `domains`; `answered` has those that were answered `secure` so far."""

    def __init__(self, daemon, domains):
        self.answered = set()
        self._daemon = daemon
        self._domains = domains
        self._threads = [threading.Thread(target=self._ask, args=(domains[start::CLIENTS],))
                         for start in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def wait_for_a_moment(self, dice):
        """Any one, from before the first answer to after the last."""
        enough = dice.randint(0, len(self._domains))
        wait_until(lambda: len(self.answered) >= enough, f"{enough} domains are answered `secure`")
        self._threads[0].join(dice.uniform(0, LONGEST_WAIT))

    def wait(self):
        for thread in self._threads:
            thread.join()

    def _ask(self, domains):
        try:
            with self._daemon.connect() as client:
                for domain in domains:
                    if client.ask(domain) == secure():
                        self.answered.add(domain)
        except OSError:
            pass  # killed


def forgotten(world, daemon, domains):
    """Those that are no longer answered as they were, while nothing can be looked up."""
    domains = sorted(domains)
    world.resolver.script("*", "*", rcode("SERVFAIL"))  # and so no policy host has an address
    with daemon.connect() as client:
        replies = client.ask_many(domains)
    world.resolver.forget_script()
    return {domain: reply for domain, reply in zip(domains, replies) if reply != secure()}


@pytest.mark.parametrize("run", range(RUNS))
def test_kill_9_at_any_moment_loses_nothing(world, names, dice, run):
    daemon = world.sternpostd(SETTINGS).start()
    answered = set()
    for _ in range(ROUNDS):
        learning = Learning(daemon, list(itertools.islice(names, DOMAINS_A_ROUND)))
        learning.wait_for_a_moment(dice)
        daemon.kill9()
        learning.wait()
        answered |= learning.answered
        daemon.start()
        assert forgotten(world, daemon, answered) == {}
    daemon.stop()


def test_the_files_as_they_are_at_any_moment_have_all_that_was_answered(world, names, dice):
    """As after a power failure: the copies are made while SIGSTOP holds the daemon, between any two instructions.

    (A copy of the two files that is not of one moment may lack what SQLite moves from one to the other meanwhile; for
    such a one there is `sqlite3 cache.db ".backup FILE"`.)
    """
    daemon = world.sternpostd(SETTINGS).start()
    copies = []
    for _ in range(COPIES):
        learning = Learning(daemon, list(itertools.islice(names, DOMAINS_A_ROUND)))
        learning.wait_for_a_moment(dice)
        daemon.process.signal(signal.SIGSTOP)
        answered = set(learning.answered)
        copies.append((world.sternpostd(SETTINGS), answered))
        for name in ("cache.db", "cache.db-wal"):
            shutil.copy(daemon.directory / name, copies[-1][0].directory / name)
        daemon.process.signal(signal.SIGCONT)
        learning.wait()
    daemon.stop()
    for copy, answered in copies:
        copy.start()
        assert forgotten(world, copy, answered) == {}
        copy.stop()
