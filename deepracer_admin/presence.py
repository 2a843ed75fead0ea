"""Which processes on this data folder live: each locks a file of its own, and the system lets go of it when the process
ends, however it ends. So whoever comes after one that crashed need not wait until its time has run out.

Only what is certain is said: a process of another computer, or of another data folder, has no file here, and a file
system whose locks hold nobody off is found out; of these nothing is known.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from deepracer_admin.private import open_private, private_folder

if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    _try_lock = _lock
else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)  # one who looks holds it for a moment

    def _try_lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


__all__ = ["Presence"]

log = logging.getLogger(__name__)

FOLDER = "alive"
KEPT_S = 120.0  # what ended longer ago holds nothing that has not run out


class Presence:
    """This process's own file in `home`, made at the first `mark`, and what the files of others tell."""

    def __init__(self, home: Path, *, now: Callable[[], float] = time.monotonic) -> None:
        self._folder = home / FOLDER
        self._now = now
        self._guard = threading.Lock()
        self._mark = ""
        self._file: BinaryIO | None = None
        self._ended_at: dict[str, float] = {}  # mark -> monotonic second at which its end was first seen

    def mark(self) -> str:
        """Stands for this process; "" where nothing can be told of it. Safe to call from any thread."""
        with self._guard:
            if not self._mark and self._file is None:
                self._mark = self._enter()
            return self._mark

    def ended(self) -> dict[str, float]:
        """Marks of processes that have ended: for how many seconds that has been known."""
        with self._guard:
            now, found = self._now(), set[str]()
            for path in self._files():
                if _is_free(path):
                    found.add(path.name)
            self._ended_at = {mark: self._ended_at.get(mark, now) for mark in found}
            for mark, since in self._ended_at.items():
                if now - since > KEPT_S:
                    with contextlib.suppress(OSError):
                        (self._folder / mark).unlink(missing_ok=True)
            return {mark: now - since for mark, since in self._ended_at.items()}

    def close(self) -> None:
        """Leave: whatever this process held was given back before."""
        with self._guard:
            file, self._file = self._file, None
            if file is None:
                return
            path = self._folder / self._mark
            self._mark = ""
            if os.name == "posix":
                path.unlink(missing_ok=True)  # before the lock goes: it was never seen as ended
            file.close()
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        try:
            return [path for path in self._folder.iterdir() if path.name != self._mark]
        except OSError:
            return []

    def _enter(self) -> str:
        mark = secrets.token_hex(8)
        path = self._folder / mark
        file: BinaryIO | None = None
        try:
            private_folder(self._folder)
            file = open(path, "xb", opener=open_private)  # noqa: SIM115 - open until the process ends
            file.write(b"\n")
            file.flush()
            _lock(file)
            if not _is_free(path):
                self._file = file
                return mark
            why: str | None = "locks hold nobody off"
        except OSError as error:
            why = error.strerror
        log.info("whether this process lives is told by its lease alone (%s)", why)
        if file is not None:
            file.close()
            path.unlink(missing_ok=True)
        return ""


def _is_free(path: Path) -> bool:
    """Is the process of this file gone? False too where that cannot be told."""
    try:
        with open(path, "rb") as file:
            _try_lock(file)
            return True
    except OSError:
        return False
