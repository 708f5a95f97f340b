"""What the operator decides: further maps, overrides, and whether DANE counts."""

import contextlib
import datetime
import re
import socket
import threading

import pytest

from extended_reply import read_extended
from postconf import WITHOUT_POSTFIX, Postconf
from process import wait_until
from scripted_resolver import not_validating
from sternpost import merged
from world import DANE_ONLY, FAR_RESOLVER, NOT_FOUND, OTHER_KEY, enforce, policy, secure

TODAY = datetime.datetime.now(datetime.timezone.utc).date()
A_DAY = datetime.timedelta(days=1)
# A change of what is answered has no other cause than the one that is tested.
NOTHING_RUNS_OUT = {"dns": {"min-ttl": "60s"}, "answers": {"recheck": "60s"}}
# Settings that contradict themselves, their line, and words of the message.
CONTRADICTIONS = {
    "dane-only without DANE": ("[answers]\ndane = \"off\"\n[[override]]\ndomain = \"a.test\"\naction = \"dane-only\"\n",
                               5, ["dane-only", "dane = \"off\""]),
    "pin without mx": ("[[override]]\ndomain = \"a.test\"\naction = \"pin\"\n", 3, ["mx"]),
    "mx without pin": ("[[override]]\ndomain = \"a.test\"\naction = \"ignore\"\nmx = [\"a.test\"]\n", 4, ["pin"]),
    "pin to an address": ("[[override]]\ndomain = \"a.test\"\naction = \"pin\"\nmx = [\"192.0.2.1\"]\n",
                          4, ["192.0.2.1"]),
    "pin to a keyword": ("[[override]]\ndomain = \"a.test\"\naction = \"pin\"\nmx = [\"nexthop\"]\n", 4, ["nexthop"]),
    "two for one domain": ("[[override]]\ndomain = \"a.test\"\naction = \"ignore\"\n"
                           "[[override]]\ndomain = \"A.test\"\naction = \"dane-only\"\n", 5, ["a.test", "line 1"]),
    "one hidden by another": ("[[override]]\ndomain = \".a.test\"\naction = \"ignore\"\n"
                              "[[override]]\ndomain = \"b.a.test\"\naction = \"dane-only\"\n",
                              5, ["b.a.test", "line 1"]),
    "a map's name that is taken": ("[maps.sts-tlsrpt]\ntlsrpt = false\n", 1, ["sts-tlsrpt"]),
}


def override(domain, action, **more):
    return {"override": [{"domain": domain, "action": action, **more}]}


def questions(world, domain):
    """All that was asked about a domain."""
    return world.resolver.asked_about(domain)


@pytest.mark.parametrize("contradiction", CONTRADICTIONS)
def test_a_configuration_that_contradicts_itself_is_refused(world, contradiction):
    text, line, words = CONTRADICTIONS[contradiction]
    daemon = world.sternpostd()
    daemon.config.write_text(text)
    done = daemon.command("--check-config", program="sternpostd")
    assert done.returncode > 0, done
    assert f"{daemon.config}:{line}:" in done.stderr
    assert [word for word in words if word not in done.stderr] == [], done.stderr


# Maps

def test_a_map_with_tlsrpt_has_the_extended_grammar(world, start_sternpostd):
    sternpostd = start_sternpostd({"maps": {"reports": {"tlsrpt": True}}})
    domain = world.domain("reports")
    world.publish(domain, enforce())
    assert sternpostd.ask(domain, "reports") == sternpostd.ask(domain, "sts-tlsrpt")
    assert read_extended(sternpostd.ask(domain, "reports")).single("policy_domain") == domain


def test_a_map_that_obeys_testing_policies(world, start_sternpostd):
    """With DANE first, as ever; the other maps do not."""
    sternpostd = start_sternpostd({"maps": {"strict": {"enforce-testing": True}}})
    testing, dane, none = world.domain("testing"), world.domain("dane"), world.domain("none")
    host = world.mx_host("dane", tlsa=[OTHER_KEY])
    world.publish(testing, policy("testing", "good.mx.test"))
    world.publish(dane, policy("testing", host), mx=[host])
    world.publish(none, policy("none"))
    assert [sternpostd.ask(domain, "strict") for domain in (testing, dane, none)] == [secure(), DANE_ONLY, NOT_FOUND]
    assert [sternpostd.ask(domain) for domain in (testing, dane, none)] == [NOT_FOUND] * 3


@pytest.mark.parametrize("everywhere, map, replies", [("on", "off", ["dane", "sts"]), ("off", "on", ["sts", "dane"])])
def test_a_map_with_a_dane_switch_of_its_own(world, start_sternpostd, everywhere, map, replies):
    sternpostd = start_sternpostd({"answers": {"dane": everywhere}, "maps": {"other": {"dane": map}}})
    domain, host = world.domain("switch"), world.mx_host("switch", tlsa=[OTHER_KEY])
    world.publish(domain, enforce(host), mx=[host])
    words = {"dane": DANE_ONLY, "sts": secure(host)}
    assert [sternpostd.ask(domain), sternpostd.ask(domain, "other")] == [words[reply] for reply in replies]


def test_query_asks_in_another_map(world, start_sternpostd):
    sternpostd = start_sternpostd({"maps": {"strict": {"enforce-testing": True}}})
    domain = world.domain("query")
    world.publish(domain, policy("testing", "good.mx.test"))
    done = sternpostd.command("query", domain, "--map", "strict")
    assert (done.returncode, done.stdout) == (0, secure() + "\n")


@pytest.mark.parametrize("said", [b"", b"2:OK", b"9:NOTFOUND ;", b"x:OK a,", b"-1:,", b"999999999:", b"1" * 200_000])
def test_query_takes_nothing_but_a_whole_reply_for_an_answer(world, said):
    with socket.create_server(("127.0.0.1", 8461)) as listener:
        def answer():
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(100)
                connection.sendall(said)
        answering = threading.Thread(target=answer)
        answering.start()
        done = world.sternpostd().command("query", "example.test")
        answering.join()
    assert (done.returncode, done.stdout) == (75, "")
    assert "127.0.0.1:8461" in done.stderr


def test_hup_adds_and_removes_a_map(world, start_sternpostd):
    sternpostd = start_sternpostd(NOTHING_RUNS_OUT)
    domain, before = world.domain("map"), sternpostd.settings
    world.publish(domain, policy("testing", "good.mx.test"))
    assert sternpostd.ask(domain, "strict").startswith("PERM unknown map")
    sternpostd.write_config(merged(before, {"maps": {"strict": {"enforce-testing": True}}}))
    sternpostd.reload()
    wait_until(lambda: sternpostd.ask(domain, "strict") == secure(), "the map is known")
    sternpostd.write_config(before)
    sternpostd.reload()
    wait_until(lambda: sternpostd.ask(domain, "strict").startswith("PERM unknown map"), "the map is gone")


# Overrides

@pytest.mark.parametrize("map", ["sts", "sts-tlsrpt"])
def test_an_ignored_domain_is_not_found_and_nobody_is_asked(world, start_sternpostd, map):
    domain = world.domain("ignored")
    sternpostd = start_sternpostd(override(domain, "ignore"))
    world.publish(domain, enforce())
    for key in (domain, domain.upper(), f"[{domain}]:25", f"{domain}:587", f"{domain}."):
        assert sternpostd.ask(key, map) == NOT_FOUND
    assert questions(world, domain) == []
    assert world.gets(domain) == 0


def test_an_ignored_domain_is_not_found_while_its_policy_is_in_the_cache(world, start_sternpostd):
    sternpostd = start_sternpostd()
    domain = world.domain("cached")
    world.publish(domain, enforce())
    assert sternpostd.ask(domain) == secure()
    sternpostd.write_config(merged(sternpostd.settings, override(domain, "ignore")))
    sternpostd.restart()
    before = questions(world, domain)
    assert sternpostd.ask(domain) == NOT_FOUND
    assert questions(world, domain) == before


def test_a_hup_that_ignores_a_domain_and_one_that_obeys_it_again_hold_at_once(world, start_sternpostd):
    """Break glass, and how to come back."""
    sternpostd = start_sternpostd(NOTHING_RUNS_OUT)
    domain, before = world.domain("glass"), sternpostd.settings
    world.publish(domain, enforce())
    assert sternpostd.ask(domain) == secure()
    for _ in range(2):
        sternpostd.write_config(merged(before, override(domain, "ignore", until=TODAY)))
        sternpostd.reload()
        wait_until(lambda: sternpostd.ask(domain) == NOT_FOUND, "the domain is ignored")
        sternpostd.write_config(before)
        sternpostd.reload()
        wait_until(lambda: sternpostd.ask(domain) == secure(), "the domain is obeyed again")
    assert world.gets(domain) == 1


def test_an_ignored_domain_gets_its_mail(world, start_sternpostd):
    domain, held = world.domain("freed"), world.domain("held")
    start_sternpostd(override(domain, "ignore"))
    world.receiver
    for name in (domain, held):
        world.publish(name, enforce("wrong-name.mx.test"), mx=["wrong-name.mx.test"])
    assert world.sender.send(f"user@{domain}").status == "sent"
    assert world.sender.send(f"user@{held}").status == "deferred"


@pytest.mark.parametrize("until, holds", [(TODAY - A_DAY, False), (TODAY + A_DAY, True)])
def test_an_override_with_an_end(world, start_sternpostd, until, holds):
    domain = world.domain("until")
    sternpostd = start_sternpostd(override(domain, "ignore", until=until))
    world.publish(domain, enforce())
    assert sternpostd.ask(domain) == (NOT_FOUND if holds else secure())


def test_an_override_with_its_sub_domains(world, start_sternpostd):
    domain = world.domain("family")
    sternpostd = start_sternpostd(override(f".{domain}", "ignore"))
    other = f"not-{domain}"
    for name in (domain, f"a.{domain}", f"b.a.{domain}", other):
        world.publish(name, enforce())
    assert [sternpostd.ask(name) for name in (domain, f"a.{domain}", f"b.a.{domain}")] == [NOT_FOUND] * 3
    assert sternpostd.ask(other) == secure()


def test_an_override_without_its_sub_domains(world, start_sternpostd):
    domain = world.domain("alone")
    sternpostd = start_sternpostd(override(domain, "ignore"))
    for name in (domain, f"a.{domain}"):
        world.publish(name, enforce())
    assert [sternpostd.ask(name) for name in (domain, f"a.{domain}")] == [NOT_FOUND, secure()]


def test_the_first_override_that_fits_holds(world, start_sternpostd):
    domain = world.domain("first")
    sternpostd = start_sternpostd({"override": [
        {"domain": f"a.{domain}", "action": "enforce-testing"}, {"domain": f".{domain}", "action": "ignore"}]})
    for name in (f"a.{domain}", f"b.{domain}"):
        world.publish(name, policy("testing", "good.mx.test"))
    assert [sternpostd.ask(name) for name in (f"a.{domain}", f"b.{domain}")] == [secure(), NOT_FOUND]


def test_a_testing_policy_that_is_obeyed(world, start_sternpostd):
    """With DANE first, as ever."""
    domain = world.domain("obeyed")
    sternpostd = start_sternpostd(override(f".{domain}", "enforce-testing"))
    host = world.mx_host("dane", tlsa=[OTHER_KEY])
    world.publish(domain, policy("testing", "good.mx.test"))
    world.publish(f"dane.{domain}", policy("testing", host), mx=[host])
    world.publish(f"none.{domain}", policy("none"))
    assert sternpostd.ask(domain) == secure()
    assert read_extended(sternpostd.ask(domain, "sts-tlsrpt")).values("policy_string")[1] == "mode: testing"
    assert sternpostd.ask(f"dane.{domain}") == DANE_ONLY
    assert sternpostd.ask(f"none.{domain}") == NOT_FOUND


@pytest.mark.parametrize("map", ["sts", "sts-tlsrpt"])
def test_a_pinned_domain(world, start_sternpostd, map):
    """It is not the owner's policy, so it has the base grammar everywhere; and the owner's is not asked for."""
    domain = world.domain("pinned")
    sternpostd = start_sternpostd(override(domain, "pin", mx=["pin.mx.test", "*.mx.test"]))
    world.publish(domain, enforce("mx.elsewhere.test"), mx=["good.mx.test", "mx.elsewhere.test", "two.labels.mx.test"])
    assert sternpostd.ask(domain, map) == secure("pin.mx.test", "good.mx.test")
    assert world.gets(domain) == 0
    assert world.txt_questions(domain) == 0


def test_a_pin_does_not_come_before_dane(world, start_sternpostd):
    domain, host = world.domain("pinned-dane"), world.mx_host("dane", tlsa=[OTHER_KEY])
    sternpostd = start_sternpostd(override(domain, "pin", mx=[host]))
    world.set_mx(domain, host)
    assert sternpostd.ask(domain) == DANE_ONLY


@pytest.mark.parametrize("map", ["sts", "sts-tlsrpt"])
def test_a_domain_where_dane_is_a_must(world, start_sternpostd, map):
    """Whatever its policy says, and whether it has one."""
    domain = world.domain("must")
    sternpostd = start_sternpostd(override(f".{domain}", "dane-only"))
    world.publish(domain, enforce())
    assert sternpostd.ask(domain, map) == DANE_ONLY
    assert sternpostd.ask(f"without-policy.{domain}", map) == DANE_ONLY
    assert world.gets(domain) == 0


def test_an_override_for_a_domain_in_another_script(world, start_sternpostd):
    domain = world.domain("bücher")
    sternpostd = start_sternpostd(override(domain.encode("idna").decode(), "ignore"))
    world.publish(domain.encode("idna").decode(), enforce())
    assert sternpostd.ask(domain) == NOT_FOUND


# dane = "auto"

@pytest.fixture
def postconf(world):
    directory = world.directory / world.domain("postconf")
    directory.mkdir()
    return Postconf(directory)


@pytest.fixture
def dane_domain(world):
    """A domain whose only MX host has TLSA records, and the replies that tell whether DANE counts."""
    domain, host = world.domain("auto"), world.mx_host("auto", tlsa=[OTHER_KEY])
    world.publish(domain, enforce(host), mx=[host])
    return domain, DANE_ONLY, secure(host)


AUTO = {"answers": {"dane": "auto"}}
LEVEL = re.compile("smtp_dns_support_level")


def assert_said_once(sternpostd, pattern):
    line, = [line for line in sternpostd.log_text().splitlines() if pattern.search(line)]
    return line


def test_auto_means_on_where_postfix_does_dnssec(world, start_sternpostd, postconf, dane_domain):
    postconf.says("dnssec")
    domain, by_dane, _ = dane_domain
    sternpostd = start_sternpostd(AUTO, environment=postconf.environment)
    assert sternpostd.ask(domain) == by_dane
    assert postconf.questions() == {"-xh config_directory smtp_dns_support_level"}
    assert not re.search("warning.*(dane|DANE)", sternpostd.log_text())


@pytest.mark.parametrize("level", ["enabled", "", "disabled"])
def test_auto_means_off_where_postfix_does_no_dnssec(world, start_sternpostd, postconf, dane_domain, level):
    postconf.says(level)
    domain, _, by_policy = dane_domain
    sternpostd = start_sternpostd(AUTO, environment=postconf.environment)
    assert sternpostd.ask(domain) == by_policy
    assert "warning" in assert_said_once(sternpostd, LEVEL)


def test_auto_follows_main_cf(world, start_sternpostd, postconf, dane_domain):
    postconf.says("enabled")
    domain, by_dane, by_policy = dane_domain
    sternpostd = start_sternpostd(AUTO, environment=postconf.environment)
    assert sternpostd.ask(domain) == by_policy
    postconf.says("dnssec")
    wait_until(lambda: sternpostd.ask(domain) == by_dane, "the change of main.cf is seen")
    postconf.says("disabled")
    wait_until(lambda: sternpostd.ask(domain) == by_policy, "the other change of main.cf is seen")


def test_auto_asks_the_real_postfix(world, start_sternpostd, dane_domain):
    domain, by_dane, _ = dane_domain
    sternpostd = start_sternpostd(AUTO, environment={"MAIL_CONFIG": str(world.sender.config)})
    assert sternpostd.ask(domain) == by_dane


def test_auto_goes_by_the_resolver_where_there_is_no_postfix(world, start_sternpostd, dane_domain):
    domain, by_dane, _ = dane_domain
    sternpostd = start_sternpostd(AUTO, wrapper=WITHOUT_POSTFIX)
    assert sternpostd.ask(domain) == by_dane
    assert_said_once(sternpostd, LEVEL)


def test_auto_means_off_where_neither_postfix_nor_the_resolver_does_dnssec(world, start_sternpostd, dane_domain):
    world.resolver.script("*", "*", not_validating)
    domain, _, by_policy = dane_domain
    sternpostd = start_sternpostd(AUTO, wrapper=WITHOUT_POSTFIX)
    assert sternpostd.ask(domain) == by_policy


@pytest.fixture
def resolv_conf(world):
    """The world's own; it is as before at the end of the test."""
    path = world.directory / "resolv.conf"
    before = path.read_text()
    yield path
    path.write_text(before)


@pytest.mark.parametrize("dane, options, believed",
                         [("on", "", False), ("on", "options trust-ad", True), ("auto", "", True)])
def test_a_far_resolver_in_resolv_conf(world, start_sternpostd, resolv_conf, postconf, dane_domain, dane, options,
                                       believed):
    """Believed where the file says so, and where Postfix with its dnssec believes it too."""
    world.far_resolver
    resolv_conf.write_text(f"nameserver {FAR_RESOLVER[0]}\n{options}\n")
    postconf.says("dnssec")
    domain, by_dane, by_policy = dane_domain
    sternpostd = start_sternpostd({"dns": {"servers": []}, "answers": {"dane": dane}}, environment=postconf.environment)
    assert sternpostd.ask(domain) == (by_dane if believed else by_policy)


def test_hup_switches_dane(world, start_sternpostd, dane_domain):
    """The way out that a temporary failure names."""
    sternpostd = start_sternpostd(NOTHING_RUNS_OUT)
    domain, by_dane, by_policy = dane_domain
    assert sternpostd.ask(domain) == by_dane
    for switch, reply in ("off", by_policy), ("on", by_dane):
        sternpostd.write_config(merged(sternpostd.settings, {"answers": {"dane": switch}}))
        sternpostd.reload()
        wait_until(lambda: sternpostd.ask(domain) == reply, f'dane = "{switch}" is in force')
