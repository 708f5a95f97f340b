"""Mail from a real Postfix to a real Postfix, as a domain's MTA-STS policy demands."""

import pytest

from postfix import Sender
from process import wait_until
from world import NOT_FOUND, TRANSPORTS, enforce, policy, secure

VERIFIED = "Verified TLS connection established to "


@pytest.fixture
def mail(world):
    """The world with both Postfixes up."""
    world.receiver
    world.sender
    return world


def assert_verified(mail, delivery, recipient, host):
    assert delivery.status == "sent", delivery
    assert VERIFIED + host in delivery.log
    assert mail.receiver.arrived_at(recipient) == host


def assert_held_back(mail, delivery, recipient):
    """Conformance #138 and #141: not delivered, and not given up either."""
    assert delivery.status == "deferred", delivery
    assert delivery.dsn.startswith("4."), delivery
    assert mail.receiver.arrivals(recipient) == []


def test_enforced_mail_goes_out_verified(mail, sternpostd):
    domain = mail.domain("enforced")
    mail.publish(domain, enforce("good.mx.test"))
    delivery = mail.sender.send(f"user@{domain}")
    assert_verified(mail, delivery, f"user@{domain}", "good.mx.test")


@pytest.mark.parametrize("pattern", ["backup.mx.test", "*.mx.test"])
def test_an_mx_host_is_asked_for_by_its_own_name(world, sternpostd, sender, pattern):
    """#157: in the SNI, be it in the policy or covered by it; without a policy Postfix asks for none."""
    domain, other = world.domain("sni"), world.domain("no-sni")
    world.publish(domain, enforce("good.mx.test", pattern), mx=["backup.mx.test"])
    world.set_mx(other, "backup.mx.test")
    before = len(world.receiver.server_names("backup.mx.test"))
    assert sender.send(f"user@{other}").status == "sent"
    assert world.receiver.server_names("backup.mx.test")[before:] == []
    assert sender.send(f"user@{domain}").status == "sent"
    assert world.receiver.server_names("backup.mx.test")[before:] == ["backup.mx.test"]


def test_an_mx_host_with_ipv6_alone_is_verified_too(mail, sternpostd):
    domain = mail.domain("enforced-v6")
    mail.publish(domain, enforce("v6.mx.test"), mx=["v6.mx.test"])
    delivery = mail.sender.send(f"user@{domain}")
    assert_verified(mail, delivery, f"user@{domain}", "v6.mx.test")


@pytest.mark.parametrize("host", ["wrong-name.mx.test", "other-ca.mx.test", "expired.mx.test", "no-starttls.mx.test"])
def test_an_mx_host_that_cannot_prove_its_name_gets_no_enforced_mail(mail, sternpostd, host):
    """#138, #153."""
    domain = mail.domain("unproven")
    mail.publish(domain, enforce(host), mx=[host])
    assert_held_back(mail, mail.sender.send(f"user@{domain}"), f"user@{domain}")


def test_an_mx_host_outside_the_policy_gets_no_mail(mail, sternpostd):
    """#143: its certificate is good, for its own name."""
    domain = mail.domain("outside")
    mail.publish(domain, enforce("good.mx.test"), mx=["mx.elsewhere.test"])
    assert_held_back(mail, mail.sender.send(f"user@{domain}"), f"user@{domain}")


def test_an_mx_host_outside_the_policy_is_passed_over(mail, sternpostd):
    """#142."""
    domain = mail.domain("passed-over")
    mail.publish(domain, enforce("good.mx.test"))
    mail.dns.set(domain, "MX", "10 mx.elsewhere.test.", "20 good.mx.test.")
    delivery = mail.sender.send(f"user@{domain}")
    assert_verified(mail, delivery, f"user@{domain}", "good.mx.test")


@pytest.mark.parametrize("mode", ["testing", "none"])
def test_a_policy_that_is_not_enforced_holds_no_mail_back(mail, sternpostd, mode):
    """#139, #140."""
    domain = mail.domain(mode)
    mail.publish(domain, policy(mode, "good.mx.test"), mx=["wrong-name.mx.test"])
    assert mail.sender.send(f"user@{domain}").status == "sent"


def test_a_domain_without_policy_gets_its_mail(mail, sternpostd):
    domain = mail.domain("no-policy")
    mail.set_mx(domain, "no-starttls.mx.test")
    assert mail.sender.send(f"user@{domain}").status == "sent"


def test_a_domain_whose_policy_cannot_be_fetched_gets_its_mail(mail, sternpostd):
    """#66."""
    domain = mail.domain("no-fetch")
    mail.publish(domain, enforce("good.mx.test"), "status-404", mx=["wrong-name.mx.test"])
    assert mail.sender.send(f"user@{domain}").status == "sent"


def test_a_wildcard_covers_one_label(mail, sternpostd):
    """#148, #153: verified by the host's own name."""
    domain = mail.domain("wildcard")
    mail.publish(domain, enforce("*.mx.test"), mx=["good.mx.test"])
    delivery = mail.sender.send(f"user@{domain}")
    assert_verified(mail, delivery, f"user@{domain}", "good.mx.test")


def test_a_wildcard_does_not_cover_two_labels(mail, sternpostd):
    """#148, #149."""
    domain = mail.domain("wildcard-two")
    mail.publish(domain, enforce("*.mx.test"), mx=["two.labels.mx.test"])
    assert_held_back(mail, mail.sender.send(f"user@{domain}"), f"user@{domain}")


def test_a_policy_is_enforced_when_its_host_is_gone(mail, sternpostd):
    """#67, #121."""
    domain = mail.domain("host-gone")
    mail.publish(domain, enforce("good.mx.test"))
    assert mail.sender.send(f"first@{domain}").status == "sent"

    mail.remove_policy_host(domain)
    delivery = mail.sender.send(f"second@{domain}")
    assert_verified(mail, delivery, f"second@{domain}", "good.mx.test")
    mail.set_mx(domain, "wrong-name.mx.test")
    assert_held_back(mail, mail.sender.send(f"third@{domain}"), f"third@{domain}")


def test_a_policy_outlives_kill_9_right_after_the_first_answer(mail, sternpostd):
    """#125, and the second promise of the design."""
    domain = mail.domain("killed")
    mail.publish(domain, enforce("good.mx.test"))
    assert sternpostd.ask(domain) == secure("good.mx.test")
    sternpostd.kill9()

    mail.remove_policy_host(domain)
    mail.dns.remove(f"_mta-sts.{domain}")
    sternpostd.start()
    delivery = mail.sender.send(f"user@{domain}")
    assert_verified(mail, delivery, f"user@{domain}", "good.mx.test")
    mail.set_mx(domain, "other-ca.mx.test")
    assert_held_back(mail, mail.sender.send(f"late@{domain}"), f"late@{domain}")


def test_a_new_id_frees_mail_that_the_old_policy_held_back(mail, sternpostd):
    """#111, #114: Postfix's next try sees the new policy."""
    domain = mail.domain("new-id")
    mail.publish(domain, enforce("mx.elsewhere.test"), id="1")
    delivery = mail.sender.send(f"user@{domain}")
    assert_held_back(mail, delivery, f"user@{domain}")

    mail.publish(domain, enforce("good.mx.test"), id="2")
    wait_until(lambda: sternpostd.ask(domain) == secure("good.mx.test"), "the new policy is taken up")
    assert_verified(mail, mail.sender.retry(delivery), f"user@{domain}", "good.mx.test")


def test_a_new_policy_of_mode_none_ends_enforcement(mail, sternpostd):
    """#120."""
    domain = mail.domain("to-none")
    mail.publish(domain, enforce("good.mx.test"), id="1", mx=["wrong-name.mx.test"])
    delivery = mail.sender.send(f"user@{domain}")
    assert_held_back(mail, delivery, f"user@{domain}")

    mail.serve(domain, policy("none"))
    mail.set_id(domain, "2")
    wait_until(lambda: sternpostd.ask(domain) == NOT_FOUND, "the new policy is taken up")
    assert mail.sender.retry(delivery).status == "sent"


def test_a_smart_host_is_held_to_its_own_policy(mail, sternpostd):
    """#132: the next-hop is `[relay.smarthost.test]:25`."""
    mail.serve("relay.smarthost.test", enforce("relay.smarthost.test"))
    mail.set_id("relay.smarthost.test", "1")
    delivery = mail.sender.send("user@by-good-relay.test")
    assert_verified(mail, delivery, "user@by-good-relay.test", "relay.smarthost.test")


def test_a_smart_host_that_cannot_prove_its_name_gets_no_mail(mail, sternpostd):
    mail.serve("relay.wrong-name.test", enforce("relay.wrong-name.test"))
    mail.set_id("relay.wrong-name.test", "1")
    delivery = mail.sender.send("user@by-wrong-relay.test")
    assert_held_back(mail, delivery, "user@by-wrong-relay.test")


def test_an_ordinary_web_server_is_a_good_policy_host(mail, sternpostd):
    mail.nginx
    mail.set_id("by-nginx.test", "1")
    mail.set_mx("by-nginx.test", "good.mx.test")
    delivery = mail.sender.send("user@by-nginx.test")
    assert_verified(mail, delivery, "user@by-nginx.test", "good.mx.test")


def test_a_chrooted_smtp_asks_over_a_unix_socket_below_the_queue_directory(mail, start_sternpostd):
    """As on Debian: the path in main.cf is relative, and smtp(8) is nobody special there."""
    sender = Sender(mail.directory / "chrooted", mail.certificates.ca_file,
                    "socketmap:unix:sternpost/socketmap.sock:sts", TRANSPORTS, port=2526, chroot=True)
    (sender.queue / "sternpost").mkdir()
    start_sternpostd({"listen": [f"unix:{sender.queue}/sternpost/socketmap.sock"]})
    good, bad = mail.domain("chroot"), mail.domain("chroot-bad")
    mail.publish(good, enforce("good.mx.test"))
    mail.publish(bad, enforce("good.mx.test"), mx=["wrong-name.mx.test"])
    assert_verified(mail, sender.send(f"user@{good}"), f"user@{good}", "good.mx.test")
    assert_held_back(mail, sender.send(f"user@{bad}"), f"user@{bad}")
    sender.stop()


def test_mail_waits_while_the_daemon_is_down(mail, sternpostd):
    """Never delivered unprotected, and nothing is lost by a restart."""
    domain = mail.domain("down")
    mail.publish(domain, enforce("good.mx.test"))
    sternpostd.stop()
    delivery = mail.sender.send(f"user@{domain}")
    assert_held_back(mail, delivery, f"user@{domain}")

    sternpostd.start()
    assert_verified(mail, mail.sender.retry(delivery), f"user@{domain}", "good.mx.test")
