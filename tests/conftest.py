"""One practice world for the whole run, as on its first day for each test that asks for it; one browser for all.

The browser is the Chromium that `E2E_CHROMIUM` names, else the system's, else Playwright's own.
"""

import functools
import gc
import os
import shutil
import socketserver
import ssl
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, expect, sync_playwright

from deepracer_admin.rehearsal.shared import keys
from deepracer_admin.store import sqlite_base, sqlite_records
from tests.practice import WorldHandle, start_world
from tests.store.first_files import open_as_copy

PATIENCE_MS = int(os.environ.get("E2E_PATIENCE_MS", "120000"))  # of a browser; nothing waits so long that works

# Told not to keep what Python compiles, each process of a run and each program that a test starts would compile all of
# it again, seconds each: kept it is, beside the sources, where `start.py test` keeps it, too.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Practice services speak plain HTTP on loopback, yet every client that a test opens would read the world's certificate
# authorities anew, 20 ms each: a quarter of the whole run.
ssl.create_default_context = functools.cache(ssl.create_default_context)

# A scripted server writes head and body apart, and its system keeps the second back until the first is acknowledged:
# 40 ms of nothing for each answer.
socketserver.StreamRequestHandler.disable_nagle_algorithm = True

# botocore asks again as often as ever, but at once: it would rest for seconds wherever a service refuses everything.
botocore.endpoint.time = SimpleNamespace(sleep=lambda _seconds: None)

# Every new practice world, and every renewed one, would make two keys at its first sign-in, as long as a whole test.
keys.new_key = functools.cache(keys.new_key)

# Nobody pulls the plug here: waiting for the disk at each commit would be most of a test that keeps things.
FOR_PEOPLE = (sqlite_base.DURABLE, sqlite_base.FORGETFUL)
sqlite_base.DURABLE = sqlite_base.FORGETFUL = "OFF"
sqlite_base.SqliteFile._open_writer = open_as_copy


def applied_twice(change: Callable[[Any], Any], before: Any) -> Any:
    """A store that compares and sets runs a change again when somebody else was faster: it must say the same again."""
    first, second = change(before), change(before)
    assert first == second, f"{change} answers differently when it runs again"
    return second


sqlite_records.applied = applied_twice


settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_collection_finish() -> None:
    """What has been imported and collected stays to the end: it need not be searched for rubbish, a third of a second
    each time."""
    gc.collect()
    gc.freeze()


LONGEST = ("test_looks.py", "test_every_act_once.py", "test_kills.py", "test_shared_table.py", "test_static_portal.py")
"""Files of minutes, which are told by one process each (launch/checks.py): begun last, one would go on alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))


SUMMARY = "summary"
"""Lines that a test records under this property stand at the end of the run, also of one in several processes."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, lines in getattr(report, "user_properties", ()):
            if name == SUMMARY:
                title, *rest = lines
                terminalreporter.section(title)
                for line in rest:
                    terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def kept_practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldHandle]:
    """The world itself: tests ask for `practice`, which makes it new first."""
    handle = start_world(tmp_path_factory.mktemp("practice"))
    yield handle
    handle.stop()


@pytest.fixture
def practice(kept_practice: WorldHandle) -> WorldHandle:
    """A practice world in this process in which nothing has happened yet. Tests that stop one start their own."""
    kept_practice.renew()
    return kept_practice


def patient(opening: Callable[..., Any]) -> Callable[..., Any]:
    """Playwright's own 5 and 30 s are no faults on a machine that runs three test suites side by side."""

    @functools.wraps(opening)
    def opened(*args: Any, **options: Any) -> Any:
        made = opening(*args, **options)
        made.set_default_timeout(PATIENCE_MS)
        return made

    return opened


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium, started at first use."""
    path = os.environ.get("E2E_CHROMIUM") or shutil.which("chromium") or None
    sandbox = ["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []
    with sync_playwright() as started:
        # Where there is no graphics card, one that is imitated takes a sixth of the browser's time.
        launched = started.chromium.launch(executable_path=path, args=[*sandbox, "--disable-gpu"])
        launched.new_context = patient(launched.new_context)
        launched.new_page = patient(launched.new_page)
        expect.set_options(timeout=PATIENCE_MS)
        yield launched
        launched.close()
