"""What the manual pages say that the programs say, said by the programs: each item of a DIAGNOSTICS section."""

import re
import resource
import subprocess
from pathlib import Path

import pytest

from hanging_disk import HangingDisk
from postconf import WITHOUT_POSTFIX, Postconf
from process import SEARCH_PATH, require, wait_until
from scripted_resolver import not_validating, rcode
from sternpost import COMMAND_SECONDS, binary, give_to_daemon
from world import DANE_ONLY, FAR_RESOLVER, NOBODY, OTHER_KEY, enforce, secure

MAN = Path(__file__).resolve().parents[2] / "man"
PAGES = ["sternpostd.8", "sternpost.1", "sternpost.toml.5"]
# The words of a message that stand for something else; "..." is anything.
PLACEHOLDERS = {"D", "FILE", "HOST", "N", "NAME", "PATH", "SERVER", "TIME"}
PIPELINED = 64  # questions of one connection
MORE_THAN_ARE_OPEN = 9000  # DNS questions at once


def items():
    """Each item of the pages' DIAGNOSTICS, as "PAGE: what is said"."""
    for page in PAGES:
        text = (MAN / page).read_text()
        part = re.search(r"^\.Sh DIAGNOSTICS\n(.*?)^\.Sh ", text, re.MULTILINE | re.DOTALL)[1]
        for item in re.findall(r'^\.It "(.*)"$', part, re.MULTILINE):
            yield f"{page}: " + item.replace(r"\(dq", '"').replace(r"\&", "")


def pattern(item):
    """What fits the item's words."""
    words = item.partition(": ")[2]
    parts = re.split(r"(\.\.\.|(?<![\w-])(?:%s)(?![A-Z-]))" % "|".join(sorted(PLACEHOLDERS, key=len, reverse=True)), words)
    return re.compile("".join(".+" if part == "..." else r"\S+?" if part in PLACEHOLDERS else re.escape(part)
                              for part in parts))


SITUATIONS = {}


def situation(*its_items):
    """A function that brings about what makes the programs say these: said(words) gives the text to find `words` in."""
    def register(function):
        for item in its_items:
            assert item not in SITUATIONS, item
            SITUATIONS[item] = function
        return function
    return register


class Stage:
    """What a situation is made with."""

    def __init__(self, world, start, words):
        self.world = world
        self.start = start  # start(settings, ...) gives a running daemon
        self.words = words  # to be said

    def domain(self, text=None, behaviour="ok", mx=("good.mx.test",)):
        name = self.world.domain("said")
        self.world.publish(name, text or enforce(*mx), behaviour, mx=mx)
        return name

    def line(self, daemon):
        return daemon.wait_for_log(self.words)

    def end_of(self, settings, *arguments):
        """What a program says that ends by itself."""
        done = self.world.sternpostd(settings).command(*arguments, program="sternpostd")
        assert done.returncode > 0
        return done.stderr

    def complaint(self, text):
        """About the configuration `text`, in a file that is called as in the page."""
        directory = self.world.directory / self.world.domain("configuration")
        directory.mkdir()
        (directory / "sternpost.toml").write_text(text)
        done = subprocess.run([binary("sternpostd"), "-c", "sternpost.toml", "--check-config"], cwd=directory,
                              env={"PATH": SEARCH_PATH}, capture_output=True, text=True, timeout=COMMAND_SECONDS)
        assert done.returncode == 78, done
        return done.stderr


def marked(item):
    as_root = "running as root" in item
    return pytest.param(item, marks=pytest.mark.started_by_root) if as_root else item


@pytest.mark.parametrize("item", map(marked, items()))
def test_it_is_said(world, start_sternpostd, item):
    words = pattern(item)
    assert item in SITUATIONS, "an item of the page without a situation that produces it"
    assert words.search(SITUATIONS[item](Stage(world, start_sternpostd, words)))


def test_every_situation_is_in_a_page():
    assert set(SITUATIONS) - set(items()) == set()


# Reasons of temporary failures, and permanent ones

@situation('sternpostd.8: dane: ...; dane = "off" does without')
def _(stage):
    host = stage.world.mx_host("failing")
    stage.world.resolver.script(f"_25._tcp.{host}", "TLSA", rcode("SERVFAIL"))
    return stage.start().ask(stage.domain(mx=(host,)))


@situation("sternpostd.8: policy of D is being fetched")
def _(stage):
    return stage.start({"answers": {"deadline": "500ms"}}).ask(stage.domain(behaviour="hang"))


@situation("sternpostd.8: sternpostd is overloaded: ...")
def _(stage):
    """More questions at once than may be put to a DNS server that never answers."""
    daemon = stage.start({"dns": {"servers": [NOBODY], "timeout": "60s"}, "answers": {"dane": "off"}})
    for number in range(0, MORE_THAN_ARE_OPEN, PIPELINED):
        client = daemon.connect()
        for name in range(number, number + PIPELINED):
            client.send(f"{name}.silent.test")
    reply = daemon.ask("one-more.silent.test")
    daemon.kill9()  # an orderly end of so many lookups is no matter of words
    return reply


@situation("sternpostd.8: fleet: the fleet cannot be asked; this relay goes on alone: ...")
def _(stage):
    key = stage.world.directory / stage.world.domain("key")
    key.write_text("k" * 64)
    key.chmod(0o440)
    give_to_daemon(key)
    return stage.line(stage.start({"fleet": {"servers": ["127.0.0.1:1"], "key-file": str(key)}}))


@situation("sternpostd.8: DNS does not tell whether D has an MTA-STS policy: ...")
def _(stage):
    domain = stage.domain()
    stage.world.resolver.script(f"_mta-sts.{domain}", "TXT", rcode("SERVFAIL"))
    return stage.start({"answers": {"on-dns-failure": "temp"}}).ask(domain)


@situation("sternpostd.8: the cache of D cannot be read")
def _(stage):
    daemon = stage.start(cache_of_its_own(stage))
    take_away_the_cache(daemon)
    return daemon.ask(stage.domain(behaviour="status-500"))


@situation("sternpostd.8: sternpostd's cache does not answer: does its disk hang?")
def _(stage):
    disk = HangingDisk(stage.world.directory)
    daemon = stage.start({"answers": {"deadline": "1s"}}, environment=disk.environment)
    disk.hang()
    try:
        return daemon.ask(stage.domain())
    finally:
        disk.go_on()


@situation('sternpostd.8: unknown map "NAME"', 'sternpostd.8: socketmap: asked for an unknown map "NAME": ...')
def _(stage):
    daemon = stage.start()
    return daemon.ask(stage.domain(), "stz") + stage.line(daemon)


# Policies

@situation("sternpostd.8: policy D: mode=enforce id=... mx=N expires=TIME source=https took=Nms")
def _(stage):
    daemon = stage.start()
    daemon.ask(stage.domain())
    return stage.line(daemon)


@situation("sternpostd.8: policy D: id=... not fetched: ...; mail goes out as without MTA-STS, next try ...")
def _(stage):
    daemon = stage.start()
    daemon.ask(stage.domain(behaviour="status-500"))
    return stage.line(daemon)


@situation("sternpostd.8: policy D: id=... not fetched: ...; the known policy stays in force until ...",
           "sternpostd.8: policy D: it can be fetched again, after N failures since TIME")
def _(stage):
    daemon = stage.start({"https": {"retry": "1s", "min-interval": "0s"}, "dns": {"min-ttl": "0s"},
                          "answers": {"recheck": "0s"}})
    domain = stage.domain()
    assert daemon.ask(domain) == secure()
    stage.world.publish(domain, enforce(), "status-500", id="2")
    gets = stage.world.gets(domain)
    wait_until(lambda: daemon.ask(domain) == secure() and stage.world.gets(domain) >= gets + 2, "two fetches failed")
    stage.world.publish(domain, enforce(), id="3")
    wait_until(lambda: daemon.ask(domain) == secure() and "again, after" in daemon.log_text(), "one succeeded")
    return stage.line(daemon)


@situation("sternpostd.8: policy D: its TXT record is not used: ...")
def _(stage):
    daemon, domain = stage.start(), stage.domain()
    stage.world.set_id(domain, "not a token")
    daemon.ask(domain)
    return stage.line(daemon)


@situation("sternpostd.8: policy D: no MX host passes it, or its answer is too long for Postfix: mail is deferred")
def _(stage):
    daemon = stage.start({"answers": {"dane": "off"}})
    daemon.ask(stage.domain(enforce("*.elsewhere.test")))
    return stage.line(daemon)


@situation("sternpostd.8: policy D: not on disk, so a restart would forget it: ...")
def _(stage):
    daemon = stage.start({**cache_of_its_own(stage), "dns": {"min-ttl": "0s"}, "answers": {"recheck": "0s"}})
    domain = stage.domain()
    assert daemon.ask(domain) == secure()
    take_away_the_cache(daemon)
    stage.world.set_id(domain, "2")
    wait_until(lambda: daemon.ask(domain) == secure() and "not on disk" in daemon.log_text(), "a commit has failed")
    return stage.line(daemon)


def cache_of_its_own(stage):
    directory = stage.world.directory / stage.world.domain("cache")
    directory.mkdir()
    give_to_daemon(directory)
    return {"cache": {"path": str(directory / "cache.db")}}


def take_away_the_cache(daemon):
    directory = Path(daemon.settings["cache"]["path"]).parent
    directory.rename(f"{directory}.gone")


# DANE and DNS

@situation("sternpostd.8: dane D: in force; HOST usable (...)")
def _(stage):
    daemon = stage.start()
    daemon.ask(stage.domain(mx=(stage.world.mx_host("dane", tlsa=[OTHER_KEY]),)))
    return stage.line(daemon)


@situation("sternpostd.8: dane D: it had DANE a short while ago, but no DNS server validates any more; ...")
def _(stage):
    daemon, domain = stage.start(), stage.domain(mx=(stage.world.mx_host("dane", tlsa=[OTHER_KEY]),))
    assert daemon.ask(domain) == DANE_ONLY
    stage.world.resolver.script("*", "*", not_validating)
    wait_until(lambda: daemon.ask(domain) and "short while" in daemon.log_text(), "that is seen")
    return stage.line(daemon)


@situation("sternpostd.8: dane: off, as Postfix has smtp_dns_support_level = ...")
def _(stage):
    directory = stage.world.directory / stage.world.domain("postconf")
    directory.mkdir()
    postconf = Postconf(directory)
    postconf.says("enabled")
    return stage.line(stage.start({"answers": {"dane": "auto"}}, environment=postconf.environment))


@situation("sternpostd.8: dane: on where the DNS servers validate, as no Postfix says what it has ...")
def _(stage):
    return stage.line(stage.start({"answers": {"dane": "auto"}}, wrapper=WITHOUT_POSTFIX))


@situation("sternpostd.8: dns: SERVER does not validate DNSSEC ...")
def _(stage):
    stage.world.resolver.script("*", "*", not_validating)
    return stage.line(stage.start())


@situation("sternpostd.8: dns: the AD bit of SERVER is not believed, ...")
def _(stage):
    stage.world.far_resolver
    return stage.line(stage.start({"dns": {"servers": ["%s:%d" % FAR_RESOLVER]}}))


@situation("sternpostd.8: dns D: no answer about its TXT record: ...")
def _(stage):
    daemon, domain = stage.start(), stage.domain()
    stage.world.resolver.script(f"_mta-sts.{domain}", "TXT", rcode("SERVFAIL"))
    daemon.ask(domain)
    return stage.line(daemon)


# The daemon

@situation("sternpostd.8: cannot start: ...")
def _(stage):
    return stage.end_of({"cache": {"path": str(stage.world.directory / "nowhere" / "cache.db")}})


@situation("sternpostd.8: cache: PATH is broken (...) and was moved to PATH; an empty one is begun")
def _(stage):
    daemon = stage.start()
    daemon.stop()
    Path(daemon.settings["cache"]["path"]).write_bytes(b"this is no database\n" * 500)
    daemon.start()
    return stage.line(daemon)


@situation("sternpostd.8: the limit on open files (N) leaves room for N connections, not for N: ...")
def _(stage):
    return stage.line(stage.start(wrapper=[require("prlimit", "util-linux"), "--nofile=128:128"]))


@situation("sternpostd.8: reload failed; the former configuration stays in force")
def _(stage):
    daemon = stage.start()
    daemon.config.write_text("[no-such-section]\n")
    daemon.reload()
    return stage.line(daemon)


@situation("sternpostd.8: socketmap: closed a connection that does not send netstrings")
def _(stage):
    daemon = stage.start()
    with daemon.connect() as client:
        client.send_raw(b"GET / HTTP/1.1\r\n\r\n")
        return stage.line(daemon)


@situation("sternpostd.8: socketmap: cannot accept connections: ...")
def _(stage):
    daemon = stage.start()
    daemon.ask("accepting.test")
    _, most = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (1, most))
    with daemon.connect():
        line = stage.line(daemon)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (most, most))
        return line


@situation("sternpostd.8: running as root, which is never needed: ...")
def _(stage):
    return stage.line(stage.start())


# The admin socket

@situation('sternpostd.8: admin: no admin socket, so "sternpost cache" cannot reach this daemon: ...')
def _(stage):
    daemon = stage.world.sternpostd()
    daemon.write_config({name: value for name, value in daemon.settings.items() if name != "admin"})
    daemon.start()  # nobody has made /run/sternpost
    line = stage.line(daemon)
    daemon.stop()
    return line


@situation("sternpostd.8: admin D: uid N had it forgotten, with its enforce policy")
def _(stage):
    daemon, domain = stage.start(), stage.domain()
    daemon.ask(domain)
    assert daemon.command("cache", "forget", "--yes", domain).returncode == 0
    return stage.line(daemon)


@situation("sternpost.1: no sternpostd answers at ...: there is no such socket, or nobody listens; ...")
def _(stage):
    return stage.world.sternpostd().command("cache", "stats").stderr


@situation("sternpost.1: you may not use ...: root, the user of sternpostd and the group of that socket may")
def _(stage):
    command = [binary("sternpost"), "-c", stage.start().config, "cache", "stats"]
    stranger = [require("setpriv", "util-linux"), "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    return subprocess.run([*stranger, *command], env={"PATH": SEARCH_PATH}, capture_output=True, text=True,
                          timeout=COMMAND_SECONDS).stderr


# The command, and the configuration

@situation('sternpost.1: no answer from sternpostd at ...: ...; '
           'is it running, and is "listen" what it was started with?')
def _(stage):
    return stage.world.sternpostd().command("query", "example.test").stderr


@situation('sternpost.toml.5: sternpost.toml:4:11: [dns] timeout: 5 has no unit; '
           'write it in quotes with ms, s, m, h or d, such as "5s"')
def _(stage):
    return stage.complaint("# 1\n# 2\n[dns]\ntimeout = 5\n")


@situation('sternpost.toml.5: sternpost.toml:5:1: [dns]: unknown key "timout"; did you mean "timeout"?')
def _(stage):
    return stage.complaint('# 1\n# 2\n# 3\n[dns]\ntimout = "5s"\n')


@situation('sternpost.toml.5: sternpost.toml:9:1: unknown key "timeout"; its place is below [dns] or [https] or [fleet]')
def _(stage):
    return stage.complaint("\n" * 8 + 'timeout = "5s"\n')
