"""`sternpost cache …` on a running daemon, also one that is under load."""

import json
import os
import pty
import pwd
import re
import subprocess
import threading

import pytest

from admin import Admin
from process import SEARCH_PATH, require, wait_until
from scripted_resolver import rcode
from sternpost import COMMAND_SECONDS, binary, merged
from world import NOT_FOUND, enforce, policy, secure

CLIENTS = 4
NOBODY = pwd.getpwnam("nobody")


def cache(daemon, *arguments, status=0):
    """What the command says, when it ends with `status`."""
    done = daemon.command("cache", *arguments)
    assert done.returncode == status, done
    return done.stdout + done.stderr


def with_input(daemon, text, *arguments):
    return subprocess.run([binary("sternpost"), "-c", daemon.config, "cache", *arguments], env={"PATH": SEARCH_PATH},
                          input=text, capture_output=True, text=True, timeout=COMMAND_SECONDS)


def on_a_terminal(daemon, answer, *arguments):
    """Exit status, and what was said on a terminal where a person types `answer`."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([binary("sternpost"), "-c", daemon.config, "cache", *arguments],
                               env={"PATH": SEARCH_PATH, "TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, answer.encode())
    said = b""
    try:
        while data := os.read(ours, 4096):
            said += data
    except OSError:
        pass  # the other end is closed
    os.close(ours)
    return process.wait(COMMAND_SECONDS), said.decode()


def known(world, daemon, word, text=None):
    domain = world.domain(word)
    world.publish(domain, text or enforce())
    daemon.ask(domain)
    return domain


@pytest.fixture
def sternpostd(start_sternpostd):
    """What it has found out counts as long as a test lasts."""
    return start_sternpostd({"dns": {"min-ttl": "60s"}, "answers": {"recheck": "60s"}})


@pytest.fixture
def load(world, sternpostd):
    """Clients that ask without end about one domain; at the end of the test all answers were right."""
    domain = known(world, sternpostd, "load")
    stop, wrong = threading.Event(), []
    asked = [0] * CLIENTS

    def ask(number):
        with sternpostd.connect() as client:
            while not stop.is_set():
                reply = client.ask(domain)
                asked[number] += 1
                if reply != secure():
                    wrong.append(reply)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    wait_until(lambda: all(asked), "every client has asked")
    yield
    before = list(asked)
    wait_until(lambda: all(now > then for now, then in zip(asked, before)), "every client goes on being answered")
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


# Look

def test_all_commands_work_under_load(world, sternpostd, load, tmp_path):
    domain = known(world, sternpostd, "shown")
    assert f"{domain} " in cache(sternpostd, "list")
    listed = [json.loads(line) for line in cache(sternpostd, "list", "--json").splitlines()]
    assert domain in [each["domain"] for each in listed]
    shown = cache(sternpostd, "show", domain)
    for words in ("enforce, id 1", "good.mx.test", "present, id 1", "absent at MX hosts", secure()):
        assert words in shown
    assert json.loads(cache(sternpostd, "show", domain.upper(), "--json"))["mode"] == "enforce"
    assert "2 enforce" in cache(sternpostd, "stats")
    gets = world.gets(domain)
    cache(sternpostd, "refresh", domain)
    assert world.gets(domain) == gets + 1
    export = tmp_path / "export"
    assert "2 policies exported" in cache(sternpostd, "export", str(export))
    cache(sternpostd, "forget", "--yes", domain)
    assert "nothing is known of" in cache(sternpostd, "show", domain, status=1)
    assert "1 taken, 1 kept" in cache(sternpostd, "import", str(export))
    assert sternpostd.ask(domain) == secure()


def test_show_looks_nothing_up(world, sternpostd):
    world.publish(domain := world.domain("unasked"), enforce())
    assert "nothing is known of" in cache(sternpostd, "show", domain, status=1)
    assert world.txt_questions(domain) == 0


def test_what_is_no_domain_is_told(sternpostd):
    assert "is no domain of mail" in cache(sternpostd, "show", "[192.0.2.1]", status=64)


def test_without_a_daemon(world):
    daemon = world.sternpostd()
    assert "is sternpostd running" in cache(daemon, "list", status=75)
    daemon.write_config({**daemon.settings, "admin": {"socket": ""}})
    assert "has no admin socket" in cache(daemon, "list", status=78)


# Refresh

def test_a_refresh_does_not_wait_for_back_off(world, sternpostd):
    world.publish(domain := world.domain("mended"), enforce(), "status-500")
    assert sternpostd.ask(domain) == NOT_FOUND
    assert "HTTP status 500" in cache(sternpostd, "refresh", domain, status=1)
    world.publish(domain, enforce())
    cache(sternpostd, "refresh", domain)
    assert sternpostd.ask(domain) == secure()


def test_a_refresh_sees_a_new_policy_under_the_old_id(world, sternpostd):
    domain = known(world, sternpostd, "same-id")
    world.publish(domain, enforce("backup.mx.test"))
    cache(sternpostd, "refresh", domain)
    assert sternpostd.ask(domain) == secure("backup.mx.test")


# Forget

def test_an_enforce_policy_is_forgotten_only_at_a_second_word(world, sternpostd):
    domain = known(world, sternpostd, "precious")
    refused = with_input(sternpostd, "y\n", "forget", domain)
    assert refused.returncode == 1 and "--yes forgets it nevertheless" in refused.stderr
    world.hide(domain)
    status, said = on_a_terminal(sternpostd, "n\n", "forget", domain)
    assert status == 1 and "has an enforce policy until" in said and "[y/N]" in said
    assert sternpostd.ask(domain) == secure()
    assert on_a_terminal(sternpostd, "y\n", "forget", domain)[0] == 0
    assert sternpostd.ask(domain) == NOT_FOUND
    assert f"admin {domain}: uid 0 had it forgotten, with its enforce policy" in sternpostd.log_text()


def test_whom_the_unit_gives_no_number_is_another_user(world, sternpostd):
    """With PrivateUsers= the kernel says 65534 of everybody but root and the daemon's user."""
    domain = known(world, sternpostd, "somebody-forgets")
    sternpostd.directory.chmod(0o755)
    (sternpostd.directory / "admin.sock").chmod(0o666)
    ask = f"DELETE /v1/policies/{domain}?unexpired=yes HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n"
    subprocess.run([require("setpriv", "util-linux"), "--reuid", "65534", "--regid", "65534", "--clear-groups",
                    "/usr/bin/python3", "-c", "import socket; s = socket.socket(socket.AF_UNIX); s.connect('admin.sock'); "
                    f"s.sendall(b'{ask}'); print(s.recv(100))"], cwd=sternpostd.directory, check=True)
    assert f"admin {domain}: another user had it forgotten, with its enforce policy" in sternpostd.log_text()


def test_other_policies_are_forgotten_at_once(world, sternpostd):
    domain = known(world, sternpostd, "testing", policy("testing", "good.mx.test"))
    cache(sternpostd, "forget", domain)
    assert "nothing is known of" in cache(sternpostd, "forget", domain, status=1)
    questions = world.txt_questions(domain)
    assert sternpostd.ask(domain) == NOT_FOUND
    assert world.txt_questions(domain) == questions + 1


def test_what_is_forgotten_stays_so_over_a_restart(world, sternpostd):
    domain = known(world, sternpostd, "gone")
    cache(sternpostd, "forget", "--yes", domain)
    world.hide(domain)
    sternpostd.restart()
    assert sternpostd.ask(domain) == NOT_FOUND


# Export and import

def test_an_export_is_enforced_elsewhere_while_nobody_can_be_asked(world, sternpostd, start_sternpostd, tmp_path):
    domains = [known(world, sternpostd, f"moved-{number}") for number in range(3)]
    export = tmp_path / "export"
    cache(sternpostd, "export", str(export))
    sternpostd.stop()
    world.resolver.script("*", "*", rcode("SERVFAIL"))  # and so no policy host has an address
    other = start_sternpostd({"answers": {"dane": "off"}})
    assert other.ask(domains[0]) == NOT_FOUND  # which memory then knows
    assert "3 taken, 0 kept as known here, 0 had run out, 0 refused" in cache(other, "import", str(export))
    assert [other.ask(domain) for domain in domains] == [secure()] * 3
    other.kill9()
    other.start()
    assert [other.ask(domain) for domain in domains] == [secure()] * 3
    assert with_input(other, export.read_text(), "import", "-").stdout.startswith("0 taken, 3 kept")


def test_where_dane_is_off_no_server_is_said_to_be_silent(start_sternpostd):
    daemon = start_sternpostd({"answers": {"dane": "off"}, "admin": {"metrics": "127.0.0.1:9461"}})
    assert "127.0.0.1:5353: not asked whether it validates, as DANE is off" in cache(daemon, "stats")
    server, = json.loads(cache(daemon, "stats", "--json"))["dns_servers"]
    assert server["validates"] is None
    scraper = Admin(("127.0.0.1", 9461))
    assert "dns 127.0.0.1:5353: not asked whether" in scraper.get("/readyz")
    assert "sternpost_dns_server_validating" not in scraper.get("/metrics")


def test_an_export_replaces_the_text_of_a_file_and_nothing_else(world, sternpostd, tmp_path):
    domain = known(world, sternpostd, "exported")
    kept, link, stdout, fifo = (tmp_path / name for name in ("kept", "link", "stdout", "fifo"))
    kept.write_text("what was there before\n" * 100)
    kept.chmod(0o600)
    os.chown(kept, NOBODY.pw_uid, NOBODY.pw_gid)
    link.symlink_to("kept")
    cache(sternpostd, "export", str(link))
    now = kept.stat()
    assert (now.st_mode & 0o777, now.st_uid, now.st_gid) == (0o600, NOBODY.pw_uid, NOBODY.pw_gid)
    assert json.loads(kept.read_text())["domain"] == domain
    stdout.symlink_to("/proc/self/fd/1")
    assert domain in cache(sternpostd, "export", str(stdout))
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    cache(sternpostd, "export", str(fifo))
    assert domain in os.read(reader, 65536).decode()
    os.close(reader)
    assert link.is_symlink() and stdout.is_symlink() and fifo.is_fifo()
    assert sorted(file.name for file in tmp_path.iterdir() if file.name.endswith(".part")) == []


def test_lines_that_are_refused_are_named_and_the_others_taken(world, sternpostd):
    world.publish(domain := world.domain("from-elsewhere"), enforce("backup.mx.test"))
    line = {"domain": domain, "id": "1", "mode": "enforce", "mx": ["good.mx.test"], "max_age": 86400}
    lines = [json.dumps({**line, "mode": "strict"}), "", json.dumps(line), "{", json.dumps({**line, "colour": "red"})]
    done = with_input(sternpostd, "\n".join(lines), "import", "-")
    assert (done.returncode, done.stdout) == (1, "1 taken, 0 kept as known here, 0 had run out, 3 refused\n")
    assert [told.split(":")[1] for told in done.stderr.splitlines()] == [" line 1", " line 4", " line 5"]
    assert '"colour": there is no such field' in done.stderr
    # What is not our own word is fetched soon.
    sternpostd.process.wait_until(lambda: world.gets(domain) == 1, "the policy is fetched")
    sternpostd.process.wait_until(lambda: sternpostd.ask(domain) == secure("backup.mx.test"), "and in force")


@pytest.mark.parametrize("command", ["import", "warm"])
def test_what_cannot_be_read_is_no_empty_list(sternpostd, tmp_path, command):
    for file, why in ((tmp_path, "Is a directory"), (tmp_path / "nowhere", "No such file or directory")):
        assert f"sternpost: {file}: {why}" in cache(sternpostd, command, str(file), status=66)


def test_what_was_read_before_a_file_broke_off_is_imported(sternpostd):
    line = {"domain": "broken-off.test", "id": "1", "mode": "enforce", "mx": ["good.mx.test"], "max_age": 86400}
    ours, theirs = pty.openpty()  # reading its end fails when the other one is closed
    os.write(theirs, f"{json.dumps(line)}\n{{".encode())
    os.close(theirs)
    done = subprocess.run([binary("sternpost"), "-c", sternpostd.config, "import", "-"], env={"PATH": SEARCH_PATH},
                          stdin=ours, capture_output=True, text=True, timeout=COMMAND_SECONDS)
    os.close(ours)
    assert (done.returncode, done.stdout) == (66, "1 taken, 0 kept as known here, 0 had run out, 0 refused\n")
    assert done.stderr == "sternpost: standard input: Input/output error\n"


def test_an_import_of_many_lines(sternpostd):
    line = {"id": "1", "mode": "enforce", "mx": ["good.mx.test"], "max_age": 86400}
    lines = [json.dumps({**line, "domain": f"d{number}.many.test"}) for number in range(1700)]
    lines[1234] = "nonsense"
    done = with_input(sternpostd, "\n".join(lines), "import", "-")
    assert done.stdout == "1699 taken, 0 kept as known here, 0 had run out, 1 refused\n"
    assert "line 1235: no JSON" in done.stderr
    assert Admin(sternpostd.directory / "admin.sock").status()["policies"]["enforce"] == 1699
    assert len(cache(sternpostd, "list", "--json").splitlines()) == 1699


# Warm

def test_a_list_of_domains_is_learnt_ahead(world, sternpostd):
    domains = [world.domain("warmed") for _ in range(20)]
    for domain in domains:
        world.publish(domain, enforce())
    world.publish(broken := world.domain("warm-broken"), enforce(), "status-500")
    text = "\n".join(["# first contact", *domains, domains[0], "", world.domain("warm-without") + "  # none", broken, "no domain"])
    done = with_input(sternpostd, text, "warm", "-")
    assert done.stdout == "22 domains, 20 enforce, 1 failed, 1 without a policy\n"
    assert done.returncode == 1
    assert "line 26: \"no domain\" is no domain of mail" in done.stderr and f"{broken}: HTTP status 500" in done.stderr
    world.hide(domains[0])
    assert sternpostd.ask(domains[0]) == secure()


def test_a_terminal_gets_a_progress_bar(world, sternpostd, tmp_path):
    world.publish(slow := world.domain("slow"), enforce(), "hang")
    world.publish(domain := world.domain("quick"), enforce())
    (tmp_path / "list").write_text(f"{domain}\n{slow}\n")
    # The bar is drawn anew while one is waited for, whose fetch ends by its time limit.
    limits = {"timeout": "1s", "connect-timeout": "1s"}
    sternpostd.write_config(merged(sternpostd.settings, {"https": limits}))
    sternpostd.reload()
    sternpostd.wait_for_log(re.compile("info: reloaded"))
    status, said = on_a_terminal(sternpostd, "", "warm", str(tmp_path / "list"))
    assert status == 1
    assert "] 1/2" in said and "2 domains, 1 enforce, 1 failed" in said
