"""Fixtures: the world (one a pytest process) and daemons (new for every test)."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import installations  # noqa: E402
from process import Process  # noqa: E402
from world import World  # noqa: E402

LOG_LINES = 60


@pytest.fixture(scope="session")
def whole_world():
    world = World()
    yield world
    world.stop()


@pytest.fixture
def world(whole_world):
    """The world, with a resolver that answers properly again."""
    yield whole_world
    whole_world.resolver.forget_script()


@pytest.fixture
def start_sternpostd(world):
    """start_sternpostd(settings, ...) gives a running daemon, which must stop as it should at the end of the test."""
    daemons = []

    def start(settings=None, **how):
        daemons.append(world.sternpostd(settings))
        return daemons[-1].start(**how)

    yield start
    for daemon in daemons:
        if daemon.started():
            daemon.stop()


@pytest.fixture
def sternpostd(start_sternpostd):
    return start_sternpostd()


@pytest.fixture(params=installations.ALL, ids=lambda installation: "postfix %d.%d" % installation.version)
def sender(world, request):
    """A sending Postfix, of one release after the other; the newest one asks for the extended grammar."""
    world.receiver
    return world.newest_sender if request.param.knows_the_extended_grammar else world.sender


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the last lines of everybody's log."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for process in Process.running:
            tail = process.log_text().splitlines()[-LOG_LINES:]
            report.sections.append((f"log of {process.name}", "\n".join(tail)))
