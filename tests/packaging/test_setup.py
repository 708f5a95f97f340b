"""postfix/setup with the real postconf of each Postfix: what it changes, what it leaves, and that it can be undone."""

import os
import shlex
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

import installations

SETUP = Path(__file__).resolve().parents[2] / "postfix" / "setup"
MAIN_CF = """\
# A comment that stays.
compatibility_level = 3.6
queue_directory = {queue}
"""
MASTER_CF = "smtp unix - - {chroot} - - smtp\nrelay unix - - {chroot} - - smtp\n"
CA_FILE = "/etc/ssl/certs/ca-certificates.crt"

each_installation = pytest.mark.parametrize("installation", installations.ALL,
                                            ids=lambda installation: "postfix %d.%d" % installation.version)


class Instance:
    """A Postfix that is configured and does not run."""

    def __init__(self, directory, installation):
        self._installation = installation
        self.directory, self.queue = directory, directory / "queue"
        self.queue.mkdir(parents=True)
        self.main_cf = directory / "main.cf"
        self.configure()
        self._setup = directory / "setup"
        shutil.copy(SETUP, self._setup)

    def configure(self, more="", chroot="n"):
        self.main_cf.write_text(MAIN_CF.format(queue=self.queue) + more)
        (self.directory / "master.cf").write_text(MASTER_CF.format(chroot=chroot))

    def setup(self, *arguments):
        return self._run("bash", self._setup, "-c", self.directory, *arguments)

    def shell(self, script):
        return self._run("bash", "-ec", script)

    def configure_more(self, lines):
        self.main_cf.write_text(self.main_cf.read_text() + lines)

    def setup_of_all(self, *arguments):
        return self.shell(f"MAIL_CONFIG={self.directory} bash {shlex.join(map(str, (self._setup, *arguments)))}")

    def setup_from_beside(self, *arguments):
        words = shlex.join(map(str, (self._setup, "-c", self.directory.name, *arguments)))
        return self.shell(f"cd {self.directory.parent} && bash {words}")

    def values(self):
        lines = (line.partition("=") for line in self._run("postconf", "-c", self.directory, "-n").stdout.splitlines())
        return {name.strip(): value.strip() for name, _, value in lines if name.startswith("smtp_tls")}

    def _run(self, program, *arguments):
        os.utime(self.main_cf, (0, 0))  # Postfix waits before it reads a file that was changed just now
        return subprocess.run([*self._installation.command(program), *map(str, arguments)], capture_output=True,
                              text=True, timeout=30)


@pytest.fixture
def instance(world, installation):
    directory = world.directory / world.domain("postfix")
    yield Instance(directory, installation)
    shutil.rmtree(directory)


@pytest.fixture
def table(installation):
    """The name of the table that this Postfix is to ask."""
    return "sts-tlsrpt" if installation.knows_the_extended_grammar else "sts"


def done(result):
    assert (result.returncode, result.stderr) == (0, ""), result
    return result.stdout


@each_installation
def test_three_lines_and_nothing_else(instance, sternpostd, table):
    before = instance.main_cf.read_text()
    done(instance.setup())
    assert instance.values() == {
        "smtp_tls_policy_maps": f"socketmap:inet:127.0.0.1:8461:{table}",
        "smtp_tls_security_level": "may",
        "smtp_tls_CAfile": CA_FILE,
    }
    assert instance.main_cf.read_text().startswith(before)


@each_installation
def test_the_directory_may_be_relative(instance, sternpostd, table):
    done(instance.setup_from_beside())
    assert instance.values()["smtp_tls_policy_maps"] == f"socketmap:inet:127.0.0.1:8461:{table}"
    done(instance.setup_from_beside("--undo"))
    assert instance.values() == {}


@each_installation
def test_a_second_run_changes_nothing(instance, sternpostd):
    done(instance.setup())
    once = instance.main_cf.read_text()
    assert "Nothing needs to be changed" in done(instance.setup())
    assert instance.main_cf.read_text() == once


@each_installation
@pytest.mark.parametrize("before", [
    "",
    "smtp_tls_policy_maps = hash:/etc/postfix/tls_policy\nsmtp_tls_security_level = dane\n",
    "smtp_tls_policy_maps =\nsmtp_tls_security_level = none\nsmtp_tls_CAfile =\n",
    "smtp_tls_policy_maps = inline:{ {example.com = may} }, socketmap:inet:127.0.0.1:8642:QUERY\n",
    "smtp_tls_policy_maps = hash:/a, socketmap:inet:127.0.0.1:8461:postfix, hash:/b\n",
    "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:zone\nsmtp_tls_security_level = dane\n",
])
def test_undo_takes_it_all_back(instance, sternpostd, before):
    instance.configure(before)
    done(instance.setup())
    done(instance.setup())
    instance.setup("--undo").check_returncode()
    assert instance.main_cf.read_text().split() == (MAIN_CF.format(queue=instance.queue) + before).split()
    assert sorted(path.name for path in instance.directory.iterdir()) == ["main.cf", "master.cf", "queue", "setup"]


@pytest.fixture
def rival(instance, start_sternpostd):
    """Another resolver at port 8461; sternpostd answers in Postfix's directory alone."""
    (instance.queue / "sternpost").mkdir()
    start_sternpostd({"listen": [f"unix:{instance.queue}/sternpost/socketmap.sock"]})
    with socket.create_server(("127.0.0.1", 8461)) as listener:
        yield listener


@each_installation
@pytest.mark.parametrize("name", ["postfix", "zone"])
def test_a_table_of_another_resolver_is_back_after_undo(instance, rival, table, name):
    instance.configure(f"smtp_tls_policy_maps = hash:/a, socketmap:inet:127.0.0.1:8461:{name}, hash:/b\n")
    before = instance.values()
    done(instance.setup())
    assert instance.values()["smtp_tls_policy_maps"] == f"hash:/a, socketmap:unix:sternpost/socketmap.sock:{table}, hash:/b"
    _, commands = warned(instance.setup("--before-removal"))
    ours = instance.main_cf.read_text()
    done(instance.setup("--undo"))
    assert instance.values() == before
    instance.main_cf.write_text(ours)
    done(instance.shell(commands.replace("rm ", "rm -f ")))
    assert instance.values() == before


@each_installation
def test_a_table_that_asks_another_resolver_is_none_of_ours(instance, rival):
    instance.configure("smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:postfix\n")
    assert warned(instance.setup("--before-removal")) == ("", "")
    assert "Nothing needs to be changed" in done(instance.setup("--undo"))


@each_installation
def test_what_asks_sternpostd_by_another_name_is_told_before_a_removal(instance, sternpostd):
    instance.configure("smtp_tls_policy_maps = hash:/a, socketmap:inet:127.0.0.1:8461:postfix\n")
    done(instance.setup())
    told, commands = warned(instance.setup("--before-removal"))
    assert "--undo" not in told
    done(instance.shell(commands))
    assert instance.values() == {"smtp_tls_policy_maps": "hash:/a"}


@each_installation
def test_a_second_undo_takes_out_the_former_table_too(instance, sternpostd):
    instance.configure("smtp_tls_policy_maps = hash:/a, socketmap:inet:127.0.0.1:8461:postfix\n")
    done(instance.setup())
    assert "A second --undo" in done(instance.setup("--undo"))
    done(instance.setup("--undo"))
    assert instance.values() == {"smtp_tls_policy_maps": "hash:/a"}


@each_installation
def test_undo_leaves_what_was_changed_since(instance, sternpostd):
    done(instance.setup())
    done(instance.shell(f"postconf -c {instance.directory} -e smtp_tls_security_level=dane "
                        "'smtp_tls_policy_maps = static:none, socketmap:inet:127.0.0.1:8461:sts, static:may'"))
    done(instance.setup("--undo"))
    assert instance.values() == {"smtp_tls_policy_maps": "static:none, static:may", "smtp_tls_security_level": "dane"}


@each_installation
def test_what_a_long_main_cf_says_is_its_owners(instance, sternpostd):
    own = f"smtp_tls_security_level = may\nsmtp_tls_CAfile = {CA_FILE}\n"
    far_more = "virtual_alias_domains =\n" + "".join(f" d{number}.example.com\n" for number in range(10_000))
    instance.configure(own + far_more)
    done(instance.setup())
    instance.main_cf.write_text(instance.main_cf.read_text().replace(far_more, ""))
    done(instance.setup("--undo"))
    assert instance.values() == {"smtp_tls_security_level": "may", "smtp_tls_CAfile": CA_FILE}


@each_installation
def test_undo_bears_what_somebody_has_taken_back_already(instance, sternpostd):
    instance.configure("smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:sts, socketmap:inet:127.0.0.1:8461:sts-tlsrpt\n")
    done(instance.setup())
    instance.configure("smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:sts, socketmap:inet:127.0.0.1:8461:sts-tlsrpt\n")
    done(instance.setup("--undo"))
    assert instance.values() == {"smtp_tls_policy_maps": ""}
    assert "Nothing needs to be changed" in done(instance.setup("--undo"))


OURS = "socketmap:inet:127.0.0.1:8461:sts"


@each_installation
@pytest.mark.parametrize("before, after", [
    (f"hash:/a, proxy:{OURS}, hash:/b", "hash:/a, hash:/b"),
    (f"proxy:{OURS}", ""),
    (f"hash:/a {{ {OURS} }} hash:/b", "hash:/a hash:/b"),
    (f"{{{OURS}}}, {OURS}-tlsrpt", ""),
    (f"inline:{{ {{a = b, c}} }}, {OURS}", "inline:{ {a = b, c} }"),
    (f"hash:/a}}b, {OURS}", "hash:/a}b"),
])
def test_undo_takes_a_table_out_with_what_is_around_it(instance, sternpostd, before, after):
    instance.configure(f"smtp_tls_policy_maps = {before}\n")
    _, commands = warned(instance.setup("--before-removal"))
    done(instance.setup("--undo"))
    assert instance.values() == {"smtp_tls_policy_maps": after}
    instance.configure(f"smtp_tls_policy_maps = {before}\n")
    done(instance.shell(commands))
    assert instance.values() == {"smtp_tls_policy_maps": after}


@each_installation
@pytest.mark.parametrize("around", ["proxy:{}", "{{ {} }}"])
def test_what_is_around_our_table_goes_with_another_name(instance, sternpostd, table, around):
    instance.configure(f"smtp_tls_policy_maps = hash:/a {around.format(OURS)} hash:/b\n")
    done(instance.setup())
    assert instance.values()["smtp_tls_policy_maps"] == f"hash:/a socketmap:inet:127.0.0.1:8461:{table} hash:/b"
    done(instance.setup("--undo"))
    assert instance.values() == {"smtp_tls_policy_maps": "hash:/a hash:/b"}


@each_installation
@pytest.mark.parametrize("tables", [f"unionmap:{{{OURS}, hash:/a}}", f"hash:/a, pipemap:{{ hash:/b, {OURS} }}",
                                    f"unionmap:{{hash:/a, {OURS}}}, {OURS}"])
def test_a_table_that_has_ours_in_it_is_its_owners_to_change(instance, sternpostd, tables):
    instance.configure(f"smtp_tls_policy_maps = {tables}\n")
    before = instance.main_cf.read_text()
    told, commands = warned(instance.setup("--before-removal"))
    assert "by hand" in told and commands == ""
    for result in instance.setup(), instance.setup("--undo"):
        assert result.returncode == 1 and "map:{" in result.stderr and "by hand" in result.stderr, result
        assert instance.main_cf.read_text() == before


@pytest.fixture
def elsewhere(start_sternpostd):
    """Where sternpostd listens besides port 8461, as in a table."""
    start_sternpostd({"listen": ["127.0.0.1:8461", "127.0.0.1:9999", "127.0.0.2:9999"]})
    return ["inet:127.0.0.1:9999", "inet:127.0.0.2:9999"]


@each_installation
def test_a_socket_of_ones_own_is_known_afterwards(instance, elsewhere, table):
    for address in elsewhere:
        done(instance.setup("--socket", address))
        assert instance.values()["smtp_tls_policy_maps"] == f"socketmap:{address}:{table}"
    told, commands = warned(instance.setup("--before-removal"))
    assert "--undo does that" in told
    before = instance.main_cf.read_text()
    done(instance.setup("--undo"))
    assert instance.values() == {}
    instance.main_cf.write_text(before)
    done(instance.shell(commands.replace("rm ", "rm -f ")))
    assert instance.values() == {}


@each_installation
def test_a_socket_of_ones_own_makes_way_for_the_usual_one(instance, elsewhere, table):
    for address in elsewhere:
        done(instance.setup("--socket", address))
        done(instance.setup())
        assert instance.values()["smtp_tls_policy_maps"] == f"socketmap:inet:127.0.0.1:8461:{table}"


@each_installation
def test_our_name_is_known_at_any_port_of_this_host(instance, elsewhere, table):
    """As written by hand, after packaging/quickstart --listen."""
    instance.configure(f"smtp_tls_policy_maps = hash:/a, socketmap:inet:127.0.0.1:9999:{table}\n")
    assert "POSTFIX STILL ASKS" in warned(instance.setup("--before-removal"))[0]
    done(instance.setup("--undo"))
    assert instance.values() == {"smtp_tls_policy_maps": "hash:/a"}


@each_installation
@pytest.mark.parametrize("other", ["inet:127.0.0.1:8642:QUERY", "inet:127.0.0.1:9998:postfix", "inet:192.0.2.1:8461:sts"])
def test_what_others_answer_is_none_of_ours(instance, sternpostd, other):
    instance.configure(f"smtp_tls_policy_maps = socketmap:{other}\n")
    assert warned(instance.setup("--before-removal")) == ("", "")
    assert "Nothing needs to be changed" in done(instance.setup("--undo"))


@each_installation
def test_undo_leaves_a_level_that_setup_did_not_write(instance, sternpostd):
    instance.configure("smtp_enforce_tls = yes\n")
    instance.setup().check_returncode()
    instance.main_cf.write_text(instance.main_cf.read_text().replace("smtp_enforce_tls = yes\n", ""))
    instance.configure_more("smtp_tls_security_level = may\n")
    done(instance.setup("--undo"))
    assert instance.values() == {"smtp_tls_security_level": "may"}


@each_installation
def test_undo_takes_back_what_a_later_run_has_changed(instance, sternpostd):
    instance.configure("smtp_tls_security_level = dane\n")
    done(instance.setup())
    instance.main_cf.write_text(instance.main_cf.read_text().replace("smtp_tls_security_level = dane\n", ""))
    done(instance.setup())
    assert instance.values()["smtp_tls_security_level"] == "may"
    done(instance.setup("--undo"))
    assert instance.values() == {}


@each_installation
def test_a_variable_that_asks_sternpostd_is_seen(instance, sternpostd, table):
    instance.configure(f"mine = socketmap:inet:127.0.0.1:8461:{table}\nsmtp_tls_policy_maps = hash:/a, $mine\n")
    done(instance.setup())
    assert instance.values() == {"smtp_tls_policy_maps": "hash:/a, $mine", "smtp_tls_security_level": "may",
                                 "smtp_tls_CAfile": CA_FILE}
    before = {path.name: path.read_text() for path in (instance.main_cf, instance.directory / "sternpost.undo")}
    told, commands = warned(instance.setup("--before-removal"))
    assert "by hand" in told and commands == ""
    result = instance.setup("--undo")
    assert result.returncode == 1 and f"smtp_tls_policy_maps = hash:/a, socketmap:inet:127.0.0.1:8461:{table}" in result.stderr
    assert {name: (instance.directory / name).read_text() for name in before} == before
    instance.main_cf.write_text(before["main.cf"].replace(", $mine", ""))
    instance.setup("--undo").check_returncode()
    assert instance.values() == {"smtp_tls_policy_maps": "hash:/a"}


@each_installation
def test_a_variable_may_ask_sternpostd_at_another_address(instance, elsewhere):
    instance.configure("mine = socketmap:inet:127.0.0.1:9999:sts\nsmtp_tls_policy_maps = hash:/a, $mine\n")
    done(instance.setup())
    assert instance.values()["smtp_tls_policy_maps"] == "hash:/a, $mine"


@each_installation
def test_a_variable_that_is_wrong_is_its_owners_to_change(instance, sternpostd, table):
    instance.configure("mine = socketmap:inet:127.0.0.1:8461:zone\nsmtp_tls_policy_maps = hash:/a, $mine\n")
    before = instance.main_cf.read_text()
    result = instance.setup()
    assert result.returncode == 1 and f"socketmap:inet:127.0.0.1:8461:{table} there" in result.stderr, result
    assert instance.main_cf.read_text() == before


@each_installation
def test_undo_changes_nothing_while_master_cf_asks(instance, sternpostd):
    done(instance.setup())
    before = instance.main_cf.read_text()
    with (instance.directory / "master.cf").open("a") as file:
        file.write(f"  -o smtp_tls_policy_maps={OURS}\n")
    result = instance.setup("--undo")
    assert result.returncode == 1 and f"relay/unix/smtp_tls_policy_maps = {OURS}" in result.stderr, result
    assert instance.main_cf.read_text() == before


@each_installation
@pytest.mark.parametrize("around", ["{}", "$mine"])
def test_a_map_of_ones_own_stays(instance, start_sternpostd, around):
    start_sternpostd({"maps": {"sts-testing": {"enforce-testing": True}}})
    own = "socketmap:inet:127.0.0.1:8461:sts-testing"
    instance.configure(f"mine = {own}\nsmtp_tls_policy_maps = hash:/a, {around.format(own)}\n")
    instance.setup().check_returncode()
    assert instance.values()["smtp_tls_policy_maps"] == f"hash:/a, {around.format(own)}"
    assert instance.values()["smtp_tls_CAfile"] == CA_FILE


@each_installation
def test_a_map_of_ones_own_is_known_while_sternpostd_does_not_run(instance, start_sternpostd):
    daemon = start_sternpostd({"maps": {"sts-testing": {"enforce-testing": True}}})
    instance.configure("smtp_tls_policy_maps = hash:/a, socketmap:inet:127.0.0.1:8461:sts-testing\n")
    done(instance.setup())
    daemon.stop()
    assert "POSTFIX STILL ASKS" in warned(instance.setup("--before-removal"))[0]
    done(instance.setup("--undo"))
    assert instance.values() == {"smtp_tls_policy_maps": "hash:/a"}


@pytest.mark.parametrize("installation", installations.ALL[:1])  # only root gets into the trees of the others
def test_who_may_not_write_is_told_who_may(instance, sternpostd):
    before = instance.main_cf.read_text()
    result = instance.shell(f"setpriv --reuid 65534 --regid 65534 --clear-groups bash {SETUP} -c {instance.directory}")
    assert result.returncode == 1 and result.stderr.endswith(": run this as root. Nothing was changed.\n"), result
    assert instance.main_cf.read_text() == before


@each_installation
@pytest.mark.parametrize("table", ["inline:{ {example.com = may} }", "inline:{ {'example.com' = may} }"])
def test_a_dry_run_prints_what_would_be_done(instance, sternpostd, table):
    instance.configure(f"smtp_tls_policy_maps = {table}\n")
    before = instance.main_cf.read_text()
    commands = done(instance.setup("--dry-run"))
    assert instance.main_cf.read_text() == before
    done(instance.shell(commands))
    by_hand = instance.values()
    instance.main_cf.write_text(before)
    done(instance.setup())
    assert instance.values() == by_hand


@each_installation
def test_tables_that_are_there_stay_before_ours(instance, sternpostd, table):
    instance.configure("smtp_tls_policy_maps = hash:/etc/postfix/tls, inline:{ {example.com = may} }\n")
    done(instance.setup())
    assert instance.values()["smtp_tls_policy_maps"] == (
        f"hash:/etc/postfix/tls, inline:{{ {{example.com = may}} }}, socketmap:inet:127.0.0.1:8461:{table}")


@each_installation
@pytest.mark.parametrize("former", ["postfix", "sts"])
def test_another_name_at_our_address_becomes_the_right_one(instance, sternpostd, table, former):
    instance.configure(f"smtp_tls_policy_maps = hash:/a, socketmap:inet:127.0.0.1:8461:{former}, hash:/b\n")
    done(instance.setup())
    assert instance.values()["smtp_tls_policy_maps"] == f"hash:/a, socketmap:inet:127.0.0.1:8461:{table}, hash:/b"


@each_installation
@pytest.mark.parametrize("version, name", [("3.9.10", "sts"), ("3.10.0", "sts"), ("3.10-20250101", "sts"), ("3.10.5", "sts"),
                                           ("3.10.6", "sts-tlsrpt"), ("3.11.0", "sts-tlsrpt"), ("4.0.0", "sts-tlsrpt")])
def test_the_extended_grammar_is_for_those_without_bugs_in_it(instance, sternpostd, version, name):
    instance.configure(f"mail_version = {version}\n")
    done(instance.setup())
    assert instance.values()["smtp_tls_policy_maps"] == f"socketmap:inet:127.0.0.1:8461:{name}"


@each_installation
def test_another_resolver_before_ours_is_named(instance, sternpostd):
    instance.configure("smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8642:QUERY\n")
    assert "decides where it has an answer: socketmap:inet:127.0.0.1:8642:QUERY" in done(instance.setup())


@each_installation
def test_a_level_and_authorities_that_are_set_stay(instance, sternpostd):
    instance.configure(f"smtp_tls_security_level = dane\nsmtp_tls_CAfile = {instance.directory}/own.pem\n")
    done(instance.setup())
    values = instance.values()
    assert (values["smtp_tls_security_level"], values["smtp_tls_CAfile"]) == ("dane", f"{instance.directory}/own.pem")


@each_installation
def test_authorities_of_ones_own_are_not_joined_by_all_of_the_world(instance, sternpostd):
    instance.configure(f"private = {instance.directory}\nsmtp_tls_CApath = $private\n")
    told = done(instance.setup())
    assert "smtp_tls_CAfile" not in instance.values()
    assert f"smtp_tls_CApath = {instance.directory}" in told and "public authorities" in told
    instance.configure("smtp_tls_CApath = /etc/ssl/certs/\n")
    assert "public authorities" not in done(instance.setup())
    assert instance.values()["smtp_tls_CAfile"] == CA_FILE


@each_installation
@pytest.mark.parametrize("old", ["smtp_enforce_tls = yes\n", "smtp_enforce_tls = yes\nsmtp_tls_enforce_peername = no\n",
                                 "smtp_use_tls = Yes\n", "ours = yes\nsmtp_enforce_tls = $ours\n"])
def test_mandatory_tls_of_the_old_way_stays(instance, sternpostd, old):
    """Any smtp_tls_security_level, and be it a weaker one, would stand over it."""
    instance.configure(old)
    instance.setup().check_returncode()
    assert "smtp_tls_security_level" not in instance.values()
    instance.configure("smtp_tls_security_level = None\n" + old)
    instance.setup().check_returncode()
    assert instance.values()["smtp_tls_security_level"] == "may"


@each_installation
@pytest.mark.parametrize("chroot", ["y", "n"])
def test_the_socket_in_the_queue_directory_is_preferred(instance, start_sternpostd, table, chroot):
    instance.configure(chroot=chroot)
    (instance.queue / "sternpost").mkdir()
    start_sternpostd({"listen": [f"unix:{instance.queue}/sternpost/socketmap.sock"]})
    done(instance.setup())
    assert instance.values()["smtp_tls_policy_maps"] == f"socketmap:unix:sternpost/socketmap.sock:{table}"


@each_installation
@pytest.mark.parametrize("chroot", ["y", "n"])
def test_a_socket_below_the_queue_directory_is_relative_to_it(instance, start_sternpostd, table, chroot):
    instance.configure(chroot=chroot)
    (instance.queue / "other").mkdir()
    start_sternpostd({"listen": [f"unix:{instance.queue}/other/socket"]})
    done(instance.setup("--socket", f"unix:{instance.queue}/other/socket"))
    assert instance.values()["smtp_tls_policy_maps"] == f"socketmap:unix:other/socket:{table}"
    done(instance.setup("--undo"))
    assert instance.values() == {}


@each_installation
@pytest.mark.parametrize("level, chroot, is_reached", [("3.6", "y", False), ("3.6", "n", True), ("3.6", "-", True),
                                                       ("0", "-", False)])
def test_a_socket_outside_of_a_chroot_is_refused(instance, start_sternpostd, level, chroot, is_reached):
    """Postfix before 3.0, whose defaults level 0 stands for, meant "y" by "-"."""
    instance.configure(f"compatibility_level = {level}\n", chroot=chroot)
    address = f"unix:{instance.directory}/outside/socket"
    (instance.directory / "outside").mkdir()
    start_sternpostd({"listen": [address]})
    before = instance.main_cf.read_text()
    result = instance.setup("--socket", address)
    assert result.returncode == (0 if is_reached else 1), result
    if is_reached:
        assert address in instance.values()["smtp_tls_policy_maps"]
    else:
        assert f"chrooted in {instance.queue}" in result.stderr and instance.main_cf.read_text() == before


@each_installation
def test_what_an_older_table_demands_is_not_lost(instance, sternpostd):
    """Postfix reads smtp_tls_per_site only as long as there is no smtp_tls_policy_maps."""
    instance.configure("smtp_tls_per_site = inline:{example.com=MUST}\n")
    before = instance.main_cf.read_text()
    done = instance.setup()
    assert done.returncode != 0 and "make it a table of that one first" in done.stderr, done
    assert instance.main_cf.read_text() == before
    instance.configure_more("smtp_tls_policy_maps = inline:{example.com=verify}\n")
    assert instance.setup().returncode == 0


@each_installation
def test_nothing_is_changed_while_nobody_answers(instance):
    before = instance.main_cf.read_text()
    result = instance.setup()
    assert result.returncode == 1 and "nobody answers at socketmap:inet:127.0.0.1:8461" in result.stderr
    assert instance.main_cf.read_text() == before


@each_installation
def test_a_warning_about_main_cf_is_none_about_the_table(instance, sternpostd):
    """As where main.cf.dane was appended to a main.cf that has a level: Postfix takes the last line."""
    instance.configure("smtp_tls_policy_maps = hash:/a\nsmtp_tls_security_level = may\n"
                       "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:sts\nsmtp_tls_security_level = dane\n")
    instance.setup().check_returncode()
    assert instance.values()["smtp_tls_CAfile"] == CA_FILE


def warned(result):
    """What is told before a removal, and the commands in it."""
    assert (result.returncode, result.stdout) == (0, ""), result
    return result.stderr, "".join(line for line in result.stderr.splitlines(True) if line.startswith("    "))


@each_installation
def test_who_removes_sternpost_is_told_how_postfix_no_longer_asks(instance, sternpostd):
    before = instance.main_cf.read_text()
    done(instance.setup())
    told, commands = warned(instance.setup("--before-removal"))
    assert "All mail that leaves by SMTP waits" in told and f"/setup -c {instance.directory} --undo" in told
    done(instance.shell(commands))
    assert instance.values() == {} and instance.main_cf.read_text().split() == before.split()
    assert warned(instance.setup("--before-removal")) == ("", "")


@each_installation
def test_what_master_cf_asks_is_told_before_a_removal(instance):
    with (instance.directory / "master.cf").open("a") as file:
        file.write("  -o smtp_tls_policy_maps=$own_maps\n")
    instance.configure_more("own_maps = socketmap:unix:sternpost/socketmap.sock:sts\n")
    told, commands = warned(instance.setup("--before-removal"))
    assert "relay/unix/smtp_tls_policy_maps = socketmap:unix:sternpost/socketmap.sock:sts" in told and commands == ""


@each_installation
def test_all_instances_are_looked_at_before_a_removal(instance):
    other = instance.directory / "other"
    other.mkdir()
    shutil.copy(instance.directory / "master.cf", other)
    (other / "main.cf").write_text(instance.main_cf.read_text() + "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:sts\n")
    instance.configure_more(f"multi_instance_directories = {instance.directory}/gone, {other}\n")
    told, commands = warned(instance.setup_of_all("--before-removal"))
    assert f"/setup -c {other} --undo" in told and commands.split()[:3] == ["postconf", "-c", str(other)]


def test_a_removal_without_postfix_is_silent():
    assert warned(subprocess.run(["/bin/bash", SETUP, "--before-removal"], env={"PATH": "/nowhere"}, capture_output=True,
                                 text=True)) == ("", "")


def test_a_wrong_option_is_told():
    result = subprocess.run([SETUP, "--ask"], capture_output=True, text=True)
    assert result.returncode == 1 and '"--ask"' in result.stderr


def test_it_can_be_executed():
    assert os.access(SETUP, os.X_OK)
