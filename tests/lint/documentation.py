#!/usr/bin/python3
"""Keeps the code and what is written about it in step: options, sub-commands, configuration keys, their defaults, topics.

    documentation.py SOURCE_DIRECTORY BINARY_DIRECTORY

What the code knows is asked of the built programs: options from --help, keys from the message about a key that does not
exist. Manual pages, sample configuration and completions must know the same, no more and no less.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

from shells import SHELLS

PROGRAMS = {"sternpostd": "sternpostd.8", "sternpost": "sternpost.1"}
NO_SUCH_KEY = "qqqqqqqqqqqqqqqq"
AT_THE_TOP = ""
# What is offered for the values of options.
RESOLVERS = {"postfix-mta-sts-resolver", "postfix-tlspol"}
VALUES = {"sternpost query --map ": {"sts", "sts-tlsrpt"}, "sternpost -c /etc/host query --map sts-": {"sts-tlsrpt"},
          "sternpost import --from ": RESOLVERS, "sternpost cache import --from ": RESOLVERS, "sternpost migrate --from ": RESOLVERS,
          "sternpost publish --mode ": {"testing", "enforce", "none"}, "sternpost publish --for ": {"nginx", "caddy", "apache"}}


class Code:
    """What the built programs know."""

    def __init__(self, binaries):
        self._binaries = binaries
        # Of each program: its sub-commands, and theirs ("cache list"), with the options; "" is the program itself.
        self.commands = {program: dict(self._commands(program)) for program in PROGRAMS}
        self.keys = self._all_keys()

    def options(self, program):
        return set().union(*self.commands[program].values())

    def names(self, program, command=""):
        """The sub-commands of the program, or of one of them."""
        begin = command + " " if command else ""
        rests = {name.removeprefix(begin) for name in self.commands[program] if name.startswith(begin)}
        return {rest for rest in rests if rest and " " not in rest}

    def _commands(self, program, *command):
        text = self._help(program, *command)
        yield " ".join(command), _options(text)
        for name in re.findall(r"^  ([a-z][\w-]*)", _part(text, "Subcommands"), re.MULTILINE):
            yield from self._commands(program, *command, name)

    def _help(self, *words):
        return self._run(*words, "--help").stdout

    def _run(self, program, *words):
        return subprocess.run([self._binaries / program, *words], capture_output=True, text=True, timeout=60)

    def _all_keys(self):
        """The keys of each section by its heading, with NAME as it stands in messages."""
        keys = {AT_THE_TOP: set()}
        for name in self._known_in(f"{NO_SUCH_KEY} = 1\n"):
            heading = re.search(r"(\[\[?[\w.-]+\]\]?) on a line of its own", self._complaint(f"{name} = 1.5\n"))
            if heading:
                keys[heading[1]] = self._known_in(f"{heading[1]}\n{NO_SUCH_KEY} = 1\n")
            else:
                keys[AT_THE_TOP].add(name)
        return keys

    def _known_in(self, configuration):
        return set(re.search(r"known here: (.*)", self._complaint(configuration))[1].split(", "))

    def _complaint(self, configuration):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(configuration)
            file.flush()
            return self._run("sternpostd", "-c", file.name, "--check-config").stderr


def _part(text, heading):
    """The lines of a help text below `heading`."""
    found = re.search(rf"^{heading}:\n((?:[ \t].*\n|\n)*)", text, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""


def _options(text):
    """Of a help text: "  -c,--config TEXT ...", in newer releases of CLI11 with blanks after the comma."""
    found = re.findall(r"^[ \t]+(-[\w-]+(?:,[ \t]*-[\w-]+)*)", _part(text, "Options"), re.MULTILINE)
    return {option for options in found for option in re.split(r",\s*", options)}


# Manual pages

def page_options(page):
    """The options that are items of the page's lists: ".It Fl c Ar FILE , Fl -config Ar FILE"."""
    items = re.findall(r"^\.It (.*\bFl .*)$", page, re.MULTILINE)
    return {"-" + option for item in items for option in re.findall(r"\bFl (\S+)", item)}


def synopsis(page):
    """The options and sub-commands of its first lines."""
    text = re.search(r"^\.Sh SYNOPSIS\n(.*?)^\.Sh ", page, re.MULTILINE | re.DOTALL)[1]
    return {"-" + option for option in re.findall(r"\bFl (\S+)", text)}, set(re.findall(r"^\.(?:Op )?Cm (\S+)", text, re.M))


def page_keys(page):
    """Of sternpost.toml(5): the keys of each section, each with its default as TOML; None where none is given."""
    description = page[:page.index(".Sh FILES")]
    keys = {}
    for part in re.split(r"^\.Ss ", description, flags=re.MULTILINE)[1:]:
        title, _, text = part.partition("\n")
        items = re.findall(r"^\.It Ic (\S+)(?: No = ?(.*))?$", text, re.MULTILINE)
        if items:
            heading = title.removesuffix(r"\&") if title.startswith("[") else AT_THE_TOP
            keys[heading] = {name: _as_toml(value) if value else None for name, value in items}
    return keys


def _as_toml(mdoc):
    macro, _, text = mdoc.partition(" ")
    text = text.replace(r"\(dq", '"')
    return {"Qq": f'"{text}"', "Bq": f"[{text}]", "Cm": text}.get(macro, mdoc)


# The sample configuration

def sample_settings(sample):
    """All of it, "#key = value" and "#[section]" too."""
    return tomllib.loads(re.sub(r"^#(?=[^ #\n])", "", sample, flags=re.MULTILINE))


def sample_keys(settings):
    keys = {AT_THE_TOP: set()}
    for name, value in settings.items():
        if name == "maps":
            keys["[maps.NAME]"] = set().union(*value.values())
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            keys[f"[[{name}]]"] = set().union(*value)
        elif isinstance(value, dict):
            keys[f"[{name}]"] = set(value)
        else:
            keys[AT_THE_TOP].add(name)
    return keys


def sample_value(settings, heading, key):
    return (settings if heading == AT_THE_TOP else settings[heading.strip("[]")])[key]


# The comparison

def differences(what, known, written):
    """`known` to the code, `written` somewhere."""
    for one in sorted(known - written):
        yield f"{what}: {one} is missing"
    for one in sorted(written - known):
        yield f"{what}: {one} is not known to the code"


def faults_of_options(top, code):
    for program, name in PROGRAMS.items():
        page = (top / "man" / name).read_text()
        yield from differences(f"man/{name}", code.options(program), page_options(page))
        options, commands = synopsis(page)
        yield from differences(f"man/{name}, SYNOPSIS", code.names(program), commands)
        yield from (f"man/{name}, SYNOPSIS: {option} is not known to the code"
                    for option in sorted(options - code.options(program)))


def faults_of_completion(top, code):
    lines = dict(VALUES)
    for program, commands in code.commands.items():
        for command, options in commands.items():
            lines[f"{program} {command} -" if command else f"{program} -"] = options
            lines[f"{program} {command} " if command else f"{program} "] = code.names(program, command)
    for shell, offered_by in SHELLS.items():
        offered = offered_by(top / "packaging/completion", [line for line in lines if lines[line]])
        for line, words in offered.items():
            yield from differences(f'{shell}, after "{line}"', lines[line], words)


def faults_of_keys(top, code):
    page = page_keys((top / "man/sternpost.toml.5").read_text())
    settings = sample_settings((top / "packaging/sternpost.toml").read_text())
    for where, keys in {"man/sternpost.toml.5": {heading: set(of_it) for heading, of_it in page.items()},
                        "packaging/sternpost.toml": sample_keys(settings)}.items():
        yield from differences(where, set(code.keys), set(keys))
        for heading in code.keys.keys() & keys.keys():
            yield from differences(f"{where}, {heading or 'top'}", code.keys[heading], keys[heading])
    # That those of the sample are the code's is tested by tests/config/config_test.cpp.
    for heading, keys in page.items():
        if "NAME" in heading or heading.startswith("[["):
            continue
        for key, default in keys.items():
            value = sample_value(settings, heading, key)
            if default is None or tomllib.loads(f"value = {default}")["value"] != value:
                yield f"man/sternpost.toml.5, {heading or 'top'}: the default of {key} is {value!r}, not {default}"


def faults_of_topics(top):
    """Machines go by these words of the log."""
    code = re.search(r"to_string\(Topic .*?^}", (top / "src/log/line.cpp").read_text(), re.MULTILINE | re.DOTALL)[0]
    page = re.search(r"^\.It Li topic$(.*?)^\.It", (top / "man/sternpostd.8").read_text(), re.MULTILINE | re.DOTALL)[1]
    yield from differences("man/sternpostd.8, topics", set(re.findall(r'return "(\w+)"', code)),
                           set(re.findall(r"^\.Li (\w+)", page, re.MULTILINE)))


def main(top, binaries):
    code = Code(binaries)
    faults = [*faults_of_options(top, code), *faults_of_completion(top, code), *faults_of_keys(top, code),
              *faults_of_topics(top)]
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*(pathlib.Path(argument).resolve() for argument in sys.argv[1:])))
