"""Questions as Postfix asks them, and every reply byte by byte."""

import re
import signal
import threading
import time

import pytest

from dns_world import txt
from process import wait_until
from scripted_resolver import delay, drop, other_question, rcode, truncate
from socketmap import netstring
from world import BLACK_HOLE, NOT_FOUND, POLICY_V4, POLICY_V6, SOCKETMAP, enforce, policy, secure

AT_ONCE = 1.0  # seconds; a busy machine needs some
LONG_LABEL = "x" * 64

# Conformance #131, #133, #134: no policy can exist, so nobody is asked.
KEYS_WITHOUT_POLICY = [
    ".", ".test", ".example.test", ".a.b.example.test",
    "192.0.2.1", "192.0.2.1:25", "[192.0.2.1]", "[192.0.2.1]:25", "[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]:25",
    "[2001:db8::1]", "[2001:db8::1]:25", "2001:db8::1",
    "localhost", "localhost.", "localhost:25", "[localhost]", "[localhost]:25", "test",
    "", " ", "[]", "[", "]", ":25", "[]:25", "[example.test", "example.test]", "unix:/x", "/run/lmtp", "unix:private/x",
    "a..example.test", "-a.example.test", "a-.example.test", f"{LONG_LABEL}.example.test", "exa mple.test",
    "example.test example.test", "example.test/path", "user@example.test", "*.example.test", "exa\tmple.test",
    "example.test\n", "exa\0mple.test", b"\xff\xfe.test", b"\xc3.example.test", "{example.test}",
    ".".join(["abcdefghi"] * 26),  # 259 bytes of good labels
    ".".join(["abcdefghi"] * 25),  # 249: too long with `_mta-sts.` before it (#36)
    "x" * 10_000, "." * 10_000, "a." * 5_000,
]
# #49 to #61 and #41 to #47: what the policy host does, and a word of the reason that the log must give.
MISBEHAVIOUR = {
    "status-201": r"201", "status-204": r"204", "status-206": r"206", "status-304": r"304",
    "status-301": r"301", "status-302": r"302", "status-307": r"307", "status-308": r"308",
    "status-403": r"403", "status-404": r"404", "status-410": r"410", "status-429": r"429", "status-500": r"500",
    "status-503": r"503",
    "type-html": r"text/html", "type-octet-stream": r"application/octet-stream", "type-plain-xml": r"text/plain\+xml",
    "type-missing": r"(?i)content.type|media type", "type-empty": r"(?i)content.type|media type",
    "type-twice-differ": r"(?i)content.type|media type",
    "body-empty": r"(?i)empty|missing|version", "body-over": r"(?i)large|long|limit|more than|65,?536|64 KiB",
    "chunked-endless": r"(?i)large|long|limit|more than|65,?536|64 KiB",
    "chunked-unfinished": r"(?i)closed|end|incomplete|transfer|partial",
    "length-long": r"(?i)closed|end|incomplete|transfer|partial", "length-short": r"(?i)mode|line|missing|version",
    "close-truncated": r"(?i)closed|eof|close_notify|TLS|SSL",
    "header-large": r"(?i)header", "header-endless": r"(?i)header",
    "gzip": r"(?i)gzip|encod|compress", "http09": r"(?i)HTTP", "garbage": r"(?i)HTTP",
    "close-before-tls": r"(?i)closed|reset|TLS|SSL", "tls11-only": r"(?i)TLS|SSL|version|protocol",
    "cert-expired": r"(?i)expired", "cert-not-yet-valid": r"(?i)not yet valid",
    "cert-wrong-name": r"(?i)name", "cert-domain-only": r"(?i)name", "cert-cn-only": r"(?i)name",
    "cert-partial-wildcard": r"(?i)name", "cert-self-signed": r"(?i)self.signed", "cert-other-ca": r"(?i)issuer|trust",
    "cert-no-intermediate": r"(?i)issuer|trust",
}
SLOWNESS = ["hang", "hang-after-head", "drip", "hang-before-tls"]
GOOD_BEHAVIOUR = [
    "ok", "chunked", "drip-fast", "close-delimited", "http10", "body-max", "type-charset", "type-upper", "type-space",
    "type-latin1", "type-twice-same", "tls12-only", "tls13-only", "cert-wildcard", "cert-rsa", "cert-intermediate",
]


def seconds_for(action):
    start = time.monotonic()
    value = action()
    return value, time.monotonic() - start


# Keys and maps

def test_keys_that_can_have_no_policy_are_answered_without_any_question(world, sternpostd):
    before = len(world.resolver.asked_about(".test"))
    with sternpostd.connect() as client:
        wrong = {key: reply for key in KEYS_WITHOUT_POLICY if (reply := client.ask(key)) != NOT_FOUND}
    assert wrong == {}
    assert world.resolver.asked_about(".test")[before:] == []


def test_every_form_of_a_next_hop_is_the_same_domain(world, sternpostd):
    """#1, #132, #135."""
    domain = world.domain("forms")
    world.publish(domain, enforce())
    forms = [domain, f"{domain}.", domain.upper(), domain.title(), f"{domain}:25", f"{domain}:587", f"[{domain}]",
             f"[{domain}]:25", f"[{domain}]:123", f"[{domain.upper()}]:587", f"{domain}.:25"]
    with sternpostd.connect() as client:
        wrong = {form: reply for form in forms if (reply := client.ask(form)) != secure()}
    assert wrong == {}
    assert (world.txt_questions(domain), world.gets(domain)) == (1, 1)


def test_a_domain_in_another_script_is_asked_for_by_its_a_label(world, sternpostd):
    """#35."""
    world.publish("xn--bcher-kva.test", enforce())
    with sternpostd.connect() as client:
        for key in ("bücher.test", "BÜCHER.test", "xn--bcher-kva.test", "[bücher.test]:25"):
            assert client.ask(key) == secure()
    assert world.gets("xn--bcher-kva.test") == 1


def test_a_sub_domain_does_not_inherit_the_policy_of_its_parent(world, sternpostd):
    """#38, #130."""
    domain = world.domain("parent")
    world.publish(domain, enforce())
    assert sternpostd.ask(f"mail.{domain}") == NOT_FOUND
    assert world.gets(domain) == 0


def test_a_wildcard_record_leads_to_the_policy_host_of_each_sub_domain(world, sternpostd):
    """#37, #38: it answers for `_mta-sts.` before them as for any other name; their parent's policy is not theirs."""
    domain = world.domain("wildcard")
    world.dns.set_all((f"*.{domain}", "TXT", txt("v=STSv1; id=1;")), (f"*.{domain}", "A", POLICY_V4),
                      (f"*.{domain}", "MX", "10 good.mx.test."))
    world.policy_host.serve(f"mta-sts.{domain}", enforce())
    world.policy_host.serve(f"mta-sts.one.{domain}", enforce("*.mx.test"))
    world.policy_host.serve(f"mta-sts.two.{domain}", policy("none"))
    assert sternpostd.ask(f"one.{domain}") == secure("good.mx.test")
    assert sternpostd.ask(f"two.{domain}") == NOT_FOUND
    assert sternpostd.ask(f"three.{domain}") == NOT_FOUND
    assert [world.gets(f"{name}.{domain}") for name in ("one", "two", "three")] == [1, 1, 0]
    assert world.gets(domain) == 0
    assert sternpostd.ask(domain) == secure()
    assert world.gets(domain) == 1


@pytest.mark.parametrize("name", ["sts", "postfix", "QUERY"])
def test_the_names_of_the_base_grammar(world, sternpostd, name):
    domain = world.domain("base")
    world.publish(domain, enforce())
    assert sternpostd.ask(domain, name) == secure()


def test_an_unknown_map_is_a_permanent_error(world, sternpostd):
    domain = world.domain("unknown-map")
    world.publish(domain, enforce())
    assert sternpostd.ask(domain, "stz").startswith("PERM unknown map")
    assert world.gets(domain) == 0


def test_replies_are_exact_to_the_byte(world, sternpostd):
    domain = world.domain("bytes")
    world.publish(domain, enforce())
    expected = b"48:OK secure match=good.mx.test servername=hostname,9:NOTFOUND ,"
    with sternpostd.connect() as client:
        client.send_raw(netstring(f"sts {domain}") + netstring("sts .test"))
        assert client.receive(len(expected)) == expected


def test_postfix_reads_the_answers(world, sternpostd):
    domain, other = world.domain("postmap"), world.domain("postmap-none")
    world.publish(domain, enforce())
    assert world.sender.postmap_query(domain, SOCKETMAP)[:2] == (0, "secure match=good.mx.test servername=hostname")
    assert world.sender.postmap_query(other, SOCKETMAP) == (1, "", "")


# One flight a domain

def test_equal_questions_share_one_flight(world, sternpostd):
    """#69."""
    domain = world.domain("crowd")
    world.publish(domain, enforce(), "held")
    clients = [sternpostd.connect() for _ in range(50)]
    for client in clients:
        client.send(domain)
    wait_until(lambda: world.gets(domain), "the policy is asked for")
    world.policy_host.release(f"mta-sts.{domain}")
    assert [client.reply() for client in clients] == [secure()] * 50
    assert (world.txt_questions(domain), world.gets(domain)) == (1, 1)
    for client in clients:
        client.close()


def test_a_cached_answer_does_not_wait_for_other_policy_hosts(world, start_sternpostd):
    """#110."""
    sternpostd = start_sternpostd({"dns": {"min-ttl": "60s"}})
    domain = world.domain("cached")
    world.publish(domain, enforce())
    assert sternpostd.ask(domain) == secure()

    hanging = [world.domain("hanging") for _ in range(20)]
    clients = [sternpostd.connect() for _ in hanging]
    for client, name in zip(clients, hanging):
        world.publish(name, enforce(), "hang")
        client.send(name)
    wait_until(lambda: all(world.gets(name) for name in hanging), "all of them hang")
    answer, seconds = seconds_for(lambda: sternpostd.ask(domain))
    assert answer == secure()
    assert seconds < AT_ONCE
    for client in clients:
        client.close()


def test_the_deadline_ends_the_wait_but_not_the_fetch(world, start_sternpostd):
    """#68, and the fourth promise of the design: a fetch still under way is no reason to downgrade."""
    sternpostd = start_sternpostd({"answers": {"deadline": "2s"}})
    domain = world.domain("slow")
    world.publish(domain, enforce(), "held")
    waiting = f"TEMP policy of {domain} is being fetched"

    answer, seconds = seconds_for(lambda: sternpostd.ask(domain))
    assert answer == waiting
    assert 1.5 < seconds < 6
    answer, seconds = seconds_for(lambda: sternpostd.ask(domain))
    assert answer == waiting
    assert seconds < AT_ONCE

    world.policy_host.release(f"mta-sts.{domain}")
    wait_until(lambda: sternpostd.ask(domain) == secure(), "the fetch ends and counts")
    assert world.gets(domain) == 1


def test_a_fetch_that_waits_for_its_turn_is_no_reason_to_downgrade(world, start_sternpostd):
    """The fourth promise of the design."""
    sternpostd = start_sternpostd({"limits": {"fetches": 1}, "answers": {"deadline": "1s"}})
    first, second = world.domain("first"), world.domain("second")
    world.publish(first, enforce(), "held")
    world.publish(second, enforce())
    assert sternpostd.ask(first).startswith("TEMP ")
    assert sternpostd.ask(second) in (f"TEMP policy of {second} is being fetched", secure())
    world.policy_host.release(f"mta-sts.{first}")
    for domain in (first, second):
        wait_until(lambda: sternpostd.ask(domain) == secure(), "the fetch ends and counts")


# DNS

def test_without_a_record_nothing_is_fetched(world, sternpostd):
    """#39."""
    domain = world.domain("no-record")
    world.serve(domain, enforce())
    assert sternpostd.ask(domain) == NOT_FOUND
    assert world.policy_host.connections(f"mta-sts.{domain}") == 0


@pytest.mark.parametrize("action", [rcode("SERVFAIL"), rcode("REFUSED"), rcode("NOTIMP"), rcode("FORMERR"), drop,
                                    other_question],
                         ids=["SERVFAIL", "REFUSED", "NOTIMP", "FORMERR", "silence", "another question's answer"])
def test_a_failing_txt_lookup_is_no_obstacle(world, sternpostd, action):
    """#30."""
    domain = world.domain("txt-fails")
    world.publish(domain, enforce())
    world.resolver.script(f"_mta-sts.{domain}", "TXT", action)
    assert sternpostd.ask(domain) == NOT_FOUND
    assert world.gets(domain) == 0


def test_a_failing_txt_lookup_is_a_temporary_error_where_the_operator_says_so(world, start_sternpostd):
    """#30."""
    sternpostd = start_sternpostd({"answers": {"on-dns-failure": "temp"}})
    domain = world.domain("txt-fails-temp")
    world.publish(domain, enforce())
    world.resolver.script(f"_mta-sts.{domain}", "TXT", rcode("SERVFAIL"))
    assert sternpostd.ask(domain).startswith("TEMP ")


def test_an_answer_that_comes_while_the_daemon_stands_still_counts(world, start_sternpostd):
    """For longer than it would have waited, as by a slow disk."""
    sternpostd = start_sternpostd({"dns": {"timeout": "500ms"}, "answers": {"deadline": "1s"}})
    domain = world.domain("stood-still")
    world.publish(domain, enforce())
    held = threading.Timer(3.0, lambda: sternpostd.process.signal(signal.SIGCONT))

    def hold(query, transport, forward):
        if not held.is_alive() and not held.finished.is_set():
            sternpostd.process.signal(signal.SIGSTOP)
            held.start()
        return forward()
    world.resolver.script(f"_mta-sts.{domain}", "TXT", hold)
    assert sternpostd.ask(domain) == secure()
    held.join()


def test_a_bogus_record_is_no_record(world, sternpostd):
    """#32: the zone is signed with a key that its parent does not know."""
    world.policy_host.serve("mta-sts.domain.bogus", enforce())
    world.dns.set("_mta-sts.domain.bogus", "TXT", txt("v=STSv1; id=1;"))
    assert sternpostd.ask("domain.bogus") == NOT_FOUND
    assert world.policy_host.gets("mta-sts.domain.bogus") == 0


def test_a_record_in_an_unsigned_zone_counts(world, sternpostd):
    world.policy_host.serve("mta-sts.domain.unsigned", enforce())
    world.dns.set("mta-sts.domain.unsigned", "A", POLICY_V4)
    world.dns.set("_mta-sts.domain.unsigned", "TXT", txt("v=STSv1; id=1;"))
    assert sternpostd.ask("domain.unsigned") == secure()


@pytest.mark.parametrize("action", [rcode("SERVFAIL"), drop, rcode("NXDOMAIN"), delay(1.0)],
                         ids=["SERVFAIL", "silence", "NXDOMAIN", "slow"])
def test_a_cached_policy_stands_whatever_becomes_of_its_record(world, sternpostd, action):
    """#31, #110, #116: at most two seconds late."""
    domain = world.domain("txt-spoiled")
    world.publish(domain, enforce())
    assert sternpostd.ask(domain) == secure()
    world.resolver.script(f"_mta-sts.{domain}", "TXT", action)

    def looked_again():
        answer, seconds = seconds_for(lambda: sternpostd.ask(domain))
        assert answer == secure()
        assert seconds < 2 + AT_ONCE
        return world.txt_questions(domain) > 1
    wait_until(looked_again, "the record is looked at again")
    assert sternpostd.ask(domain) == secure()


def test_two_records_are_none(world, sternpostd):
    """#13."""
    domain = world.domain("two-records")
    world.publish(domain, enforce())
    world.dns.set(f"_mta-sts.{domain}", "TXT", txt("v=STSv1; id=1;"), txt("v=STSv1; id=2;"))
    assert sternpostd.ask(domain) == NOT_FOUND
    assert world.gets(domain) == 0


def test_records_of_other_kinds_do_not_matter(world, sternpostd):
    """#12, #15."""
    domain = world.domain("other-records")
    world.publish(domain, enforce())
    world.dns.set(f"_mta-sts.{domain}", "TXT", txt("v=spf1 -all"), txt("v=STSv12; id=9;"),
                  txt("v=ST", "Sv1; id=", "20", "26"))
    assert sternpostd.ask(domain) == secure()


def test_a_hosting_provider_is_found_by_cnames(world, sternpostd):
    """#27, #46: the policy host shows a certificate for the name that was asked for."""
    domain = world.domain("hosted")
    world.policy_host.serve(f"mta-sts.{domain}", enforce())
    world.dns.set("_mta-sts.provider.test", "TXT", txt("v=STSv1; id=7;"))
    world.dns.set("mta-sts.provider.test", "A", POLICY_V4)
    world.dns.set(f"_mta-sts.{domain}", "CNAME", "_mta-sts.provider.test.")
    world.dns.set(f"mta-sts.{domain}", "CNAME", "mta-sts.provider.test.")
    assert sternpostd.ask(domain) == secure()


def test_a_cname_to_nowhere_is_no_record(world, sternpostd):
    """#28."""
    domain = world.domain("nowhere")
    world.serve(domain, enforce())
    world.dns.set(f"_mta-sts.{domain}", "CNAME", "nothing.nowhere.test.")
    assert sternpostd.ask(domain) == NOT_FOUND
    assert world.gets(domain) == 0


def test_a_loop_of_cnames_is_no_obstacle(world, sternpostd):
    """#28."""
    domain = world.domain("loop")
    world.serve(domain, enforce())
    world.dns.set(f"_mta-sts.{domain}", "CNAME", f"round.{domain}.")
    world.dns.set(f"round.{domain}", "CNAME", f"_mta-sts.{domain}.")
    assert sternpostd.ask(domain) == NOT_FOUND


def test_a_record_set_too_large_for_udp_comes_by_tcp(world, sternpostd):
    """#33."""
    domain = world.domain("large")
    world.publish(domain, enforce())
    others = [txt(f"some-site-verification={number}" + "x" * 200) for number in range(12)]
    world.dns.set(f"_mta-sts.{domain}", "TXT", txt("v=STSv1; id=1;"), *others)
    assert sternpostd.ask(domain) == secure()
    assert {"udp", "tcp"} == {q.transport for q in world.resolver.asked_about(f"_mta-sts.{domain}")}


def test_a_truncated_answer_is_asked_for_again_by_tcp(world, sternpostd):
    """#33."""
    domain = world.domain("truncated")
    world.publish(domain, enforce())
    world.resolver.script(f"_mta-sts.{domain}", "TXT", truncate)
    assert sternpostd.ask(domain) == secure()


# HTTPS

@pytest.mark.parametrize("behaviour", GOOD_BEHAVIOUR)
def test_a_policy_host_may_be_like_this(world, sternpostd, behaviour):
    """#44, #47, #53, #54, #57, #60."""
    domain = world.domain("good-host")
    world.publish(domain, enforce(), behaviour)
    assert sternpostd.ask(domain) == secure()


@pytest.mark.parametrize("behaviour", MISBEHAVIOUR)
def test_a_policy_host_may_not_be_like_this(world, sternpostd, behaviour):
    """#41 to #61, #168, #169: no policy, and the log says why."""
    domain = world.domain("bad-host")
    world.publish(domain, enforce(), behaviour)
    assert sternpostd.ask(domain) == NOT_FOUND
    line = sternpostd.wait_for_log(re.compile(re.escape(domain)))
    assert re.search(MISBEHAVIOUR[behaviour], line), line
    assert world.gets(domain) <= 1  # no redirect was followed


@pytest.mark.parametrize("behaviour", SLOWNESS)
def test_a_policy_host_may_not_take_for_ever(world, start_sternpostd, behaviour):
    """#58."""
    sternpostd = start_sternpostd({"https": {"timeout": "2s"}})
    domain = world.domain("slow-host")
    world.publish(domain, enforce(), behaviour)
    answer, seconds = seconds_for(lambda: sternpostd.ask(domain))
    assert answer == NOT_FOUND
    assert seconds < 6
    assert re.search(r"(?i)time", sternpostd.wait_for_log(re.compile(re.escape(domain))))


def test_http_2_alone_is_enough(world, sternpostd):
    """#60."""
    world.nginx
    world.set_id("by-http2-only.test", "1")
    assert sternpostd.ask("by-http2-only.test") == secure()


def test_the_request_is_plain(world, start_sternpostd):
    """#38, #40, #52, #61, #63."""
    domain = world.domain("request")
    world.publish(domain, enforce())
    no_proxy_here = "http://127.0.0.1:1"
    sternpostd = start_sternpostd(environment={"https_proxy": no_proxy_here, "ALL_PROXY": no_proxy_here})
    assert sternpostd.ask(domain) == secure()

    request, = world.policy_host.requests(f"mta-sts.{domain}")
    assert (request.method, request.path) == ("GET", "/.well-known/mta-sts.txt")
    assert request.header("host") == f"mta-sts.{domain}"
    assert request.header("user-agent").startswith("sternpost")
    unwanted = {"accept-encoding", "cookie", "authorization", "if-none-match", "if-modified-since", "range"}
    assert unwanted.isdisjoint(name for name, _ in request.headers)


@pytest.mark.parametrize("addresses", [
    {"AAAA": POLICY_V6},
    {"A": POLICY_V4, "AAAA": "fd99::2:ffff"},
    {"A": "10.99.2.255", "AAAA": POLICY_V6},
    {"A": POLICY_V4, "AAAA": BLACK_HOLE["AAAA"]},
    {"A": BLACK_HOLE["A"], "AAAA": POLICY_V6},
], ids=["AAAA alone", "AAAA unreachable", "A refused", "AAAA silent", "A silent"])
def test_one_living_address_is_enough(world, sternpostd, addresses):
    """#62."""
    domain = world.domain("addresses")
    world.policy_host.serve(f"mta-sts.{domain}", enforce())
    for type, address in addresses.items():
        world.dns.set(f"mta-sts.{domain}", type, address)
    world.set_id(domain, "1")
    assert sternpostd.ask(domain) == secure()


def test_private_addresses_are_not_connected_to(world, start_sternpostd):
    """#182."""
    sternpostd = start_sternpostd({"https": {"allow-private-addresses": False}})
    domain = world.domain("private")
    world.publish(domain, enforce())
    assert sternpostd.ask(domain) == NOT_FOUND
    assert world.policy_host.connections(f"mta-sts.{domain}") == 0
    assert POLICY_V4 in sternpostd.wait_for_log(re.compile(re.escape(domain)))


# A policy's life

def test_after_a_failed_fetch_the_policy_host_is_left_alone(world, sternpostd):
    """#64, #65, #66: until the back-off is over or the id is new."""
    domain = world.domain("back-off")
    world.publish(domain, enforce(), "status-500")
    with sternpostd.connect() as client:
        assert [client.ask(domain) for _ in range(20)] == [NOT_FOUND] * 20
        assert world.gets(domain) == 1

        world.set_id(domain, "2")
        wait_until(lambda: client.ask(domain) == NOT_FOUND and world.gets(domain) == 2, "the new id is tried")
        assert [client.ask(domain) for _ in range(20)] == [NOT_FOUND] * 20
    assert world.gets(domain) == 2


@pytest.mark.parametrize("behaviour", ["status-500", "status-404", "cert-expired", "close-before-tls", "body-empty"])
def test_a_new_id_without_a_new_policy_keeps_the_old_one(world, sternpostd, behaviour):
    """#67, #112."""
    domain = world.domain("keeps")
    world.publish(domain, enforce(), id="1")
    assert sternpostd.ask(domain) == secure()

    host = f"mta-sts.{domain}"
    before = world.policy_host.connections(host)
    world.publish(domain, policy("none"), behaviour, id="2")

    def tried():
        assert sternpostd.ask(domain) == secure()
        return world.policy_host.connections(host) > before
    wait_until(tried, "the new id is tried")
    assert sternpostd.ask(domain) == secure()


def test_an_older_looking_id_is_new_too(world, sternpostd):
    """#22, #113."""
    domain = world.domain("backwards")
    world.publish(domain, enforce("good.mx.test"), id="2")
    assert sternpostd.ask(domain) == secure("good.mx.test")
    world.publish(domain, enforce("backup.mx.test"), id="1")
    wait_until(lambda: sternpostd.ask(domain) == secure("backup.mx.test"), "the other id is taken up")


def test_an_equal_id_is_not_fetched_again(world, sternpostd):
    """#109: only looked up again."""
    domain = world.domain("equal")
    world.publish(domain, enforce())
    wait_until(lambda: sternpostd.ask(domain) == secure() and world.txt_questions(domain) >= 3, "two more looks")
    assert world.gets(domain) == 1


@pytest.mark.parametrize("record", ["gone", "still there"])
def test_a_policy_ends_with_its_max_age(world, sternpostd, record):
    """#109: counted from its fetch, whatever the record says meanwhile."""
    domain = world.domain("short")
    world.publish(domain, enforce(max_age=2))
    assert sternpostd.ask(domain) == secure()
    world.remove_policy_host(domain)
    if record == "gone":
        world.dns.remove(f"_mta-sts.{domain}")
    wait_until(lambda: sternpostd.ask(domain) == NOT_FOUND, "the policy expires")


def test_many_new_ids_make_few_fetches(world, start_sternpostd):
    """#129."""
    sternpostd = start_sternpostd({"https": {"min-interval": "60s"}})
    domain = world.domain("churn")
    world.publish(domain, enforce(), id="0")
    assert sternpostd.ask(domain) == secure()
    for number in range(1, 4):
        world.set_id(domain, str(number))
        seen = world.txt_questions(domain)
        wait_until(lambda: sternpostd.ask(domain) == secure() and world.txt_questions(domain) > seen, "the id is seen")
    assert world.gets(domain) == 1


def test_a_new_adopter_is_seen(world, sternpostd):
    """#127."""
    domain = world.domain("adopter")
    assert sternpostd.ask(domain) == NOT_FOUND
    world.publish(domain, enforce())
    wait_until(lambda: sternpostd.ask(domain) == secure(), "the new policy is seen")


def test_a_policy_of_mode_testing_or_none_is_not_found(world, sternpostd):
    """#139, #140, #190."""
    for mode in ("testing", "none"):
        domain = world.domain(mode)
        world.publish(domain, policy(mode, "good.mx.test"))
        assert sternpostd.ask(domain) == NOT_FOUND
        assert world.gets(domain) == 1
