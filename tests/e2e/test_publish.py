"""sternpost publish: what a domain must publish, what is wrong with what it does, and the sites that serve it.

The words are kept in golden/publish-NAME.txt, with what differs from run to run replaced: DOMAIN, ID, N days.
STERNPOST_WRITE_GOLDEN=1 writes them anew; read what has changed before it is committed.
"""

import json
import os
import re
from pathlib import Path

import pytest

from web_servers import WebServer
from scripted_resolver import rcode
from world import BLACK_HOLE, enforce, policy, secure

GOLDEN = Path(__file__).parent / "golden"
PRINTED, GOOD, ADVICE, REFUSED, BROKEN, UNKNOWN = 0, 0, 1, 2, 2, 75
NO_INPUT, USAGE = 66, 64
GOOD_MX, RUA = "good.mx.test", "mailto:tls@reports.test"
WEB_SERVERS = {"nginx": "10.99.2.11", "caddy": "10.99.2.12", "apache": "10.99.2.13"}


def publish(world, domain, *options):
    return world.sternpostd().command("publish", domain, *options)


def told(world, domain, *options):
    """What it tells machines, and its exit status."""
    done = publish(world, domain, "--json", *options)
    assert done.stderr == ""
    return json.loads(done.stdout), done.returncode


def codes(report):
    return [finding["code"] for finding in report.get("findings", report.get("refused"))]


def same_in_every_run(text, domain):
    text = text.replace(domain, "DOMAIN")
    text = re.sub(r"\bid=\d{8}T\d{6}", "id=ID", text)
    return re.sub(r"\b(ends in) \d+ (day|hour)s", r"\1 N days", text)


def mail_alone(world, domain):
    world.set_mx(domain, GOOD_MX)


def in_mode(mode, *mx, max_age=604800, behaviour="ok", rua=RUA):
    def build(world, domain):
        world.publish(domain, policy(mode, *(mx or (GOOD_MX,)), max_age=max_age), behaviour, mx=mx or (GOOD_MX,))
        if rua:
            world.dns.set(f"_smtp._tls.{domain}", "TXT", f'"v=TLSRPTv1; rua={rua}"')
    return build


def two_mx(world, domain):
    world.publish(domain, enforce(), mx=[GOOD_MX, "mx.elsewhere.test"])


def without_record(world, domain):
    mail_alone(world, domain)
    world.serve(domain, enforce())


def null_mx(world, domain):
    world.dns.set(domain, "MX", "0 .")


BAD_MX = ("no-starttls.mx.test", "wrong-name.mx.test", GOOD_MX)
SCENES = {
    "first": (mail_alone, PRINTED, "--rua", "tls@reports.test", "--for", "nginx", "--probe"),
    "first-without-reports": (mail_alone, PRINTED),
    "testing": (in_mode("testing"), PRINTED),
    "testing-to-enforce": (in_mode("testing"), PRINTED, "--mode", "enforce", "--probe"),
    "enforce-longer": (in_mode("enforce"), PRINTED, "--max-age", "30d"),
    "enforce-to-testing": (in_mode("enforce"), PRINTED, "--mode", "testing"),
    "retiring": (in_mode("enforce", max_age=2592000), PRINTED, "--mode", "none"),
    "retired": (in_mode("none"), PRINTED),
    "new-mx": (two_mx, PRINTED, "--for", "caddy"),
    "wildcard": (two_mx, PRINTED, "--mx", "*.mx.test", "--mx", "*.Elsewhere.test.", "--for", "apache"),
    "mx-left-out": (two_mx, REFUSED, "--mx", "*.mx.test", "--mx", "*"),
    "bad-mail-servers": (in_mode("testing", *BAD_MX), REFUSED, "--probe", "--mode", "enforce"),
    "null-mx": (null_mx, REFUSED),
    "bad-options": (mail_alone, REFUSED, "--max-age", "60", "--mode", "enforce", "--rua", "tls.reports.test", "--rua",
                    "ftp://reports.test"),
    "check-good": (in_mode("enforce"), GOOD, "--check", "--probe"),
    "check-testing": (in_mode("testing", *BAD_MX), ADVICE, "--check", "--probe"),
    "check-bad-mail-servers": (in_mode("enforce", *BAD_MX), BROKEN, "--check", "--probe"),
    "check-mx-not-covered": (two_mx, BROKEN, "--check"),
    "check-nothing": (mail_alone, BROKEN, "--check"),
    "check-without-record": (without_record, BROKEN, "--check"),
    "check-expired": (in_mode("enforce", behaviour="cert-expired"), BROKEN, "--check"),
    "check-other-wish": (in_mode("testing"), ADVICE, "--check", "--mode", "enforce"),
}


@pytest.mark.parametrize("name", SCENES)
def test_what_is_told_in_words(world, name):
    build, status, *options = SCENES[name]
    world.receiver
    domain = world.domain("published")
    build(world, domain)
    done = publish(world, domain, *options)
    text = same_in_every_run(done.stdout, domain)
    golden = GOLDEN / f"publish-{name}.txt"
    if os.environ.get("STERNPOST_WRITE_GOLDEN"):
        golden.write_bytes(text.encode())
    assert (text, done.stderr, done.returncode) == (golden.read_bytes().decode(), "", status)


@pytest.mark.parametrize("kind", WEB_SERVERS)
def test_the_printed_site_serves_what_senders_accept(world, start_sternpostd, tmp_path, kind):
    domain, address = world.domain(f"by-{kind}"), WEB_SERVERS[kind]
    host, root = f"mta-sts.{domain}", world.directory / f"site-{kind}"
    mail_alone(world, domain)
    report, status = told(world, domain, "--mode", "enforce", "--rua", RUA, "--for", kind, "--root", str(root),
                          "--out", str(tmp_path))
    assert status == PRINTED
    (root / ".well-known").mkdir(parents=True)
    (root / ".well-known/mta-sts.txt").write_bytes((tmp_path / "mta-sts.txt").read_bytes())
    world.dns.set(host, "A", address)
    for record in report["records"]:
        world.dns.set(record["name"], "TXT", f'"{record["text"]}"')
    server = WebServer(kind, world.directory / f"serves-by-{kind}", report["site"], address, world.certificates.file(host))
    try:
        assert start_sternpostd().ask(domain) == secure(GOOD_MX)
        seen = json.loads(world.sternpostd().command("explain", domain, "--json").stdout)
        assert seen["policy_host"]["content_types"] == ["text/plain"]
        assert told(world, domain, "--check")[1] == GOOD
    finally:
        server.stop()


def test_the_files_are_what_is_printed(world, tmp_path):
    domain = world.domain("files")
    mail_alone(world, domain)
    directory = tmp_path / "new"
    report, _ = told(world, domain, "--rua", RUA, "--for", "nginx", "--out", str(directory))
    assert (directory / "mta-sts.txt").read_bytes() == report["body"].encode()
    assert report["body"] == f"version: STSv1\r\nmode: testing\r\nmx: {GOOD_MX}\r\nmax_age: 86400\r\n"
    assert (directory / "site.conf").read_text() == report["site"]
    assert (directory / "records.zone").read_text() == "".join(
        f'{record["name"]}. IN TXT "{record["text"]}"\n' for record in report["records"])
    linted = world.sternpostd().command("lint", str(directory / "mta-sts.txt"), "--mx", GOOD_MX)
    assert linted.returncode == 0


def test_a_directory_that_cannot_be_written_is_told(world, tmp_path):
    domain = world.domain("files")
    mail_alone(world, domain)
    (tmp_path / "file").touch()
    done = publish(world, domain, "--out", str(tmp_path / "file"))
    assert done.returncode == 73
    assert f"cannot make the directory {tmp_path}/file: Not a directory" in done.stderr
    (tmp_path / "directory" / "mta-sts.txt").mkdir(parents=True)
    done = publish(world, domain, "--out", str(tmp_path / "directory"))
    assert done.returncode == 73
    assert f"cannot write {tmp_path}/directory/mta-sts.txt: Is a directory" in done.stderr


def test_tlsa_records_that_match_no_certificate_are_broken(world):
    world.receiver
    domain = world.domain("published")
    host = world.mx_host("published", tlsa=["3 1 1 " + 64 * "0"])
    in_mode("testing", host)(world, domain)
    report, status = told(world, domain, "--check", "--probe")
    assert (codes(report)[0], report["checks"]["mx-tls"], status) == ("mx-dane", False, BROKEN)
    assert codes(told(world, domain, "--mode", "enforce", "--probe")[0])[0] == "mx-dane"


def test_the_id_is_new_when_the_policy_is_and_only_then(world):
    domain = world.domain("id")
    in_mode("testing")(world, domain)
    kept, _ = told(world, domain)
    changed, _ = told(world, domain, "--mode", "enforce")
    assert (kept["changes"], kept["id"]) == (False, "1")
    assert changed["changes"]
    assert re.fullmatch(r"[a-zA-Z0-9]{1,32}", changed["id"]) and changed["id"] != "1"


def test_a_text_that_changed_without_its_id_is_told(world, start_sternpostd, tmp_path):
    """By what the daemon remembers, by a saved policy, and by what the command itself has printed before."""
    sternpostd = start_sternpostd()
    domain = world.domain("id")
    before = enforce(max_age=604800)
    world.publish(domain, before)
    sternpostd.ask(domain)
    (tmp_path / "former.txt").write_text(before)
    (tmp_path / "former.json").write_text(publish(world, domain, "--json").stdout)

    def check(*options):
        done = sternpostd.command("publish", domain, "--check", "--json", *options)
        return json.loads(done.stdout)

    assert check()["checks"]["id"] is True
    world.publish(domain, enforce(max_age=604801))
    report = check()
    assert (report["checks"]["id"], codes(report)[0]) == (False, "id-not-changed")
    assert "id-not-changed" in codes(check("--previous", str(tmp_path / "former.json")))
    assert "id-unproven" in codes(check("--previous", str(tmp_path / "former.txt")))
    world.set_id(domain, "2")
    assert check("--previous", str(tmp_path / "former.json"))["checks"]["id"] is True


def test_where_reports_go_is_compared_whatever_the_policy_is(world):
    domain, silent = world.domain("rua"), world.domain("no-rua")
    in_mode("testing")(world, domain)
    in_mode("testing", rua=None)(world, silent)
    other = ("--check", "--mode", "enforce", "--rua", "mailto:other@reports.test")
    assert {"differs", "tls-reports-differ"} <= set(codes(told(world, domain, *other)[0]))
    report, _ = told(world, silent, *other)
    assert "differs" in codes(report) and "tls-reports-differ" not in codes(report)


def test_who_retires_is_told_how_long_to_wait(world, tmp_path):
    domain = world.domain("retiring")
    in_mode("none", max_age=86400)(world, domain)
    (tmp_path / "former.txt").write_text(enforce(max_age=30 * 86400))
    report, _ = told(world, domain, "--previous", str(tmp_path / "former.txt"))
    assert any("for 30 days" in step for step in report["next"])


def test_what_dns_does_not_say_is_no_answer(world):
    domain = world.domain("silent")
    in_mode("enforce")(world, domain)
    world.resolver.script(domain, "MX", rcode("SERVFAIL"))
    report, status = told(world, domain)
    assert (codes(report), status) == (["mx-unknown"], UNKNOWN)
    world.resolver.script(f"_mta-sts.{domain}", "TXT", rcode("SERVFAIL"))
    report, status = told(world, domain, "--check")
    assert (report["stage"], status) == ("unknown", UNKNOWN)
    report, status = told(world, domain)
    assert ("stage-unknown" in codes(report), status) == (True, UNKNOWN)


def test_a_policy_host_that_is_not_reached_is_broken(world):
    domain = world.domain("unreachable")
    in_mode("enforce")(world, domain)
    world.dns.set(f"mta-sts.{domain}", "A", BLACK_HOLE["A"])
    report, status = told(world, domain, "--check")
    assert (codes(report)[0], status) == ("policy-unreachable", BROKEN)


@pytest.mark.parametrize("behaviour", ["status-404", "cert-expired"])
def test_what_cannot_be_read_is_not_followed_by_testing(world, start_sternpostd, tmp_path, behaviour):
    domain, sternpostd = world.domain("unreadable"), start_sternpostd()
    in_mode("enforce", max_age=1234567)(world, domain)
    sternpostd.ask(domain)
    (tmp_path / "former.txt").write_text(enforce(max_age=1234567))
    world.serve(domain, enforce(max_age=1234567), behaviour)
    report, status = told(world, domain)
    assert (codes(report), status) == (["stage-unknown"], REFUSED)
    assert told(world, domain, "--mode", "testing")[1] == PRINTED
    for done in (sternpostd.command("publish", domain, "--json"),
                 publish(world, domain, "--json", "--previous", str(tmp_path / "former.txt"))):
        report = json.loads(done.stdout)
        assert (done.returncode, report["mode"], report["max_age"]) == (PRINTED, "enforce", 1234567)


def test_the_keys_for_machines(world):
    """They stay: a change of these needs another schema number."""
    domain = world.domain("keys")
    mail_alone(world, domain)
    report, _ = told(world, domain)
    assert set(report) == {"schema", "domain", "stage", "changes", "mode", "max_age", "mx", "id", "body", "records", "site",
                           "next"}
    refused, _ = told(world, domain, "--mx", "*")
    assert set(refused) == {"schema", "domain", "stage", "refused"}
    checked, _ = told(world, domain, "--check")
    assert set(checked) == {"schema", "domain", "stage", "id", "checks", "certificate_end", "mx_certificate_end", "findings",
                            "next"}
    assert set(checked["findings"][0]) == {"level", "code", "subject", "what", "remedy"}
    assert set(checked["checks"]) == {"record", "policy", "id", "mx-covered", "mx-tls", "tls-reports"}


@pytest.mark.parametrize("options, status, words", [
    (["not a domain"], USAGE, "no domain of mail"),
    (["[mx.example.test]"], USAGE, "no domain of mail"),
    (["example.test", "--mode", "test"], USAGE, "--mode"),
    (["example.test", "--max-age", "soon"], USAGE, "--max-age"),
    (["example.test", "--max-age", "d"], USAGE, "--max-age: a number and a unit are wanted, such as 7d"),
    (["example.test", "--max-age", "-7d"], USAGE, "--max-age"),
    (["example.test", "--for", "iis"], USAGE, "--for"),
    (["example.test", "--root", "/var/www"], USAGE, "--root requires --for"),
    (["example.test", "--check", "--for", "nginx"], USAGE, "--for excludes --check"),
    (["example.test", "--check", "--out", "/nonexistent"], USAGE, "--out excludes --check"),
    (["example.test", "--for", "nginx", "--root", "/var/www; }"], USAGE, "--root"),
    (["example.test", "--previous", "/nonexistent"], NO_INPUT, "/nonexistent"),
    (["example.test", "--previous", "/etc/passwd"], NO_INPUT, "no policy file"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else None)
def test_wrong_options_are_told(world, options, status, words):
    done = publish(world, *options)
    assert done.returncode == status
    assert words in done.stderr
