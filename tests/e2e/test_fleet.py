"""Several relays that share what they learn, and an engine between them that does all that engines do."""

import itertools
import json
import re
import signal
from datetime import datetime, timedelta, timezone

import pytest

from admin import Admin
from engine import Sentinel, Server
from fake_clock import FakeClock
from process import wait_until
from sternpost import secret
from world import NOT_FOUND, enforce, secure

QUESTIONS = 50
PORTS = itertools.count(6379)
KEY, FORMER_KEY = "k" * 64, "f" * 64


@pytest.fixture(scope="module")
def engine(whole_world):
    """Shared by the tests that do it no harm."""
    return new_engine(whole_world)


@pytest.fixture
def own_engine(world):
    engine = new_engine(world)
    yield engine
    engine.kill()


def new_engine(world, *settings):
    port = next(PORTS)
    return Server(world.directory / f"engine-{port}", port, *settings)


class Relay:
    """A sternpostd on a host of its own, as far as its name goes."""

    def __init__(self, world, name, fleet, settings=None, environment=None):
        self.daemon = world.sternpostd({"fleet": {"servers": []}, "answers": {"dane": "off"}, **(settings or {})})
        self.name = name
        self.key_file = secret(self.daemon.directory, "fleet.key", KEY)
        self.daemon.address = ("127.0.0.1", 8470 + ord(name[-1]))
        self.configure({"key-file": self.key_file, **fleet})
        self.environment = environment
        self.admin = Admin(self.daemon.directory / "admin.sock")
        self.start()

    def configure(self, fleet):
        self.daemon.write_config({**self.daemon.settings, "listen": ["%s:%d" % self.daemon.address], "fleet": fleet})

    def start(self):
        self.daemon.start(["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', self.name],
                          environment=self.environment)

    def fleet(self):
        return self.admin.status()["fleet"]

    def wait_for_fleet(self, works=True):
        wait_until(lambda: self.fleet()["working"] is works, f"the fleet of {self.name} works: {works}", 40.0)
        return self

    def known(self, domain):
        status, body = self.admin.ask("GET", f"/v1/policies/{domain}")
        return json.loads(body) if status == 200 else {}

    def ask(self, domain):
        return self.daemon.ask(domain)


@pytest.fixture
def start_relays(world):
    relays = []

    def start(fleet, count=2, wait=True, **how):
        started = [Relay(world, f"relay-{letter}", fleet, **how) for letter in "abc"[:count]]
        relays.extend(started)
        if wait:
            for relay in started:
                relay.wait_for_fleet()
        return started

    yield start
    for relay in relays:
        if relay.daemon.started():
            relay.daemon.stop()


def published(world, word, **how):
    domain = world.domain(word)
    world.publish(domain, enforce(), **how)
    return domain


def learn(world, relay, word):
    domain = published(world, word)
    assert relay.ask(domain) == secure()
    return domain


def wait_until_told(engine, domain):
    wait_until(lambda: engine.ask("EXISTS", f"sternpost:policy:{domain}"), f"the others are told of {domain}")


def wait_until_fetched_later(relay, domain):
    """Only a later fetch replaces an earlier one, and times are of seconds."""
    fetched = relay.known(domain)["fetched"]
    wait_until(lambda: f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}" > fetched, "a fetch would be a later one")


def fetch_again(engine, relay, domain):
    wait_until_told(engine, domain)
    wait_until_fetched_later(relay, domain)
    entry = engine.ask("GET", f"sternpost:policy:{domain}")
    assert relay.daemon.command("cache", "refresh", domain).returncode == 0
    wait_until(lambda: engine.ask("GET", f"sternpost:policy:{domain}") != entry, f"the others are told again of {domain}")


# One memory

def test_cold_questions_to_three_relays_are_one_fetch(world, engine, start_relays):
    relays = start_relays({"servers": [engine.name], "timeout": "2s"}, count=3)
    domain = published(world, "one-fetch", behaviour="held")
    clients = [relay.daemon.connect() for relay in relays for _ in range(QUESTIONS)]
    for client in clients:
        client.send(domain)
    wait_until(lambda: world.gets(domain), "one of them fetches")
    wait_until(lambda: sum(relay.fleet()["leases"]["elsewhere"] > 0 for relay in relays) == 2, "the others wait")
    world.policy_host.release(f"mta-sts.{domain}")
    for client in clients:
        assert client.reply() == secure()
        client.close()
    assert world.gets(domain) == 1
    copies = [relay.known(domain) for relay in relays]
    assert all(copy["on_disk"] and copy["id"] == "1" for copy in copies)
    learnt_by = [copy.get("learnt_by") for copy in copies]
    fetched_by = relays[learnt_by.index(None)].name
    assert sorted(map(str, learnt_by)) == sorted(["None", fetched_by, fetched_by])


def test_what_one_relay_has_learnt_the_other_enforces(world, engine, start_relays):
    """Also when an attacker hides it: with the policy host down, and no TXT record."""
    first, second = start_relays({"servers": [engine.name], "timeout": "2s"})
    domain = learn(world, first, "shared")
    wait_until_told(engine, domain)
    world.hide(domain)
    assert second.ask(domain) == secure()
    assert second.known(domain)["learnt_by"] == "relay-a"
    # It has its own copy.
    second.daemon.kill9()
    second.configure({"servers": []})
    second.start()
    assert second.ask(domain) == secure()


def test_the_command_tells_who_has_learnt_it(world, engine, start_relays):
    first, second = start_relays({"servers": [engine.name], "timeout": "2s"})
    domain = learn(world, first, "told")
    wait_until_told(engine, domain)
    assert second.ask(domain) == secure()
    assert "by the relay relay-a" in second.daemon.command("cache", "show", domain).stdout
    assert "asked at " + engine.name in second.daemon.command("cache", "stats").stdout
    told = json.loads(second.daemon.command("explain", domain, "--json").stdout)["fleet"]
    assert (told["verdict"], told["relay"], told["id"]) == ("good", "relay-a", "1")
    assert told["expires"] == second.known(domain)["expires"]


def test_a_new_id_reaches_the_others_at_once(world, engine, start_relays):
    relays = start_relays({"servers": [engine.name], "timeout": "2s"}, count=3, settings={"answers": {"recheck": "1h", "dane": "off"}})
    domain = learn(world, relays[0], "new-id")
    wait_until_told(engine, domain)
    assert [relay.ask(domain) for relay in relays[1:]] == [secure()] * 2
    # What a relay takes over it answers at once, and looks at the TXT record behind the answer: that is the old one yet.
    for relay in relays[1:]:
        wait_until(lambda: relay.known(domain)["txt"]["state"] == "present", f"{relay.name} has looked")
    world.publish(domain, enforce("other.mx.test"), id="2", mx=("other.mx.test",))
    wait_until_fetched_later(relays[0], domain)
    assert relays[0].admin.ask("POST", f"/v1/policies/{domain}/refresh")[0] == 200
    for relay in relays:
        wait_until(lambda: relay.known(domain).get("id") == "2", f"{relay.name} has the new id")
        assert relay.ask(domain) == secure("other.mx.test")
    assert world.gets(domain) == 2


def test_a_failure_of_the_policy_host_is_met_once(world, engine, start_relays):
    """#64: and nobody asks again for five minutes."""
    first, second = start_relays({"servers": [engine.name], "timeout": "2s"})
    domain = published(world, "failing", behaviour="status-404")
    assert first.ask(domain) == NOT_FOUND
    wait_until(lambda: engine.ask("EXISTS", f"sternpost:failed:{domain}"), "the others are told")
    assert second.ask(domain) == NOT_FOUND
    assert world.gets(domain) == 1
    assert "told by relay-a" in second.known(domain)["failed"]["reason"]


# It can only help

def outage_begins(relays, world):
    """Questions until the breaker has opened; each has its right answer."""
    asked = []
    while True:
        asked += [learn(world, relay, "meanwhile") for relay in relays]
        if all(relay.fleet()["outages"] for relay in relays):
            return asked


@pytest.mark.parametrize("trouble", ["killed", "stopped", "slow"])
def test_an_engine_that_fails_costs_no_answer(world, own_engine, start_relays, trouble):
    """And what was learnt meanwhile is told when it is back."""
    relays = start_relays({"servers": [own_engine.name], "timeout": "300ms"})
    before = learn(world, relays[0], "before")
    if trouble == "killed":
        own_engine.kill()
    elif trouble == "stopped":
        own_engine.signal(signal.SIGSTOP)
    else:
        own_engine.ask("CLIENT", "PAUSE", 600_000, "ALL")
    meanwhile = outage_begins(relays, world)
    for relay in relays:
        relay.wait_for_fleet(works=False)
        assert relay.ask(before) == secure()
        assert relay.admin.metrics()["sternpost_fleet_working"][""] == 0
        assert "fleet: " in relay.admin.get("/readyz")
        relay.daemon.wait_for_log(re.compile("warning: fleet: the fleet cannot be asked; this relay goes on alone"))
    if trouble == "stopped":
        own_engine.signal(signal.SIGCONT)
    else:  # Nobody can end a pause of all commands but a new process.
        own_engine.kill()
        own_engine.start()
    for relay in relays:
        relay.wait_for_fleet()
    for domain in meanwhile:
        wait_until_told(own_engine, domain)
    wait_until(lambda: not any(relay.fleet()["untold"] for relay in relays), "nothing is left to tell")
    world.hide(*meanwhile)
    for relay in relays:
        assert [relay.ask(domain) for domain in meanwhile] == [secure()] * len(meanwhile)


def test_an_engine_that_is_flushed_or_full_costs_no_answer(world, own_engine, start_relays):
    first, second = start_relays({"servers": [own_engine.name], "timeout": "2s"})
    domain = learn(world, first, "flushed")
    wait_until_told(own_engine, domain)
    assert second.ask(domain) == secure()
    own_engine.ask("FLUSHALL")
    world.hide(domain)
    assert [first.ask(domain), second.ask(domain)] == [secure()] * 2
    own_engine.ask("CONFIG", "SET", "maxmemory", "1")
    told = [learn(world, relay, "full") for relay in (first, second)]
    wait_until(lambda: first.fleet()["untold"] and second.fleet()["untold"], "they are kept for later")
    assert first.fleet()["working"]
    first.daemon.wait_for_log(re.compile("warning: fleet: .* refuses (SET|EVAL): OOM"))
    own_engine.ask("CONFIG", "SET", "maxmemory", "0")
    for domain in told:
        wait_until_told(own_engine, domain)


def test_a_failover_by_sentinel_costs_no_answer(world, start_relays):
    master = new_engine(world)
    replica = new_engine(world, f"replicaof 127.0.0.1 {master.address[1]}")
    wait_until(master.replicates, "the replica has all", 20.0)
    port = next(PORTS)
    sentinel = Sentinel(world.directory / f"sentinel-{port}", port, master)
    try:
        first, second = start_relays({"sentinels": [sentinel.name], "master": "mymaster", "timeout": "2s"})
        assert first.fleet()["server"] == master.name
        before = learn(world, first, "before")
        wait_until_told(replica, before)
        master.kill()
        while sentinel.master() != replica.address:
            learn(world, first, "meanwhile")
            learn(world, second, "meanwhile")
        for relay in (first, second):
            wait_until(lambda: relay.fleet()["working"] and relay.fleet()["server"] == replica.name,
                       f"{relay.name} asks the new master", 40.0)
        after = learn(world, first, "after")
        wait_until_told(replica, after)
        world.hide(before, after)
        assert [second.ask(before), second.ask(after)] == [secure()] * 2
    finally:
        for each in (sentinel, replica, master):
            each.kill()


def test_a_replica_is_not_asked(world, own_engine, start_relays):
    replica = new_engine(world, f"replicaof 127.0.0.1 {own_engine.address[1]}")
    first, = start_relays({"servers": [replica.name, own_engine.name], "timeout": "2s"}, count=1)
    assert first.fleet()["server"] == own_engine.name
    replica.kill()


# It cannot be used against us

def test_entries_that_no_relay_has_written_change_nothing(world, own_engine, start_relays):
    first, second = start_relays({"servers": [own_engine.name], "timeout": "2s"})
    other = learn(world, first, "other")
    wait_until_told(own_engine, other)
    good = own_engine.ask("GET", f"sternpost:policy:{other}")
    domain = published(world, "forged")
    key = f"sternpost:policy:{domain}"
    for entry in (good, good.replace(other.encode(), domain.encode()), good[:80], good + b"x", b"", b"x" * 900_000):
        second.admin.ask("DELETE", f"/v1/policies/{domain}?unexpired=yes")
        wait_until(lambda: not own_engine.ask("EXISTS", key), "it is forgotten there, too")
        own_engine.ask("SET", key, entry)
        assert second.ask(domain) == secure()
        assert "learnt_by" not in second.known(domain)
        # Nor does it keep the right one from being written.
        wait_until(lambda: (now := own_engine.ask("GET", key)) and now != entry and now.startswith(b"hmac-sha256 "),
                   "the right entry is there")
    assert second.fleet()["ignored"]["forged"] >= 5
    second.daemon.wait_for_log(re.compile(f"warning: fleet {domain}: an entry of the fleet is ignored: it is not sealed"))
    assert KEY not in second.daemon.log_text()


def test_an_older_entry_that_is_put_back_changes_nothing(world, own_engine, start_relays):
    first, second = start_relays({"servers": [own_engine.name], "timeout": "2s"})
    domain = learn(world, first, "replayed")
    wait_until_told(own_engine, domain)
    key = f"sternpost:policy:{domain}"
    older = own_engine.ask("GET", key)
    assert second.ask(domain) == secure()
    wait_until_fetched_later(first, domain)
    world.publish(domain, enforce("other.mx.test"), id="2", mx=("other.mx.test",))
    wait_until(lambda: first.ask(domain) == secure("other.mx.test"), "the new policy is in force")
    wait_until(lambda: second.known(domain).get("id") == "2", "at both")
    own_engine.ask("SET", key, older)
    for relay in (first, second):
        relay.daemon.kill9()
        relay.start()
        relay.wait_for_fleet()
        assert relay.ask(domain) == secure("other.mx.test")
        assert relay.known(domain)["id"] == "2"


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_relay_whose_clock_is_an_hour_off_harms_nobody(world, own_engine, start_relays, hours):
    fleet = {"servers": [own_engine.name], "timeout": "2s"}
    directory = world.directory / world.domain("clock")
    directory.mkdir()
    clock = FakeClock(directory)
    clock.move(timedelta(hours=hours))
    right, = start_relays(fleet, count=1)
    wrong = Relay(world, "relay-b", fleet, environment=clock.environment).wait_for_fleet()
    try:
        for teller, listener in ((right, wrong), (wrong, right)):
            domain = learn(world, teller, "hour")
            wait_until_told(own_engine, domain)
            assert listener.ask(domain) == secure()
            expires = [relay.known(domain)["expires"] for relay in (right, wrong)]
            ahead = wrong if hours > 0 else right
            # What is from the future for one of them is not believed there.
            assert ("learnt_by" in listener.known(domain)) == (listener is ahead)
            assert (expires[0] == expires[1]) == (listener is ahead)
    finally:
        wrong.daemon.stop()


# Keys, passwords, TLS

def test_keys_are_rotated_without_a_gap(world, own_engine, start_relays):
    first, second = start_relays({"servers": [own_engine.name], "timeout": "2s"})
    old = learn(world, first, "signed-by-the-former-key")
    for keys in ((KEY, FORMER_KEY), (FORMER_KEY, KEY), (FORMER_KEY,)):
        if len(keys) == 1:
            fetch_again(own_engine, first, old)
        for relay in (first, second):
            domain = learn(world, first, "rotated")
            wait_until_told(own_engine, domain)
            world.hide(domain)
            assert second.ask(domain) == secure()
            path = relay.daemon.directory / "fleet.key"
            path.unlink()
            secret(relay.daemon.directory, "fleet.key", *keys)
            reloads = relay.daemon.log_text().count("reloaded ")
            relay.daemon.reload()
            wait_until(lambda: relay.daemon.log_text().count("reloaded ") > reloads, "it has reloaded")
            relay.wait_for_fleet()
    world.hide(old)
    assert second.ask(old) == secure()
    assert first.fleet()["ignored"]["forged"] == second.fleet()["ignored"]["forged"] == 0


def test_a_user_with_few_rights_over_tls(world, start_relays):
    pem = world.certificates.shared("engine", ["127.0.0.1"])
    port, tls_port = next(PORTS), next(PORTS)
    engine = Server(world.directory / f"engine-{port}", port, f"tls-port {tls_port}", f"tls-cert-file {pem}",
                    f"tls-key-file {pem}", f"tls-ca-cert-file {world.certificates.ca_file}", "tls-auth-clients no",
                    "user relay on >correct-horse ~sternpost:* &sternpost:* "
                    "+ping +role +get +mget +set +del +exists +eval +publish +subscribe")
    password = secret(world.directory, f"password-{port}", "correct-horse")
    fleet = {"servers": [f"127.0.0.1:{tls_port}"], "tls": True, "ca-file": str(world.certificates.ca_file),
             "user": "relay", "password-file": password, "timeout": "2s"}
    first, second = start_relays(fleet)
    domain = learn(world, first, "tls")
    wait_until_told(engine, domain)
    world.hide(domain)
    assert second.ask(domain) == secure()
    assert "correct-horse" not in first.daemon.log_text()
    # Neither a wrong password nor a certificate for another address is put up with.
    wrong = secret(world.directory, f"wrong-{port}", "wrong")
    first.configure({**fleet, "key-file": first.key_file, "password-file": wrong})
    first.daemon.reload()
    first.daemon.wait_for_log(re.compile("refuses the password: WRONGPASS"))
    other = world.directory / "other-ca.pem"
    other.write_bytes(world.certificates.file("other.test", "self-signed").read_bytes())
    second.configure({**fleet, "key-file": second.key_file, "ca-file": str(other)})
    second.daemon.reload()
    second.daemon.wait_for_log(re.compile("its certificate does not do: "))
    engine.kill()


@pytest.mark.parametrize("lines, mode, why", [((KEY,), 0o444, "others than its owner have rights in it"),
                                              (("short",), 0o400, "fewer than 32"),
                                              ((), 0o400, "there is no key in it")])
def test_a_key_file_that_does_not_do_stops_the_start(world, lines, mode, why):
    daemon = world.sternpostd({"fleet": {"servers": ["127.0.0.1:1"]}})
    path = daemon.directory / "fleet.key"
    secret(daemon.directory, "fleet.key", *lines)
    path.chmod(mode)
    daemon.write_config({**daemon.settings, "fleet": {"servers": ["127.0.0.1:1"], "key-file": str(path)}})
    done = daemon.command(program="sternpostd")
    assert done.returncode == 1 and str(path) in done.stderr and why in done.stderr
