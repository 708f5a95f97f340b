"""What a domain with an enforced policy is answered by, whatever DNSSEC says of it and its MX hosts.

The rows are those of the decision table of the conformance checklist, the column that of an enforced policy.
"""

import re

import pytest

from process import wait_until
from scripted_resolver import (ScriptedResolver, answer, drop, not_authentic, not_validating, other_question, rcode,
                               said_to_be_authentic, truncate)
from world import DANE_ONLY, FAR_RESOLVER, NOT_FOUND, OTHER_KEY, RESOLVER_FOR_TESTS, enforce, policy, secure

SECOND_RESOLVER = ("127.0.0.1", 5354)
NOBODY_PASSES = "no-mx-host-passes-the-policy.invalid"
WAY_OUT = 'dane = "off"'


@pytest.fixture
def stage(world):
    """stage(host...) gives a new domain with these MX hosts, all of them in its policy."""
    def new_domain(*hosts, zone="test", text=None):
        domain = world.domain("domain").removesuffix("test") + zone
        world.publish(domain, text or enforce(*hosts), mx=hosts)
        return domain
    return new_domain


def tlsa_questions(world, host):
    return world.resolver.count(f"_25._tcp.{host}", "TLSA")


def assert_temporary(reply, hosts, cause):
    """It says where it went wrong (at one of `hosts`), how, and what the operator can do."""
    assert reply.startswith("TEMP dane: "), reply
    assert any(host in reply for host in hosts), reply
    assert re.search(cause, reply), reply
    assert WAY_OUT in reply, reply


# Signed MX records

def test_row_1_every_host_has_tlsa(world, sternpostd, stage):
    first, second = world.mx_host("a", tlsa=[OTHER_KEY]), world.mx_host("b", tlsa=[OTHER_KEY])
    assert sternpostd.ask(stage(first, second)) == DANE_ONLY


def test_row_2_some_hosts_have_tlsa(world, sternpostd, stage):
    assert sternpostd.ask(stage(world.mx_host("a"), world.mx_host("b", tlsa=[OTHER_KEY]))) == DANE_ONLY


def test_row_3_no_host_has_tlsa(world, sternpostd, stage):
    first, second = world.mx_host("a"), world.mx_host("b")
    assert sternpostd.ask(stage(first, second)) == secure(first, second)


USABLE = {
    "3 1 1": OTHER_KEY, "3 0 1": f"3 0 1 {'ab' * 32}", "2 0 1": f"2 0 1 {'ab' * 32}", "2 1 1": f"2 1 1 {'ab' * 32}",
    "3 1 2": f"3 1 2 {'ab' * 64}", "2 0 2": f"2 0 2 {'ab' * 64}",
}
UNUSABLE = {
    "0 0 1": f"0 0 1 {'ab' * 32}", "1 1 1": f"1 1 1 {'ab' * 32}", "usage 255": f"255 1 1 {'ab' * 32}",
    "selector 2": f"3 2 1 {'ab' * 32}", "matching type 7": f"3 1 7 {'ab' * 32}",
    "matching type 255": f"3 1 255 {'ab' * 32}", "31 bytes of 32": f"3 1 1 {'ab' * 31}",
    "33 bytes of 32": f"3 1 1 {'ab' * 33}", "63 bytes of 64": f"3 1 2 {'ab' * 63}",
    "no key": "3 1 0 abcdef", "no certificate": "3 0 0 abcdef",
}


@pytest.mark.parametrize("record", USABLE)
def test_tlsa_records_that_can_be_used(world, sternpostd, stage, record):
    assert sternpostd.ask(stage(world.mx_host("usable", tlsa=[USABLE[record]]))) == DANE_ONLY


def test_a_whole_key_can_be_used(world, sternpostd, stage):
    host = world.mx_host("whole-key", tlsa=[f"3 1 0 {world.certificates.public_key().hex()}"])
    assert sternpostd.ask(stage(host)) == DANE_ONLY


@pytest.mark.parametrize("record", UNUSABLE)
def test_row_4_tlsa_records_that_cannot_be_used(world, sternpostd, stage, record):
    """#162, #163."""
    host = world.mx_host("unusable", tlsa=[UNUSABLE[record]])
    assert sternpostd.ask(stage(host)) == secure(host)


def test_one_usable_record_of_a_set_is_enough(world, sternpostd, stage):
    assert sternpostd.ask(stage(world.mx_host("set", tlsa=[*UNUSABLE.values(), OTHER_KEY]))) == DANE_ONLY


def test_a_tlsa_record_set_too_large_for_udp(world, sternpostd, stage):
    """#33."""
    crowded = world.mx_host("crowded", tlsa=[f"3 1 1 {number:064x}" for number in range(40)])
    assert sternpostd.ask(stage(crowded)) == DANE_ONLY
    assert ("TLSA", "tcp") in {(question.type, question.transport) for question in world.resolver.asked_about(crowded)}


def test_a_truncated_answer_is_asked_for_again_by_tcp(world, sternpostd, stage):
    host = world.mx_host("truncated", tlsa=[OTHER_KEY])
    world.resolver.script(f"_25._tcp.{host}", "TLSA", truncate)
    assert sternpostd.ask(stage(host)) == DANE_ONLY


def test_row_5_some_hosts_have_usable_tlsa(world, sternpostd, stage):
    unusable = world.mx_host("a", tlsa=[UNUSABLE["1 1 1"]])
    assert sternpostd.ask(stage(unusable, world.mx_host("b", tlsa=[OTHER_KEY]))) == DANE_ONLY


NO_ANSWER = "(?i)timed? ?out|no answer|within"
# What goes wrong, and how the reply tells.
FAILURES = {
    "SERVFAIL": (rcode("SERVFAIL"), "(?i)servfail|server failure"),
    "REFUSED": (rcode("REFUSED"), "(?i)refused"),
    "silence": (drop, NO_ANSWER),
    "another question's answer": (other_question, f"{NO_ANSWER}|question|malformed"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_row_6_the_tlsa_lookup_fails_for_one_host_and_another_has_tlsa(world, sternpostd, stage, failure):
    host = world.mx_host("failing")
    world.resolver.script(f"_25._tcp.{host}", "TLSA", FAILURES[failure][0])
    assert sternpostd.ask(stage(host, world.mx_host("b", tlsa=[OTHER_KEY]))) == DANE_ONLY


@pytest.mark.parametrize("failure", FAILURES)
def test_row_7_the_tlsa_lookups_fail_for_all_hosts(world, sternpostd, stage, failure):
    action, cause = FAILURES[failure]
    first, second = world.mx_host("a"), world.mx_host("b")
    for host in (first, second):
        world.resolver.script(f"_25._tcp.{host}", "TLSA", action)
    assert_temporary(sternpostd.ask(stage(first, second)), [first, second], cause)


def test_the_way_out_is_named_however_long_the_host_s_name_is(world, sternpostd, stage):
    """Postfix logs the first 200 bytes of the reason."""
    host = world.mx_host(".".join(["a" * 50] * 4))
    world.resolver.script(f"_25._tcp.{host}", "TLSA", rcode("SERVFAIL"))
    reply = sternpostd.ask(stage(host))
    assert reply.startswith("TEMP dane: ")
    assert WAY_OUT in reply[:200], reply


def test_a_bogus_tlsa_record_is_a_failure(world, sternpostd, stage):
    host = world.mx_host("bogus")
    world.dns.set(f"_25._tcp.{host}", "CNAME", "tlsa.bogus.")
    assert_temporary(sternpostd.ask(stage(host)), [host], FAILURES["SERVFAIL"][1])


def test_a_temporary_failure_is_over_when_the_cause_is(world, sternpostd, stage):
    host = world.mx_host("failing")
    domain = stage(host)
    world.resolver.script(f"_25._tcp.{host}", "TLSA", rcode("SERVFAIL"))
    assert sternpostd.ask(domain).startswith("TEMP dane: ")
    world.resolver.forget_script()
    wait_until(lambda: sternpostd.ask(domain) == secure(host), "DNS is asked again")


@pytest.mark.parametrize("type", ["A", "TLSA"])
def test_the_tlsa_lookup_fails_for_one_host_and_the_others_are_proven_to_have_none(world, sternpostd, stage, type):
    """#161, row 12: mail goes to the proven ones alone, in both grammars."""
    failing, first, second = world.mx_host("failing"), world.mx_host("a"), world.mx_host("b")
    world.resolver.script(failing if type == "A" else f"_25._tcp.{failing}", type, rcode("SERVFAIL"))
    domain = stage(first, failing, second, text=enforce("*.mx.test"))
    assert sternpostd.ask(domain) == secure(first, second)
    extended = sternpostd.ask(domain, "sts-tlsrpt")
    assert extended.startswith(secure(first, second) + " policy_type=sts ")
    assert extended.endswith(f" mx_host_pattern={first} mx_host_pattern={second}")


def test_a_proven_host_outside_the_policy_does_not_pass(world, sternpostd, stage):
    """And the one that could pass is what mail waits for."""
    failing, proven = world.mx_host("failing"), world.mx_host("a")
    world.resolver.script(f"_25._tcp.{failing}", "TLSA", rcode("SERVFAIL"))
    domain = stage(failing, proven, text=enforce(failing))
    assert_temporary(sternpostd.ask(domain), [failing], FAILURES["SERVFAIL"][1])


def test_row_10_the_host_is_in_an_unsigned_zone(world, sternpostd, stage):
    """#160."""
    host = world.mx_host("mx", tlsa=[OTHER_KEY], zone="unsigned")
    assert sternpostd.ask(stage(host)) == secure(host)
    assert tlsa_questions(world, host) == 0


def test_row_11_only_one_address_family_is_signed(world, sternpostd, stage):
    host = world.mx_host("half", tlsa=[OTHER_KEY])
    world.dns.set(host, "AAAA", "fd99::1:1")
    world.resolver.script(host, "AAAA", not_authentic)
    assert sternpostd.ask(stage(host)) == secure(host)
    assert tlsa_questions(world, host) == 0


def test_row_12_the_addresses_of_all_hosts_fail(world, sternpostd, stage):
    host = world.mx_host("failing", tlsa=[OTHER_KEY])
    for type in ("A", "AAAA"):
        world.resolver.script(host, type, rcode("SERVFAIL"))
    assert_temporary(sternpostd.ask(stage(host)), [host], FAILURES["SERVFAIL"][1])


def test_an_aaaa_lookup_that_fails_beside_an_address_is_none(world, sternpostd, stage):
    with_tlsa, without = world.mx_host("with", tlsa=[OTHER_KEY]), world.mx_host("without")
    for host in (with_tlsa, without):
        world.resolver.script(host, "AAAA", rcode("SERVFAIL"))
    assert sternpostd.ask(stage(with_tlsa)) == DANE_ONLY
    assert sternpostd.ask(stage(without)) == secure(without)


def test_row_13_tlsa_at_the_end_of_a_cname(world, sternpostd, stage):
    target, alias = world.mx_host("target", tlsa=[OTHER_KEY]), world.mx_host("alias")
    world.dns.set(alias, "CNAME", f"{target}.")
    assert sternpostd.ask(stage(alias)) == DANE_ONLY


def test_row_14_tlsa_at_the_beginning_of_a_cname(world, sternpostd, stage):
    target, alias = world.mx_host("target"), world.mx_host("alias", tlsa=[OTHER_KEY])
    world.dns.set(alias, "CNAME", f"{target}.")
    assert sternpostd.ask(stage(alias)) == DANE_ONLY
    assert tlsa_questions(world, target) == 1


def test_tlsa_in_the_middle_of_a_chain_does_not_count(world, sternpostd, stage):
    """#164."""
    target, middle, alias = world.mx_host("target"), world.mx_host("middle", tlsa=[OTHER_KEY]), world.mx_host("alias")
    world.dns.set_all((middle, "CNAME", f"{target}."), (alias, "CNAME", f"{middle}."))
    assert sternpostd.ask(stage(alias)) == secure(alias)
    assert tlsa_questions(world, middle) == 0


def test_row_15_an_alias_into_an_unsigned_zone(world, sternpostd, stage):
    """Only TLSA records beside the alias count, as it is signed itself."""
    target = world.mx_host("target", tlsa=[OTHER_KEY], zone="unsigned")
    without, with_tlsa = world.mx_host("alias"), world.mx_host("alias", tlsa=[OTHER_KEY])
    for alias in (without, with_tlsa):
        world.dns.set(alias, "CNAME", f"{target}.")
    assert sternpostd.ask(stage(without)) == secure(without)
    assert sternpostd.ask(stage(with_tlsa)) == DANE_ONLY
    assert tlsa_questions(world, target) == 0


@pytest.mark.parametrize("zone, reply", [("test", "dane-only"), ("unsigned", "secure")])
def test_rows_16_and_17_tlsa_by_a_cname(world, sternpostd, stage, zone, reply):
    host, shared = world.mx_host("host"), f"{world.domain('shared').removesuffix('.test')}.{zone}"
    world.dns.set(shared, "TLSA", OTHER_KEY)
    world.dns.set(f"_25._tcp.{host}", "CNAME", f"{shared}.")
    assert sternpostd.ask(stage(host)) == (DANE_ONLY if reply == "dane-only" else secure(host))


@pytest.mark.parametrize("unsigned", [rcode("NXDOMAIN"), answer(authentic=False), answer(OTHER_KEY, authentic=False)],
                         ids=["NXDOMAIN", "no such record", "a record"])
def test_row_18_an_unsigned_answer_about_tlsa(world, sternpostd, stage, unsigned):
    """#159."""
    host = world.mx_host("host", tlsa=[OTHER_KEY])
    world.resolver.script(f"_25._tcp.{host}", "TLSA", unsigned)
    assert sternpostd.ask(stage(host)) == secure(host)


# Unsigned MX records

@pytest.mark.parametrize("zone", ["mx.test", "unsigned"])
def test_rows_8_and_9_the_mx_record_is_unsigned(world, sternpostd, stage, zone):
    host = world.mx_host("host", tlsa=[OTHER_KEY], zone=zone)
    assert sternpostd.ask(stage(host, zone="unsigned")) == secure(host)
    assert tlsa_questions(world, host) == 0


# No list of MX hosts

@pytest.mark.parametrize("failure", FAILURES)
def test_row_19_the_mx_lookup_fails(world, sternpostd, stage, failure):
    action, cause = FAILURES[failure]
    domain = stage("good.mx.test")
    world.resolver.script(domain, "MX", action)
    assert_temporary(sternpostd.ask(domain), [domain], cause)


def test_row_20_a_null_mx(world, sternpostd):
    """Postfix asks only after it has found a host, so its DNS differs from ours: the policy holds."""
    domain = world.domain("null-mx")
    world.publish(domain, enforce("good.mx.test", "*.mx.test"))
    world.dns.set(domain, "MX", "0 .")
    assert sternpostd.ask(domain) == secure("good.mx.test")


def test_row_21_a_null_mx_among_others(world, sternpostd, stage):
    domain = stage(host := world.mx_host("host", tlsa=[OTHER_KEY]))
    world.dns.set(domain, "MX", "0 .", f"10 {host}.")
    assert sternpostd.ask(domain) == DANE_ONLY


def test_row_22_a_signed_domain_that_is_its_own_mx_host(world, sternpostd):
    for records, reply in ((OTHER_KEY,), lambda _: DANE_ONLY), ((), secure):
        domain = world.mx_host("own-host", tlsa=records, zone="test")
        world.publish(domain, enforce(domain), mx=[])
        assert sternpostd.ask(domain) == reply(domain)


def test_row_23_an_unsigned_domain_that_is_its_own_mx_host(world, sternpostd):
    domain = world.mx_host("own-host", tlsa=[OTHER_KEY], zone="unsigned")
    world.publish(domain, enforce(domain), mx=[])
    assert sternpostd.ask(domain) == secure(domain)


def test_row_24_no_such_domain(world, sternpostd, stage):
    """As row 20."""
    domain = stage("good.mx.test")
    world.resolver.script(domain, "MX", rcode("NXDOMAIN"))
    assert sternpostd.ask(domain) == secure("good.mx.test")


@pytest.mark.parametrize("zone", ["test", "unsigned"])
def test_row_25_the_domain_is_an_alias(world, sternpostd, stage, zone):
    host = world.mx_host("host", tlsa=[OTHER_KEY])
    domain = stage(host)
    target = f"{world.domain('target').removesuffix('.test')}.{zone}"
    world.set_mx(target, host)
    world.dns.set(domain, "CNAME", f"{target}.")
    assert sternpostd.ask(domain) == (DANE_ONLY if zone == "test" else secure(host))


def test_row_26_a_host_in_brackets(world, sternpostd):
    """#132: no MX record is asked for, and TLSA at the port of the next-hop."""
    host = world.mx_host("relay")
    world.publish(host, enforce(host), mx=[])
    world.set_tlsa(host, OTHER_KEY, port=587)
    looks = world.resolver.count(host, "MX")
    assert sternpostd.ask(f"[{host}]:587") == DANE_ONLY
    assert sternpostd.ask(f"[{host}]:submission") == DANE_ONLY
    assert sternpostd.ask(f"[{host}]:25") == secure(host)
    assert sternpostd.ask(f"[{host}]") == secure(host)
    assert world.resolver.count(host, "MX") == looks


def test_a_port_without_brackets(world, sternpostd, stage):
    host = world.mx_host("host")
    world.set_tlsa(host, OTHER_KEY, port=587)
    domain = stage(host)
    assert sternpostd.ask(f"{domain}:587") == DANE_ONLY
    assert sternpostd.ask(domain) == secure(host)


# Resolvers that cannot be believed, and DANE switched off

def test_row_27_the_resolver_does_not_validate(world, start_sternpostd, stage):
    """Its SERVFAIL for a lookup of ours is no reason to defer: nothing can be proven anyway."""
    world.resolver.script("*", "*", not_validating)
    sternpostd = start_sternpostd()
    host = world.mx_host("host", tlsa=[OTHER_KEY])
    assert sternpostd.ask(stage(host)) == secure(host)
    assert sternpostd.ask(stage(host)) == secure(host)
    assert sternpostd.log_text().count("does not validate") == 1
    assert tlsa_questions(world, host) == 0


@pytest.mark.parametrize("trusted", [False, True])
def test_the_word_of_a_resolver_that_is_not_on_loopback(world, start_sternpostd, stage, trusted):
    """#166, #191."""
    world.far_resolver
    server = "%s:%d" % FAR_RESOLVER
    sternpostd = start_sternpostd({"dns": {"servers": [server], "trust-ad": trusted}})
    host = world.mx_host("host", tlsa=[OTHER_KEY])
    assert sternpostd.ask(stage(host)) == (DANE_ONLY if trusted else secure(host))
    assert ("trust-ad" in sternpostd.log_text()) != trusted  # the way out is named


@pytest.fixture(scope="module")
def second_resolver(whole_world):
    whole_world.dns
    return ScriptedResolver(SECOND_RESOLVER, upstream=("127.0.0.1", 53))


@pytest.mark.parametrize("first", [True, False])
def test_a_second_resolver_that_does_not_validate_is_not_asked_about_dane(world, second_resolver, start_sternpostd,
                                                                         stage, first):
    """What is bogus for the one is good for the other: no failure may be cured there."""
    second_resolver.script("*", "*", not_validating)
    servers = ["%s:%d" % server for server in (RESOLVER_FOR_TESTS, SECOND_RESOLVER)]
    sternpostd = start_sternpostd({"dns": {"servers": servers[::1 if first else -1]}})
    failing, dane = world.mx_host("failing"), world.mx_host("dane", tlsa=[OTHER_KEY])
    world.dns.set("tlsa.bogus", "TLSA", OTHER_KEY)
    world.dns.set(f"_25._tcp.{failing}", "CNAME", "tlsa.bogus.")
    assert_temporary(sternpostd.ask(stage(failing)), [failing], FAILURES["SERVFAIL"][1])
    assert sternpostd.ask(stage(dane)) == DANE_ONLY
    assert sternpostd.log_text().count("does not validate") == 1


def test_one_of_two_validating_resolvers_is_enough(world, second_resolver, start_sternpostd, stage):
    second_resolver.script("*", "*", drop)
    servers = ["%s:%d" % server for server in (SECOND_RESOLVER, RESOLVER_FOR_TESTS)]
    sternpostd = start_sternpostd({"dns": {"servers": servers}})
    assert sternpostd.ask(stage(world.mx_host("dane", tlsa=[OTHER_KEY]))) == DANE_ONLY


def test_an_authentic_answer_about_an_unsigned_zone_is_the_resolver_s_word(world, sternpostd, stage):
    """It validates, and it is on loopback: what it calls authentic is."""
    host = world.mx_host("host", tlsa=[OTHER_KEY])
    domain = stage(host, zone="unsigned")
    world.resolver.script(domain, "MX", said_to_be_authentic)
    assert sternpostd.ask(domain) == DANE_ONLY


def test_row_28_dane_is_switched_off(world, start_sternpostd, stage):
    """Then it does not matter what the resolver can do, and nobody is warned."""
    world.resolver.script("*", "*", not_validating)
    sternpostd = start_sternpostd({"answers": {"dane": "off"}})
    host = world.mx_host("host", tlsa=[OTHER_KEY])
    assert sternpostd.ask(stage(host)) == secure(host)
    assert tlsa_questions(world, host) == 0
    assert "does not validate" not in sternpostd.log_text()


def test_a_resolver_that_is_dead_at_boot(world, sternpostd, stage):
    """Nobody knows whether it validates, and the policy in the cache must not hide DANE."""
    domain = stage(world.mx_host("host", tlsa=[OTHER_KEY]))
    assert sternpostd.ask(domain) == DANE_ONLY
    sternpostd.stop()
    world.resolver.script("*", "*", drop)
    sternpostd.start()
    reply = sternpostd.ask(domain)
    assert reply.startswith("TEMP dane"), reply
    assert WAY_OUT in reply, reply
    world.resolver.forget_script()
    wait_until(lambda: sternpostd.ask(domain) == DANE_ONLY, "the resolver is asked again")


def test_a_run_out_dane_only_goes_on_while_dns_fails(world, sternpostd, stage):
    """It is never weaker than what was known."""
    domain = stage(host := world.mx_host("host", tlsa=[OTHER_KEY]))
    assert sternpostd.ask(domain) == DANE_ONLY
    world.resolver.script(f"_25._tcp.{host}", "TLSA", drop)
    looks = tlsa_questions(world, host)

    def looked_again():
        reply = sternpostd.ask(domain)
        assert reply == DANE_ONLY or reply.startswith("TEMP dane: "), reply
        return tlsa_questions(world, host) > looks
    wait_until(looked_again, "the record is looked at again")


def test_unsigned_domains_do_not_hide_that_the_resolver_has_stopped_validating(world, sternpostd, stage):
    """Third promise of the design: DANE that was seen does not become MTA-STS alone."""
    domain = stage(world.mx_host("host", tlsa=[OTHER_KEY]))
    assert sternpostd.ask(domain) == DANE_ONLY
    assert sternpostd.ask(stage("good.mx.test", zone="unsigned")) == secure("good.mx.test")
    world.resolver.script("*", "*", not_validating)

    def in_doubt():
        reply = sternpostd.ask(domain)
        assert reply == DANE_ONLY or reply.startswith("TEMP dane: "), reply
        return reply != DANE_ONLY
    wait_until(in_doubt, "the resolver is seen to have stopped validating")


def test_a_run_out_answer_by_mta_sts_does_not_go_on_while_dns_fails(world, sternpostd, stage):
    """There could be DANE by now."""
    domain = stage(host := world.mx_host("host"))
    assert sternpostd.ask(domain) == secure(host)
    world.resolver.script(f"_25._tcp.{host}", "TLSA", rcode("SERVFAIL"))
    wait_until(lambda: sternpostd.ask(domain) != secure(host), "the record is looked at again")
    assert_temporary(sternpostd.ask(domain), [host], FAILURES["SERVFAIL"][1])


def test_dane_that_is_withdrawn_is_given_up(world, sternpostd, stage):
    domain = stage(host := world.mx_host("host", tlsa=[OTHER_KEY]))
    assert sternpostd.ask(domain) == DANE_ONLY
    world.set_tlsa(host)
    wait_until(lambda: sternpostd.ask(domain) == secure(host), "the record is seen to be gone")


def test_mx_hosts_that_change_are_taken_up(world, sternpostd, stage):
    domain = stage(world.mx_host("host", tlsa=[OTHER_KEY]), text=enforce("*.mx.test"))
    assert sternpostd.ask(domain) == DANE_ONLY
    world.set_mx(domain, "good.mx.test")
    wait_until(lambda: sternpostd.ask(domain) == secure("good.mx.test"), "the new MX host is seen")


# When DANE is not asked for

@pytest.mark.parametrize("mode", ["testing", "none"])
def test_without_an_enforced_policy_nobody_is_asked_about_mx_hosts(world, sternpostd, stage, mode):
    host = world.mx_host("host", tlsa=[OTHER_KEY])
    domain = stage(host, text=policy(mode, host))
    assert sternpostd.ask(domain) == NOT_FOUND
    assert {question.type for question in world.resolver.asked_about(domain) if question.name == domain} == set()
    assert world.resolver.asked_about(host) == []


def test_a_domain_without_policy_is_not_asked_about_mx_hosts(world, sternpostd):
    domain, host = world.domain("no-policy"), world.mx_host("host", tlsa=[OTHER_KEY])
    world.set_mx(domain, host)
    assert sternpostd.ask(domain) == NOT_FOUND
    assert [question.name for question in world.resolver.asked_about(domain)] == [f"_mta-sts.{domain}"]


def test_a_wildcard_and_a_host_of_two_labels(world, sternpostd, stage):
    """#148, #149."""
    domain = stage("two.labels.mx.test", "good.mx.test", text=enforce("*.mx.test"))
    assert sternpostd.ask(domain) == secure("good.mx.test")
    assert sternpostd.ask(stage("two.labels.mx.test", text=enforce("*.mx.test"))) == secure(NOBODY_PASSES)
