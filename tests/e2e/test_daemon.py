"""The daemon as a service: configuration, signals, sockets, readiness, its cache file, and the operator's command."""

import os
import re
import socket
import socketserver
import subprocess
import threading
import time
from pathlib import Path

import pytest

from process import SEARCH_PATH, require, wait_until
from scripted_resolver import drop
from socketmap import SocketmapClient, netstring
from sternpost import COMMAND_SECONDS, LISTEN, binary, merged, secret
from world import NOT_FOUND, enforce, secure

# A mistake in the configuration, its line, and what the message must say about it and about what would be right.
MISTAKES = {
    "unknown key": ("user = \"\"\nlisten_on = [\"127.0.0.1:8461\"]\n", 2, ["listen_on", "listen"]),
    "unknown table": ("\n\n[cash]\npath = \"x\"\n", 3, ["cash"]),
    "unknown key in a table": ("[dns]\n\nservrs = []\n", 3, ["servrs", "servers"]),
    "wrong type": ("[answers]\ndeadline = 20\n", 2, ["deadline", "\"20s\""]),
    "no duration": ("[answers]\ndeadline = \"soon\"\n", 2, ["deadline", "soon", "s\""]),
    "not one of the words": ("[answers]\non-dns-failure = \"ignore\"\n", 2, ["on-dns-failure", "continue", "temp"]),
    "wrong dane": ("[answers]\ndane = \"maybe\"\n", 2, ["dane", "auto", "on", "off"]),
    "no address": ("listen = [\"localhost\"]\n", 1, ["listen", "localhost", "127.0.0.1"]),
    "port out of range": ("listen = [\"127.0.0.1:84610\"]\n", 1, ["listen", "84610"]),
    "impossible number": ("[limits]\nconnections = -1\n", 2, ["connections", "-1"]),
    "unknown action": ("[[override]]\ndomain = \"a.test\"\naction = \"skip\"\n", 3, ["action", "skip", "ignore"]),
    "no TOML": ("[answers\n", 1, []),
}
TEMPORARY, NOT_THERE, USAGE = 75, 1, 64


@pytest.fixture
def lab(world):
    """A daemon that has not been started."""
    return world.sternpostd()


def load(daemon, domain, world):
    world.publish(domain, enforce())
    assert daemon.ask(domain) == secure()


# The command line

def test_version(lab):
    done = lab.command("--version", program="sternpostd")
    assert done.returncode == 0
    assert re.fullmatch(r"sternpostd? \d+\.\d+(\.\d+)?\S*\n", done.stdout), done


def test_a_good_configuration_passes_the_check(lab):
    done = lab.command("--check-config", program="sternpostd")
    assert done.returncode == 0, done


def test_an_empty_configuration_is_a_good_one(lab):
    lab.config.write_text("")
    assert lab.command("--check-config", program="sternpostd").returncode == 0


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_configuration_is_explained(lab, mistake):
    text, line, words = MISTAKES[mistake]
    lab.config.write_text(text)
    done = lab.command("--check-config", program="sternpostd")
    assert done.returncode not in (0, None) and done.returncode > 0, done
    message = done.stderr
    assert f"{lab.config}:{line}:" in message, message
    assert [word for word in words if word not in message] == [], message


@pytest.mark.parametrize("text, words", (
    ('[https]\nca-file = "/nonexistent/ca.pem"\n', ["/nonexistent/ca.pem", "ca-file"]),
    ('user = "nobody-at-all"\n', ["nobody-at-all", "no such account"]),
    ('[fleet]\nservers = ["127.0.0.1:6379"]\nkey-file = "/nonexistent/key"\n', ["/nonexistent/key"]),
))
def test_the_check_reads_what_a_start_reads(lab, text, words):
    lab.config.write_text(text)
    done = lab.command("--check-config", program="sternpostd")
    assert (done.returncode, done.stdout) == (78, "")
    assert [word for word in words if word not in done.stderr] == [], done.stderr


def test_a_missing_configuration_is_named(lab):
    lab.config.unlink()
    done = lab.command("--check-config", program="sternpostd")
    assert done.returncode > 0
    assert str(lab.config) in done.stderr


def test_the_daemon_does_not_start_with_a_mistake(lab):
    lab.config.write_text("listen_on = []\n")
    done = lab.command(program="sternpostd")
    assert done.returncode > 0
    assert "listen_on" in done.stderr


def test_an_address_in_use_stops_the_start(lab):
    with socket.create_server(LISTEN):
        done = lab.command(program="sternpostd")
    assert done.returncode > 0
    assert "%s:%d" % LISTEN in done.stderr


# Signals

def test_hup_takes_up_a_new_configuration(world, sternpostd):
    """Seen by the deadline, which the new configuration shortens."""
    domain = world.domain("reloaded")
    world.publish(domain, enforce(), "hang")
    sternpostd.write_config(merged(sternpostd.settings, {"answers": {"deadline": "1s"}}))
    sternpostd.reload()
    sternpostd.wait_for_log(re.compile(r"(?i)reload|configuration"))
    start = time.monotonic()
    assert sternpostd.ask(domain).startswith("TEMP ")
    assert time.monotonic() - start < 5


def test_hup_with_a_mistake_keeps_the_old_configuration(world, sternpostd):
    domain = world.domain("kept")
    load(sternpostd, domain, world)
    sternpostd.config.write_text("answers.deadline = \"1ms\"\nlisten_on = 1\n")
    sternpostd.reload()
    line = sternpostd.wait_for_log(re.compile("listen_on"))
    assert f"{sternpostd.config}:2" in line or "line 2" in line
    assert re.search(r"(?i)\b(old|stays|kept|keep|unchanged|remains)", sternpostd.log_text()), sternpostd.log_text()
    assert sternpostd.ask(domain) == secure()


@pytest.mark.parametrize("changes, word", (
    ({"https": {"ca-file": "/nonexistent/ca.pem"}}, "/nonexistent/ca.pem"),
    ({"fleet": {"key-file": "/nonexistent/fleet.key"}}, "/nonexistent/fleet.key"),
    ({"admin": {"metrics": "192.0.2.1:9461"}}, "192.0.2.1:9461"),
    ({"admin": {"socket": "/nonexistent/admin.sock"}}, "/nonexistent/admin.sock"),
))
def test_hup_that_fails_takes_over_nothing(world, start_sternpostd, changes, word):
    key_file = secret(world.directory, "fleet.key", "k" * 64)
    sternpostd = start_sternpostd({"log": {"level": "info"},
                                   "fleet": {"servers": ["127.0.0.1:1"], "key-file": key_file}})
    elsewhere = sternpostd.directory / "elsewhere.log"
    sternpostd.write_config(merged(sternpostd.settings, merged(changes, {"log": {"target": str(elsewhere)}})))
    sternpostd.reload()
    assert word in sternpostd.wait_for_log(re.compile("reload failed"))
    assert not elsewhere.exists()


def test_a_dns_server_whose_interface_is_away_stops_neither_start_nor_reload(world, lab, start_sternpostd):
    there, away = lab.settings["dns"]["servers"], "fe80::53%away"
    sternpostd = start_sternpostd({"dns": {"servers": [away]}})
    sternpostd.wait_for_log(re.compile(f'warning: dns: "servers" of .dns.: "{away}" is left out'))
    domain = world.domain("interface")
    for servers, answer in ([away], NOT_FOUND), ([away, *there], secure()):
        sternpostd.write_config(merged(sternpostd.settings, {"dns": {"servers": servers}}))
        reloads = sternpostd.log_text().count("reloaded")
        sternpostd.reload()
        sternpostd.process.wait_until(lambda: sternpostd.log_text().count("reloaded") > reloads, "it is reloaded")
        world.publish(domain, enforce())
        wait_until(lambda: sternpostd.ask(domain) == answer, "DNS is asked")
    assert sternpostd.log_text().count("is left out") == 1
    assert "internal error" not in sternpostd.log_text()


def test_hup_leaves_metrics_at_its_port_and_takes_over_the_rest(world, start_sternpostd):
    """0.0.0.0 cannot be listened on beside 127.0.0.1."""
    sternpostd = start_sternpostd({"admin": {"metrics": "127.0.0.1:9461"}})
    sternpostd.write_config(merged(sternpostd.settings, {"admin": {"metrics": "0.0.0.0:9461"}}))
    sternpostd.reload()
    sternpostd.wait_for_log(re.compile('warning: .*"metrics".* next start'))
    sternpostd.wait_for_log(re.compile("info: reloaded"))


def test_hup_goes_by_what_is_in_force(world, start_sternpostd):
    """Not by what the file said the last time."""
    def reload(metrics, port=LISTEN[1]):
        sternpostd.write_config(merged(sternpostd.settings, {"admin": {"metrics": metrics}, "listen": [f"127.0.0.1:{port}"]}))
        before = len(lines())
        sternpostd.reload()
        sternpostd.process.wait_until(lambda: any("reloaded" in line or "reload failed" in line for line in lines()[before:]),
                                      "the reload is told")
        return lines()[before:]

    def lines():
        return sternpostd.log_text().splitlines()

    def asks_for_a_start(told):
        return any("next start" in line for line in told)

    sternpostd = start_sternpostd({"admin": {"metrics": "127.0.0.1:9461"}})
    assert asks_for_a_start(reload("0.0.0.0:9461"))
    assert asks_for_a_start(reload("0.0.0.0:9461"))
    told = reload("127.0.0.1:9461")
    assert not asks_for_a_start(told) and "info: reloaded" in told[-1]
    assert asks_for_a_start(reload("127.0.0.1:9461", port=LISTEN[1] + 1))
    assert not asks_for_a_start(reload("127.0.0.1:9461"))
    assert not asks_for_a_start(reload("[::]:9461")), "IPv6 alone, so the two can be listened on side by side"


def test_a_service_manager_that_does_not_read_holds_nothing_up(world, start_sternpostd):
    sternpostd = start_sternpostd()
    more_than_its_socket_holds = 2 * int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text())
    for reloads in range(1, min(more_than_its_socket_holds, 100)):
        sternpostd.reload()
        sternpostd.process.wait_until(lambda: sternpostd.log_text().count("info: reloaded") >= reloads, "it is reloaded")
    load(sternpostd, world.domain("unread"), world)


def test_a_log_that_cannot_be_opened_anew_is_no_reason_to_refuse_a_reload(world, start_sternpostd):
    """All but where it goes is taken over."""
    sternpostd = start_sternpostd({"log": {"level": "info"}})
    domain = world.domain("let-go")
    load(sternpostd, domain, world)
    below_a_file = f"{sternpostd.config}/sternpost.log"
    sternpostd.write_config(merged(sternpostd.settings, {"log": {"target": below_a_file, "level": "debug"},
                                                         "override": [{"domain": domain, "action": "ignore"}]}))
    sternpostd.reload()
    assert "the log that is open goes on" in sternpostd.wait_for_log(re.compile(below_a_file))
    sternpostd.wait_for_log(re.compile("info: reloaded"))
    assert sternpostd.ask(domain) == NOT_FOUND
    quiet = world.domain("level")
    load(sternpostd, quiet, world)
    sternpostd.wait_for_log(re.compile(f"debug: policy {quiet}: TXT record"))


def test_a_log_that_may_not_be_written_is_found_by_check_config(lab):
    lab.write_config(merged(lab.settings, {"log": {"target": str(lab.directory)}}))
    done = lab.command("--check-config", program="sternpostd")
    assert done.returncode == 78 and str(lab.directory) in done.stderr, done.stderr


def test_a_log_that_cannot_be_made_is_found_by_check_config(lab):
    def check(target):
        lab.write_config(merged(lab.settings, {"log": {"target": str(target)}, "user": "nobody"}))
        return lab.command("--check-config", program="sternpostd")
    logs = lab.directory / "logs"
    logs.mkdir()
    logs.chmod(0o1777)
    assert check(logs / "sternpostd.log").returncode == 0
    assert not (logs / "sternpostd.log").exists()
    logs.chmod(0o755)
    for target in logs / "sternpostd.log", logs / "nowhere" / "sternpostd.log":
        done = check(target)
        assert done.returncode == 78 and str(target) in done.stderr, done


def test_it_starts_without_standard_descriptors(world, start_sternpostd):
    """No socket gets the number of standard error, and with it the log."""
    sternpostd = start_sternpostd({}, wrapper=["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"])
    for number in (0, 1, 2):
        assert os.readlink(f"/proc/{sternpostd.process.pid}/fd/{number}") == "/dev/null"


@pytest.mark.parametrize("behaviour", ["hang", "hang-before-tls", "drip"])
def test_term_ends_it_in_time_while_a_fetch_hangs(world, sternpostd, behaviour):
    """Waiting questions are closed unanswered: Postfix connects again and asks again."""
    domain = world.domain("term")
    world.publish(domain, enforce(), behaviour)
    clients = [sternpostd.connect() for _ in range(5)]
    for client in clients:
        client.send(domain)
    wait_until(lambda: world.policy_host.connections(f"mta-sts.{domain}"), "the fetch is under way")
    sternpostd.stop()
    assert [client.rest() for client in clients] == [b""] * 5


def test_term_ends_it_in_time_while_dns_hangs(world, start_sternpostd):
    sternpostd = start_sternpostd({"dns": {"timeout": "20s"}})
    domain = world.domain("term-dns")
    world.resolver.script(f"_mta-sts.{domain}", "TXT", drop)
    with sternpostd.connect() as client:
        client.send(domain)
        wait_until(lambda: world.txt_questions(domain), "the record is asked for")
        sternpostd.stop()
        assert client.rest() == b""


def test_idle_clients_do_not_delay_the_end(world, sternpostd):
    clients = [sternpostd.connect() for _ in range(20)]
    assert [client.ask(".test") for client in clients] == [NOT_FOUND] * 20
    sternpostd.stop()
    assert [client.rest() for client in clients] == [b""] * 20


def test_a_client_that_does_not_read_does_not_delay_the_end(world, sternpostd):
    domain = world.domain("stuffed")
    load(sternpostd, domain, world)
    with sternpostd.connect() as client:
        client.send_until_full(domain)
        sternpostd.stop()


# Sockets

def test_it_listens_on_a_unix_socket_too(world, start_sternpostd):
    path = world.directory / "socketmap.sock"
    sternpostd = start_sternpostd({"listen": ["%s:%d" % LISTEN, f"unix:{path}"]})
    domain = world.domain("unix")
    load(sternpostd, domain, world)
    with SocketmapClient(path) as client:
        assert client.ask(domain) == secure()
    assert world.sender.postmap_query(domain, f"socketmap:unix:{path}:sts")[:2] == (0, secure().removeprefix("OK "))


def test_a_unix_socket_left_behind_by_kill_9_is_taken_over(world, start_sternpostd):
    path = world.directory / "left.sock"
    sternpostd = start_sternpostd({"listen": [f"unix:{path}"]})
    sternpostd.kill9()
    sternpostd.start()
    with SocketmapClient(path) as client:
        assert client.ask(".test") == NOT_FOUND


def test_it_listens_on_ipv6(world, start_sternpostd):
    start_sternpostd({"listen": ["[::1]:8461"]})
    with socket.create_connection(("::1", 8461)) as connection:
        connection.sendall(b"9:sts .test,")
        assert connection.recv(100) == b"9:NOTFOUND ,"


def systemd_hands_over(listener):
    """How to start the daemon with `listener` as systemd would: as descriptor 3, said in the environment."""
    script = f'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@" 3<&{listener.fileno()}'
    return {"wrapper": [require("bash", "bash"), "-c", script, "bash"], "pass_fds": [listener.fileno()]}


def test_a_socket_from_systemd_replaces_its_own(world, start_sternpostd):
    with socket.create_server(("127.0.0.1", 8462)) as listener:
        sternpostd = start_sternpostd(**systemd_hands_over(listener))
        with SocketmapClient(("127.0.0.1", 8462)) as client:
            assert client.ask(".test") == NOT_FOUND
        with pytest.raises(ConnectionRefusedError):
            sternpostd.connect()
        sternpostd.wait_for_log(re.compile(r"127\.0\.0\.1:8461"))  # the one warning that the lists differ
        done = sternpostd.command("query", ".test")
        assert (done.stdout.strip(), done.returncode) == ("NOTFOUND", 1), done.stderr


def test_a_restart_behind_a_socket_from_systemd_loses_no_question(world, start_sternpostd):
    with socket.create_server(LISTEN) as listener:
        sternpostd = start_sternpostd(**systemd_hands_over(listener))
        domain = world.domain("restart")
        load(sternpostd, domain, world)
        sternpostd.stop()
        with sternpostd.connect() as client:  # the kernel takes the connection meanwhile
            client.send(domain)
            sternpostd.start(**systemd_hands_over(listener))
            assert client.reply() == secure()


def test_a_unix_socket_from_systemd(world, start_sternpostd):
    path = world.directory / "activated.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)
        start_sternpostd(**systemd_hands_over(listener))
        with SocketmapClient(path) as client:
            assert client.ask(".test") == NOT_FOUND


def test_ready_means_ready(world, sternpostd):
    """start() waited for READY=1 and for nothing else."""
    assert sternpostd.notify.messages.count("READY=1") == 1
    assert sternpostd.ask(".test") == NOT_FOUND


# The operator's command

def test_query_says_what_postfix_would_be_told(world, sternpostd):
    domain = world.domain("query")
    world.publish(domain, enforce())
    done = sternpostd.command("query", domain)
    assert (done.returncode, done.stdout) == (0, secure() + "\n")


def test_query_of_an_unknown_map(world, sternpostd):
    done = sternpostd.command("query", world.domain("query-map"), "--map", "stz")
    assert done.returncode == USAGE
    assert "unknown map" in done.stdout


def test_query_for_a_domain_without_policy(world, sternpostd):
    assert sternpostd.command("query", world.domain("query-none")).returncode == NOT_THERE


def test_query_with_a_temporary_failure(world, start_sternpostd):
    sternpostd = start_sternpostd({"answers": {"deadline": "1s"}})
    domain = world.domain("query-temp")
    world.publish(domain, enforce(), "hang")
    done = sternpostd.command("query", domain)
    assert done.returncode == TEMPORARY
    assert f"policy of {domain} is being fetched" in done.stdout + done.stderr


def test_query_without_a_daemon_is_a_temporary_failure(lab):
    done = lab.command("query", "example.test")
    assert done.returncode == TEMPORARY
    for word in (LISTEN[0], str(LISTEN[1]), "Connection refused", "running"):
        assert word in done.stderr, done.stderr
    assert "/usr/include" not in done.stderr, done.stderr  # not a word about where in whose source it was noticed


class Own(socketserver.BaseRequestHandler):
    """A daemon that answers whatever is asked."""

    def handle(self):
        self.request.recv(1000)
        self.request.sendall(netstring("OK mine"))


class OwnServer(socketserver.TCPServer):
    allow_reuse_address = True


def test_query_asks_the_daemon_of_its_configuration(world, sternpostd):
    """And not the one at the usual admin socket, which the configuration does not change."""
    address = ("127.0.0.1", 8463)
    sternpostd.write_config(merged(sternpostd.settings, {"listen": ["%s:%d" % address]}))
    with OwnServer(address, Own) as server:
        server.timeout = 10
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        done = sternpostd.command("query", ".test")
        answering.join()
    assert (done.returncode, done.stdout, done.stderr) == (0, "OK mine\n", "")
    done = sternpostd.command("query", ".test")
    assert (done.returncode, done.stdout) == (NOT_THERE, "NOTFOUND \n")
    assert "127.0.0.1:8463; asked instead: 127.0.0.1:8461" in done.stderr


def test_query_of_the_usual_configuration_asks_where_systemd_has_it_listen(world, start_sternpostd):
    """And not the resolver that was there before, which has the configured address still."""
    with socket.create_server(("127.0.0.1", 8462)) as listener, OwnServer(LISTEN, Own) as server:
        sternpostd = start_sternpostd(**systemd_hands_over(listener))
        answering = threading.Thread(target=server.serve_forever)
        answering.start()
        usual = "mount -t tmpfs none /etc && mkdir /etc/sternpost && cp $0 /etc/sternpost/sternpost.toml && exec $1 query .test"
        done = subprocess.run([require("unshare", "util-linux"), "--mount", require("sh", "dash"), "-c", usual,
                               sternpostd.config, binary("sternpost")], env={"PATH": SEARCH_PATH}, capture_output=True,
                              text=True, timeout=COMMAND_SECONDS)
        named = sternpostd.command("query", ".test")
        server.shutdown()
        answering.join()
    assert (done.returncode, done.stdout) == (NOT_THERE, "NOTFOUND \n"), done
    assert named.stdout == "OK mine\n"


def test_query_does_not_wait_for_an_admin_socket_that_hangs(lab):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(lab.directory / "admin.sock"))
        listener.listen()
        began = time.monotonic()
        assert "Connection refused" in lab.command("query", "example.test").stderr
        assert time.monotonic() - began < 10


# The cache file

def test_a_restart_keeps_the_cache(world, sternpostd):
    """#125."""
    domain = world.domain("restarted")
    load(sternpostd, domain, world)
    world.remove_policy_host(domain)
    world.dns.remove(f"_mta-sts.{domain}")
    sternpostd.restart()
    assert sternpostd.ask(domain) == secure()
    assert world.gets(domain) == 1


def test_a_restart_keeps_the_back_off(world, sternpostd):
    """#64, #125."""
    domain = world.domain("restart-back-off")
    world.publish(domain, enforce(), "status-500")
    assert sternpostd.ask(domain) == NOT_FOUND
    sternpostd.restart()
    assert sternpostd.ask(domain) == NOT_FOUND
    assert world.gets(domain) == 1


@pytest.mark.parametrize("damage", ["garbage", "overwritten header", "overwritten middle"])
def test_a_broken_cache_file_is_moved_aside(world, sternpostd, damage):
    """#125: nothing of it is overwritten, the daemon starts and says so."""
    domain = world.domain("broken-cache")
    load(sternpostd, domain, world)
    sternpostd.stop()
    cache = sternpostd.directory / "cache.db"
    spoilt = {
        "garbage": lambda data: b"this is no database\n" * 500,
        "overwritten header": lambda data: b"\xff" * 100 + data[100:],
        "overwritten middle": lambda data: data[:100] + b"\xff" * (len(data) - 100),
    }[damage](cache.read_bytes())
    cache.write_bytes(spoilt)

    sternpostd.start()
    assert sternpostd.ask(domain) == secure()  # learnt anew
    assert world.gets(domain) == 2
    aside, = [path for path in cache.parent.glob("cache.db?*") if path.read_bytes() == spoilt]
    assert aside.name in sternpostd.log_text()


def test_a_cache_directory_that_is_missing_stops_the_start(world):
    lab = world.sternpostd({"cache": {"path": str(world.directory / "nowhere" / "cache.db")}})
    done = lab.command(program="sternpostd")
    assert done.returncode > 0
    assert "nowhere/cache.db" in done.stderr
