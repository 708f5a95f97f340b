"""What all commands of `sternpost` have in common: what becomes of output that cannot be written, wrong words and surprises."""

import http.server
import os
import signal
import socketserver
import subprocess
import threading

import pytest

from process import SEARCH_PATH
from sternpost import COMMAND_SECONDS, binary
from world import enforce

PRINTING = [["migrate", "--from", "postfix-tlspol", "-"], ["lint", "--json", "-"], ["lint", "--help"], ["--version"]]


def run(*arguments, before=(), **how):
    return subprocess.run([*before, binary("sternpost"), *arguments], env={"PATH": SEARCH_PATH}, input="",
                          stderr=subprocess.PIPE, text=True, timeout=COMMAND_SECONDS, **how)


class Stranger(http.server.BaseHTTPRequestHandler):
    """Answers whatever is asked, and is no sternpostd."""
    said = b"{}"

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.said)))
        self.end_headers()
        self.wfile.write(self.said)

    do_POST = do_DELETE = do_GET

    def address_string(self):
        return "a client"

    def log_message(self, *_):
        pass


@pytest.fixture
def strangers_socket(tmp_path):
    with socketserver.ThreadingUnixStreamServer(str(tmp_path / "socket"), Stranger) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address
        server.shutdown()
        thread.join()


# Wrong words

def test_a_word_that_is_no_command_is_named():
    for arguments, told in (("nosuch", '"nosuch" is no command; --help names all'),
                            ("-c here publsh", '"publsh" is no command; did you mean "publish"?'),
                            ("cache lst --json", '"lst" is no command; did you mean "list"?'),
                            ("--quiet", '"--quiet" is no option; --help names all')):
        done = run(*arguments.split())
        assert (done.returncode, done.stderr) == (64, f"sternpost: {told}\n")
    for arguments, told in (("cache", "subcommand is required"), ("lint --quiet", "FILE is required")):
        done = run(*arguments.split())
        assert (done.returncode, told in done.stderr) == (64, True)
    assert run("nosuch", "--help", stdout=subprocess.DEVNULL).returncode == 0


def test_where_the_configuration_is_named_is_told(tmp_path):
    for option in "-c", "--config":
        done = run("query", "example.com", option, str(tmp_path))
        assert done.returncode == 64 and done.stderr == "sternpost: -c FILE comes before the command\n", done


def test_a_word_in_brackets_is_no_list(tmp_path):
    """CLI11 would make one of it, without the brackets."""
    (tmp_path / "toml").write_text(f'[admin]\nsocket = "{tmp_path}/none"\n')
    for word in ("[relay.test]", "[a.test,b.test]", "[]"):
        for command in ("show", "refresh", "forget"):
            done = run("-c", tmp_path / "toml", "cache", command, word)
            assert (done.returncode, done.stderr) == (64, f'sternpost: "{word}" is no domain of mail\n')
        assert f'"{word}" is no command' in run(word).stderr
    mail = tmp_path / "[Gmail]"
    mail.mkdir()
    (mail / "report.json").write_text("{}")
    for named in ("[Gmail]", "./[Gmail]", mail):
        assert "[Gmail]/report.json: no TLS report" in run("report", named, cwd=tmp_path, stdout=subprocess.DEVNULL).stderr
    assert "sternpost: [none]: " in run("report", "[none]", cwd=tmp_path, stdout=subprocess.DEVNULL).stderr


def test_what_a_file_is_for_is_told():
    for arguments, use in ((("cache", "warm"), "input"), (("cache", "export"), "output")):
        help = " ".join(run(*arguments, "--help", stdout=subprocess.PIPE).stdout.split())
        assert f"A file, or - for standard {use}" in help and f"{use} or" not in help


# Surprises

@pytest.mark.parametrize("said", [b"{}", b"[]", b"<html></html>"], ids=bytes.decode)
def test_what_answers_and_is_no_sternpostd(strangers_socket, tmp_path, monkeypatch, said):
    monkeypatch.setattr(Stranger, "said", said)
    (tmp_path / "toml").write_text(f'[admin]\nsocket = "{strangers_socket}"\n')
    (tmp_path / "list").write_text("a.test\n")
    for arguments in ("cache list", "cache show a.test", "cache refresh a.test", "cache forget --yes a.test", "cache stats",
                      "cache stats --json", "cache export", f"import {tmp_path}/list", f"cache warm {tmp_path}/list", "watch",
                      "watch --now"):
        done = run("-c", tmp_path / "toml", *arguments.split(), stdout=subprocess.DEVNULL)
        assert (done.returncode, "no sternpostd, or one of another version" in done.stderr) == (75, True), (arguments, done)


def test_a_key_that_the_daemon_would_not_take_is_told_before_it_is_asked(tmp_path):
    (tmp_path / "empty.toml").touch()
    done = run("-c", tmp_path / "empty.toml", "query", 120_000 * "a")
    assert done.returncode == 64 and "keys of up to 10000 bytes, and this one has 120000" in done.stderr


def test_what_nobody_foresaw_is_told(tmp_path):
    done = run("doctor", "--postfix", "gone", before=["sh", "-c", 'mkdir d && cd d && rmdir ../d && exec "$@"', "sh"], cwd=tmp_path,
               stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (70, "")
    assert done.stderr.startswith("sternpost: ") and "gone" in done.stderr and done.stderr.count("\n") == 1


# Output

@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_output_that_is_lost_is_a_failure(arguments):
    with open("/dev/full", "w") as full:
        done = run(*arguments, stdout=full)
    assert (done.returncode, "sternpost: standard output cannot be written\n" in done.stderr) == (74, True), done
    done = run(*arguments, before=["sh", "-c", 'exec "$@" >&-', "sh"])
    assert (done.returncode, "sternpost: standard output cannot be written\n" in done.stderr) == (74, True), done


def test_so_it_is_where_it_comes_from_the_daemon(start_sternpostd):
    daemon = start_sternpostd()
    for arguments in (["list"], ["stats"], ["import", "-"]):
        with open("/dev/full", "w") as full:
            done = run("-c", daemon.config, "cache", *arguments, stdout=full)
        assert (done.returncode, done.stderr) == (74, "sternpost: standard output cannot be written\n")


def test_an_export_says_once_what_it_could_not_write(world, start_sternpostd):
    daemon = start_sternpostd()
    world.publish(domain := world.domain("exported"), enforce())
    daemon.ask(domain)
    for file, name in (("-", "standard output"), ("/dev/full", "/dev/full")):
        with open("/dev/full", "w") as full:
            done = run("-c", daemon.config, "cache", "export", file, stdout=full)
        assert (done.returncode, done.stderr) == (74, f"sternpost: {name} cannot be written: No space left on device\n")


def test_a_failure_stays_what_it_is():
    with open("/dev/full", "w") as full:
        assert run("report", "/dev/null", stdout=full).returncode == 66
        assert run("lint", stdout=full).returncode == 64


def test_a_reader_that_has_enough_is_no_news():
    reader, pipe = os.pipe()
    os.close(reader)
    done = run("--help", stdout=pipe)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, "")
    done = run("--help", stdout=pipe, restore_signals=False)  # and so SIGPIPE is ignored
    assert (done.returncode, done.stderr) == (74, "")
    os.close(pipe)
