"""Names without end, and policy hosts that are dead or drip: nobody else waits for them, and nothing is downgraded.

Latencies are printed (pytest -s); what is asserted of them holds on a busy machine too.
"""

import contextlib
import statistics
import time

import dns.rdatatype
import pytest

from policy_host import PolicyHost
from process import wait_until
from scripted_resolver import answer, rcode
from sternpost import MEMORY_LIMIT
from world import NOBODY, NOT_FOUND, POLICY_V4, enforce, secure

GIVE_BACK = {"ASAN_OPTIONS": "quarantine_size_mb=16"}  # a build with sanitizers keeps what was freed, 256 MB by default
GENEROUS_SECONDS = 10.0
AT_ONCE = 100  # questions under way, so that the little resolver loses no datagram
DNS_GIVEN_UP = 8.0  # seconds after which nobody asks again for what was lost
WAITING_FETCHES = 4096  # and a few more that are under way; what comes then is refused
SLOW = 100  # policy hosts, more than there are places for
DRIPPING_ADDRESSES = [f"10.99.3.{number}" for number in range(1, SLOW + 1)]
DEAD_ADDRESSES = [f"10.98.0.{number}" for number in range(1, SLOW + 1)]


@pytest.fixture
def many_names(world):
    """many_names(count, addresses): sub-domains of one domain; a wildcard record says of each that it has a policy.

    Their policy hosts are at these addresses in turn; where there are none, they do not exist.
    """
    def make(number, addresses=()):
        parent = world.domain("wildcard")

        def action(query, transport, forward):
            name = query.question[0].name.to_text(omit_final_dot=True).lower()
            kind = dns.rdatatype.to_text(query.question[0].rdtype)
            if not name.endswith(f".{parent}"):
                return forward()
            if kind == "TXT":
                respond = answer('"v=STSv1; id=1;"')
            elif not addresses:
                respond = rcode("NXDOMAIN")
            elif kind == "A":
                respond = answer(addresses[int(name.split(".")[1]) % len(addresses)])
            else:
                respond = answer()
            return respond(query, transport, forward)
        world.resolver.script("*", "*", action)
        return [f"{index}.{parent}" for index in range(number)]
    return make


@pytest.fixture
def clients(world):
    """clients(daemon, count): each its own connection, as a session asks one question after the other."""
    with contextlib.ExitStack() as stack:
        yield lambda daemon, number: [stack.enter_context(daemon.connect()) for _ in range(number)]


def ask_for_all(world, clients, names):
    """One question a client; returns when the policy hosts of all have been looked up, but for a lost datagram or two."""
    for start in range(0, len(names), AT_ONCE):
        some = names[start:start + AT_ONCE]
        for client, name in zip(clients[start:start + AT_ONCE], some):
            client.send(name)
        begun = time.monotonic()

        def all_looked_up():
            asked = {question.name for question in world.resolver.questions()[-20 * AT_ONCE:]}
            missing = sum(f"mta-sts.{name}" not in asked for name in some)
            return missing <= (0 if time.monotonic() < begun + DNS_GIVEN_UP else len(some) // 20)
        wait_until(all_looked_up, "all of them are looked up")


def ask_for_new_domain(world, daemon):
    """Nothing is wrong with it. The seconds until the answer to its first question."""
    domain = world.domain("living")
    world.publish(domain, enforce())
    start = time.monotonic()
    assert daemon.ask(domain) == secure()
    seconds = time.monotonic() - start
    assert seconds < GENEROUS_SECONDS
    return seconds


def report(what, seconds):
    print(f"\n{what}: median {1000 * statistics.median(seconds):.0f} ms, most {1000 * max(seconds):.0f} ms")


# Amplification

@pytest.mark.parametrize("addresses", [[], [NOBODY]], ids=["no such host", "refusing"])
def test_random_names_hold_nobody_up(world, start_sternpostd, many_names, clients, addresses):
    """#185."""
    daemon = start_sternpostd({"cache": {"memory-entries": 100}, "answers": {"dane": "off"}}, environment=GIVE_BACK)
    names = many_names(2000, addresses)
    crowd = clients(daemon, AT_ONCE)
    seconds = []
    for start in range(0, len(names), AT_ONCE):
        ask_for_all(world, crowd, names[start:start + AT_ONCE])
        seconds.append(ask_for_new_domain(world, daemon))
        assert [client.reply() for client in crowd] == [NOT_FOUND] * AT_ONCE
    report("first answer beside random names", seconds)
    assert daemon.resident_bytes() < MEMORY_LIMIT


def test_a_policy_host_that_is_not_there_is_remembered(world, start_sternpostd, many_names):
    """#64, #125: over a crash too."""
    daemon = start_sternpostd()
    name, = many_names(1)
    assert daemon.ask(name) == NOT_FOUND
    daemon.kill9()
    daemon.start()
    seen = world.txt_questions(name)
    wait_until(lambda: daemon.ask(name) == NOT_FOUND and world.txt_questions(name) >= seen + 2, "two more looks")
    assert world.resolver.count(f"mta-sts.{name}", "A") == 1


def test_a_full_queue_is_no_reason_to_downgrade(world, start_sternpostd, many_names, clients):
    """The fourth promise of the design."""
    daemon = start_sternpostd({"https": {"timeout": "120s", "connect-timeout": "120s"},
                               "answers": {"dane": "off", "deadline": "1s", "on-dns-failure": "temp"}},
                              environment=GIVE_BACK)  # the little resolver may lose a datagram
    known = world.domain("known")
    world.publish(known, enforce())
    assert daemon.ask(known) == secure()
    crowd = clients(daemon, 500)
    names = many_names(WAITING_FETCHES + 1000, DEAD_ADDRESSES[:1])
    replies = []
    while names:
        some, names = names[:len(crowd)], names[len(crowd):]
        ask_for_all(world, crowd, some)
        replies += [client.reply() for client, _ in zip(crowd, some)]
    assert {reply.split()[0] for reply in replies} == {"TEMP"}
    assert any(reply.startswith("TEMP sternpostd is overloaded") for reply in replies)
    assert daemon.ask(known) == secure()
    assert daemon.resident_bytes() < MEMORY_LIMIT


# The slow lane

@pytest.fixture(scope="module")
def dripping_host(whole_world):
    host = PolicyHost(DRIPPING_ADDRESSES, 443, whole_world.certificates)
    yield host
    host.stop()


@pytest.mark.parametrize("addresses", [DEAD_ADDRESSES, DRIPPING_ADDRESSES], ids=["dead", "dripping"])
def test_a_hundred_slow_policy_hosts_hold_nobody_up(world, dripping_host, start_sternpostd, many_names, clients,
                                                    addresses):
    daemon = start_sternpostd({"https": {"connect-timeout": "20s"}})
    names = many_names(SLOW, addresses)
    for name in names:
        dripping_host.serve(f"mta-sts.{name}", enforce(), "drip")
    ask_for_all(world, clients(daemon, SLOW), names)
    report("first answer beside a hundred slow policy hosts", [ask_for_new_domain(world, daemon) for _ in range(5)])


@pytest.mark.parametrize("number", [4, 16, 40])
def test_slow_policy_hosts_at_the_same_address_hold_nobody_up(world, start_sternpostd, many_names, clients, number):
    daemon = start_sternpostd()
    names = many_names(number, [POLICY_V4])
    for name in names:
        world.policy_host.serve(f"mta-sts.{name}", enforce(), "drip")
    ask_for_all(world, clients(daemon, number), names)
    report(f"first answer beside {number} dripping policy hosts at its address",
           [ask_for_new_domain(world, daemon) for _ in range(3)])
