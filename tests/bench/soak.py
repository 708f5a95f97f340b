"""Load and time: 100 clients that ask as Postfix does, while DNS and web server beneath go and come again; memory and
descriptors must stay flat, and no known policy may be forgotten for a moment. Then ten thousand connections.

Nothing here depends on how fast the machine is.
"""

import os
import time

from bench_world import CACHED, NONE, finished, load, start_load  # says where the next two are
from process import wait_until
from sternpost import LISTEN

ADDRESS = "%s:%d" % LISTEN
POLICIES = 500
COLD = 1000
CLIENTS = 100
RATE = 100  # questions a second, of each of two kinds
ROUND_SECONDS = 20
LIFETIME_SECONDS = 3  # of a connection; Postfix has 10 to 100
OUTAGE_SECONDS = 2
# Resident in the last quarter of the time, more than in the second one: by then all has been asked for.
MAX_GROWTH_MEGABYTES = 8
# Open once the clients have gone, more than before the first one came: what DNS and HTTPS may have under way.
MAX_DESCRIPTORS_MORE = 24
SETTLING_SECONDS = 120.0
MANY_CONNECTIONS = 10_000
# Everything is due again soon, so that there is always something to look up.
SETTINGS = {
    "dns": {"servers": ["127.0.0.1:53"], "min-ttl": "5s", "timeout": "2s"},
    "https": {"retry": "5s", "min-interval": "1s"},
    "answers": {"dane": "on", "recheck": "5s"},
}


def soak(world, minutes):
    with world.sternpostd(policies=POLICIES, settings=SETTINGS) as daemon:
        known, others = world.file([f"d{n}.{CACHED}" for n in range(POLICIES)]), _other_domains(world)
        at_rest = _descriptors(daemon) + MAX_DESCRIPTORS_MORE
        sizes = []
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end or len(sizes) < 4:
            _round(world, daemon, known, others)
            wait_until(lambda: _descriptors(daemon) <= at_rest, f"at most {at_rest} descriptors are open", SETTLING_SECONDS)
            sizes.append(daemon.resident_bytes() / 1e6)
            print("%.1f MB, %d descriptors" % (sizes[-1], _descriptors(daemon)), flush=True)
        wait_until(lambda: _asked_once(known) == {"OK secure": POLICIES}, "all is as it was", SETTLING_SECONDS)
    quarter = len(sizes) // 4
    growth = max(sizes[-quarter:]) - max(sizes[quarter:2 * quarter])
    print(f"{len(sizes)} rounds, {growth:.1f} MB more in the last quarter than in the second one")
    assert growth <= MAX_GROWTH_MEGABYTES, sizes
    _many_connections(world)


def _asked_once(keys):
    return load(ADDRESS, "--keys", keys, "--once", "--seconds", 60)["replies"]


def _other_domains(world):
    """Policies that are fetched while it goes on, names without one, and names below those."""
    none = [name for n in range(500) for name in (f"d{n}.{NONE}", f"deep.d{n}.{NONE}")]
    return world.file([*world.cold_domains(COLD), *none])


def _round(world, daemon, known, others):
    shape = ["--connections", CLIENTS // 2, "--rate", RATE, "--as-postfix", "--lifetime", LIFETIME_SECONDS,
             "--seconds", ROUND_SECONDS]
    loads = [start_load(ADDRESS, "--keys", keys, *shape) for keys in (known, others)]
    world.nginx.stop()
    time.sleep(OUTAGE_SECONDS)
    world.start_nginx()
    world.dns.stop_resolver()
    time.sleep(OUTAGE_SECONDS)
    world.dns.start_resolver()
    of_known, of_others = (finished(each)["replies"] for each in loads)
    # A doubt about DANE may hold mail back; nothing may let it go unprotected.
    assert set(of_known) <= {"OK secure", "TEMP"}, of_known
    assert set(of_others) <= {"OK secure", "TEMP", "NOTFOUND"} and of_others.get("NOTFOUND"), of_others
    assert daemon.process.alive(), daemon.log_text()[-2000:]
    print(of_known, of_others, end="; ")


def _descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def _many_connections(world):
    """All of them at once where there is room; else the longest idle makes room, and its client asks again."""
    keys = ["--generate", POLICIES, "--below", CACHED, "--connections", MANY_CONNECTIONS]
    for limit in (MANY_CONNECTIONS + 100, 4096):
        settings = {"limits": {"connections": limit}}
        with world.sternpostd(policies=POLICIES, settings=settings) as daemon:
            load(ADDRESS, "--generate", POLICIES, "--below", CACHED, "--once", "--seconds", 60)
            seen = load(ADDRESS, *keys, "--rate", 2000, "--questions", 2 * MANY_CONNECTIONS, "--seconds", 120)
            resident = daemon.resident_bytes() / 1e6
        print(f"{MANY_CONNECTIONS} connections, at most {limit}: {seen['replies']}, {seen['closed']} closed, {resident:.1f} MB")
        assert seen["replies"] == {"OK secure": 2 * MANY_CONNECTIONS}, seen
        assert (seen["closed"] == 0) == (limit > MANY_CONNECTIONS), seen
