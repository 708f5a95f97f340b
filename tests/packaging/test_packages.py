"""What surrounds the packages: their build dependencies, and the scripts that make them."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from process import wait_until

SOURCE = Path(__file__).resolve().parents[2]
PACKAGING = SOURCE / "packaging"


def test_what_the_unit_tests_start_is_a_build_dependency():
    needed = {package for path in (SOURCE / "tests").rglob("*.[ch]pp")
              for package in re.findall(r'require_program\("[^"]+", "([^"]+)"\)', path.read_text())}
    declared = set(re.findall(r"^ (\S+) <!nocheck>,$", (PACKAGING / "debian" / "control").read_text(), re.MULTILINE))
    assert needed and needed <= declared


@pytest.fixture
def programs(tmp_path):
    """Makes a program that the script under test finds first; the environment in which it does."""
    def make(**scripts):
        for name, script in scripts.items():
            (tmp_path / name).write_text("#!/bin/bash\n" + script)
            (tmp_path / name).chmod(0o755)
        return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    return make


RUNS = "exec sleep 60"


@pytest.mark.parametrize("unbound, sternpostd, status", [
    ("exit 3", RUNS, 3), (RUNS, "exit 78", 78), ("exit 3", "exit 3", 3), (RUNS, "sleep 0.1; exit 4", 4), (RUNS, "kill -9 $$", 137)])
def test_a_container_ends_with_the_status_of_who_ends(programs, unbound, sternpostd, status):
    environment = programs(unbound=unbound, sternpostd=sternpostd)
    done = subprocess.run([PACKAGING / "container" / "start"], env=environment, timeout=10)
    assert done.returncode == status


def test_hup_ends_no_container_and_term_does(programs, tmp_path):
    heard = tmp_path / "heard"
    environment = programs(unbound=RUNS, sternpostd=f"trap 'echo HUP >>{heard}' HUP\ntrap 'exit 0' TERM\n"
                                                    f"touch {heard}\nwhile sleep 0.01; do :; done\n")
    with subprocess.Popen([PACKAGING / "container" / "start"], env=environment) as container:
        for count in range(3):
            wait_until(lambda: heard.exists() and heard.read_text() == "HUP\n" * count, f"{count} HUPs")
            container.send_signal(signal.SIGTERM if count == 2 else signal.SIGHUP)
        assert container.wait(10) == 0


POSTINST_WITH_SYSTEMD = """
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system
exec sh "$0" configure 0.1.0
"""


@pytest.mark.parametrize("active, told, command", [(0, "goes on running", "restart"), (3, "does not run", "start")])
def test_an_upgrade_with_a_mistaken_configuration_says_what_runs(programs, active, told, command):
    environment = programs(**{
        "systemctl": f"case $* in *is-active*) exit {active} ;; *) echo root ;; esac\n",
        "setpriv": "exit 78\n",
        "deb-systemd-invoke": "exit 1\n",
    })
    done = subprocess.run(["unshare", "--map-root-user", "--mount", "sh", "-ec", POSTINST_WITH_SYSTEMD,
                           PACKAGING / "debian/postinst"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and told in done.stderr and done.stderr.endswith(f": systemctl {command} sternpostd\n"), done


SUITE = "forky"
SIGNED = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
HERE = re.search("^VERSION_CODENAME=(.*)$", Path("/etc/os-release").read_text(), re.MULTILINE)[1]


@pytest.fixture
def made_tree(programs, tmp_path):
    """What tests/in-debian has debootstrap do, and the sources.list that it makes, by what apt of this machine says."""
    def make(targets, shell=":"):
        environment = programs(**{
            "apt-get": f"[[ $1 != indextargets ]] || cat <<'END'\n{targets}END\n",
            "apt-config": f"case $1 in shell) echo '{shell}' ;; dump) echo 'Acquire::Languages \"none\";' ;; esac\n",
            "dpkg-query": "echo installed\n",
            "debootstrap": 'while [[ $1 == --* ]]; do options+="$1 "; shift; done\nmkdir -p "$2/etc/apt/apt.conf.d"\n'
                           f'echo "$options$1 $3 by ${{http_proxy-}},${{https_proxy-}}" >{tmp_path}/told\n',
        })
        environment |= {"XDG_CACHE_HOME": str(tmp_path), "http_proxy": "", "https_proxy": ""}
        # There is nothing in such a tree that COMMAND could be.
        subprocess.run([SOURCE / "tests/in-debian", "--fresh", SUITE, "true"], env=environment, capture_output=True)
        sources = (tmp_path / f"sternpost/{SUITE}.bare/etc/apt/sources.list").read_text()
        return (tmp_path / "told").read_text().strip(), sources.replace(SIGNED, "deb ").splitlines()
    return make


def test_a_tree_has_the_archive_of_this_machine(made_tree):
    told, sources = made_tree(f"Debian http://archive.test/debian/ {HERE} main\n"
                              f"Debian http://archive.test/debian/ {HERE}-updates main\n"
                              f"Other http://other.test/ {HERE} main\n")
    assert told == f"--variant=minbase {SUITE} http://archive.test/debian/ by ,"
    assert sources == [f"deb http://archive.test/debian/ {SUITE} main", f"deb http://archive.test/debian/ {SUITE}-updates main"]


def test_a_tree_has_the_first_of_a_list_of_mirrors(made_tree, tmp_path):
    (tmp_path / "debian.list").write_text("# those of a cloud\n\nhttps://first.test/debian\tpriority:1\nhttps://second.test/\n")
    (tmp_path / "security.list").write_text("https://first.test/debian-security\n")
    told, sources = made_tree(f"Debian mirror+file:{tmp_path}/debian.list/ {HERE} main\n"
                              f"Debian mirror+file:{tmp_path}/security.list/ {HERE}-security main\n")
    assert told == f"--variant=minbase --include=ca-certificates {SUITE} https://first.test/debian by ,"
    assert sources == [f"deb https://first.test/debian {SUITE} main",
                       f"deb https://first.test/debian-security {SUITE}-security main"]


@pytest.mark.parametrize("shell, proxies", [
    ('http="http://proxy.test:3128"', "http://proxy.test:3128,http://proxy.test:3128"),
    ('http="http://a.test" https="http://b.test"', "http://a.test,http://b.test"),
    ('http="http://a.test" https="DIRECT"', "http://a.test,"),
])
def test_a_tree_is_made_by_the_proxy_of_apt(made_tree, shell, proxies):
    told, _ = made_tree(f"Debian http://archive.test/debian/ {HERE} main\n", shell)
    assert told.endswith(f" by {proxies}")


@pytest.fixture
def small_source(tmp_path):
    """A source tree that is quickly packed."""
    source = tmp_path / "source"
    shutil.copytree(PACKAGING, source / "packaging")
    (source / "packaging" / "sternpost").mkdir()
    (source / "packaging" / "sternpost" / "a_file").touch()
    return source


@pytest.mark.parametrize("script, made", [("build-deb", "sternpost_1.deb"), ("build-rpm", "sternpost-1.rpm")])
@pytest.mark.parametrize("directory", ["dist", "packaging", ".", "../outside"])
def test_packages_may_be_put_beside_the_sources(programs, small_source, tmp_path, script, made, directory):
    environment = programs(**{
        "dpkg-query": "echo installed\n",
        "dpkg-buildpackage": f"find . -type f | sed 's|^./||' >{tmp_path}/packed\n"
                             "touch ../sternpost_1.deb \"../sternpost_$(dpkg-parsechangelog -S Version)\"\n",
        "rpmbuild": 'for topdir; do [[ $topdir != _topdir* ]] || break; done\ntopdir=${topdir#_topdir }\n'
                    f'tar -tf "$topdir"/SOURCES/*.tar.xz | grep -v "/$" | sed "s|^[^/]*/||" >{tmp_path}/packed\n'
                    'mkdir "$topdir"/RPMS "$topdir"/SRPMS && touch "$topdir"/RPMS/sternpost-1.rpm\n',
    })
    before = {str(path.relative_to(small_source)) for path in small_source.rglob("*") if path.is_file()}
    target = (small_source / directory).resolve()
    (target / "work").mkdir(parents=True)  # somebody's own
    for _ in range(2):
        subprocess.run([small_source / "packaging" / script, target], env=environment, check=True, capture_output=True)
        packed = set((tmp_path / "packed").read_text().splitlines())
        assert {name.replace("packaging/debian/", "debian/") for name in before} == \
            {name.replace("packaging/debian/", "debian/") for name in packed}
        assert (target / made).exists() and (target / "work").exists()
        assert not list(target.glob("work-*"))


@pytest.mark.parametrize("arguments", [["unheard-of"], ["--list", "build", "unheard-of"], ["build", "unheard-of"]])
def test_a_set_of_packages_that_does_not_exist_is_an_error(arguments):
    done = subprocess.run([PACKAGING / "build-dependencies", *arguments], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "") and 'no set "unheard-of"' in done.stderr


@pytest.mark.parametrize("apt_status", [0, 100])
@pytest.mark.parametrize("enabled", ["", "ssh.service\n"])
def test_what_is_installed_does_not_start_at_the_next_boot(programs, tmp_path, enabled, apt_status):
    units = tmp_path / "units"
    units.write_text(enabled)
    environment = programs(**{
        "dpkg-query": "true\n",
        "apt-get": f"[[ $* != *install* ]] || printf 'knot.service\\nnginx.service\\n' >>{units}\n"
                   f"[[ $* != *install* ]] || exit {apt_status}\n",
        "systemctl": f"case $1 in list-unit-files) sed 's/$/ enabled enabled/' {units} ;;\n"
                     f"disable) shift; for unit; do sed -i \"/^$unit$/d\" {units}; done ;; *) exit 1 ;; esac\n",
        "tee": "cat >/dev/null\n", "chmod": "true\n",  # nothing is written to /usr/sbin
    })
    # As if systemd had booted this machine.
    done = subprocess.run(["unshare", "--mount", "bash", "-ec",
                           'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && exec "$@"', "bash",
                           PACKAGING / "build-dependencies", "demo"], env=environment, capture_output=True, text=True)
    assert (done.returncode != 0) == (apt_status != 0), done
    assert units.read_text() == enabled
