"""The life of a policy in real days, and a clock that is wrong."""

import re
import signal
from datetime import timedelta
from itertools import count

import pytest

from fake_clock import FakeClock
from process import wait_until
from scripted_resolver import answer, rcode
from world import NOT_FOUND, enforce, policy, secure

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
# Every question of ours looks at the TXT record.
ALWAYS_LOOK = {"dns": {"min-ttl": "0s"}, "answers": {"recheck": "0s", "dane": "off"}, "https": {"min-interval": "60s"}}
FAILURES = {
    "404": lambda world, domain: world.serve(domain, "", "status-404"),
    "NXDOMAIN": lambda world, domain: world.remove_policy_host(domain),
    "no policy": lambda world, domain: world.serve(domain, "mode: none\n"),
}


class Daemon:
    """sternpostd in a time of its own."""

    def __init__(self, sternpostd, clock):
        self.sternpostd = sternpostd
        self.clock = clock

    def start(self):
        self.sternpostd.start(environment=self.clock.environment)

    def ask(self, key):
        return self.sternpostd.ask(key)

    def jump(self, by):
        self.clock.move(by)

    def sleep(self, time):
        """It does not run meanwhile; when it starts it looks at once for what is due."""
        self.sternpostd.stop()
        self.clock.move(time)
        self.start()

    def wait_for_failure(self, domain, level):
        return self.sternpostd.wait_for_log(re.compile(f" {level}: policy {domain}: id=1 not fetched: "))


@pytest.fixture
def start_daemon(world, start_sternpostd):
    def start(settings=None):
        directory = world.directory / world.domain("clock")
        directory.mkdir()
        clock = FakeClock(directory)
        return Daemon(start_sternpostd(settings, environment=clock.environment), clock)
    return start


@pytest.fixture
def daemon(start_daemon):
    return start_daemon()


def learn(world, daemon, word, text=None, max_age=10 * DAY):
    domain = world.domain(word)
    world.publish(domain, text or enforce(max_age=int(max_age.total_seconds())))
    daemon.ask(domain)
    assert world.gets(domain) == 1
    return domain


def wait_for_gets(world, domain, number):
    wait_until(lambda: world.gets(domain) >= number, f"GET number {number}")
    assert world.gets(domain) == number


# Refresh

@pytest.mark.parametrize("record", ["gone", "SERVFAIL"])
def test_a_policy_is_refreshed_whatever_its_record_says(world, daemon, record):
    """#109, #117: and then lives longer."""
    domain = learn(world, daemon, "daily", max_age=3 * DAY)
    if record == "gone":
        world.dns.remove(f"_mta-sts.{domain}")
    else:
        world.resolver.script(f"_mta-sts.{domain}", "TXT", rcode("SERVFAIL"))
    daemon.jump(1 * DAY)
    wait_for_gets(world, domain, 2)
    world.remove_policy_host(domain)
    daemon.sleep(2.5 * DAY)
    assert daemon.ask(domain) == secure()
    daemon.sleep(0.6 * DAY)
    assert daemon.ask(domain) == NOT_FOUND


def test_a_record_that_stays_the_same_does_not_prolong_a_policy(world, daemon):
    """#109."""
    domain = learn(world, daemon, "same", max_age=3 * DAY)
    world.serve(domain, "", "status-404")
    for _ in range(2):
        daemon.sleep(1.4 * DAY)
        assert daemon.ask(domain) == secure()
    daemon.sleep(0.4 * DAY)
    assert daemon.ask(domain) == NOT_FOUND


def test_a_short_policy_is_refreshed_by_half_its_life(world, daemon):
    """#118."""
    domain = learn(world, daemon, "short", max_age=4 * HOUR)
    daemon.sleep(1.5 * HOUR)
    assert daemon.ask(domain) == secure()
    assert world.gets(domain) == 1
    daemon.sleep(0.6 * HOUR)
    wait_for_gets(world, domain, 2)


def test_what_nobody_asks_for_is_kept_but_not_refreshed(world, daemon):
    """#123: after 30 days, and until it is asked for again."""
    used, unused = (learn(world, daemon, word, max_age=90 * DAY) for word in ("used", "unused"))
    daemon.sleep(20 * DAY)
    for domain in (used, unused):
        wait_for_gets(world, domain, 2)
    assert daemon.ask(used) == secure()
    daemon.sleep(11 * DAY)
    wait_for_gets(world, used, 3)
    assert world.gets(unused) == 2
    assert daemon.ask(unused) == secure()
    wait_for_gets(world, unused, 3)


def test_mode_none_ends_the_enforcement(world, daemon):
    """#120: even without a new id."""
    domain = learn(world, daemon, "none")
    world.dns.remove(f"_mta-sts.{domain}")
    world.serve(domain, policy("none"))
    assert daemon.ask(domain) == secure()
    daemon.jump(1 * DAY)
    wait_until(lambda: daemon.ask(domain) == NOT_FOUND, "the new mode counts")
    assert world.gets(domain) == 2


@pytest.mark.parametrize("failure", FAILURES)
def test_nothing_else_ends_the_enforcement(world, daemon, failure):
    """#119, #121: each day the log says more loudly what is the matter, until the policy has run out."""
    domain = learn(world, daemon, "lasting")
    world.dns.remove(f"_mta-sts.{domain}")
    FAILURES[failure](world, domain)
    for days, level in ((1, "info"), (5, "warning"), (3, "error")):
        daemon.sleep(days * DAY)
        daemon.wait_for_failure(domain, level)
        assert daemon.ask(domain) == secure()
    daemon.sleep(1 * DAY)
    assert daemon.ask(domain) == NOT_FOUND


def test_nothing_is_said_of_a_policy_that_protects_nobody(world, daemon):
    """#119."""
    silent = learn(world, daemon, "silent", policy("none", max_age=int((10 * DAY).total_seconds())))
    loud = learn(world, daemon, "loud")
    for domain in (silent, loud):
        world.serve(domain, "", "status-404")
    daemon.sleep(9 * DAY)
    daemon.wait_for_failure(loud, "error")
    wait_for_gets(world, silent, 2)
    daemon.sternpostd.stop()
    assert f"policy {silent}: id=1 not fetched" not in daemon.sternpostd.log_text()
    daemon.start()


# Back-off

def test_a_failing_policy_host_is_asked_ever_more_seldom(world, start_daemon):
    """#64, #125: after 5 minutes, then twice as long each time, up to an hour; a crash changes nothing of it."""
    daemon = start_daemon(ALWAYS_LOOK)
    domain = world.domain("failing")
    world.publish(domain, enforce(), "status-500")
    assert daemon.ask(domain) == NOT_FOUND
    for tries, minutes in enumerate((5, 10, 20, 40, 60, 60), start=1):
        daemon.jump(minutes * MINUTE - 0.5 * MINUTE)
        assert daemon.ask(domain) == NOT_FOUND
        daemon.sternpostd.kill9()
        daemon.start()
        assert daemon.ask(domain) == NOT_FOUND
        assert world.gets(domain) == tries
        daemon.jump(0.5 * MINUTE)
        assert daemon.ask(domain) == NOT_FOUND
        wait_for_gets(world, domain, tries + 1)
        # Its failure is noted after the GET: each of these daemons, being new, tells it.
        told = re.compile(f"policy {domain}.*next try")
        wait_until(lambda: len(told.findall(daemon.sternpostd.log_text())) > tries, "the failure is noted")
    world.serve(domain, enforce())
    daemon.jump(60 * MINUTE)
    wait_until(lambda: daemon.ask(domain) == secure(), "the policy host is mended")


@pytest.mark.parametrize("behaviour", ["ok", "status-500"])
def test_a_new_id_at_every_question_makes_few_fetches(world, start_daemon, behaviour):
    """#129: one a minute and twelve an hour, and the policy that is known stays."""
    daemon = start_daemon(ALWAYS_LOOK)
    domain = learn(world, daemon, "churn")
    ids = count(2)
    world.resolver.script(f"_mta-sts.{domain}", "TXT",
                          lambda *question: answer(f'"v=STSv1; id={next(ids)};"')(*question))
    world.serve(domain, enforce(), behaviour)
    for minute in range(1, 60):
        daemon.jump(1 * MINUTE)
        assert [daemon.ask(domain) for _ in range(3)] == [secure()] * 3
        assert world.gets(domain) <= min(1 + minute, 12)
    assert world.gets(domain) == 12
    assert next(ids) > 150  # each question saw another one
    daemon.jump(60 * MINUTE)
    wait_until(lambda: daemon.ask(domain) == secure() and world.gets(domain) == 13, "a fetch in the next hour")


# The clock

def test_a_clock_that_goes_back_a_day_takes_no_policy_away(world, daemon):
    """#124: it is applied, and fetched again."""
    domain = learn(world, daemon, "back", max_age=3 * DAY)
    dead = learn(world, daemon, "back-dead", max_age=3 * DAY)
    for name in (domain, dead):
        world.dns.remove(f"_mta-sts.{name}")
    world.remove_policy_host(dead)
    daemon.jump(-1 * DAY)
    assert [daemon.ask(domain), daemon.ask(dead)] == [secure()] * 2
    wait_for_gets(world, domain, 2)
    daemon.sleep(timedelta())
    assert [daemon.ask(domain), daemon.ask(dead)] == [secure()] * 2


@pytest.mark.parametrize("restarts", [False, True], ids=["running", "restarted"])
def test_a_clock_that_was_a_year_ahead_has_cost_nothing(world, daemon, restarts):
    """#124: what seemed to have run out is still on disk, and in force when the clock is right again."""
    domain = learn(world, daemon, "ahead")
    world.remove_policy_host(domain)
    move = daemon.sleep if restarts else daemon.jump
    move(365 * DAY)
    assert daemon.ask(domain) == NOT_FOUND  # a fetch has failed
    witness = world.domain("witness")
    world.publish(witness, enforce())
    assert daemon.ask(witness) == secure()

    move(-365 * DAY)
    wait_until(lambda: daemon.ask(domain) == secure(), "the policy is in force again")
    wait_for_gets(world, witness, 2)
    daemon.sternpostd.kill9()
    daemon.start()
    assert daemon.ask(domain) == secure()
    # Nor does it wait for a year to be refreshed.
    world.serve(domain, enforce(max_age=int((10 * DAY).total_seconds())))
    daemon.sleep(1 * DAY)
    wait_for_gets(world, domain, 2)


@pytest.mark.parametrize("slept", [timedelta(), 8 * HOUR], ids=["process", "machine"])
def test_a_daemon_that_was_suspended_goes_on(world, daemon, slept):
    """A machine's wall clock goes on while it sleeps."""
    known, new, held = learn(world, daemon, "known"), world.domain("new"), world.domain("held")
    world.publish(new, enforce())
    world.publish(held, enforce(), "held")
    clients = {name: daemon.sternpostd.connect() for name in (known, new, held)}
    clients[held].send(held)
    wait_until(lambda: world.gets(held), "a fetch is under way")

    daemon.sternpostd.process.signal(signal.SIGSTOP)
    world.policy_host.release(f"mta-sts.{held}")
    for name in (known, new):
        clients[name].send(name)
    daemon.jump(slept)
    daemon.sternpostd.process.signal(signal.SIGCONT)
    for client in clients.values():
        assert client.reply() == secure()
        client.close()
