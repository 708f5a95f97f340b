"""The status page of the real daemon: what it tells, to whom, and that nothing in it is anybody else's."""

import base64
import hashlib
import http.client
import re
import xml.etree.ElementTree

import pytest

from admin import Admin
from world import NOT_FOUND, enforce, secure

METRICS = ("127.0.0.1", 9461)
EVERYWHERE = ("10.99.0.53", 9461)  # an address of this host that is not loopback
SCRIPT = "<script>alert(1)</script>"
# Elements by which a page has something from elsewhere, or does something.
FOREIGN = {"script", "link", "img", "iframe", "object", "embed", "form", "a", "base", "image", "use", "foreignObject"}


@pytest.fixture
def daemon(start_sternpostd):
    return start_sternpostd({"admin": {"metrics": "%s:%d" % METRICS}, "answers": {"recheck": "5m"}, "dns": {"min-ttl": "60s"}})


def page(address):
    """Headers and text of the page."""
    connection = http.client.HTTPConnection(*address, timeout=60)
    connection.request("GET", "/")
    response = connection.getresponse()
    text = response.read().decode("ascii")
    connection.close()
    assert response.status == 200
    return dict(response.getheaders()), text


def words(text):
    """What is read on the page, but for its style."""
    body = xml.etree.ElementTree.fromstring(text).find("body")
    return " ".join(" ".join(body.itertext()).split()).replace("\u00a0", " ")


def test_the_page_tells_what_was_decided_and_why(world, daemon):
    world.publish(good := world.domain("good"), enforce())
    world.publish(broken := world.domain("broken"), enforce(), "status-500")
    assert daemon.ask(good) == secure()
    assert daemon.ask(broken) == daemon.ask(without := world.domain("without")) == NOT_FOUND
    told = words(page(METRICS)[1])
    for sentence in ("All is well", f"{good} secure match=good.mx.test servername=hostname enforce policy, id 1, until",
                     "no DANE", f"{broken} NOTFOUND policy not fetched: HTTP status 500", f"{without} NOTFOUND no TXT record",
                     "Answers, last hour 3", "Enforce policies 1", "DNS server 127.0.0.1:5353", "Disk, writing works"):
        assert sentence in told, (sentence, told)
    assert words(Admin(daemon.directory / "admin.sock").get("/")).startswith("sternpostd")


def test_a_policy_that_cannot_be_refreshed_is_named_with_its_reason(world, daemon):
    world.publish(domain := world.domain("unrefreshed"), enforce())
    assert daemon.ask(domain) == secure()
    world.publish(domain, enforce(), "status-503")
    assert daemon.command("cache", "refresh", domain).returncode == 1
    told = words(page(METRICS)[1])
    assert re.search(rf"Refresh fails.*{domain} 2[34] h .*HTTP status 503", told), told


def test_text_of_others_is_no_markup(world, daemon):
    world.publish(domain := world.domain("hostile"), f"version: STSv1\nmode: {SCRIPT}\nmx: a.test\nmax_age: 1\n")
    assert daemon.ask(domain) == NOT_FOUND
    text = page(METRICS)[1]
    assert SCRIPT in words(text) and SCRIPT not in text


def test_nothing_is_from_elsewhere_and_nothing_runs(world, daemon):
    world.publish(domain := world.domain("self-contained"), enforce())
    daemon.ask(domain)
    headers, text = page(METRICS)
    tree = xml.etree.ElementTree.fromstring(text)  # it is well-formed
    assert {element.tag for element in tree.iter()} & FOREIGN == set()
    for element in tree.iter():
        assert not {name for name in element.attrib if name.startswith("on") or name in ("src", "href", "style")}
    style = tree.find("head/style").text
    assert "url(" not in style and "@import" not in style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")


def test_names_of_domains_are_told_on_this_host_alone(world, start_sternpostd):
    daemon = start_sternpostd({"admin": {"metrics": "%s:%d" % EVERYWHERE}})
    world.publish(domain := world.domain("private"), enforce())
    world.publish(broken := world.domain("private-broken"), enforce(), "status-500")
    assert (daemon.ask(domain), daemon.ask(broken)) == (secure(), NOT_FOUND)
    told = words(page(EVERYWHERE)[1])
    assert "Answers, last hour 2" in told and "private" not in told
    assert domain in Admin(daemon.directory / "admin.sock").get("/")


def test_a_page_that_was_made_to_point_at_loopback_gets_nothing(daemon):
    status, said = Admin(METRICS).ask("GET", "/", headers={"Host": "rebound.test:9461"})
    assert status == 421 and "html" not in said


def test_a_daemon_without_dns_or_disk_says_so(world, start_sternpostd):
    daemon = start_sternpostd({"admin": {"metrics": "%s:%d" % METRICS}})
    assert daemon.command("cache", "list").returncode == 0
    for file in daemon.directory.glob("cache.db*"):
        file.unlink()
    daemon.command("cache", "list")  # meets it
    told = words(page(METRICS)[1])
    assert "Needs attention" in told and "begun anew since the start, 1 times" in told
