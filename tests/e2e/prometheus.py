"""A real Prometheus, and what it can be told of an hour that has passed."""

import json
import re
import subprocess
import urllib.parse
import urllib.request

from process import Process, require

ADDRESS = "127.0.0.1:9090"


def promtool(*arguments, **how):
    return subprocess.run([require("promtool", "prometheus"), *map(str, arguments)], capture_output=True, text=True, **how)


def families(exposition):
    """Of the text exposition format: [(name, type, [(name of the series, labels, value)])]."""
    found = []
    for line in exposition.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            found.append((name, kind, []))
        elif not line.startswith("#"):
            series, labels, value = re.fullmatch(r"([a-z_]+)(\{.*\})? (\S+)", line).groups()
            found[-1][2].append((series, labels or "{}", float(value)))
    return found


def hour(exposition, end, step=60):
    """OpenMetrics of the hour until `end`, in which everything of `exposition` has grown, or stands at 1."""
    lines = []
    for name, kind, series in families(exposition):
        lines.append(f"# TYPE {name.removesuffix('_total')} {kind}")
        for series_name, labels, value in series:
            for at in range(end - 3600, end + 1, step):
                grown = (at - end + 3600) / step * (1 + value) if kind != "gauge" else at - 3600 if "start_time" in name else 1
                with_instance = "{" + ",".join(filter(None, [labels[1:-1], 'instance="mx1:9461"', 'job="sternpost"'])) + "}"
                lines.append(f"{series_name}{with_instance} {grown} {at}")
    return "\n".join([*lines, "# EOF", ""])


class Prometheus:
    """Serves what `open_metrics` tells, and knows the rules of `rules`."""

    def __init__(self, directory, open_metrics, rules):
        directory.mkdir()
        (directory / "hour.txt").write_text(open_metrics)
        made = promtool("tsdb", "create-blocks-from", "openmetrics", directory / "hour.txt", directory / "data")
        assert made.returncode == 0, made
        (directory / "prometheus.yml").write_text(json.dumps({"rule_files": [str(rules)]}))
        self._process = Process("prometheus", [
            require("prometheus", "prometheus"), f"--config.file={directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={directory / 'data'}", f"--web.listen-address={ADDRESS}"], directory / "log")
        self._process.wait_until(self._ready, "Prometheus is ready")

    def range(self, query, start, end, step=60):
        """The result of a range query: [{"metric": {...}, "values": [[time, value], ...]}]."""
        return self._get("query_range", query=query, start=start, end=end, step=step)["result"]

    def rules(self):
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def kill(self):
        self._process.kill()

    def _get(self, what, **parameters):
        with urllib.request.urlopen(f"http://{ADDRESS}/api/v1/{what}?{urllib.parse.urlencode(parameters)}") as response:
            said = json.load(response)
        assert said["status"] == "success", said
        return said["data"]

    @staticmethod
    def _ready():
        try:
            with urllib.request.urlopen(f"http://{ADDRESS}/-/ready") as response:
                return response.status == 200
        except OSError:
            return False
