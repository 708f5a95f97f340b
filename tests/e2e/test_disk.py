"""The cache's disk: full, read-only, failing, broken, held by another daemon. Answers go on; nothing is overwritten."""

import contextlib
import errno
import re
import resource
import signal
import sqlite3
import subprocess

import pytest

from hanging_disk import HangingDisk
from process import require, wait_until
from scripted_resolver import drop, rcode
from sternpost import STOP_SECONDS
from world import NOT_FOUND, enforce, secure

PAGE = 4096
SETTINGS = {"answers": {"dane": "off"}}


@pytest.fixture
def small_disk(world):
    """A directory on a file system of one megabyte."""
    directory = world.directory / "small-disk"
    directory.mkdir(exist_ok=True)
    mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", directory)
    yield directory
    subprocess.run([require("umount", "mount"), "--lazy", directory], check=True)


def mount(*arguments):
    subprocess.run([require("mount", "mount"), *arguments], check=True)


def fill(path):
    """A file as large as the disk lets it be."""
    with open(path, "wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(512))
        except OSError as error:
            assert error.errno == errno.ENOSPC


def on(directory):
    return {**SETTINGS, "cache": {"path": str(directory / "cache.db")}}


def learn(world, daemon, word):
    domain = world.domain(word)
    world.publish(domain, enforce())
    assert daemon.ask(domain) == secure()
    return domain


def die_and_remember(world, daemon, *domains):
    """kill -9, and a start while nothing can be looked up."""
    daemon.kill9()
    world.resolver.script("*", "*", rcode("SERVFAIL"))
    daemon.start()
    assert {domain: daemon.ask(domain) for domain in domains} == dict.fromkeys(domains, secure())
    world.resolver.forget_script()


def spoil(cache):
    """Everything but the first page, which has the schema: it is found when a row is looked for."""
    with open(cache, "r+b") as file:
        size = file.seek(0, 2)
        file.seek(PAGE)
        file.write(b"\xff" * (size - PAGE))
    return cache.read_bytes()


def moved_aside(cache):
    """The broken files, oldest first; their -wal and -shm apart."""
    return sorted(path for path in cache.parent.glob("cache.db.broken-*") if not path.name.endswith(("-wal", "-shm")))


# Two daemons

def test_a_second_daemon_on_the_same_file_is_refused(world, start_sternpostd):
    first = start_sternpostd(SETTINGS)
    domain = learn(world, first, "held")
    cache = first.directory / "cache.db"
    second = world.sternpostd({"listen": ["127.0.0.1:8462"], "cache": {"path": str(cache)}})
    done = second.command(program="sternpostd")
    assert done.returncode > 0
    for words in (str(cache), "another sternpostd", f"process {first.process.pid}", "[cache] path"):
        assert words in done.stderr, done.stderr
    assert first.ask(domain) == secure()
    die_and_remember(world, first, domain)  # what a killed one leaves behind holds nobody up


def test_others_may_read_it_meanwhile(world, start_sternpostd):
    sternpostd = start_sternpostd(SETTINGS)
    first = learn(world, sternpostd, "read")
    cache = sternpostd.directory / "cache.db"
    with contextlib.closing(sqlite3.connect(cache)) as reader:
        backup = sqlite3.connect(":memory:")
        reader.backup(backup)
        assert backup.execute("SELECT domain FROM domain").fetchall() == [(first,)]
    second = learn(world, sternpostd, "read")
    die_and_remember(world, sternpostd, first, second)


# A disk that takes nothing more

def test_a_full_disk_is_no_reason_to_stop_and_heals(world, small_disk, start_sternpostd):
    sternpostd = start_sternpostd(on(small_disk))
    before = learn(world, sternpostd, "before")
    fill(small_disk / "ballast")
    meanwhile = learn(world, sternpostd, "full")
    assert "full" in sternpostd.wait_for_log(re.compile(f"error.*{meanwhile}"))
    (small_disk / "ballast").unlink()
    after = learn(world, sternpostd, "after")
    die_and_remember(world, sternpostd, before, after)
    assert moved_aside(small_disk / "cache.db") == []


def test_what_a_full_disk_did_not_take_is_written_when_there_is_room(world, small_disk, start_sternpostd):
    sternpostd = start_sternpostd(on(small_disk))
    fill(small_disk / "ballast")
    domain = learn(world, sternpostd, "unwritten")
    (small_disk / "ballast").unlink()
    looks = world.txt_questions(domain)
    wait_until(lambda: sternpostd.ask(domain) == secure() and world.txt_questions(domain) > looks + 1, "two more looks")
    die_and_remember(world, sternpostd, domain)


def test_a_full_disk_at_start_is_named(world, small_disk):
    daemon = world.sternpostd(on(small_disk))
    fill(small_disk / "ballast")
    done = daemon.command(program="sternpostd")
    assert done.returncode > 0
    for words in (str(small_disk / "cache.db"), "make room"):
        assert words in done.stderr, done.stderr


def test_a_full_disk_at_start_is_no_reason_to_forget_and_heals(world, small_disk, start_sternpostd):
    sternpostd = start_sternpostd(on(small_disk))
    domain = learn(world, sternpostd, "before-the-start")
    sternpostd.stop()
    fill(small_disk / "ballast")
    world.resolver.script(f"_mta-sts.{domain}", "TXT", drop)
    sternpostd.start()
    assert "make room" in sternpostd.wait_for_log(re.compile("error: cache: .*can be read"))
    assert sternpostd.ask(domain) == secure()
    later = learn(world, sternpostd, "after-the-start")
    (small_disk / "ballast").unlink()
    sternpostd.wait_for_log(re.compile(f"{later}: on disk again"))
    die_and_remember(world, sternpostd, domain)
    assert sternpostd.ask(later) == secure()


def test_a_read_only_disk_at_start_is_named(world, small_disk, start_sternpostd):
    sternpostd = start_sternpostd(on(small_disk))
    domain = learn(world, sternpostd, "read-only")
    sternpostd.stop()
    mount("-o", "remount,ro", small_disk)
    done = sternpostd.command(program="sternpostd")
    assert done.returncode > 0
    for words in (str(small_disk / "cache.db"), "mount its disk writable"):
        assert words in done.stderr, done.stderr
    mount("-o", "remount,rw", small_disk)
    sternpostd.start()
    die_and_remember(world, sternpostd, domain)


def test_a_disk_that_fails_is_no_reason_to_stop_and_heals(world, start_sternpostd):
    """Each write beyond what the log of the database has reached fails, as by an I/O error."""
    sternpostd = start_sternpostd(SETTINGS, wrapper=[require("env", "coreutils"), "--ignore-signal=XFSZ"])
    before = learn(world, sternpostd, "before")
    database_log = sternpostd.directory / "cache.db-wal"
    for _ in range(10):  # beyond the size of the log for people, which is to go on
        learn(world, sternpostd, "longer")
    _, most = resource.prlimit(sternpostd.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(sternpostd.process.pid, resource.RLIMIT_FSIZE, (database_log.stat().st_size, most))
    meanwhile = learn(world, sternpostd, "failing")
    assert "I/O error" in sternpostd.wait_for_log(re.compile(f"error.*{meanwhile}"))
    assert sternpostd.ask(before) == sternpostd.ask(meanwhile) == secure()

    resource.prlimit(sternpostd.process.pid, resource.RLIMIT_FSIZE, (most, most))
    after = learn(world, sternpostd, "after")
    die_and_remember(world, sternpostd, before, after)
    assert moved_aside(sternpostd.directory / "cache.db") == []


# A disk that hangs

@pytest.fixture
def hanging_disk(world):
    disk = HangingDisk(world.directory)
    yield disk
    disk.go_on()


def test_a_disk_that_hangs_defers(world, hanging_disk, start_sternpostd):
    """Whoever must wait for it is told so; what is in memory is answered."""
    sternpostd = start_sternpostd({**SETTINGS, "answers": {"dane": "off", "deadline": "1s"}},
                                  environment=hanging_disk.environment)
    known, new = learn(world, sternpostd, "known"), world.domain("new")
    world.publish(new, enforce())
    hanging_disk.hang()
    assert sternpostd.ask(new) == "TEMP sternpostd's cache does not answer: does its disk hang?"
    assert sternpostd.ask(known) == secure()
    hanging_disk.go_on()
    wait_until(lambda: sternpostd.ask(new) == secure(), "the disk goes on")


def test_a_stop_does_not_wait_for_a_disk_that_hangs(world, hanging_disk, start_sternpostd):
    sternpostd = start_sternpostd(SETTINGS, environment=hanging_disk.environment)
    known, new = learn(world, sternpostd, "known"), world.domain("new")
    world.publish(new, enforce())
    hanging_disk.hang()
    with sternpostd.connect() as client:
        client.send(new)
        wait_until(lambda: world.gets(new) == 1, "the policy has been fetched")
        assert sternpostd.ask(known) == secure()
        sternpostd.process.signal(signal.SIGTERM)
        assert sternpostd.process.wait(STOP_SECONDS) == 1
    hanging_disk.go_on()
    die_and_remember(world, sternpostd, known)


def test_a_stop_does_not_wait_for_a_disk_that_hangs_at_the_last_close(world, hanging_disk, start_sternpostd):
    sternpostd = start_sternpostd(SETTINGS, environment=hanging_disk.environment)
    known = learn(world, sternpostd, "known")
    hanging_disk.hang()
    sternpostd.process.signal(signal.SIGTERM)
    assert sternpostd.process.wait(STOP_SECONDS) == 1
    hanging_disk.go_on()
    die_and_remember(world, sternpostd, known)


# Broken files

def cut(cache):
    with open(cache, "r+b") as file:
        file.truncate(PAGE + 100)
    return cache.read_bytes()


@pytest.mark.parametrize("damage", [spoil, cut])
def test_a_file_that_was_broken_while_stopped(world, start_sternpostd, damage):
    sternpostd = start_sternpostd(SETTINGS)
    cache = sternpostd.directory / "cache.db"
    domain = learn(world, sternpostd, "stopped")
    sternpostd.stop()
    broken = damage(cache)
    sternpostd.start()
    assert sternpostd.ask(domain) == secure()  # learnt anew
    assert [path.read_bytes() for path in moved_aside(cache)] == [broken]
    die_and_remember(world, sternpostd, domain)


def test_a_file_that_breaks_while_running(world, start_sternpostd):
    sternpostd = start_sternpostd(SETTINGS)
    cache = sternpostd.directory / "cache.db"
    known = learn(world, sternpostd, "running")
    sternpostd.restart()  # SQLite remembers nothing of the file now
    broken = spoil(cache)
    new = learn(world, sternpostd, "running")
    assert [path.read_bytes() for path in moved_aside(cache)] == [broken]
    assert sternpostd.log_text().count(f"{cache} is broken") == 1
    assert sternpostd.ask(known) == secure()  # learnt anew
    die_and_remember(world, sternpostd, known, new)


def test_a_file_that_breaks_again_is_kept_again(world, start_sternpostd):
    sternpostd = start_sternpostd(SETTINGS)
    cache = sternpostd.directory / "cache.db"
    broken = []
    for _ in range(3):
        domain = learn(world, sternpostd, "again")
        sternpostd.restart()
        broken.append(spoil(cache))
        assert sternpostd.ask(domain) == secure()
    assert sorted(path.read_bytes() for path in moved_aside(cache)) == sorted(broken)


def test_a_file_that_is_removed_while_running_gets_what_memory_knows(world, start_sternpostd):
    sternpostd = start_sternpostd(SETTINGS)
    cache = sternpostd.directory / "cache.db"
    known = learn(world, sternpostd, "removed")
    for path in [path for path in cache.parent.glob("cache.db*") if path.suffix != ".lock"]:
        path.unlink()
    new = learn(world, sternpostd, "removed")
    assert f"{cache} was removed" in sternpostd.log_text()
    wait_until(lambda: domains_in(cache) == {known, new}, "both are on disk")
    die_and_remember(world, sternpostd, known, new)


def test_a_backup_that_is_put_back_counts(world, start_sternpostd):
    sternpostd = start_sternpostd(SETTINGS)
    cache = sternpostd.directory / "cache.db"
    domain, other = learn(world, sternpostd, "backup"), learn(world, sternpostd, "backup")
    sternpostd.stop()
    backup = cache.rename(cache.with_name("backup.db"))
    sternpostd.start()
    world.serve(domain, enforce(), behaviour="close-before-tls")
    assert sternpostd.ask(domain) == NOT_FOUND
    for suffix in ("-wal", "-shm"):
        cache.with_name(cache.name + suffix).unlink(missing_ok=True)
    backup.rename(cache)
    assert sternpostd.ask(other) == secure()
    wait_until(lambda: sternpostd.ask(domain) == secure(), "the backup is read")
    die_and_remember(world, sternpostd, domain, other)


def domains_in(cache):
    with contextlib.closing(sqlite3.connect(cache)) as reader:
        return {domain for domain, in reader.execute("SELECT domain FROM domain")}
