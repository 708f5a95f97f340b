#!/usr/bin/python3
"""Keeps the directions between rooms: each may include the faces of the rooms in its row, and no other room's inside.

And a source includes, itself or by way of another file of ours, what it uses of the headers that are precompiled: where they
are not, it would not compile."""

import functools
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
    "config": {"policy", "log", "base"},
    "tls_report": {"policy", "base"},
    "migration": {"config", "policy", "base"},
    "postfix": {"loop", "base"},
    "doctor": {"answer", "postfix", "config", "dns", "policy", "base"},
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
# What tells that a header is used; of Asio's, the name of the header tells it.
USES = {
    "algorithm": r"std::(min|max|clamp|sort|find|ranges::(find|find_if|sort|copy|transform|\w+_of|count\w*|\w+_element))\b",
    "chrono": r"std::chrono\b",
    "functional": r"std::function\b",
    "map": r"std::map\b",
    "memory": r"std::((shared|unique|weak)_ptr|make_(unique|shared))\b",
    "optional": r"std::(optional|nullopt)\b",
    "string": r"std::string\b",
    "string_view": r"std::string_view\b",
    "vector": r"std::vector\b",
}
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


@functools.cache
def headers_of(top, source):
    """What a file includes of others, itself or by way of files of ours."""
    headers = set()
    for kind, name in re.findall(r'^\s*#\s*include\s*(["<])([^">]+)[">]', source.read_text(), re.M):
        if kind == "<":
            headers.add(name)
            continue
        places = [place / name for place in (source.parent, top / "include", top / "src", top)]
        headers.update(*(headers_of(top, place.resolve()) for place in places if place.exists()))
    return headers


def hidden(top):
    common = headers_of(top, top / "src/common_headers.hpp")
    uses = {header: re.compile(USES[header]) for header in common & USES.keys()}
    for header in common:
        if header.startswith("boost/asio/"):
            uses[header] = re.compile(rf"\basio::{pathlib.PurePath(header).stem}\b")
    for source in sorted(each for part in ("include", "src", "tests") for each in top.glob(f"{part}/**/*.[ch]pp")):
        code = re.sub(r"//.*", "", source.read_text())
        for header in sorted(uses.keys() - headers_of(top, source)):
            if uses[header].search(code):
                yield f"{source.relative_to(top)}: uses <{header}>, and does not include it"


if __name__ == "__main__":
    top = pathlib.Path(sys.argv[1]).resolve()
    found = [*faults(top), *hidden(top)]
    print("\n".join(found))
    sys.exit(1 if found else 0)
