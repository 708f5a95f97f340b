#!/usr/bin/python3
"""Keeps the directions between rooms: each may include the faces of the rooms in its row, and no other room's inside.

And a source includes, itself or by way of another file of ours, what it uses of the headers that are precompiled: where they
are not, it would not compile. And no two headers give one name to two things, which no compiler need tell (C++20,
basic.def.odr)."""

import functools
import pathlib
import re
import sys

ALL = {"admin", "survey", "explain", "socketmap", "settings", "resolve", "dane", "starttls", "doctor", "answer",
       "fleet", "dns", "https", "store", "migration", "config", "postfix", "tls", "tls_report", "policy",
       "json", "loop", "log", "base"}
# From the top to the bottom, as README.md has them: a row names rooms of rows below it.
TABLE = {
    "app": ALL,
    "cli": ALL,
    "admin": {"survey", "socketmap", "resolve", "dane", "answer", "fleet", "dns", "https", "store", "policy", "json", "loop", "log", "base"},
    "survey": {"explain", "dane", "starttls", "dns", "https", "tls", "policy", "json", "loop", "log", "base"},
    "explain": {"resolve", "dane", "starttls", "answer", "fleet", "dns", "https", "store", "tls", "policy", "loop", "base"},
    "socketmap": {"resolve", "answer", "policy", "loop", "log", "base"},
    "settings": {"resolve", "fleet", "dns", "https", "config", "postfix", "policy", "base"},
    "resolve": {"dane", "answer", "fleet", "dns", "https", "store", "policy", "loop", "log", "base"},
    "dane": {"dns", "policy", "loop", "base"},
    "starttls": {"dns", "tls", "policy", "loop", "base"},
    "doctor": {"answer", "dns", "config", "postfix", "policy", "base"},
    "answer": {"policy", "base"},
    "fleet": {"store", "tls", "policy", "loop", "log", "base"},
    "dns": {"policy", "loop", "log", "base"},
    "https": {"tls", "policy", "loop", "log", "base"},
    "store": {"policy", "loop", "log", "base"},
    "migration": {"config", "policy", "base"},
    "config": {"policy", "log", "base"},
    "postfix": {"loop", "base"},
    "tls": {"log", "base"},
    "tls_report": {"policy", "base"},
    "policy": {"base"},
    "json": {"base"},
    "loop": {"log", "base"},
    "log": {"base"},
    "base": set(),
}
# What reaches outside is seen as an interface; who may name what implements it, beside its own room.
CONCRETE = {
    "dns/cares_resolver.hpp": {"app", "cli", "settings", "doctor"},
    "fleet/redis_fleet.hpp": {"app", "cli", "settings"},
    "https/curl_fetcher.hpp": {"app", "cli", "settings", "explain"},
    "store/sqlite_store.hpp": {"app"},
}
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
# In a header, outside any class.
NAMING = re.compile(r"^(?:(?:struct|class|enum class) (\w+)\b[^;]*$|using (\w+) =|inline constexpr .*?(\w+)(?: =|\{|\[))", re.M)
LIBRARY_INCLUDE = re.compile(r'^\s*#\s*include\s*<(\w+)/')
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def room_of(path):
    return path.parts[2] if path.parts[0] == "include" else path.parts[1]


def faults(top):
    sources = [*top.glob("include/sternpost/*/**/*.hpp"), *top.glob("src/*/**/*.[ch]pp")]
    rooms = {room_of(source.relative_to(top)) for source in sources}
    yield from (f"src/{room}: no row in the table of {__file__}" for room in rooms - TABLE.keys())
    above = set()
    for room, others in TABLE.items():
        above.add(room)
        yield from (f"the row of {room} names {other}, which is not below it" for other in sorted(others & above))
    for source in sorted(sources):
        relative = source.relative_to(top)
        room = room_of(relative)
        for number, line in enumerate(source.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if found and (why := fault(top, source, room, found[1])):
                yield f"{relative}:{number}: {why}"
            other = re.match(r"sternpost/(\w+)/", found[1]) if found else None
            if other and other[1] not in {room, *linked(top, room)}:
                yield f"src/{room}/CMakeLists.txt: DEPENDS has no {other[1]}, which {relative}:{number} includes"
            library = LIBRARY_INCLUDE.match(line)
            if library and (owner := LIBRARIES.get(library[1], room)) != room:
                yield f"{relative}:{number}: {library[1]} is the business of {owner} alone"


def fault(top, source, room, included):
    parts = pathlib.PurePath(included).parts
    if parts[0] == "sternpost":
        other = parts[1]
        if other != room and other not in TABLE.get(room, set()):
            return f"{room} may not include the face of {other}"
        if other != room and room not in CONCRETE.get("/".join(parts[1:]), {room}):
            return f"{room} may include the interface only, not {parts[-1]}"
        return None
    if not (source.parent / included).exists() or ".." in parts:
        return f"{included} is not in this room's own folder"
    return None


@functools.cache
def linked(top, room):
    """The rooms that this one's DEPENDS names, in its CMakeLists.txt."""
    depends = re.search(r"\bDEPENDS\s+([a-z_\s]+)", (top / "src" / room / "CMakeLists.txt").read_text())
    return frozenset(depends[1].split()) if depends else frozenset()


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


def named_twice(top):
    places = {}
    for header in sorted([*top.glob("include/**/*.hpp"), *top.glob("src/**/*.hpp")]):
        for found in NAMING.finditer(header.read_text()):
            places.setdefault(next(filter(None, found.groups())), set()).add(str(header.relative_to(top)))
    for name, headers in places.items():
        if len(headers) > 1:
            yield f"{name} is the name of something in each of {', '.join(sorted(headers))}"


if __name__ == "__main__":
    top = pathlib.Path(sys.argv[1]).resolve()
    found = [*faults(top), *hidden(top), *named_twice(top)]
    print("\n".join(found))
    sys.exit(1 if found else 0)
