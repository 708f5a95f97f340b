"""tests/bench/run, once all is built."""

import argparse
import datetime
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench_world import BenchWorld
from fleet_step import fleet
from soak import soak
from steps import STEPS, Size
from table import markdown

STEPS = {**STEPS, "fleet": fleet}
RESULTS = Path(__file__).with_name("RESULTS.md")
MEASURED = "<!-- measured -->\n"


@dataclass
class Other:
    """Another daemon that speaks socketmap, outside of the test network."""

    address: str
    name: str
    map: str
    process: str | None  # whose CPU time is told; None: not to be found out


def listener_at(address):
    family, where = ("--tcp", f"sport = :{address.rpartition(':')[2]}") if ":" in address else ("--unix", f"src {address}")
    found = subprocess.run(["ss", "-Hlnp", family, where], capture_output=True, text=True).stdout
    return found.partition("pid=")[2].partition(",")[0] or None


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench/run", description="Measures sternpostd. Steps: " + ", ".join(STEPS))
    parser.add_argument("steps", nargs="*", metavar="STEP", help="none: all of them")
    parser.add_argument("--tiny", action="store_true", help="only show that each step works; its figures say nothing")
    parser.add_argument("--soak", type=float, metavar="MINUTES",
                        help="measure nothing: so long, clients ask while DNS and web server come and go")
    parser.add_argument("--write", action="store_true", help=f"put the table into {RESULTS.name}")
    parser.add_argument("--beside", nargs=2, action="append", default=[], metavar=("ADDRESS", "NAME"),
                        help="ask this daemon too, IPV4:PORT or the path of a socket; it runs already")
    parser.add_argument("--beside-map", default="QUERY", help="the name of its map (default: %(default)s)")
    options = parser.parse_args()
    if unknown := set(options.steps) - STEPS.keys():
        parser.error(f"there is no step {', '.join(unknown)}; the steps are {', '.join(STEPS)}")
    return options


def machine():
    cpu = next(line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines()
               if line.startswith("model name"))
    system = next(line.partition("=")[2].strip('"') for line in Path("/etc/os-release").read_text().splitlines()
                  if line.startswith("PRETTY_NAME="))
    load = "%.1f" % os.getloadavg()[0]
    return (f"{datetime.date.today()}, {cpu}, {os.cpu_count()} processors, {system}, kernel {platform.release()}; "
            f"load {load} before the first step.\n")


def main():
    options = arguments()
    others = [Other(address, name, options.beside_map, listener_at(address)) for address, name in options.beside]
    said = machine()
    rows = []
    world = BenchWorld()
    try:
        if options.soak is not None:
            return soak(world, options.soak)
        for name in options.steps or STEPS:
            begun = time.monotonic()
            measured = list(STEPS[name](world, Size(options.tiny), others))
            print(f"{name}, in {time.monotonic() - begun:.0f} s:\n{markdown(measured)}", file=sys.stderr, flush=True)
            rows += measured
    finally:
        world.stop()
    text = said + "\n" + markdown(rows)
    print(text, end="")
    if options.write:
        before, mark, _ = RESULTS.read_text().partition(MEASURED)
        RESULTS.write_text(before + mark + "\n" + text)


if __name__ == "__main__":
    main()
