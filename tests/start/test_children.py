"""Children are real processes here, small ones: they stop when let go of, and their death is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from launch import children
from launch.machine import Trouble

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = [ROOT / "start.py", *sorted((ROOT / "launch").glob("*.py"))]
POSIX = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")


def wait_for(path: Path) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if path.exists() and path.read_text(encoding="utf-8"):
            return path.read_text(encoding="utf-8")
        time.sleep(0.02)
    raise AssertionError(f"{path} was not written")


PATIENT = """
import pathlib, signal, sys, time
here = pathlib.Path(sys.argv[1])
def stop(*_):
    (here / "stopped").write_text("cleanly")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
(here / "started").write_text(" ".join(sys.argv[1:]))
while True:
    time.sleep(0.05)
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules that children can run, on their path."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "patient.py").write_text(PATIENT)
    (tmp_path / "doomed.py").write_text("import sys\nprint('The database is locked.')\nsys.exit(3)\n")
    (tmp_path / "stubborn.py").write_text(PATIENT.replace("sys.exit(0)", "pass"))
    return tmp_path


def begin(module: str, folder: Path) -> children.Child:
    return children.start_child(
        "The console", Path(sys.executable), [module, str(folder)], folder / f"{module}.log", os.environ
    )


def test_letting_go_of_the_tether_stops_a_child_cleanly(stand_in: Path) -> None:
    child = begin("patient", stand_in)
    wait_for(stand_in / "started")
    children.check_alive(child)
    children.stop_child(child)
    assert child.process.returncode == 0
    assert (stand_in / "stopped").read_text() == "cleanly"


def test_a_child_that_will_not_stop_is_killed(stand_in: Path) -> None:
    child = begin("stubborn", stand_in)
    wait_for(stand_in / "started")
    children.stop_child(child, grace=0.5)
    assert child.process.returncode != 0


def test_a_child_that_dies_is_one_sentence_with_its_last_words(stand_in: Path) -> None:
    child = begin("doomed", stand_in)
    child.process.wait(300)
    expected = r"^The console stopped by itself with exit code 3 \(The database is locked\.\); read .*doomed\.log\.$"
    with pytest.raises(Trouble, match=expected):
        children.check_alive(child)
    children.stop_child(child)


def test_waiting_ends_when_the_child_dies(stand_in: Path) -> None:
    child = begin("doomed", stand_in)
    with pytest.raises(Trouble, match="stopped by itself"):
        children.wait_until(lambda: False, [child], "The console")
    children.stop_child(child)


def test_the_log_of_the_time_before_is_kept(stand_in: Path) -> None:
    for _ in range(2):
        child = begin("doomed", stand_in)
        child.process.wait(300)
        children.stop_child(child)
    assert "locked" in (stand_in / "doomed.previous.log").read_text()
    if os.name == "posix":
        assert (stand_in / "doomed.log").stat().st_mode & 0o777 == 0o600


def test_a_log_that_is_still_open_elsewhere_is_continued(stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "The process cannot access the file because it is being used by another process")

    monkeypatch.setattr(Path, "replace", refused)  # what Windows does
    (stand_in / "doomed.log").write_text("before\n", encoding="utf-8")
    child = begin("doomed", stand_in)
    child.process.wait(300)
    children.stop_child(child)
    assert (stand_in / "doomed.log").read_text(encoding="utf-8").split("\n")[:2] == [
        "before",
        "The database is locked.",
    ]


LAUNCH_AND_WAIT = """
import os, pathlib, sys, time
sys.path.insert(0, sys.argv[2])
from launch import children
here = pathlib.Path(sys.argv[1])
children.start_child("child", pathlib.Path(sys.executable), ["patient", str(here)], here / "c.log", os.environ)
time.sleep(60)
"""


@POSIX
def test_no_child_outlives_a_launcher_that_was_killed(stand_in: Path) -> None:
    launcher = subprocess.Popen([sys.executable, "-c", LAUNCH_AND_WAIT, str(stand_in), str(ROOT)])
    wait_for(stand_in / "started")
    launcher.send_signal(signal.SIGKILL)
    launcher.wait(300)
    assert wait_for(stand_in / "stopped") == "cleanly"


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("", ""),
        ("ready\nThe database is locked.\n", "The database is locked."),
        ("Set the tenant.\nTraceback (most recent call last):\n  x\nSystemExit: 2\nStartup failed.", "Set the tenant."),
        ("2026-11-22 12:00 warm.\nTraceback (most recent call last):\n  x\nKeyError: 1", "KeyError: 1"),
        ("Traceback (most recent call last):\n  x\nKeyError: 1", "KeyError: 1"),
    ],
)
def test_last_words_prefer_the_sentence_before_a_traceback(log: str, words: str) -> None:
    assert children.last_words(log) == words
