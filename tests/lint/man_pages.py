#!/usr/bin/python3
"""Keeps the manual pages well-formed: mandoc finds nothing to mend, each has its sections, and they name each other right.

    man_pages.py SOURCE_DIRECTORY
"""

import pathlib
import re
import subprocess
import sys

SECTIONS = {"NAME", "DESCRIPTION", "FILES", "EXAMPLES", "DIAGNOSTICS", "SECURITY", "SEE ALSO"}
OPTIONAL = {"FILES"}
# Whether the manuals of others are installed here says nothing about ours.
ABOUT_THIS_MACHINE = "referenced manual not found"


def faults(page, pages):
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "style", page], capture_output=True, text=True, timeout=60)
    yield from (line for line in done.stdout.splitlines() if ABOUT_THIS_MACHINE not in line)
    text = page.read_text()
    missing = SECTIONS - OPTIONAL - set(re.findall(r"^\.Sh (.*)$", text, re.MULTILINE))
    yield from (f"{page}: has no section {section}" for section in sorted(missing))
    for name, section in re.findall(r"^\.Xr (sternpost\S*) (\d)", text, re.MULTILINE):
        if f"{name}.{section}" not in pages:
            yield f"{page}: there is no {name}({section})"


if __name__ == "__main__":
    pages = sorted((pathlib.Path(sys.argv[1]) / "man").glob("*.[1-9]"))
    found = [fault for page in pages for fault in faults(page, {page.name for page in pages})]
    print("\n".join(found))
    sys.exit(1 if found or not pages else 0)
