"""The daemon started as root: it becomes another user for good, and goes on working."""

import os
import pwd
import re
import subprocess
from pathlib import Path

import pytest

from process import SEARCH_PATH, require
from sternpost import STOP_SECONDS, binary, merged
from world import NOT_FOUND, enforce, secure

pytestmark = pytest.mark.started_by_root
NOBODY = pwd.getpwnam("nobody")
SOMEBODY_ELSE = pwd.getpwnam("daemon")
# The leak sanitizer cannot look into a process that has changed its user.
ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=0"}
FOUR_TIMES = {"Uid": NOBODY.pw_uid, "Gid": NOBODY.pw_gid}  # real, effective, saved, of the file system
NO_CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapAmb")


def as_user(account, *groups):
    """A command that runs what follows it as `account`."""
    groups = ["--groups", ",".join(map(str, groups))] if groups else ["--clear-groups"]
    return [require("setpriv", "util-linux"), "--reuid", str(account.pw_uid), "--regid", str(account.pw_gid), *groups]


@pytest.fixture
def make(world):
    """make(settings) gives a daemon that has not been started, in a directory of nobody's."""
    daemons = []

    def make_one(settings=None):
        daemons.append(world.sternpostd(merged({"user": "nobody", "answers": {"dane": "off"}}, settings or {})))
        os.chown(daemons[-1].directory, NOBODY.pw_uid, NOBODY.pw_gid)
        return daemons[-1]

    yield make_one
    for daemon in daemons:
        if daemon.started():
            daemon.stop()


@pytest.fixture
def of_root_alone():
    """A directory where nobody but root can write, nor in those above it."""
    directory = Path("/mnt")
    subprocess.run([require("mount", "mount"), "-t", "tmpfs", "-o", "mode=755", "tmpfs", directory], check=True)
    yield directory
    subprocess.run([require("umount", "mount"), "--lazy", directory], check=True)


def start(daemon, **how):
    return daemon.start(environment=ENVIRONMENT, **how)


def status(task):
    lines = (task / "status").read_text().splitlines()
    return {name: value.split() for name, value in (line.split(":", 1) for line in lines)}


def tasks(daemon):
    return [status(task) for task in Path(f"/proc/{daemon.process.pid}/task").iterdir()]


def load(world, daemon, word):
    domain = world.domain(word)
    world.publish(domain, enforce())
    assert daemon.ask(domain) == secure()
    return domain


def owners(paths):
    return {path.name: (path.stat().st_uid, path.stat().st_gid) for path in paths}


def refused(daemon, *wrapper):
    """What a daemon says that does not start."""
    done = subprocess.run([*wrapper, binary("sternpostd"), "-c", daemon.config], env={"PATH": SEARCH_PATH, **ENVIRONMENT},
                          capture_output=True, text=True,
                          timeout=STOP_SECONDS)
    assert done.returncode == 1, done
    return done.stdout + done.stderr


# No way back

def test_every_thread_is_that_user_and_can_do_nothing_more(world, make):
    daemon = start(make(), wrapper=[require("setpriv", "util-linux"), "--groups", "4,24", "--inh-caps", "+chown,+setuid"])
    load(world, daemon, "dropped")
    found = tasks(daemon)
    assert len(found) >= 2
    for task in found:
        for name, number in FOUR_TIMES.items():
            assert task[name] == [str(number)] * 4
        assert task["Groups"] == []
        assert {name: int(*task[name], 16) for name in NO_CAPABILITIES} == dict.fromkeys(NO_CAPABILITIES, 0)
        assert task["NoNewPrivs"] == ["1"]
    assert "running as root" not in daemon.log_text()


def test_capabilities_that_outlive_the_change_of_user_are_given_up(world, make):
    """SECBIT_NO_SETUID_FIXUP: the kernel takes nothing away by itself."""
    daemon = start(make(), wrapper=[require("setpriv", "util-linux"), "--securebits", "+no_setuid_fixup"])
    for task in tasks(daemon):
        assert {name: int(*task[name], 16) for name in NO_CAPABILITIES} == dict.fromkeys(NO_CAPABILITIES, 0)


def test_root_without_user_is_told_once(make):
    daemon = start(make({"user": ""}))
    assert daemon.ask(".test") == NOT_FOUND
    assert daemon.log_text().count("running as root") == 1


# Files

def test_all_files_are_the_users(world, make):
    daemon = start(make())
    domain = load(world, daemon, "owned")
    files = list(daemon.directory.glob("cache.db*"))
    assert {"cache.db", "cache.db-wal", "cache.db-shm"} <= {path.name for path in files}
    assert set(owners(files).values()) == {(NOBODY.pw_uid, NOBODY.pw_gid)}
    world.hide(domain)
    daemon.stop()
    start(daemon)
    assert daemon.ask(domain) == secure()


@pytest.mark.parametrize("end", ["stop", "kill9"])
def test_the_cache_that_root_has_left_is_handed_over(world, make, end):
    daemon = make({"user": ""})
    start(daemon)
    domain = load(world, daemon, "inherited")
    world.hide(domain)
    getattr(daemon, end)()
    daemon.write_config(merged(daemon.settings, {"user": "nobody"}))
    start(daemon)
    assert daemon.ask(domain) == secure()
    assert set(owners(daemon.directory.glob("cache.db*")).values()) == {(NOBODY.pw_uid, NOBODY.pw_gid)}
    load(world, daemon, "written-by-the-heir")
    assert "not on disk" not in daemon.log_text()


def test_a_cache_directory_of_root_is_named_with_the_remedy(make, of_root_alone):
    daemon = make({"cache": {"path": str(of_root_alone / "cache.db")}})
    told = refused(daemon)
    assert str(of_root_alone / "cache.db") in told
    assert "give its folder and the file to the user" in told


def test_a_log_beside_those_of_others_is_made_for_the_user(make, of_root_alone):
    log = of_root_alone / "sternpostd.log"
    daemon = make({"log": {"target": str(log)}})
    assert daemon.command("--check-config", program="sternpostd").returncode == 0
    start(daemon)
    assert owners([log]) == {log.name: (NOBODY.pw_uid, NOBODY.pw_gid)}
    assert log.stat().st_mode & 0o777 == 0o640
    assert "answers on" in log.read_text()


def test_a_log_is_opened_anew_after_its_rotation(make, of_root_alone):
    log = of_root_alone / "sternpostd.log"
    daemon = start(make({"log": {"target": str(log)}}))
    log.rename(of_root_alone / "sternpostd.log.1")
    log.touch(mode=0o640)
    os.chown(log, NOBODY.pw_uid, NOBODY.pw_gid)
    daemon.reload()
    daemon.process.wait_until(lambda: "reloaded" in log.read_text(), "a line in the new file")


@pytest.fixture
def precious(world):
    """A file that is root's alone, and stays so."""
    path = world.directory / world.domain("precious")
    path.write_text("secret\n")
    path.chmod(0o600)
    yield path
    assert owners([path]) == {path.name: (0, 0)}
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("secret\n", 0o600)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_link_of_the_users_is_no_cache_file(make, precious, link):
    daemon = make()
    link(precious, daemon.directory / "cache.db")
    assert "give its folder and the file to the user" in refused(daemon)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_link_of_the_users_is_no_log(make, precious, link):
    daemon = make()
    log = daemon.directory / "own.log"
    daemon.write_config(merged(daemon.settings, {"log": {"target": str(log)}}))
    link(precious, log)
    assert str(log) in refused(daemon)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_link_beside_the_cache_is_not_followed(make, precious, link):
    daemon = make()
    link(precious, daemon.directory / "cache.db-wal")
    start(daemon)


def test_a_link_where_no_file_is_yet_leads_root_nowhere(world, make):
    daemon = make()
    nowhere = world.directory / world.domain("made-by-root")
    (daemon.directory / "own.log").symlink_to(nowhere)
    daemon.write_config(merged(daemon.settings, {"log": {"target": str(daemon.directory / "own.log")}}))
    assert "own.log" in refused(daemon)
    assert not nowhere.exists()


# What only root may do

def test_ports_and_directories_of_root_are_had_before(make, of_root_alone):
    path = of_root_alone / "socketmap.sock"
    daemon = make({"listen": ["127.0.0.1:846", f"unix:{path}"]})
    start(daemon)
    for address in (("127.0.0.1", 846), path):
        daemon.address = address
        assert daemon.ask(".test") == NOT_FOUND
    daemon.stop()
    start(daemon)  # the socket that it may not remove is taken over
    assert daemon.ask(".test") == NOT_FOUND


# Reload

def test_a_reload_goes_on_working(world, make):
    daemon = start(make())
    world.publish(hanging := world.domain("hanging"), enforce(), "hang")
    daemon.write_config(merged(daemon.settings, {"answers": {"deadline": "200ms"}}))
    daemon.reload()
    daemon.wait_for_log(re.compile("info: reloaded"))
    assert daemon.ask(hanging).startswith("TEMP ")


def test_a_configuration_that_the_user_cannot_read_is_told_at_the_start(make):
    daemon = make()
    daemon.config.chmod(0o600)
    start(daemon)
    assert str(daemon.config) in daemon.wait_for_log(re.compile("warning: .*nobody.* cannot read"))
    daemon.reload()
    daemon.wait_for_log(re.compile("reload failed"))
    assert daemon.ask(".test") == NOT_FOUND


def test_another_user_takes_a_restart(make):
    daemon = start(make())
    daemon.write_config(merged(daemon.settings, {"user": "daemon"}))
    daemon.reload()
    daemon.wait_for_log(re.compile('warning: .*"user".* next start'))
    assert tasks(daemon)[0]["Uid"] == [str(NOBODY.pw_uid)] * 4


# Mistakes

def test_an_unknown_user_stops_the_start(make):
    told = refused(make({"user": "nobody-here"}))
    assert 'user = "nobody-here"' in told and "no such account" in told and "adduser" in told


def test_a_root_that_may_not_change_its_user_is_told_what_to_do(make):
    for right in ("setuid", "setgid"):
        told = refused(make(), require("setpriv", "util-linux"), "--bounding-set", f"-{right}")
        assert 'cannot become the user "nobody"' in told and "start sternpostd as that user" in told


def test_only_root_can_become_somebody_else(make):
    told = refused(make(), *as_user(SOMEBODY_ELSE))
    assert 'user = "nobody"' in told and "only root" in told


def test_who_is_that_user_already_needs_nothing(make):
    daemon = start(make(), wrapper=as_user(NOBODY))
    assert daemon.ask(".test") == NOT_FOUND
