"""Mail to domains that have an enforced policy and more or less of DANE, from every Postfix that is here.

Who decided is seen by the certificates: those of `no-ca.mx.test` are good for DANE alone, and OTHER_KEY is a TLSA
record that no certificate matches, however good it is for MTA-STS.
"""

import re

import pytest

from process import wait_until
from scripted_resolver import answer, not_validating, rcode
from world import DANE_ONLY, NOBODY, OTHER_KEY, enforce, secure

VERIFIED = "Verified TLS connection established to "
DOES_NOT_VALIDATE = re.compile("does not validate")


@pytest.fixture
def tlsa(world):
    """The TLSA record that every server's certificate matches."""
    return world.certificates.tlsa()


def assert_arrived(world, delivery, recipient, host, server):
    """By a verified connection to the MX host `host`, behind which is `server`."""
    assert delivery.status == "sent", delivery
    assert VERIFIED + host in delivery.log, delivery
    assert world.receiver.arrived_at(recipient) == server


def assert_held_back(world, delivery, recipient):
    assert delivery.status == "deferred", delivery
    assert delivery.dsn.startswith("4."), delivery
    assert world.receiver.arrivals(recipient) == []


def failing_tlsa(world, host):
    """For Postfix and for us: the answer would have to come from a zone whose signatures are wrong."""
    world.dns.set(f"_25._tcp.{host}", "CNAME", "tlsa.bogus.")


# Who decides

def test_dane_alone_decides_where_it_is_in_force(world, sender, sternpostd, tlsa):
    domain, host = world.domain("dane"), world.mx_host("dane", "no-ca.mx.test", [tlsa])
    world.publish(domain, enforce(host), mx=[host])
    delivery = sender.send(f"user@{domain}")
    assert_arrived(world, delivery, f"user@{domain}", host, "no-ca.mx.test")


def test_a_certificate_that_mta_sts_would_let_pass_does_not_override_dane(world, sender, sternpostd):
    """#158."""
    domain, host = world.domain("mismatch"), world.mx_host("mismatch", tlsa=[OTHER_KEY])
    world.publish(domain, enforce(host), mx=[host])
    assert_held_back(world, sender.send(f"user@{domain}"), f"user@{domain}")


def test_a_signed_domain_without_tlsa_is_held_to_its_policy(world, sender, sternpostd):
    domain, host, bad = world.domain("no-tlsa"), world.mx_host("no-tlsa"), world.mx_host("no-tlsa", "no-ca.mx.test")
    world.publish(domain, enforce(host, bad), mx=[host])
    assert_arrived(world, sender.send(f"user@{domain}"), f"user@{domain}", host, "one.mx.test")
    world.set_mx(domain, bad)
    assert_held_back(world, sender.send(f"late@{domain}"), f"late@{domain}")


def test_tlsa_records_that_nobody_can_use_leave_it_to_the_policy(world, sender, sternpostd):
    """#162, #163."""
    domain, host = world.domain("unusable"), world.mx_host("unusable", tlsa=[OTHER_KEY.replace("3 1 1", "1 1 1")])
    world.publish(domain, enforce(host), mx=[host])
    assert_arrived(world, sender.send(f"user@{domain}"), f"user@{domain}", host, "one.mx.test")


def test_an_unsigned_mx_record_leaves_it_to_the_policy(world, sender, sternpostd):
    """#165."""
    domain, host = world.domain("owner").replace(".test", ".unsigned"), world.mx_host("signed", tlsa=[OTHER_KEY])
    world.publish(domain, enforce(host), mx=[host])
    assert sternpostd.ask(domain) == secure(host)
    assert_arrived(world, sender.send(f"user@{domain}"), f"user@{domain}", host, "one.mx.test")


def test_dane_that_is_published_later_is_taken_up(world, sender, sternpostd, tlsa):
    domain, host = world.domain("later"), world.mx_host("later")
    world.publish(domain, enforce(host), mx=[host])
    assert_arrived(world, sender.send(f"first@{domain}"), f"first@{domain}", host, "one.mx.test")

    world.set_tlsa(host, OTHER_KEY)
    wait_until(lambda: sternpostd.ask(domain) == DANE_ONLY, "DANE is seen")
    delivery = sender.send(f"second@{domain}")
    assert_held_back(world, delivery, f"second@{domain}")
    world.set_tlsa(host, tlsa)
    wait_until(lambda: sender.retry(delivery).status == "sent", "Postfix forgets the old record")


# Several MX hosts

def test_a_host_without_tlsa_gets_no_mail_beside_one_with(world, sender, sternpostd, tlsa):
    domain, without = world.domain("mixed"), world.mx_host("without")
    host = world.mx_host("with", "no-ca.mx.test", [tlsa])
    world.publish(domain, enforce(without, host), mx=[without, host])
    assert_arrived(world, sender.send(f"user@{domain}"), f"user@{domain}", host, "no-ca.mx.test")


def test_a_host_without_tlsa_gets_no_mail_even_if_the_one_with_is_down(world, sender, sternpostd, tlsa):
    domain, without, host = world.domain("mixed"), world.mx_host("without"), world.mx_host("down", NOBODY, [tlsa])
    world.publish(domain, enforce(without, host), mx=[without, host])
    assert_held_back(world, sender.send(f"user@{domain}"), f"user@{domain}")


def test_a_host_that_fails_dane_does_not_stop_mail_through_another(world, sender, sternpostd, tlsa):
    domain, bad = world.domain("one-bad"), world.mx_host("bad", tlsa=[OTHER_KEY])
    host = world.mx_host("good", "no-ca.mx.test", [tlsa])
    world.publish(domain, enforce(bad, host), mx=[bad, host])
    assert_arrived(world, sender.send(f"user@{domain}"), f"user@{domain}", host, "no-ca.mx.test")


def test_a_host_whose_tlsa_lookup_fails_does_not_hide_another_with_tlsa(world, sender, sternpostd, tlsa):
    """#161."""
    domain, failing = world.domain("failing-one"), world.mx_host("failing")
    host = world.mx_host("dane", "no-ca.mx.test", [tlsa])
    failing_tlsa(world, failing)
    world.publish(domain, enforce(failing, host), mx=[failing, host])
    assert_arrived(world, sender.send(f"user@{domain}"), f"user@{domain}", host, "no-ca.mx.test")


def test_a_host_whose_tlsa_lookup_fails_does_not_stop_mail_through_another(world, sender, sternpostd):
    """#161. The one that fails has a certificate for its own name alone, as hosts have: the base grammar needs that."""
    domain, host = world.domain("failing-one"), world.mx_host("proven")
    failing_tlsa(world, "backup.mx.test")
    world.publish(domain, enforce("backup.mx.test", host), mx=["backup.mx.test", host])
    assert_arrived(world, sender.send(f"user@{domain}"), f"user@{domain}", host, "one.mx.test")


def test_mail_waits_while_nobody_knows_whether_there_is_dane(world, sender, sternpostd):
    """#161."""
    domain, host = world.domain("bogus"), world.mx_host("bogus")
    failing_tlsa(world, host)
    world.publish(domain, enforce(host), mx=[host])
    assert_held_back(world, sender.send(f"user@{domain}"), f"user@{domain}")


def test_mail_waits_where_the_mx_hosts_are_in_a_bogus_zone(world, sender, sternpostd):
    domain, host = world.domain("bogus-mx"), world.mx_host("mx", zone="bogus")
    world.publish(domain, enforce(host), mx=[host])
    assert_held_back(world, sender.send(f"user@{domain}"), f"user@{domain}")


# Names

def test_tlsa_at_the_end_of_a_cname(world, sender, sternpostd, tlsa):
    """#164."""
    domain, alias = world.domain("alias"), world.mx_host("alias")
    host = world.mx_host("target", "no-ca.mx.test", [tlsa])
    world.dns.set(alias, "CNAME", f"{host}.")
    world.publish(domain, enforce(alias), mx=[alias])
    assert_arrived(world, sender.send(f"user@{domain}"), f"user@{domain}", alias, "no-ca.mx.test")


def test_tlsa_at_the_beginning_of_a_cname(world, sender, sternpostd, tlsa):
    """#164."""
    domain, host = world.domain("alias"), world.mx_host("target", "no-ca.mx.test")
    alias = world.mx_host("alias", tlsa=[tlsa])
    world.dns.set(alias, "CNAME", f"{host}.")
    world.publish(domain, enforce(alias), mx=[alias])
    assert_arrived(world, sender.send(f"user@{domain}"), f"user@{domain}", alias, "no-ca.mx.test")


def test_a_domain_that_is_its_own_mx_host(world, sender, sternpostd, tlsa):
    domain = world.mx_host("implicit", "no-ca.mx.test", [tlsa], zone="test")
    world.publish(domain, enforce(domain), mx=[])
    assert_arrived(world, sender.send(f"user@{domain}"), f"user@{domain}", domain, "no-ca.mx.test")


def test_a_smart_host_has_its_tlsa_at_the_port_of_the_next_hop(world, sender, sternpostd, tlsa):
    """#132: the next-hop is `[dane.smarthost.test]:587`."""
    host, recipient = "dane.smarthost.test", f"{world.domain('user')}@by-dane-relay.test"
    world.set_tlsa(host, OTHER_KEY, port=25)
    world.set_tlsa(host, tlsa, port=587)
    world.serve(host, enforce(host))
    world.set_id(host, "1")
    assert_arrived(world, sender.send(recipient), recipient, host, host)


def test_a_wildcard_covers_one_label(world, sender, sternpostd):
    """#148, #149: also where the domain is signed."""
    domain = world.domain("wildcard")
    world.publish(domain, enforce("*.mx.test"), mx=["two.labels.mx.test"])
    assert_held_back(world, sender.send(f"user@{domain}"), f"user@{domain}")
    world.set_mx(domain, "good.mx.test")
    wait_until(lambda: sternpostd.ask(domain) == secure("good.mx.test"), "the new MX record is seen")
    assert_arrived(world, sender.send(f"late@{domain}"), f"late@{domain}", "good.mx.test", "good.mx.test")


def test_an_mx_host_that_shows_the_certificate_of_another_one(world, sender, sternpostd):
    """The name is outside the policy, the certificate is not. Only Postfix 3.10 looks at the name."""
    domain, host = world.domain("borrowed"), world.mx_host("impostor", "good.mx.test", zone="elsewhere.test")
    world.publish(domain, enforce("good.mx.test"), mx=[host])
    delivery = sender.send(f"user@{domain}")
    if sender.installation.knows_the_extended_grammar:
        assert_held_back(world, delivery, f"user@{domain}")
        assert f"MX name '{host}' does not match" in delivery.log
    else:
        assert_arrived(world, delivery, f"user@{domain}", host, "good.mx.test")


def test_a_domain_in_another_script_is_held_to_its_policy(world, sender, sternpostd):
    """#35: Postfix asks by the name that it was given."""
    domain = world.domain("bücher")
    ascii_domain = domain.encode("idna").decode()
    world.publish(ascii_domain, enforce("good.mx.test", "wrong-name.mx.test"))
    assert_arrived(world, sender.send(f"user@{domain}"), f"user@{domain}", "good.mx.test", "good.mx.test")
    world.set_mx(ascii_domain, "wrong-name.mx.test")
    assert_held_back(world, sender.send(f"late@{domain}"), f"late@{domain}")


# Forgers, and a resolver without DNSSEC

@pytest.mark.parametrize("forged", [rcode("NXDOMAIN"), answer("0 .", authentic=False)], ids=["NXDOMAIN", "null MX"])
def test_a_policy_holds_whatever_we_are_told_about_mx_hosts(world, sender, sternpostd, forged):
    """Postfix asks only after it has found a host, so its DNS differs from ours."""
    domain = world.domain("forged")
    world.publish(domain, enforce("good.mx.test", "wrong-name.mx.test"))
    assert sternpostd.ask(domain) == secure("good.mx.test", "wrong-name.mx.test")
    world.resolver.script(domain, "MX", forged)
    looks = world.resolver.count(domain, "MX")
    wait_until(lambda: sternpostd.ask(domain) and world.resolver.count(domain, "MX") > looks, "the lie is heard")

    assert_arrived(world, sender.send(f"user@{domain}"), f"user@{domain}", "good.mx.test", "good.mx.test")
    world.set_mx(domain, "wrong-name.mx.test")
    assert_held_back(world, sender.send(f"late@{domain}"), f"late@{domain}")


def test_without_a_validating_resolver_the_policy_alone_decides(world, sender, start_sternpostd):
    """#159. One line says so, however many domains there are."""
    world.resolver.script("*", "*", not_validating)
    sternpostd = start_sternpostd()
    for _ in range(2):
        domain, host = world.domain("blind"), world.mx_host("blind", tlsa=[OTHER_KEY])
        world.publish(domain, enforce(host), mx=[host])
        assert sternpostd.ask(domain) == secure(host)
        assert_arrived(world, sender.send(f"user@{domain}"), f"user@{domain}", host, "one.mx.test")
    line, = [line for line in sternpostd.log_text().splitlines() if DOES_NOT_VALIDATE.search(line)]
    assert "warning" in line


def test_dane_that_was_seen_is_not_forgotten_with_a_resolver_that_stops_validating(world, sender, sternpostd):
    """The third promise of the design: a doubt about DANE never becomes a weaker answer."""
    domain, host = world.domain("seen"), world.mx_host("seen", tlsa=[OTHER_KEY])
    other = world.domain("not-seen")
    world.publish(domain, enforce(host), mx=[host])
    world.publish(other, enforce("good.mx.test"))
    assert sternpostd.ask(domain) == DANE_ONLY

    world.resolver.script("*", "*", not_validating)

    def in_doubt():
        reply = sternpostd.ask(domain)
        assert reply == DANE_ONLY or reply.startswith("TEMP dane"), reply
        return reply != DANE_ONLY
    wait_until(in_doubt, "the resolver is seen to have stopped validating")
    sternpostd.wait_for_log(DOES_NOT_VALIDATE)
    assert_held_back(world, sender.send(f"user@{domain}"), f"user@{domain}")
    sternpostd.restart()
    assert sternpostd.ask(domain).startswith("TEMP dane")
    assert sternpostd.ask(other) == secure("good.mx.test")
