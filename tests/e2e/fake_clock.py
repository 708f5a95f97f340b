"""Another time of day for a daemon."""

import mmap
import subprocess
import sys
from pathlib import Path

from process import require

SOURCE = Path(__file__).with_name("fake_clock.c")


class FakeClock:
    """The daemon's wall clock, so much before or behind ours. Its timers go by the other one, which is left alone."""

    def __init__(self, directory):
        library, file = directory / "fake_clock.so", directory / "clock"
        subprocess.run([require("gcc", "gcc"), "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, SOURCE],
                       check=True)
        file.write_bytes(bytes(8))
        with open(file, "r+b") as opened:
            self._seconds = mmap.mmap(opened.fileno(), 8)
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKE_CLOCK": str(file),
            "ASAN_OPTIONS": "verify_asan_link_order=0",  # with sanitizers, theirs is not the first library
        }

    def move(self, by):
        seconds = int.from_bytes(self._seconds[:], sys.byteorder, signed=True) + int(by.total_seconds())
        self._seconds[:] = seconds.to_bytes(8, sys.byteorder, signed=True)
