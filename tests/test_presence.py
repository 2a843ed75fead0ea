"""A process that ended is seen as ended, one that lives or hangs never is; real processes, really killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deepracer_admin import presence
from deepracer_admin.presence import FOLDER, KEPT_S, Presence

LIVES = """
import sys
from pathlib import Path
from deepracer_admin.presence import Presence
here = Presence(Path(sys.argv[1]))
print(here.mark(), flush=True)
sys.stdin.readline()
here.close()
"""


@contextmanager
def another(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process on this data folder; (it, its mark)."""
    started = subprocess.Popen(
        [sys.executable, "-c", LIVES, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert started.stdout
    try:
        yield started, started.stdout.readline().strip()
    finally:
        started.kill()
        started.communicate()


def test_who_is_killed_is_seen_and_who_lives_is_not(tmp_path: Path) -> None:
    here = Presence(tmp_path)
    here.mark()
    with another(tmp_path) as (killed, its_mark), another(tmp_path) as (_, lives):
        assert here.ended() == {}
        killed.kill()
        killed.wait()
        assert [*here.ended()] == [its_mark]
        assert lives != its_mark
    here.close()


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
def test_who_hangs_lives(tmp_path: Path) -> None:
    with another(tmp_path) as (hangs, _):
        hangs.send_signal(signal.SIGSTOP)
        assert Presence(tmp_path).ended() == {}


def test_who_leaves_in_order_leaves_nothing(tmp_path: Path) -> None:
    with another(tmp_path) as (leaves, _):
        leaves.communicate("\n")
        assert Presence(tmp_path).ended() == {}
    assert [*(tmp_path / FOLDER).iterdir()] == []


def test_what_ended_long_ago_is_cleared_away(tmp_path: Path) -> None:
    at = [10.0]
    here = Presence(tmp_path, now=lambda: at[0])
    with another(tmp_path) as (killed, its_mark):
        killed.kill()
        killed.wait()
    assert here.ended() == {its_mark: 0.0}
    at[0] += KEPT_S
    assert here.ended() == {its_mark: KEPT_S}
    at[0] += 1
    here.ended()
    assert here.ended() == {}
    assert [*(tmp_path / FOLDER).iterdir()] == []


def _nothing(_: object) -> None: ...


def _refused(_: object) -> None:
    raise OSError(95, "Operation not supported")


@pytest.mark.parametrize("lock", [_nothing, _refused], ids=["locks that hold nobody off", "no locks"])
def test_where_locks_mean_nothing_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lock: Callable[[object], None]
) -> None:
    monkeypatch.setattr(presence, "_lock", lock)
    monkeypatch.setattr(presence, "_try_lock", lock)
    assert Presence(tmp_path).mark() == ""
    assert [*(tmp_path / FOLDER).iterdir()] == []


def test_a_folder_that_cannot_be_written_keeps_nobody_from_working(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("a file of this name", "utf-8")
    here = Presence(tmp_path)
    assert (here.mark(), here.ended()) == ("", {})
