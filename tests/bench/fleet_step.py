"""What the second level costs, and what it saves."""

import itertools

from bench_world import load  # says where the next three are
from admin import Admin
from engine import Server
from process import wait_until
from steps import ADDRESS, AS_POSTFIX_HAS_THEM, learn, warm_keys
from table import Row, middle

PORTS = itertools.count(6379)


def fleet(world, size, others):
    """Answers at hand with a fleet and without; cold domains without, as their first relay, and as a later one."""
    port = next(PORTS)
    engine = Server(world.directory / f"engine-{port}", port)
    key = world.directory / "fleet.key"
    key.write_text("k" * 64)
    key.chmod(0o400)
    shared = {"fleet": {"servers": [engine.name], "key-file": str(key), "timeout": "1s"}}
    per_answer = {name: _cached(world, size, settings) for name, settings in (("alone", None), ("fleet", shared))}
    yield Row("CPU of an answer at hand, in a fleet", per_answer["fleet"], "µs", per_answer["alone"], "alone")
    half = size.cold // 2
    domains = world.cold_domains(size.cold)
    alone = _cold(world, domains[:half], None)
    first = _cold(world, domains[half:2 * half], shared)
    later = _cold(world, domains[half:2 * half], shared)
    yield Row("cold domains, as the first relay of a fleet", first["per_second"], "/s", alone["per_second"], "alone")
    yield Row("cold domains that another relay has met", later["per_second"], "/s", alone["per_second"], "alone")
    yield Row("cold domains that another relay has met: p99 of 256 at a time", later["p99_us"] / 1000, "ms",
              alone["p99_us"] / 1000, "alone")
    engine.kill()


def _cached(world, size, settings):
    with world.sternpostd(policies=size.warm, settings=settings) as daemon:
        learn(daemon, size.warm)
        runs = [load(ADDRESS, *AS_POSTFIX_HAS_THEM, *warm_keys(size), "--seconds", size.seconds, server=daemon.process.pid)
                for _ in range(size.rounds)]
        return middle(runs, "server_cpu_us")


def _cold(world, domains, settings):
    with world.sternpostd(settings=settings) as daemon:
        if settings:
            wait_until(lambda: Admin(daemon.directory / "admin.sock").status()["fleet"]["working"], "the fleet works")
        run = load(ADDRESS, "--keys", world.file(domains), "--once", "--connections", 256, "--seconds", 300,
                   server=daemon.process.pid)
        assert run["replies"] == {"OK secure": len(domains)}, (run, daemon.log_text()[-500:])
        return run
