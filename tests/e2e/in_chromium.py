"""The status page as a browser shows it, on a desk and on a phone, by day and by night. Run by tests/packaging/long.

STERNPOST_PICTURES=DIRECTORY keeps the pictures.
"""

import os
from pathlib import Path

import pytest

from browser import Browser
from world import DANE_ONLY, NOT_FOUND, OTHER_KEY, enforce, policy, secure

METRICS = "127.0.0.1:9461"
SCREENS = {"desk": (1280, 900), "phone": (390, 844)}
# In CSS pixels, with what a picture is scaled by.
SMALLEST_TEXT = """Math.min(...[...document.querySelectorAll('main td, main dt, main th, main text')].map(element => {
    const picture = element.ownerSVGElement;
    return parseFloat(getComputedStyle(element).fontSize) *
        (picture ? picture.getBoundingClientRect().width / picture.viewBox.baseVal.width : 1);
}))"""
PAGE_COLOUR = {"light": "rgb(244, 245, 247)", "dark": "rgb(20, 23, 26)"}


@pytest.fixture(scope="module")
def browser(whole_world):
    browser = Browser(whole_world.directory / "browser")
    yield browser
    browser.close()


@pytest.fixture
def daemon(world, start_sternpostd):
    """With something to tell."""
    daemon = start_sternpostd({"admin": {"metrics": METRICS}, "answers": {"recheck": "5m"}, "dns": {"min-ttl": "60s"}})
    host = world.mx_host("dane", tlsa=[OTHER_KEY])
    world.publish(dane := world.domain("with-dane"), enforce(host), mx=[host])
    world.publish(good := world.domain("good"), enforce("good.mx.test", "backup.mx.test", "*.mx.test"))
    world.publish(testing := world.domain("testing"), policy("testing", "good.mx.test"))
    world.publish(hostile := world.domain("hostile"), "version: STSv1\nmode: <script>document.title = 1</script>\nmax_age: 1\n")
    world.publish(failing := world.domain("failing"), enforce())
    assert daemon.ask(dane) == DANE_ONLY
    assert [daemon.ask(domain) for domain in (testing, hostile, world.domain("without"))] == [NOT_FOUND] * 3
    assert daemon.ask(failing) == secure()
    for _ in range(20):
        daemon.ask(good)
    world.publish(failing, enforce(), "status-503")
    assert daemon.command("cache", "refresh", failing).returncode == 1
    return daemon


@pytest.mark.parametrize("scheme", PAGE_COLOUR)
@pytest.mark.parametrize("screen", SCREENS)
def test_the_page_fits_the_screen_and_its_policy(browser, daemon, tmp_path, screen, scheme):
    width, height = SCREENS[screen]
    browser.look_like(width, height, scheme)
    browser.open(f"http://{METRICS}/")
    assert browser.evaluate("document.title") == "sternpostd: all is well"
    # The style sheet is in force, so the policy lets it through; and nothing else was tried.
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == PAGE_COLOUR[scheme]
    assert [said for said in browser.complaints() if "favicon" not in said] == []
    assert browser.evaluate("performance.getEntriesByType('resource').length") == 0
    # Nothing sticks out at the side, and no text is smaller than can be read.
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate(SMALLEST_TEXT) >= 9
    pictures = Path(os.environ.get("STERNPOST_PICTURES", tmp_path))
    browser.picture_of_whole_page(pictures / f"status-{screen}-{scheme}.png")
