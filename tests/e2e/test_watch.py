"""[watch]: the daemon looks at domains of one's own; log, metrics, page and `sternpost watch` tell what it finds."""

import http.client
import json
import re

import pytest

from admin import Admin
from world import GOOD_MX, enforce, policy

METRICS = ("127.0.0.1", 9461)
ELSEWHERE = ("10.99.0.53", 9461)  # an address of this host that is not loopback
GOOD, ADVICE, BROKEN = 0, 1, 2


@pytest.fixture
def start_watching(world, start_sternpostd):
    world.receiver

    def start(*domains, metrics=METRICS):
        return start_sternpostd({"admin": {"metrics": "%s:%d" % metrics}, "watch": {"domains": list(domains)}})
    return start


def in_order(world, word, text=None):
    domain = world.domain(word)
    world.publish(domain, text or enforce(max_age=604800))
    world.dns.set(f"_smtp._tls.{domain}", "TXT", f'"v=TLSRPTv1; rua=mailto:tls@{domain}"')
    return domain


def told(daemon, *options):
    done = daemon.command("watch", "--now", "--json", *options)
    assert done.stderr == ""
    return {one["domain"]: one for one in json.loads(done.stdout)["domains"]}, done.returncode


def codes(report):
    return {finding["code"] for finding in report["findings"] if finding["level"] != "note"}


def page(address):
    connection = http.client.HTTPConnection(*address, timeout=60)
    connection.request("GET", "/")
    return connection.getresponse().read().decode()


def test_what_is_in_order_is_told_everywhere(world, start_watching):
    domain = in_order(world, "own")
    daemon = start_watching(domain)
    reports, status = told(daemon)
    assert (codes(reports[domain]), reports[domain]["stage"], status) == (set(), "enforce", GOOD)
    metrics = Admin(METRICS).metrics()
    for check in ("record", "policy", "mx-covered", "mx-tls", "tls-reports"):
        assert metrics["sternpost_watch_good"][f'domain="{domain}",check="{check}"'] == 1
    for of in ("policy-host", "mx"):
        end = metrics["sternpost_watch_certificate_end_seconds"][f'domain="{domain}",of="{of}"']
        assert end > metrics["sternpost_watch_looked_seconds"][f'domain="{domain}"'] + 14 * 86400
    text = page(METRICS)
    assert "Your domains" in text and domain in text
    daemon.wait_for_log(re.compile(f"watch {domain}: stage: enforce, id 1"))


def test_what_breaks_and_is_mended_is_told(world, start_watching):
    domain = in_order(world, "own")
    daemon = start_watching(domain)
    assert told(daemon)[1] == GOOD
    world.set_mx(domain, GOOD_MX.name, "mx.elsewhere.test")
    reports, status = told(daemon, domain)
    assert (codes(reports[domain]), status) == ({"mx-not-covered"}, BROKEN)
    assert Admin(METRICS).metrics()["sternpost_watch_good"][f'domain="{domain}",check="mx-covered"'] == 0
    daemon.wait_for_log(re.compile(f"warning: watch {domain}: the MX host mx.elsewhere.test passes by no mx"))
    assert "Something is broken at 1 of your own domains" in page(METRICS)
    shown = daemon.command("watch")
    assert "XX the MX host mx.elsewhere.test passes by no mx of the policy  [mx-not-covered]" in shown.stdout
    world.set_mx(domain, GOOD_MX.name)
    assert told(daemon)[1] == GOOD
    daemon.wait_for_log(re.compile(f"watch {domain}: no more: the MX host mx.elsewhere.test"))


def test_tlsa_records_that_match_no_certificate_are_broken(world, start_watching):
    domain = in_order(world, "own")
    host = world.mx_host("own", tlsa=["3 1 1 " + 64 * "0"])
    world.publish(domain, enforce(host, max_age=604800), mx=[host])
    reports, status = told(start_watching(domain))
    assert "mx-dane" in codes(reports[domain]) and status == BROKEN
    assert Admin(METRICS).metrics()["sternpost_watch_good"][f'domain="{domain}",check="mx-tls"'] == 0


def test_a_text_without_a_new_id_is_told(world, start_watching):
    domain = in_order(world, "own")
    daemon = start_watching(domain)
    assert told(daemon)[1] == GOOD
    world.publish(domain, policy("testing", GOOD_MX.name))
    reports, status = told(daemon)
    assert (codes(reports[domain]), reports[domain]["checks"]["id"], status) == ({"id-not-changed"}, False, BROKEN)
    world.set_id(domain, "2")
    assert told(daemon)[0][domain]["checks"]["id"] is True


def test_names_stay_here(world, start_watching):
    """At an address that is not on loopback a domain is a number."""
    domain = in_order(world, "own")
    daemon = start_watching(domain, metrics=ELSEWHERE)
    assert told(daemon)[1] == GOOD
    assert Admin(ELSEWHERE).metrics()["sternpost_watch_good"]['domain="1",check="policy"'] == 1
    assert domain not in page(ELSEWHERE) + Admin(ELSEWHERE).get("/metrics")
    assert Admin(ELSEWHERE).ask("GET", "/v1/watch")[0] == 404


def test_a_reload_watches_others(world, start_watching):
    one, other = in_order(world, "one"), in_order(world, "other")
    daemon = start_watching(one)
    assert told(daemon)[0].keys() == {one}
    daemon.settings["watch"]["domains"] = [other]
    daemon.write_config(daemon.settings)
    daemon.reload()
    daemon.wait_for_log(re.compile("reloaded"))
    assert told(daemon)[0].keys() == {other}
    done = daemon.command("watch", one)
    assert (done.returncode, f"{one} is not watched" in done.stderr) == (1, True)
    assert Admin(daemon.settings["admin"]["socket"]).ask("POST", f"/v1/watch/{one}/look")[0] == 404


def test_who_watches_nothing_is_told(sternpostd):
    done = sternpostd.command("watch")
    assert (done.returncode, "nothing is watched" in done.stderr) == (1, True)
    assert "sternpost_watch_good{" not in Admin(sternpostd.settings["admin"]["socket"]).get("/metrics")


def test_a_look_under_way_does_not_delay_the_end(world, start_watching):
    """A mail server that says nothing; stop() wants an end within 5 s."""
    domain = in_order(world, "own", enforce("silent.mx.test"))
    world.dns.set("silent.mx.test", "A", "10.98.0.9")
    world.set_mx(domain, "silent.mx.test")
    daemon = start_watching(domain)
    daemon.process.wait_until(lambda: world.gets(domain) == 1, "the look is under way")
    daemon.stop()
