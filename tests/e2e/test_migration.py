"""Coming over from another resolver: its configuration and its memory, taken over, give the same answers."""

import json
import sqlite3
import subprocess
import tomllib

import pytest

from other_resolvers import MtaStsResolver, names_in, tlspol_dump
from process import SEARCH_PATH
from sternpost import COMMAND_SECONDS, binary
from world import DANE_ONLY, GOOD_MX, NOT_FOUND, enforce, policy, secure

PYTHON = "postfix-mta-sts-resolver"
TLSPOL = "postfix-tlspol"
PORT = 8465
USUAL_ZONE = "postfix"


def command(*arguments, config=None, text=None, status=0, environment=None):
    """Standard output and error of the command, when it ends with `status`."""
    before = ["-c", config] if config else []
    done = subprocess.run([binary("sternpost"), *before, *arguments], env={"PATH": SEARCH_PATH, **(environment or {})},
                          input=text, capture_output=True, text=True, timeout=COMMAND_SECONDS)
    assert done.returncode == status, done
    return done.stdout, done.stderr


def imported(daemon, *arguments, **how):
    return command("import", *arguments, config=daemon.config, **how)


@pytest.fixture
def python_resolver(world):
    """Running, with policies of all kinds in its memory: {domain: {zone: answer}} is in `answers`."""
    world.dns, world.policy_host
    resolver = MtaStsResolver(world.directory / world.domain("mta-sts-resolver"), world.certificates.ca_file,
                              {"port": PORT, "cache_grace": 90, "zones": {"strict": {"strict_testing": True}}}).start()
    texts = {world.domain("one"): enforce(), world.domain("two"): enforce("good.mx.test", "backup.mx.test"),
             world.domain("testing"): policy("testing", "good.mx.test"), world.domain("mode-none"): policy("none")}
    for domain, text in texts.items():
        world.publish(domain, text)
    resolver.answers = {domain: {zone: resolver.ask(domain, zone) for zone in (USUAL_ZONE, "strict")}
                        for domain in [*texts, world.domain("without")]}
    yield resolver
    resolver.kill9()


# From postfix-mta-sts-resolver

def test_configuration_and_memory_of_mta_sts_resolver_give_the_same_answers(world, python_resolver, start_sternpostd):
    answers = python_resolver.answers
    kinds = [{zone: reply.split()[0] for zone, reply in by_zone.items()} for by_zone in answers.values()]
    assert kinds == [{USUAL_ZONE: "OK", "strict": "OK"}] * 2 + [{USUAL_ZONE: "NOTFOUND", "strict": "OK"}] + \
        [{USUAL_ZONE: "NOTFOUND", "strict": "NOTFOUND"}] * 2
    python_resolver.stop()
    world.hide(*answers)
    toml, _ = command("migrate", "--from", PYTHON, str(python_resolver.config))
    settings = tomllib.loads(toml)
    assert settings == {"listen": [f"127.0.0.1:{PORT}"], "answers": {"recheck": "90s"},
                        "maps": {"strict": {"enforce-testing": True}}}
    daemon = start_sternpostd(settings)
    daemon.address = python_resolver.address
    taken, told = imported(daemon, "--from", PYTHON, str(python_resolver.cache))
    assert (taken, told) == ("4 taken, 0 kept as known here, 0 had run out, 0 refused\n", "")
    for domain, by_zone in answers.items():
        for zone, before in by_zone.items():
            now = daemon.ask(domain, zone)
            assert now == before or names_in(now) == names_in(before), (domain, zone)


def test_what_was_taken_over_is_fetched_anew_soon(world, python_resolver, start_sternpostd):
    one = next(iter(python_resolver.answers))
    gets = world.gets(one)
    world.publish(one, enforce("backup.mx.test"))  # under the id that both know
    daemon = start_sternpostd()
    imported(daemon, "--from", PYTHON, str(python_resolver.cache))
    daemon.process.wait_until(lambda: world.gets(one) > gets, "the policy is fetched, though its id is the same")
    daemon.process.wait_until(lambda: daemon.ask(one) == secure("backup.mx.test"), "and in force")


def test_a_running_or_killed_resolver_leaves_its_last_policies_in_a_log_that_is_read(python_resolver, start_sternpostd):
    beside = sorted(file.name for file in python_resolver.cache.parent.iterdir())
    assert "cache.db-wal" in beside
    daemon = start_sternpostd()
    assert imported(daemon, "--from", PYTHON, str(python_resolver.cache))[0].startswith("4 taken")
    python_resolver.kill9()
    assert imported(daemon, "--from", PYTHON, str(python_resolver.cache))[0].startswith("0 taken, 4 kept")
    assert sorted(file.name for file in python_resolver.cache.parent.iterdir()) == beside


def test_what_has_run_out_there_and_what_is_odd_is_told_and_the_rest_is_taken(world, start_sternpostd, tmp_path):
    file = tmp_path / "cache.db"
    body = {"version": "STSv1", "mode": "enforce", "max_age": 86400, "mx": [GOOD_MX.name]}
    rows = [("ran-out.test", 1_700_000_000, "1", json.dumps(body)),
            ("attribute.test", 4_000_000_000, "1", json.dumps({**body, "mx": ["mail.loc protocols=SSLv3"]})),
            ("no-id.test", 4_000_000_000, "", json.dumps(body)),
            ("no-json.test", 4_000_000_000, "1", "{"),
            ("no domain", 4_000_000_000, "1", json.dumps(body)),
            ("line.test", 4_000_000_000, "1", json.dumps({**body, "mode": "enforce\nmx: evil.test"})),
            (good := world.domain("good-row"), 4_000_000_000, "1", json.dumps(body))]
    with sqlite3.connect(file) as database:
        database.execute("create table sts_policy_cache (domain text, ts integer, pol_id text, pol_body text)")
        database.executemany("insert into sts_policy_cache values (?, ?, ?, ?)", rows)
    database.close()
    daemon = start_sternpostd()
    taken, told = imported(daemon, "--from", PYTHON, str(file), status=1)
    assert taken == "1 taken, 0 kept as known here, 1 had run out, 5 refused\n"
    assert {line.split(":")[1] for line in told.splitlines()} == {
        " row 2 (attribute.test)", " row 3 (no-id.test)", " row 4 (no-json.test)", " row 5 (no domain)", " row 6 (line.test)"}
    assert daemon.ask(good) == secure()


def test_what_was_read_of_a_damaged_file_is_taken(world, start_sternpostd, tmp_path):
    file = tmp_path / "cache.db"
    body = json.dumps({"version": "STSv1", "mode": "enforce", "max_age": 86400, "mx": [GOOD_MX.name]})
    with sqlite3.connect(file) as database:
        database.execute("create table sts_policy_cache (domain text, ts integer, pol_id text, pol_body text)")
        database.executemany("insert into sts_policy_cache values (?, 4000000000, '1', ?)",
                             [(f"d{number}.damaged.test", body) for number in range(1000)])
    database.close()
    data = bytearray(file.read_bytes())
    half = len(data) // 2 // 4096 * 4096
    data[half:half + 4096] = bytes(4096)
    file.write_bytes(data)
    daemon = start_sternpostd()
    taken, told = imported(daemon, "--from", PYTHON, str(file), status=66)
    assert "database disk image is malformed" in told
    assert 100 < int(taken.split()[0]) < 1000
    assert daemon.ask("d0.damaged.test") == secure()


# From postfix-tlspol

@pytest.mark.parametrize("hits", [True, False], ids=["-dump", "-export"])
def test_a_dump_of_tlspol_is_enforced_while_nobody_can_be_asked(world, start_sternpostd, hits):
    plain, several, wild = (world.domain(word) for word in ("plain", "several", "wild"))
    for domain in (plain, several, wild):
        world.set_mx(domain, GOOD_MX.name)
    dump = tlspol_dump({plain: secure().removeprefix("OK "), several: secure("good.mx.test", "backup.mx.test").removeprefix("OK "),
                        wild: secure(".mx.test").removeprefix("OK "), "dane.test": DANE_ONLY.removeprefix("OK "),
                        "partial.test": "dane"}, hits)
    daemon = start_sternpostd()
    taken, told = imported(daemon, "--from", TLSPOL, "-", text=dump + "what is this\n", status=1)
    assert taken == "3 taken, 0 kept as known here, 0 had run out, 1 refused\n"
    assert "line 6: no line of postfix-tlspol -dump" in told and "2 domains have DANE alone" in told
    assert [daemon.ask(domain) for domain in (plain, several, wild)] == [
        secure(), secure("good.mx.test", "backup.mx.test"), secure()]
    shown, _ = command("cache", "show", "--json", plain, config=daemon.config)
    assert (json.loads(shown)["max_age"], json.loads(shown)["id"]) == (86400, "importedWithoutItsId")


def test_what_a_dump_does_not_say_is_learnt_soon(world, start_sternpostd):
    world.publish(domain := world.domain("dumped"), enforce("backup.mx.test", max_age=604800), id="its7own")
    daemon = start_sternpostd()
    command("cache", "import", "--from", TLSPOL, "-", config=daemon.config,
            text=tlspol_dump({domain: secure().removeprefix("OK ")}))
    daemon.process.wait_until(lambda: daemon.ask(domain) == secure("backup.mx.test"), "the policy itself is in force")
    shown = json.loads(command("cache", "show", "--json", domain, config=daemon.config)[0])
    assert (shown["max_age"], shown["id"]) == (604800, "its7own")


def test_the_configuration_of_tlspol_answers_where_and_as_it_was_asked(world, start_sternpostd, tmp_path):
    (tmp_path / "config.yaml").write_text("server:\n  address: 127.0.0.1:8642\n  log-level: debug\ndns:\n  address: 127.0.0.1:5353\n")
    main_cf = tmp_path / "main.cf"
    environment = {"MAIL_CONFIG": str(tmp_path)}
    main_cf.write_text("compatibility_level = 3.6\nsmtp_tls_security_level = may\n")
    toml, told = command("migrate", "--from", TLSPOL, str(tmp_path / "config.yaml"), environment=environment)
    assert "DANE but no MTA-STS" in told and "(now: may)" in told and "DANE but no MTA-STS" in toml
    main_cf.write_text("compatibility_level = 3.6\nsmtp_tls_security_level = dane\nsmtp_dns_support_level = dnssec\n")
    toml, told = command("migrate", "--from", TLSPOL, str(tmp_path / "config.yaml"), environment=environment)
    assert "DANE" not in told
    settings = tomllib.loads(toml)
    assert settings == {"listen": ["127.0.0.1:8642"], "dns": {"servers": ["127.0.0.1:5353"]}, "log": {"level": "debug"}}
    daemon = start_sternpostd(settings)
    daemon.address = ("127.0.0.1", 8642)
    world.publish(domain := world.domain("as-tlspol"), enforce())
    assert daemon.ask(domain, "QUERY") == secure()
    assert daemon.ask(domain, "QUERYwithTLSRPT").startswith("OK secure match=good.mx.test servername=hostname policy_type=sts")
    assert daemon.ask(world.domain("none"), "QUERY") == NOT_FOUND


# The commands

def test_what_cannot_be_read_is_told(start_sternpostd, tmp_path):
    nowhere = str(tmp_path / "nowhere")
    assert "No such file" in command("migrate", "--from", TLSPOL, nowhere, status=66)[1]
    assert "/etc/postfix-tlspol/config.yaml: No such file" in command("migrate", "--from", TLSPOL, status=66)[1]
    assert "-:1: no YAML" in command("migrate", "--from", PYTHON, "-", text="{", status=66)[1]
    assert "--from" in command("migrate", "--from", "somebody", nowhere, status=64)[1]
    daemon = start_sternpostd()
    assert "there is no such file" in imported(daemon, "--from", PYTHON, nowhere, status=66)[1]
    assert "No such file" in imported(daemon, "--from", TLSPOL, nowhere, status=66)[1]
    (tmp_path / "text").write_text("no database\n" * 100)
    assert "must be the SQLite file" in imported(daemon, "--from", PYTHON, str(tmp_path / "text"), status=66)[1]


def test_a_packaged_configuration_needs_nothing(tmp_path):
    """As Debian ships it: sternpostd answers at the same place by itself."""
    toml, told = command("migrate", "--from", PYTHON)
    assert (tomllib.loads(toml), told) == ({}, "")
    assert f"sternpost import --from {PYTHON} /var/lib/mta-sts/cache.db" in toml
