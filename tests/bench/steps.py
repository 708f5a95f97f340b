"""What is measured, a step a function; each gives the rows of the table that it stands for.

Whoever is compared is measured in turn, round by round, so that what else the machine does meets all alike; figures are
the median of the rounds.
"""

import contextlib
import json
import os
import random
import re
import select
import shutil
import signal
import subprocess
import time

from bench_world import CACHED, NGINX_ADDRESSES, NONE, finished, load, start_load  # says where the next three are
from admin import Admin
from process import Process, require, wait_until
from sternpost import LISTEN, ReadinessSocket, binary
from table import Row, middle

ADDRESS = "%s:%d" % LISTEN
FLOOR_ADDRESS = "127.0.0.1:8460"
# As smtp(8) asks: many processes, one question each.
AS_POSTFIX_HAS_THEM = ["--connections", 64, "--depth", 1]
PARALLEL_FETCHES = 64  # [limits] fetches
VALGRIND_READY_SECONDS = 120.0
START_SECONDS = 30.0


class Size:
    """How much is measured. The tiny one only shows that it can be."""

    def __init__(self, tiny):
        self.rounds = 1 if tiny else 5
        self.seconds = 0.2 if tiny else 2
        self.warm = 100 if tiny else 10_000
        self.many = 1000 if tiny else 100_000
        self.most = 2000 if tiny else 1_000_000
        self.starts = 1 if tiny else 5
        self.cold = 100 if tiny else 10_000
        self.cold_rounds = 2 if tiny else 4
        self.slow, self.good = (5, 5) if tiny else (500, 200)
        self.stall_seconds = 2 if tiny else 15
        self.rate = 2000
        self.instructions = 500 if tiny else 20_000
        self.system_calls = 500 if tiny else 20_000


def learn(daemon, count, below=CACHED):
    """Has the daemon asked once for each of its domains, so that it knows the answers."""
    asked = load(ADDRESS, "--generate", count, "--below", below, "--once", "--connections", 128, "--seconds", 600)
    wanted = "NOTFOUND" if below == NONE else "OK secure"
    assert asked["replies"] == {wanted: count}, (asked, daemon.log_text()[-500:])


def warm_keys(size):
    return ["--generate", size.warm, "--below", CACHED]


def in_turn(size, **servers):
    """{name: runs}; each server is a list of arguments for load()."""
    runs = {name: [] for name in servers}
    for _ in range(size.rounds):
        for name, (address, options, more) in servers.items():
            runs[name].append(load(address, *options, "--seconds", size.seconds, **more))
    return runs


def cached(world, size, others):
    """Answers at hand: requests a second, CPU time and latency."""
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(world.sternpostd(policies=size.warm))
        floor = stack.enter_context(world.floor(FLOOR_ADDRESS))
        learn(daemon, size.warm)
        learn(daemon, size.warm, NONE)
        yield from _at_tcp(world, size, daemon, floor, others)
        socket, floor_socket = f"{daemon.directory}/socketmap.sock", f"{daemon.directory}/floor.sock"
        unix_floor = stack.enter_context(world.floor(floor_socket))
        yield from _beside_floor(size, "cached answers, UNIX socket", AS_POSTFIX_HAS_THEM,
                                 (socket, daemon), (floor_socket, unix_floor))


def _beside_floor(size, figure, shape, ours, floor):
    keys = warm_keys(size)
    runs = in_turn(size, ours=(ours[0], [*shape, *keys], {"server": ours[1].process.pid}),
                   floor=(floor[0], [*shape, *keys], {"server": floor[1].pid}))
    rate, floor_rate = (middle(runs[who], "per_second") for who in ("ours", "floor"))
    yield Row(figure, rate, "/s", floor_rate, "floor", "≥ 0.9 of the floor", rate >= 0.9 * floor_rate)
    cpu, floor_cpu = (middle(runs[who], "server_cpu_us") for who in ("ours", "floor"))
    yield Row(f"{figure}: CPU an answer", cpu, "µs", floor_cpu, "floor", "< 4 µs", limit=4)
    yield Row(f"{figure}: CPU beyond the floor's", cpu - floor_cpu, "µs")


def _at_tcp(world, size, daemon, floor, others):
    ours, bare = (ADDRESS, daemon), (FLOOR_ADDRESS, floor)
    yield from _beside_floor(size, "cached answers, 64 connections", AS_POSTFIX_HAS_THEM, ours, bare)
    yield from _beside_floor(size, "cached answers, 4 connections, 16 deep", ["--connections", 4, "--depth", 16], ours, bare)
    mix = world.file([f"d{n}.{CACHED if n % 2 else NONE}" for n in range(size.warm)])
    runs = in_turn(size, ours=(ADDRESS, [*AS_POSTFIX_HAS_THEM, "--keys", mix, "--as-postfix"], {"server": daemon.process.pid}))
    yield Row("half without a policy, with .parent keys", middle(runs["ours"], "per_second"), "/s")
    calm = in_turn(size, ours=(ADDRESS, [*AS_POSTFIX_HAS_THEM, *warm_keys(size), "--rate", size.rate], {}),
                   floor=(FLOOR_ADDRESS, [*AS_POSTFIX_HAS_THEM, *warm_keys(size), "--rate", size.rate], {}))
    yield Row(f"p99 at {size.rate} questions/s", middle(calm["ours"], "p99_us"), "µs", middle(calm["floor"], "p99_us"), "floor")
    for other in others:
        yield from _beside_other(world, size, daemon, other)


def _beside_other(world, size, daemon, other):
    """A daemon that runs already, outside of the test network; it is asked what it can know without a DNS."""
    keys = ["--generate", size.warm, "--below", "invalid"]
    outside = ["nsenter", f"--net=/proc/self/fd/{world.outside}"]
    more = {"prefix": outside, "server": other.process, "pass_fds": [world.outside]}
    load(other.address, "--map", other.map, *keys, "--once", "--seconds", 60, **more)
    load(ADDRESS, *keys, "--once", "--seconds", 60)
    runs = in_turn(size, ours=(ADDRESS, [*AS_POSTFIX_HAS_THEM, *keys], {"server": daemon.process.pid}),
                   other=(other.address, ["--map", other.map, *AS_POSTFIX_HAS_THEM, *keys], more))
    for figure, key, unit in (("NOTFOUND at hand", "per_second", "/s"), ("NOTFOUND at hand: p99", "p99_us", "µs")):
        yield Row(figure, middle(runs["ours"], key), unit, middle(runs["other"], key), other.name)
    cpu = middle(runs["other"], "server_cpu_us") if other.process else None
    yield Row("NOTFOUND at hand: CPU an answer", middle(runs["ours"], "server_cpu_us"), "µs", cpu, other.name)


def instructions(world, size, others):
    """What one more answer takes, counted by valgrind: the same on a busy machine."""
    answer = _instructions_an_answer(world, size)
    yield Row("instructions an answer, our own and of libraries", answer, "")


def _instructions_an_answer(world, size):
    counts = []
    for questions in (size.instructions, 2 * size.instructions):
        output = world.directory / f"callgrind.{questions}"
        wrapper = [require("valgrind", "valgrind"), "--tool=callgrind", f"--callgrind-out-file={output}"]
        with world.sternpostd(policies=size.warm, wrapper=wrapper, ready_within=VALGRIND_READY_SECONDS) as daemon:
            learn(daemon, min(size.warm, 500))
            load(ADDRESS, *AS_POSTFIX_HAS_THEM, "--generate", min(size.warm, 500), "--below", CACHED,
                 "--questions", questions, "--seconds", 300)
        counts.append(int(re.search(r"^(?:summary|totals): (\d+)", output.read_text(), re.MULTILINE)[1]))
    return (counts[1] - counts[0]) / size.instructions


def system_calls(world, size, others):
    """What strace counts, in all threads."""
    with world.sternpostd(policies=size.warm) as daemon, world.floor(FLOOR_ADDRESS) as floor:
        learn(daemon, size.warm)
        ours = _system_calls_an_answer(world, size, ADDRESS, daemon.process.pid)
        yield Row("system calls an answer", ours, "", _system_calls_an_answer(world, size, FLOOR_ADDRESS, floor.pid), "floor")


def _system_calls_an_answer(world, size, address, process):
    output = world.directory / f"strace.{process}"
    strace = subprocess.Popen([require("strace", "strace"), "-f", "-c", "-U", "calls,name", "-o", output, "-p", str(process)],
                              stderr=subprocess.PIPE, text=True)
    wait_until(lambda: "attached" in strace.stderr.readline(), "strace is attached")
    asked = load(address, *AS_POSTFIX_HAS_THEM, *warm_keys(size), "--questions", size.system_calls, "--seconds", 120)
    strace.send_signal(signal.SIGINT)
    strace.communicate()
    total = re.search(r"(\d+) total", output.read_text())
    return int(total[1]) / asked["questions"]


def memory(world, size, others):
    """Resident, with so many domains in the memory table."""
    for figure, count, below in (("policies", size.many, CACHED), ("domains without one", size.many, NONE)):
        settings = {"limits": {"connections": 1024}}
        with world.sternpostd(policies=size.many if below == CACHED else 0, settings=settings) as daemon:
            empty = daemon.resident_bytes() / 1e6
            learn(daemon, count, below)
            resident = daemon.resident_bytes() / 1e6
            row = Row(f"resident with {count:,} {figure} in memory", resident, "MB", empty, "just started")
            if below == CACHED:
                row.target, row.met = "≤ 100 MB", resident <= 100
            yield row


def start(world, size, others):
    """From the start of the program to its word that it answers, with a large and with an empty cache file."""
    large, empty = _starts(world, size, size.most), _starts(world, size, 0)
    ready, answered = (middle(large, key) for key in ("ready", "answered"))
    figure = f"{size.most:,} policies on disk"
    yield Row(f"{figure}: ready after", ready, "ms", middle(empty, "ready"), "none on disk", "≤ 100 ms", ready <= 100)
    yield Row(f"{figure}: first answer after", answered, "ms")


def _starts(world, size, policies):
    daemon = world.new_sternpostd(policies)
    runs = [_start(daemon) for _ in range(size.starts)]
    shutil.rmtree(daemon.directory)
    return runs


def _start(daemon):
    """Milliseconds. The file comes from disk, not from the page cache."""
    cache = daemon.directory / "cache.db"
    if cache.exists():
        with open(cache, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    daemon.notify = ReadinessSocket(daemon.directory / "notify")
    begun = time.monotonic()
    daemon.process = Process("sternpostd", [binary("sternpostd"), "-c", daemon.config], daemon.log,
                             {"NOTIFY_SOCKET": str(daemon.notify.path)})
    while not daemon.notify.said("READY=1"):
        select.select([daemon.notify], [], [], START_SECONDS)
    ready = time.monotonic() - begun
    daemon.ask(f"d1.{CACHED}")
    answered = time.monotonic() - begun
    daemon.stop()
    return {"ready": 1000 * ready, "answered": 1000 * answered}


def cold(world, size, others):
    """Domains that nobody has asked for: TXT, policy host by TLS, commit; beside curl at the same web server."""
    domains = world.cold_domains(size.cold)
    ours, curl = [], []
    with world.sternpostd() as daemon:
        for first in range(0, size.cold, size.cold // size.cold_rounds):
            part = domains[first:first + size.cold // size.cold_rounds]
            curl.append(_curl(world, part))
            run = load(ADDRESS, "--keys", world.file(part), "--once", "--connections", 256, "--seconds", 300,
                       server=daemon.process.pid)
            assert run["replies"] == {"OK secure": len(part)}, (run, daemon.log_text()[-500:])
            ours.append(run)
    rate, of_curl = middle(ours, "per_second"), middle(curl, "per_second")
    yield Row("cold domains", rate, "/s", of_curl, "curl --parallel", "≥ 0.7 of curl", rate >= 0.7 * of_curl)
    yield Row("cold domains: CPU a domain", middle(ours, "server_cpu_us"), "µs", middle(curl, "cpu_us"), "curl --parallel")
    yield Row("cold domains: p99 of 256 at a time", middle(ours, "p99_us") / 1000, "ms")


def _curl(world, domains):
    """As many at a time as we have, and with no DNS to ask."""
    urls = world.file([f'url = "https://mta-sts.{domain}/.well-known/mta-sts.txt"\noutput = "/dev/null"' for domain in domains])
    command = [require("curl", "curl"), "--parallel", "--parallel-immediate", "--parallel-max", PARALLEL_FETCHES,
               "--no-progress-meter", "--fail", "--cacert", world.certificates.ca_file,
               "--resolve", f"*:443:{NGINX_ADDRESSES[0]}", "--config", urls]
    before, begun = os.times(), time.monotonic()
    subprocess.run([str(word) for word in command], check=True)
    took, after = time.monotonic() - begun, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return {"per_second": len(domains) / took, "cpu_us": used / len(domains) * 1e6}


def stalls(world, size, others):
    """Cached names while policies of dead and dripping hosts are fetched, and those of good ones: all at once."""
    domains = [*world.dead_domains(size.slow), *world.dripping_domains(size.slow), *world.cold_domains(size.good)]
    random.Random(1).shuffle(domains)
    slow = world.file(domains)
    shape = [*AS_POSTFIX_HAS_THEM, *warm_keys(size), "--rate", size.rate, "--seconds", size.stall_seconds]
    with world.sternpostd(policies=size.warm) as daemon, world.floor(FLOOR_ADDRESS):
        learn(daemon, size.warm)
        calm = load(ADDRESS, *shape)
        fetching = start_load(ADDRESS, "--keys", slow, "--once", "--connections", len(domains), "--seconds", 60)
        wait_until(lambda: daemon_fetches(daemon) > 0, "policies are fetched")
        bare = start_load(FLOOR_ADDRESS, *shape)
        busy = load(ADDRESS, *shape)
        bare = finished(bare)
        replies = finished(fetching)["replies"]
    yield Row(f"p99 of cached answers at {size.rate}/s", calm["p99_us"], "µs")
    figure = f"the same while {size.slow} dead, {size.slow} dripping and {size.good} good policy hosts are asked"
    yield Row(figure, busy["p99_us"], "µs", bare["p99_us"], "floor, at that time", "< 1 ms", limit=1000)
    yield Row(f"of {size.good} good policies among them, answered within 20 s", replies.get("OK secure", 0), "")


def daemon_fetches(daemon):
    figures = Admin(daemon.directory / "admin.sock").metrics()
    return sum(figures["sternpost_policy_fetches_in_flight"].values())


def micro(world, size, others):
    """The parts of an answer, each by itself."""
    command = [binary("bench_micro"), "--benchmark_format=json", f"--benchmark_min_time={size.seconds / 10}"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for benchmark in json.loads(output)["benchmarks"]:
        yield Row(f"`{benchmark['name']}`", benchmark["cpu_time"], benchmark["time_unit"])


STEPS = {step.__name__: step for step in (cached, instructions, system_calls, memory, start, cold, stalls, micro)}
