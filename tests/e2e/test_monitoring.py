"""The Grafana dashboard and the alert rules: all that they ask for is there, and a real Prometheus answers it."""

import json
import re
import time
from pathlib import Path

import pytest

from admin import Admin
from prometheus import Prometheus, families, hour, promtool
from world import enforce

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"
DASHBOARD = json.loads((PACKAGING / "grafana" / "sternpost.json").read_text())
RULES = PACKAGING / "prometheus" / "sternpost.rules.yml"
RULE_TESTS = Path(__file__).resolve().parent / "rules_test.yml"
OF_PROMETHEUS = {"up"}
# What Grafana puts in the place of its variables.
VARIABLES = {"$__rate_interval": "5m", "$instance": ".*"}


def queries():
    """{panel: [query]} as Prometheus gets them."""
    found = {}
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            query = target["expr"]
            for variable, value in VARIABLES.items():
                query = query.replace(variable, value)
            found.setdefault(panel["title"], []).append(query)
    return found


def rule_queries():
    lines = RULES.read_text()
    return re.findall(r"expr: (?:>-\n)?((?:.*\n)(?:\s+[>(].*\n)?)", lines)


def metrics_in(query):
    """The names, without what a histogram adds to its own."""
    names = re.findall(r"\b(up|sternpost_\w+|process_\w+)\b", re.sub(r'"[^"]*"', '""', query))
    return {re.sub(r"(?<=_seconds)_(bucket|sum|count)$", "", name) for name in names}


def values_in(query):
    """Of 'metric{label="value"}' the three, where the value is to be just that."""
    return {(re.sub(r"(?<=_seconds)_(bucket|sum|count)$", "", name), label, value)
            for name, labels in re.findall(r"\b(sternpost_\w+)\{([^}]*)\}", query)
            for label, value in re.findall(r'(\w+)="([^"]*)"', labels)}


@pytest.fixture(scope="module")
def exposition(whole_world):
    """What the real daemon tells Prometheus."""
    whole_world.receiver
    whole_world.publish(domain := whole_world.domain("monitored"), enforce())
    daemon = whole_world.sternpostd({"admin": {"metrics": "127.0.0.1:9461"}, "watch": {"domains": [domain]}})
    # A fleet that nobody answers for has its figures all the same.
    key = daemon.directory / "fleet.key"
    key.write_text("k" * 64)
    key.chmod(0o440)
    daemon.write_config({**daemon.settings, "fleet": {"servers": ["127.0.0.1:1"], "key-file": str(key)}})
    daemon.start()
    daemon.ask(domain)
    daemon.ask(domain)
    for _ in range(2):
        assert daemon.command("watch", "--now").returncode == 1
    text = Admin(("127.0.0.1", 9461)).get("/metrics")
    daemon.stop()
    return text


def test_every_metric_and_label_that_is_asked_for_exists(exposition):
    known = {name: series for name, _, series in families(exposition)}
    all_queries = [query for of_panel in queries().values() for query in of_panel] + rule_queries()
    assert len(all_queries) > 40
    asked = set().union(*map(metrics_in, all_queries)) - OF_PROMETHEUS
    assert asked - known.keys() == set()
    assert known.keys() - asked == set()  # and each is shown somewhere
    for name, label, value in set().union(*map(values_in, all_queries)):
        assert any(f'{label}="{value}"' in labels for _, labels, _ in known[name]), (name, label, value)


def test_the_dashboard_is_answered_over_a_scripted_hour(world, exposition):
    end = int(time.time()) // 60 * 60
    prometheus = Prometheus(world.directory / "prometheus", hour(exposition, end), RULES)
    try:
        for panel, of_panel in queries().items():
            for query in of_panel:
                result = prometheus.range(query, end - 3000, end)
                assert result and all(value != "NaN" for series in result for _, value in series["values"]), (panel, query)
        # Once through by hand: 49 samples that each grow by 3 a minute, as 2 were counted.
        secure = prometheus.range('sternpost_answers_total{answer="secure"}', end, end)
        assert [series["values"][0][1] for series in secure] == [str(60 * 3)]
        assert {rule["health"] for rule in prometheus.rules()} <= {"ok", "unknown"}
    finally:
        prometheus.kill()


def test_the_rules_are_right_and_fire_when_they_should():
    for arguments in (("check", "rules", RULES), ("test", "rules", RULE_TESTS)):
        done = promtool(*arguments, cwd=RULE_TESTS.parent)
        assert done.returncode == 0, done.stdout + done.stderr
    names = re.findall(r"alert: (\w+)", RULES.read_text())
    tested = re.findall(r'alertname="(\w+)", severity', RULE_TESTS.read_text())
    assert names and set(names) == set(tested)


def test_panels_do_not_overlap_and_have_names_of_their_own():
    taken = {}
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
