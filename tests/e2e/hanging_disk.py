"""A disk that hangs when it is told to."""

import subprocess
from pathlib import Path

from process import require

SOURCE = Path(__file__).with_name("hanging_disk.c")


class HangingDisk:
    """What a daemon in this environment writes to disk waits while the disk hangs; what it reads does not."""

    def __init__(self, directory):
        library, self._sign = directory / "hanging_disk.so", directory / "disk-hangs"
        subprocess.run([require("gcc", "gcc"), "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, SOURCE],
                       check=True)
        self.environment = {
            "LD_PRELOAD": str(library),
            "HANGING_DISK": str(self._sign),
            "ASAN_OPTIONS": "verify_asan_link_order=0",  # with sanitizers, theirs is not the first library
        }

    def hang(self):
        self._sign.touch()

    def go_on(self):
        self._sign.unlink(missing_ok=True)
