"""The [Service] section of a systemd unit, as pairs of name and value in their order."""

from pathlib import Path


def settings(path, section="Service"):
    found, current = [], None
    for line in Path(path).read_text().replace("\\\n", " ").splitlines():
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        if line.startswith("["):
            current = line.strip("[]")
        elif current == section:
            name, _, value = line.partition("=")
            found.append((name.strip(), value.strip()))
    return found
