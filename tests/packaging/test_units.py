"""The units: systemd finds nothing wrong with them, they expose little, and they say what the manual says."""

import os
import re
import subprocess
from pathlib import Path

import pytest

import unit_file
from sternpost import binary

SOURCE = Path(__file__).resolve().parents[2]
UNITS = ["sternpostd.service", "sternpostd.socket", "sternpostd-postfix.socket"]
EXPOSURE = "15"  # in tenths
PATHS = {"CMAKE_INSTALL_FULL_SBINDIR": "", "sternpost_CONFIG_FILE": "/etc/sternpost/sternpost.toml",
         "sternpost_USER": "sternpost", "sternpost_POSTFIX_QUEUE": "/var/spool/postfix"}


@pytest.fixture
def units(tmp_path):
    """The units as they are installed, with the programs where they were built."""
    for name in UNITS:
        text = (SOURCE / "packaging" / "systemd" / f"{name}.in").read_text()
        values = {**PATHS, "CMAKE_INSTALL_FULL_SBINDIR": str(binary("sternpostd").parent)}
        (tmp_path / name).write_text(re.sub(r"@(\w+)@", lambda found: values[found[1]], text))
    return [tmp_path / name for name in UNITS]


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", "--no-pager", *map(str, arguments)], capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"})


def test_systemd_finds_nothing_wrong(units):
    done = analyze("verify", "--man=no", *units)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_finds_what_is_wrong(units):
    """What the test above rests on."""
    units[0].write_text(units[0].read_text().replace("Restart=always", "Restart=sometimes"))
    assert "sometimes" in analyze("verify", "--man=no", *units).stderr


def test_the_service_exposes_little(units):
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", units[0])
    assert done.returncode == 0, done.stdout


def test_the_manual_pages_that_are_named_exist():
    for name in UNITS:
        lines = dict(unit_file.settings(SOURCE / "packaging" / "systemd" / f"{name}.in", "Unit"))["Documentation"]
        for page, section in re.findall(r"man:([\w.-]+)\((\d)\)", lines):
            assert (SOURCE / "man" / f"{page}.{section}").is_file()


def test_postfix_comes_later():
    for name in UNITS:
        before = dict(unit_file.settings(SOURCE / "packaging" / "systemd" / f"{name}.in", "Unit"))["Before"]
        assert before.split() == ["postfix.service", "postfix@-.service"]


def test_the_sockets_are_those_of_the_sample_configuration():
    listed = [dict(unit_file.settings(SOURCE / "packaging" / "systemd" / f"{name}.in", "Socket"))["ListenStream"]
              for name in UNITS[1:]]
    sample = (SOURCE / "packaging" / "sternpost.toml").read_text()
    assert f'#listen = ["{listed[0]}"]' in sample
    assert "unix:" + listed[1].replace("@sternpost_POSTFIX_QUEUE@", "/var/spool/postfix") in sample


def test_the_account_and_the_directories_can_be_made(tmp_path):
    """By the real systemd-sysusers and systemd-tmpfiles, in an empty tree."""
    (tmp_path / "etc").mkdir()
    for tool, name in (("sysusers", "sternpost.sysusers"), ("tmpfiles", "sternpost.tmpfiles")):
        text = (SOURCE / "packaging" / "systemd" / f"{name}.in").read_text().replace("@sternpost_USER@", "sternpost")
        file = tmp_path / f"{name}.conf"
        file.write_text(text)
        create = ["--create"] if tool == "tmpfiles" else []
        done = subprocess.run([f"systemd-{tool}", f"--root={tmp_path}", *create, file], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    passwd = (tmp_path / "etc/passwd").read_text()
    number = int(re.search(r"^sternpost:[^:]*:(\d+):", passwd, re.M)[1])
    assert "nologin" in passwd
    assert {(path, (tmp_path / path).stat().st_uid, (tmp_path / path).stat().st_mode & 0o777)
            for path in ("run/sternpost", "var/lib/sternpost")} == {("run/sternpost", number, 0o750),
                                                                    ("var/lib/sternpost", number, 0o700)}


def test_the_versions_agree():
    version = re.search(r"^project\(sternpost VERSION (\S+)", (SOURCE / "CMakeLists.txt").read_text(), re.M)[1]
    assert (SOURCE / "packaging/debian/changelog").read_text().startswith(f"sternpost ({version}) ")
    assert re.search(rf"^Version: +{re.escape(version)}$", (SOURCE / "packaging/rpm/sternpost.spec").read_text(), re.M)
