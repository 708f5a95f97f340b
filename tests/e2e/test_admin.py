"""The admin socket and the address for Prometheus of the real daemon: figures, health, and who may do what."""

import os
import pwd
import re
import socket
import subprocess

import pytest

from admin import Admin
from process import SEARCH_PATH, require, wait_until
from scripted_resolver import rcode
from sternpost import STOP_SECONDS, binary, merged
from world import DANE_ONLY, NOT_FOUND, OTHER_KEY, enforce, policy, secure

METRICS = ("127.0.0.1", 9461)
NOBODY = pwd.getpwnam("nobody")
MAX_CONNECTIONS = 64


@pytest.fixture
def daemon(start_sternpostd):
    """What was looked up stays good for the time of a test, so that questions can be counted."""
    return start_sternpostd({"admin": {"metrics": "%s:%d" % METRICS}, "answers": {"recheck": "5m"},
                             "dns": {"min-ttl": "60s"}})


@pytest.fixture
def admin(daemon):
    return Admin(daemon.directory / "admin.sock")


@pytest.fixture
def scraper(daemon):
    return Admin(METRICS)


def as_nobody(*groups):
    groups = ["--groups", ",".join(map(str, groups))] if groups else ["--clear-groups"]
    return [require("setpriv", "util-linux"), "--reuid", str(NOBODY.pw_uid), "--regid", str(NOBODY.pw_gid), *groups]


def refused(daemon):
    """What a daemon says that does not start."""
    done = subprocess.run([binary("sternpostd"), "-c", daemon.config], env={"PATH": SEARCH_PATH}, capture_output=True,
                          text=True, timeout=STOP_SECONDS)
    assert done.returncode == 1, done
    return done.stdout + done.stderr


# Figures

def test_every_metric_is_as_prometheus_wants_it(world, daemon, scraper):
    world.publish(domain := world.domain("measured"), enforce())
    daemon.ask(domain)
    daemon.ask(domain)
    text = scraper.get("/metrics")
    done = subprocess.run([require("promtool", "prometheus"), "check", "metrics"], input=text, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    described = set(re.findall(r"^# HELP (\S+)", text, re.MULTILINE))
    assert len(described) > 20
    assert described == set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))


def test_figures_follow_what_happens(world, daemon, scraper):
    before = scraper.metrics()

    def grown(name, labels=""):
        return scraper.metrics()[name][labels] - before[name][labels]

    world.publish(good := world.domain("good"), enforce())
    world.publish(testing := world.domain("testing"), policy("testing", "good.mx.test"))
    world.publish(broken := world.domain("broken"), enforce(), "status-500")
    assert daemon.ask(good) == daemon.ask(good) == secure()
    assert daemon.ask(testing) == daemon.ask(broken) == daemon.ask(".parent") == NOT_FOUND
    assert daemon.ask(good, map="no-such-map").startswith("PERM")
    assert grown("sternpost_answers_total", 'answer="secure"') == 2
    assert grown("sternpost_answers_total", 'answer="notfound"') == 3
    assert grown("sternpost_answers_total", 'answer="perm"') == 1
    assert grown("sternpost_answer_duration_seconds_count") == 6
    assert grown("sternpost_questions_total", 'answered_from="memory"') == 1
    assert grown("sternpost_questions_total", 'answered_from="lookup"') == 3
    assert grown("sternpost_policy_fetches_total", 'outcome="fetched"') == 2
    assert grown("sternpost_policy_fetches_total", 'outcome="status"') == 1
    assert grown("sternpost_txt_records_total", 'outcome="present"') == 3
    assert grown("sternpost_dns_questions_total", 'type="TXT",outcome="found"') == 3
    assert grown("sternpost_dane_looks_total", 'verdict="absent"') == 1
    for mode in ("enforce", "testing"):  # a count is good for a moment
        wait_until(lambda: grown("sternpost_policies", f'mode="{mode}"') == 1, f"the {mode} policy is counted")
    assert grown("sternpost_connections_accepted_total") == 6
    assert scraper.metrics()["sternpost_cache_working"] == {'operation="read"': 1, 'operation="write"': 1}
    validates = 'server="127.0.0.1:5353",state="yes"'
    wait_until(lambda: scraper.metrics()["sternpost_dns_server_validating"][validates] == 1, "the server validates")


def test_trouble_is_counted_by_its_cause(world, daemon, scraper):
    before = scraper.metrics()
    domain = world.domain("dane-broken")
    host = world.mx_host("dane-broken", tlsa=[OTHER_KEY])
    world.publish(domain, enforce(host), mx=[host])
    assert daemon.ask(domain) == DANE_ONLY
    world.resolver.script("*", "TXT", rcode("SERVFAIL"))
    assert daemon.ask(world.domain("servfail")) == NOT_FOUND
    after = scraper.metrics()
    for name, labels in (("sternpost_dane_looks_total", 'verdict="in-force"'),
                         ("sternpost_dns_questions_total", 'type="TLSA",outcome="found"'),
                         ("sternpost_answers_total", 'answer="dane-only"'),
                         ("sternpost_dns_questions_total", 'type="TXT",outcome="servfail"'),
                         ("sternpost_txt_records_total", 'outcome="failed"')):
        assert after[name][labels] - before[name][labels] == 1, (name, labels)


def test_the_address_for_prometheus_does_nothing_else(world, daemon, scraper):
    world.publish(domain := world.domain("private"), enforce())
    assert daemon.ask(domain) == secure()
    for method, target in (("GET", "/v1/policies"), ("GET", f"/v1/policies/{domain}"), ("GET", "/v1/status"),
                           ("DELETE", f"/v1/policies/{domain}?unexpired=yes"), ("POST", f"/v1/policies/{domain}/refresh")):
        assert scraper.ask(method, target)[0] == 404
    assert scraper.ask("GET", "/metrics", headers={"Host": "rebound.test:9461"})[0] == 421
    assert domain not in scraper.get("/metrics")
    assert daemon.ask(domain) == secure()


# Health

def test_health_and_readiness(daemon, admin, scraper):
    assert admin.get("/healthz") == scraper.get("/healthz") == "ok\n"
    wait_until(lambda: "dns 127.0.0.1:5353: validates" in scraper.get("/readyz"), "the DNS server is known to validate")
    assert scraper.get("/readyz").startswith("answers: yes\ndisk: ok\n")


# Who may do what

def test_strangers_are_refused(daemon):
    path = daemon.directory / "admin.sock"
    assert path.stat().st_mode & 0o777 == 0o660
    command = [binary("sternpost"), "-c", daemon.config, "cache", "stats"]

    def stats(*prefix):
        return subprocess.run([*prefix, *command], env={"PATH": SEARCH_PATH}, capture_output=True, text=True)

    stranger = stats(*as_nobody())
    assert (stranger.returncode, stranger.stdout) == (77, "")
    assert f"you may not use {path}" in stranger.stderr
    assert stats(*as_nobody(path.stat().st_gid)).returncode == 0
    assert stats().returncode == 0


@pytest.mark.started_by_root
def test_the_socket_belongs_to_the_user_that_root_becomes(world):
    daemon = world.sternpostd({"user": "nobody"})
    os.chown(daemon.directory, NOBODY.pw_uid, NOBODY.pw_gid)
    daemon.start(environment={"ASAN_OPTIONS": "detect_leaks=0"})
    path = daemon.directory / "admin.sock"
    assert (path.stat().st_uid, path.stat().st_gid, path.stat().st_mode & 0o777) == (NOBODY.pw_uid, NOBODY.pw_gid, 0o660)
    assert Admin(path).get("/healthz") == "ok\n"
    daemon.stop()
    assert not path.exists()


# Where it is

def test_the_usual_place_that_cannot_be_had_is_one_warning(world):
    assert not os.path.exists("/run/sternpost")
    daemon = world.sternpostd()
    daemon.write_config({key: value for key, value in daemon.settings.items() if key != "admin"})
    daemon.start()
    assert daemon.ask(".test") == NOT_FOUND
    assert len(re.findall("warning: admin: no admin socket", daemon.log_text())) == 1
    daemon.stop()


def test_a_place_that_was_named_must_be_had(world):
    daemon = world.sternpostd()
    daemon.write_config(merged(daemon.settings, {"admin": {"socket": str(daemon.directory / "nowhere" / "admin.sock")}}))
    told = refused(daemon)
    assert "make its folder first" in told and '"socket" in [admin]' in told


def test_the_socket_of_a_dead_daemon_is_replaced_and_that_of_a_living_one_is_not(world, start_sternpostd):
    daemon = start_sternpostd()
    other = world.sternpostd({"listen": ["127.0.0.1:8462"], "admin": {"socket": str(daemon.directory / "admin.sock")}})
    assert "another program listens there" in refused(other)
    assert Admin(daemon.directory / "admin.sock").get("/healthz") == "ok\n"
    daemon.kill9()
    daemon.start()
    assert Admin(daemon.directory / "admin.sock").get("/healthz") == "ok\n"
    (daemon.directory / "precious").write_text("kept")
    other.write_config(merged(other.settings, {"admin": {"socket": str(daemon.directory / "precious")}}))
    assert "no socket is there" in refused(other)
    assert (daemon.directory / "precious").read_text() == "kept"


def test_a_metrics_address_that_is_taken_stops_the_start(world, daemon):
    other = world.sternpostd({"listen": ["127.0.0.1:8462"], "admin": {"metrics": "%s:%d" % METRICS}})
    assert 'change "metrics"' in refused(other)


def test_a_reload_makes_a_socket_that_was_removed_anew(daemon):
    path = daemon.directory / "admin.sock"
    path.unlink()
    daemon.reload()
    daemon.wait_for_log(re.compile("info: reloaded"))
    assert Admin(path).get("/healthz") == "ok\n"
    daemon.restart()
    assert Admin(path).get("/healthz") == "ok\n"


def test_a_reload_takes_over_both(daemon):
    moved = daemon.directory / "moved.sock"
    daemon.write_config(merged(daemon.settings, {"admin": {"socket": str(moved), "metrics": "127.0.0.1:9462"}}))
    daemon.reload()
    daemon.wait_for_log(re.compile("info: reloaded"))
    assert Admin(moved).get("/healthz") == Admin(("127.0.0.1", 9462)).get("/healthz") == "ok\n"
    assert not (daemon.directory / "admin.sock").exists()
    with pytest.raises(ConnectionRefusedError):
        Admin(METRICS).get("/healthz")
    bad = merged(daemon.settings, {"admin": {"socket": str(daemon.directory / "nowhere" / "admin.sock")}})
    daemon.write_config(bad)
    daemon.reload()
    daemon.wait_for_log(re.compile("reload failed.*make its folder first"))
    assert Admin(moved).get("/healthz") == "ok\n"


# Bounds

def test_slow_large_and_malformed_requests_keep_nobody_out(daemon, admin):
    path = str(daemon.directory / "admin.sock")
    slow = []
    for _ in range(2 * MAX_CONNECTIONS):
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(path)
        slow.append(peer)
        try:
            peer.sendall(b"GET /healthz HT")
        except (BrokenPipeError, ConnectionResetError):
            pass  # made room already
    assert admin.get("/healthz") == "ok\n"
    assert daemon.command("cache", "stats").returncode == 0
    assert admin.ask("GET", "/" + "a" * 20000)[0] == 431
    assert admin.ask("POST", "/v1/policies", b" " * (1024 * 1024 + 1))[0] == 413
    assert admin.ask("GET", "/healthz", headers={"X": "a" * 20000})[0] == 431
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(path)
        peer.sendall(b"\x16\x03\x01\x00\x00\r\n\r\n")
        assert peer.recv(4096).startswith(b"HTTP/1.1 400 ")
    assert admin.get("/healthz") == "ok\n"
    for peer in slow:
        peer.close()
