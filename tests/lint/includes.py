#!/usr/bin/python3
"""Keeps the directions between rooms: each may include the faces of the rooms in its row, and no other room's inside."""

import pathlib
import re
import sys

ALL = {"survey", "explain", "starttls", "admin", "settings", "socketmap", "doctor", "resolve", "answer", "dane", "dns", "https", "tls",
       "store", "fleet", "tls_report", "migration", "postfix", "config", "loop", "policy", "log", "base"}
TABLE = {
    "app": ALL,
    "cli": ALL,
    "survey": {"explain", "starttls", "dane", "dns", "https", "tls", "loop", "policy", "log", "base"},
    "explain": {"starttls", "resolve", "answer", "dane", "dns", "fleet", "https", "store", "tls", "loop", "policy", "base"},
    "starttls": {"dns", "tls", "loop", "policy", "base"},
    "admin": {"survey", "socketmap", "resolve", "answer", "dane", "dns", "fleet", "https", "store", "loop", "policy", "log", "base"},
    "settings": {"resolve", "dns", "fleet", "https", "config", "postfix", "policy", "base"},
    "socketmap": {"resolve", "answer", "policy", "loop", "log", "base"},
    "resolve": {"answer", "dane", "dns", "fleet", "https", "store", "loop", "policy", "log", "base"},
    "answer": {"policy", "base"},
    "dane": {"dns", "loop", "policy", "base"},
    "dns": {"loop", "policy", "log", "base"},
    "https": {"tls", "loop", "policy", "log", "base"},
    "store": {"loop", "policy", "log", "base"},
    "fleet": {"store", "tls", "loop", "policy", "log", "base"},
    "config": {"log", "base"},
    "tls_report": {"policy", "base"},
    "migration": {"config", "policy", "base"},
    "postfix": {"loop", "base"},
    "doctor": {"answer", "postfix", "config", "dns", "base"},
    "tls": {"log", "base"},
    "policy": {"base"},
    "loop": {"log", "base"},
    "log": {"base"},
    "base": set(),
}
# resolve sees these rooms as interfaces: what implements them is named in app alone.
CONCRETE = {"cares_resolver.hpp", "curl_fetcher.hpp", "redis_fleet.hpp", "sqlite_store.hpp"}
# One library, one room: the log has one way out.
LIBRARIES = {"spdlog": "app"}
LIBRARY_INCLUDE = re.compile(r'^\s*#\s*include\s*<(\w+)/')
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def room_of(path):
    return path.parts[2] if path.parts[0] == "include" else path.parts[1]


def faults(top):
    sources = [*top.glob("include/sternpost/*/**/*.hpp"), *top.glob("src/*/**/*.[ch]pp")]
    rooms = {room_of(source.relative_to(top)) for source in sources}
    yield from (f"src/{room}: no row in the table of {__file__}" for room in rooms - TABLE.keys())
    for source in sorted(sources):
        relative = source.relative_to(top)
        room = room_of(relative)
        for number, line in enumerate(source.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if found and (why := fault(top, source, room, found[1])):
                yield f"{relative}:{number}: {why}"
            library = LIBRARY_INCLUDE.match(line)
            if library and (owner := LIBRARIES.get(library[1], room)) != room:
                yield f"{relative}:{number}: {library[1]} is the business of {owner} alone"


def fault(top, source, room, included):
    parts = pathlib.PurePath(included).parts
    if parts[0] == "sternpost":
        other = parts[1]
        if other != room and other not in TABLE.get(room, set()):
            return f"{room} may not include the face of {other}"
        if room == "resolve" and parts[-1] in CONCRETE:
            return f"resolve may include interfaces only, not {parts[-1]}"
        return None
    if not (source.parent / included).exists() or ".." in parts:
        return f"{included} is not in this room's own folder"
    return None


if __name__ == "__main__":
    found = list(faults(pathlib.Path(sys.argv[1]).resolve()))
    print("\n".join(found))
    sys.exit(1 if found else 0)
