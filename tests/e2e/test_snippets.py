"""What postfix/README.md says: Postfix takes every line of the snippets, delivers by them, and asks tables in order."""

import shutil
import subprocess
from pathlib import Path

import pytest

import installations
from postfix import Sender
from world import SOCKETMAP, TRANSPORTS, enforce

SNIPPETS = Path(__file__).parents[2] / "postfix"
FOR_ALL = ["main.cf.sts", "main.cf.dane", "main.cf.chroot"]
SINCE_3_10 = ["main.cf.sts-tlsrpt", "main.cf.tlsrpt"]
PAIRS = [*((name, installation) for name in FOR_ALL for installation in installations.ALL),
         *((name, installations.NEWEST) for name in SINCE_3_10)]
MINIMAL = "compatibility_level = 3.6\n"
MASTER_CF = "smtp unix - - n - - smtp\n"
CA_FILE = "/etc/ssl/certs/ca-certificates.crt"
PORT = 2530

# The tables that are asked, and what becomes of mail that the domain's policy holds back.
ORDERS = {
    "an entry before ours": ("inline:{{ {{ {domain} = may }} }}, {ours}", "sent"),
    "an entry behind ours": ("{ours}, inline:{{ {{ {domain} = may }} }}", "deferred"),
    "an entry for all sub-domains before ours": ("inline:{{ {{ .test = may }} }}, {ours}", "deferred"),
    "ours taken out": ("", "sent"),
}

each_snippet = pytest.mark.parametrize("name, installation", PAIRS,
                                       ids=[f"{name}-{'%d.%d' % each.version}" for name, each in PAIRS])


def settings(text):
    """{parameter: value} of a main.cf that has each on a line of its own."""
    lines = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in lines}


def test_every_snippet_is_tested():
    assert sorted(path.name for path in SNIPPETS.glob("main.cf.*")) == sorted(FOR_ALL + SINCE_3_10)


@each_snippet
def test_postconf_knows_every_line(whole_world, name, installation):
    text = (SNIPPETS / name).read_text()
    directory = whole_world.directory / "snippet"
    directory.mkdir()
    (directory / "main.cf").write_text(MINIMAL + text)
    (directory / "master.cf").write_text(MASTER_CF)
    done = subprocess.run([*installation.command("postconf"), "-c", directory, "-n"], capture_output=True, text=True)
    shutil.rmtree(directory)
    assert (done.returncode, done.stderr) == (0, "")
    read = settings(done.stdout)
    read.pop("config_directory", None)
    assert read == settings(MINIMAL + text)


@pytest.fixture
def sender(world, name, installation):
    """A Postfix that has the snippet, but for whom to trust."""
    text = (SNIPPETS / name).read_text().replace(CA_FILE, str(world.certificates.ca_file))
    sender = Sender(world.directory / f"{name}-{installation.version[1]}", world.certificates.ca_file, SOCKETMAP,
                    TRANSPORTS, port=PORT, chroot=name == "main.cf.chroot", installation=installation,
                    more_main_cf=text)
    (sender.queue / "sternpost").mkdir()
    yield sender
    sender.stop()


@each_snippet
def test_mail_is_sent_by_the_policy(world, start_sternpostd, sender, name, installation):
    if name == "main.cf.chroot":
        start_sternpostd({"listen": [f"unix:{sender.queue}/sternpost/socketmap.sock"]})
    else:
        start_sternpostd()
    world.receiver
    good, bad = world.domain("good"), world.domain("bad")
    world.publish(good, enforce("good.mx.test"))
    world.publish(bad, enforce("good.mx.test"), mx=["wrong-name.mx.test"])
    delivery = sender.send(f"user@{good}")
    assert delivery.status == "sent", delivery
    assert "Verified TLS connection established to good.mx.test" in delivery.log
    assert sender.send(f"user@{bad}").status == "deferred"


@pytest.mark.parametrize("order", ORDERS)
def test_tables_are_asked_in_order(world, sternpostd, order):
    """Also the way out that README.md has for one destination, or all, without touching sternpostd."""
    tables, status = ORDERS[order]
    domain = world.domain("order")
    world.publish(domain, enforce("good.mx.test"), mx=["wrong-name.mx.test"])
    world.receiver
    sender = Sender(world.directory / domain, world.certificates.ca_file,
                    tables.format(domain=domain, ours=SOCKETMAP), TRANSPORTS, port=PORT)
    delivery = sender.send(f"user@{domain}")
    sender.stop()
    assert delivery.status == status, delivery


def test_a_table_behind_ours_is_asked_about_domains_without_a_policy(world, sternpostd):
    domain = world.domain("behind")
    world.set_mx(domain, "good.mx.test")
    world.receiver
    sender = Sender(world.directory / domain, world.certificates.ca_file,
                    f"{SOCKETMAP}, inline:{{ {{ {domain} = secure match=other.test }} }}", TRANSPORTS, port=PORT)
    delivery = sender.send(f"user@{domain}")
    sender.stop()
    assert delivery.status == "deferred", delivery
