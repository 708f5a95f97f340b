"""sternpost report: the TLS reports of others, as they come, summed up. The words are kept in golden/report-NAME.txt, and
every figure is computed again here, from the reports alone."""

import base64
import collections
import datetime
import fcntl
import gzip
import json
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from process import SEARCH_PATH
from sternpost import binary

GOLDEN = Path(__file__).parent / "golden"
GOOD, NOT_ALL, USAGE, NO_INPUT = 0, 1, 64, 66
DOMAIN = "example.com"
FIRST = datetime.date(2026, 10, 1)
POLICY = ["version: STSv1", "mode: {}", "mx: mx1.example.com", "mx: *.example.net", "max_age: 604800"]


def day(number):
    return FIRST + datetime.timedelta(days=number)


def details(*failures):
    names = ("result-type", "receiving-mx-hostname", "receiving-ip", "failed-session-count", "failure-reason-code")
    return [{name: value for name, value in zip(names, failure) if value is not None} for failure in failures]


def report(sender, number, policies, **more):
    return {"organization-name": sender, "report-id": f"{day(number)}_{sender}",
            "date-range": {"start-datetime": f"{day(number)}T00:00:00Z", "end-datetime": f"{day(number)}T23:59:59Z"},
            "contact-info": f"tlsrpt@{sender.split()[0].lower()}.example", "policies": policies, **more}


def policy(kind, good, failed, failures=(), domain=DOMAIN, mode="testing", **more):
    applied = {"policy-type": kind, "policy-domain": domain, **more}
    if kind == "sts":
        applied["policy-string"] = [line.format(mode) for line in POLICY]
        applied.setdefault("mx-host", ["mx1.example.com", "*.example.net"])
    return {"policy": applied, "summary": {"total-successful-session-count": good, "total-failure-session-count": failed},
            "failure-details": list(failures)}


def reports():
    """Three senders in three shapes, for 20 days."""
    for number in range(20):
        expired = details(("certificate-expired", "mx1.example.com", "2001:db8::25", 2, "X509_V_ERR_CERT_HAS_EXPIRED"),
                          ("quantum-flux", "mx1.example.com", "192.0.2.25", 1)) if number == 12 else []
        yield report("Large Inc.", number, [policy("sts", 200 + number, len(expired) and 3, expired),
                                            policy("no-policy-found", number, 0, domain="example.org")])
        # No text of the policy where it could not be fetched, and numbers as strings.
        fetch = number == 3
        yield report("Other Corporation", number, [{
            "policy": {"policy-type": "sts", "policy-domain": DOMAIN, **({} if fetch else {"policy-string": [
                line.format("testing") for line in POLICY]})},
            "summary": {"total-successful-session-count": str(50), "total-failure-session-count": "4" if fetch else "0"},
            **({"failure-details": details(("sts-policy-fetch-error", None, None, 4))} if fetch else {})}], **{"contact-info": None})
        if number % 5 == 0:
            yield report("dane.example", number, [policy("tlsa", 7, 1, details(("validation-failure", "mx1.example.com", None, 1)),
                                                         **{"mx-host": "mx1.example.com", "policy-string": ["3 1 1 " + "00" * 32]})])


def file_name(of, extension):
    begin, end = (int(datetime.datetime.fromisoformat(of["date-range"][key].replace("Z", "+00:00")).timestamp())
                  for key in ("start-datetime", "end-datetime"))
    return f"{of['organization-name'].replace(' ', '')}!{DOMAIN}!{begin}!{end}!001.{extension}"


def mail(of, kind="application/tlsrpt+gzip", around='multipart/report; report-type="tlsrpt"'):
    encoded = base64.encodebytes(gzip.compress(json.dumps(of).encode())).decode()
    return (f"From: tlsrpt@sender.example\nTo: reports@example.com\nSubject: Report Domain: {DOMAIN}\nMIME-Version: 1.0\n"
            f"TLS-Report-Domain: {DOMAIN}\nContent-Type: {around};\n boundary=\"=_b\"\n\n--=_b\nContent-Type: text/plain\n\n"
            f"This is an aggregate TLS report.\n\n--=_b\nContent-Type: {kind}; name=\"{file_name(of, 'json.gz')}\"\n"
            f"Content-Transfer-Encoding: base64\n\n{encoded}\n--=_b--\n").encode()


def spread(directory, all_reports):
    """Each report in a form of its own: JSON, gzip, mails of a Maildir, an mbox; with what else lies in such places."""
    for name in ("json", "Maildir/cur", "Maildir/new", "Maildir/tmp"):
        (directory / name).mkdir(parents=True)
    mbox = b""
    for number, one in enumerate(all_reports):
        form = number % 5
        if form == 0:
            (directory / "json" / file_name(one, "json")).write_text(json.dumps(one, indent=1))
        elif form == 1:
            (directory / "json" / file_name(one, "json.gz")).write_bytes(gzip.compress(json.dumps(one).encode()))
        elif form == 2:
            (directory / "Maildir/cur" / f"{number}.host:2,S").write_bytes(mail(one).replace(b"\n", b"\r\n"))
        elif form == 3:
            (directory / "Maildir/new" / f"{number}.host").write_bytes(mail(one, "application/octet-stream", "multipart/mixed"))
        else:
            mbox += b"From tlsrpt@sender.example Sun Nov  1 08:00:00 2026\n" + mail(one, "application/gzip") + b"\n"
    (directory / "reports.mbox").write_bytes(mbox)
    (directory / "Maildir/new/1.host").write_bytes(b"Subject: Hello\n\nHow are you?\n")
    (directory / "Maildir/dovecot-uidlist").write_bytes(b"3 V1 N5\n1 :1.host\n")
    (directory / "Maildir/tmp/9.host").write_bytes(b"TLS-Report-Domain: example.com\n\nnot yet")
    os.mkfifo(directory / "json/fifo.json")
    (directory / "json/link.json").symlink_to("fifo.json")


def run(*arguments, data=b""):
    return subprocess.run([binary("sternpost"), "report", *map(str, arguments)], env={"PATH": SEARCH_PATH, "LC_ALL": "C"},
                          input=data, capture_output=True, timeout=60)


def as_json(*arguments, status=GOOD, data=b""):
    done = run("--json", *arguments, data=data)
    assert done.returncode == status, done
    return json.loads(done.stdout)


@pytest.fixture
def folder(tmp_path):
    spread(tmp_path, reports())
    return tmp_path


def golden(name, done, directory):
    text = done.stdout.replace(os.fsencode(directory), b"DIRECTORY")
    file = GOLDEN / f"report-{name}.txt"
    if os.environ.get("STERNPOST_WRITE_GOLDEN"):
        file.write_bytes(text)
    assert text.decode() == file.read_text()


# What is told

def test_what_is_told_in_words(folder):
    done = run(folder, "--until", day(19))
    assert (done.stderr, done.returncode) == (b"", GOOD)
    golden("summary", done, folder)


def test_what_is_told_of_a_domain_that_may_go_to_enforce(tmp_path):
    """A longer time, which is told by weeks."""
    for number in range(40):
        for sender in ("Large Inc.", "Other Corporation"):
            one = report(sender, number, [policy("sts", 100, 0)])
            (tmp_path / file_name(one, "json")).write_text(json.dumps(one))
    done = run(tmp_path, "--until", day(39))
    assert (done.stderr, done.returncode) == (b"", GOOD)
    golden("may-enforce", done, tmp_path)
    assert as_json(tmp_path, "--until", day(39))["domains"][0]["verdict"]["stage"] == "may-enforce"


# The figures

def test_every_figure_is_the_sum_of_what_the_senders_say(folder):
    sessions, days, failures, counts = (collections.defaultdict(collections.Counter) for _ in range(4))
    for one in reports():
        start = one["date-range"]["start-datetime"][:10]
        for part in one["policies"]:
            domain = part["policy"]["policy-domain"]
            figures = {"good": int(part["summary"]["total-successful-session-count"]),
                       "failed": int(part["summary"]["total-failure-session-count"])}
            mode = "testing" if "version: STSv1" in part["policy"].get("policy-string", []) else None
            sessions[domain, one["organization-name"], part["policy"]["policy-type"], mode].update(figures)
            days[domain, start].update(figures)
            counts[domain].update(reports=1)
            for detail in part.get("failure-details", []):
                failures[domain, detail["result-type"]].update(sessions=detail["failed-session-count"])
    told = as_json(folder, "--until", day(19))
    assert {(domain["domain"], row["sender"], row["policy_type"], row["mode"]): {"good": row["good"], "failed": row["failed"]}
            for domain in told["domains"] for row in domain["sessions"]} == sessions
    assert {(domain["domain"], row["day"]): {"good": row["good"], "failed": row["failed"]}
            for domain in told["domains"] for row in domain["days"]} == days
    assert {(domain["domain"], row["result_type"]): {"sessions": row["sessions"]}
            for domain in told["domains"] for row in domain["failures"]} == failures
    assert {(domain["domain"], row["result_type"]): {"sessions": sum(where["sessions"] for where in row["where"])}
            for domain in told["domains"] for row in domain["failures"]} == failures
    assert {domain["domain"]: {"reports": domain["reports"]} for domain in told["domains"]} == counts
    assert told["reports"] == len(list(reports()))
    assert told["senders"] == sorted({one["organization-name"] for one in reports()})
    assert (told["first"], told["last"]) == (str(day(0)), str(day(19)))


def test_the_verdict_rests_on_the_last_14_days(folder):
    """3 failures in the last 14 days, of Large Inc.; the 4 of the other are older."""
    sts = [(index, one["policies"][0]) for index, one in ((int(one["report-id"][8:10]) - 1, one) for one in reports())
           if one["policies"][0]["policy"]["policy-type"] == "sts" and index >= 20 - 14]
    failed = sum(int(part["summary"]["total-failure-session-count"]) for _, part in sts)
    good = sum(int(part["summary"]["total-successful-session-count"]) for _, part in sts)
    [verdict] = [domain["verdict"] for domain in as_json(folder, "--until", day(19))["domains"] if domain["domain"] == DOMAIN]
    [words] = [criterion["words"] for criterion in verdict["criteria"] if criterion["name"] == "failures"]
    assert words.startswith(f"{failed} of {good + failed} sessions failed in the last 14 days, {100 * failed / (good + failed):.2f} %")


def test_the_keys_for_machines(folder):
    told = as_json(folder, "--until", day(19))
    assert set(told) == {"schema", "reports", "duplicates", "filtered_out", "broken", "mails_without_report", "other_files",
                         "first", "last", "senders", "domains", "problems"}
    assert (told["schema"], told["broken"], told["mails_without_report"], told["other_files"]) == (1, 0, 1, 1)
    domain = told["domains"][0]
    assert set(domain) == {"domain", "reports", "mode", "sessions", "failures", "days", "verdict"}
    assert set(domain["sessions"][0]) == {"sender", "policy_type", "mode", "mx", "good", "failed"}
    assert set(domain["days"][0]) == {"day", "good", "failed"}
    flux = next(kind for kind in domain["failures"] if kind["result_type"] == "quantum-flux")
    assert set(flux) == {"result_type", "known", "sessions", "meaning", "remedy", "where"}
    assert not flux["known"]
    assert flux["where"] == [{"sender": "Large Inc.", "mx_host": "mx1.example.com", "receiving_ip": "192.0.2.25", "reason": None,
                              "sessions": 1, "first": str(day(12)), "last": str(day(12))}]
    assert set(domain["verdict"]) == {"stage", "conclusion", "criteria", "advice"}


def test_a_report_is_counted_once(folder):
    once, twice = as_json(folder, "--until", day(19)), as_json(folder, folder / "json", folder, "--until", day(19))
    assert twice["domains"] == once["domains"]
    of_json = len([name for name in (folder / "json").iterdir() if name.is_file() and not name.is_symlink()])
    assert twice["duplicates"] == once["reports"] + of_json
    assert b"more are there twice, and counted once" in run(folder, folder).stdout


def test_only_what_is_asked_for(folder):
    told = as_json("--since", day(5), "--until", day(9), "--domain", "Example.ORG.", "--domain", "other.test", folder)
    assert [domain["domain"] for domain in told["domains"]] == ["example.org"]
    assert [row["day"] for row in told["domains"][0]["days"]] == [str(day(number)) for number in range(5, 10)]
    assert told["reports"] + told["filtered_out"] == len(list(reports()))


@pytest.mark.parametrize("kind", ["json", "gzip", "mail", "mbox"])
def test_standard_input(kind):
    one = next(reports())
    data = {"json": json.dumps(one).encode(), "gzip": gzip.compress(json.dumps(one).encode()), "mail": mail(one),
            "mbox": b"From a@b.example Sun Nov  1 08:00:00 2026\n" + mail(one)}[kind]
    assert as_json("-", data=data)["reports"] == 1


# What is wrong

def test_a_broken_report_is_a_line_and_the_others_count(folder):
    (folder / "json/cut.json.gz").write_bytes(gzip.compress(json.dumps(next(reports())).encode())[:-20])
    (folder / "json/bomb.json.gz").write_bytes(gzip.compress(bytes(50_000_000)))
    (folder / "json/deep.json").write_text("{\"policies\": " + "[" * 100_000)
    (folder / "json/negative.json").write_text(json.dumps(report("Odd", 1, [policy("sts", -5, 0)])))
    (folder / "json/none.json").write_text("{}")
    (folder / "Maildir/new/x2.host").write_bytes(mail(next(reports())).replace(b"tlsrpt+gzip", b"tlsrpt+json", 1)[:600])
    (folder / "Maildir/new/x3.host").write_bytes(b"TLS-Report-Domain: example.com\n\nnothing here\n")
    done = run(folder, folder / "nowhere", "--until", day(19))
    assert done.returncode == NOT_ALL
    told = done.stderr.decode().replace(str(folder), "DIRECTORY").splitlines()
    place = "part 2, LargeInc.!example.com!1790812800!1790899199!001.json.gz"
    assert told[1:] == [
        "sternpost: DIRECTORY/Maildir/new/x3.host: the mail announces a TLS report, but none is attached",
        "sternpost: DIRECTORY/json/bomb.json.gz: a gzip bomb: it unpacks to more than 200 times its size",
        "sternpost: DIRECTORY/json/cut.json.gz: the gzip data ends too early",
        "sternpost: DIRECTORY/json/deep.json: the JSON is nested deeper than 16",
        "sternpost: DIRECTORY/json/negative.json: policies[0].summary.total-successful-session-count is no number of sessions: -5",
        "sternpost: DIRECTORY/json/none.json: no TLS report: it has no \"policies\"",
        "sternpost: DIRECTORY/nowhere: No such file or directory"]
    assert told[0].startswith(f"sternpost: DIRECTORY/Maildir/new/x2.host: {place}: the gzip data ")
    report_of_all = as_json(folder, folder / "nowhere", "--until", day(19), status=NOT_ALL)
    assert report_of_all["reports"] == len(list(reports()))
    assert [problem["why"] for problem in report_of_all["problems"]][1:] == [line.split(": ", 2)[2] for line in told[1:]]


def test_nothing_to_read(tmp_path):
    assert run(tmp_path).returncode == NO_INPUT
    assert b"no TLS report is there" in run(tmp_path).stderr
    done = run("-", data=b"<feedback/>")
    assert (done.returncode, done.stderr) == (
        NO_INPUT, b"sternpost: standard input: no TLS report: neither JSON nor gzip, a mail or an mbox\n")


@pytest.mark.parametrize("arguments, why", [(["--since", "yesterday"], b'--since: "yesterday" is no day such as 2026-11-26'),
                                            (["--since", "2026-11-02", "--until", "2026-11-01"], b"--since is after --until"),
                                            (["--domain", "a b"], b'--domain: "a b" is no domain'), ([], b"FILE is required")])
def test_wrong_usage(arguments, why):
    done = run(*(["-", *arguments] if arguments else []))
    assert done.returncode == USAGE
    assert why in done.stderr


def test_hostile_bytes_are_made_harmless(tmp_path):
    (tmp_path / "a\x1b[2J.json").write_text("{")
    one = report("\x1b]0;owned\x07", 0, [policy("sts\x1b[2J", 1, 1, details(("\x1b[31m", "mx\n.example", "\x00", 1, "\u202e")), domain="\x1b[2J")])
    (tmp_path / "b.json").write_text(json.dumps(one))
    for options in ([], ["--json"]):
        done = run(tmp_path, *options)
        assert done.returncode == NOT_ALL
        assert all(32 <= byte < 127 or byte == 10 for byte in done.stdout + done.stderr)


# The bar

def on_a_terminal(folder, columns=0, **environment):
    """What a terminal gets as standard error."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    subprocess.run([binary("sternpost"), "report", folder], env={"PATH": SEARCH_PATH, "LC_ALL": "C", **environment},
                   stdout=subprocess.DEVNULL, stderr=theirs, stdin=subprocess.DEVNULL, timeout=60, check=True)
    os.write(theirs, b"end")
    text = b""
    while not text.endswith(b"end"):
        text += os.read(ours, 65536)
    os.close(ours)
    os.close(theirs)
    return text.removesuffix(b"end")


def test_a_bar_is_shown_on_a_terminal_alone(folder):
    shown = on_a_terminal(folder, TERM="xterm")
    assert shown.startswith(b"\r[") and shown.endswith(b"\r\x1b[K")
    for columns in 40, 5:
        lines = re.split(rb"\r(?:\x1b\[K)?", on_a_terminal(folder, columns, TERM="xterm"))
        assert max(map(len, lines)) < columns and any(lines), lines
    assert on_a_terminal(folder, TERM="dumb") == b""
    assert run(folder).stderr == b""
