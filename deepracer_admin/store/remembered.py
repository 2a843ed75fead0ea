"""What was read of an event last, given again while nothing in the event has changed.

Duties look several times a second, and of an event in which nothing happens they read the same few rows each time.
SQLite says cheaply whether any connection, of any process, has committed since (`PRAGMA data_version`); only then are
the events' revisions read anew, and only what belongs to another revision is read and decoded again. Nothing is kept
longer than it is true: a value is given only under the revision at which, or after which, it was read.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

__all__ = ["Remembered"]

T = TypeVar("T")
MOST = 5_000  # values; then all are forgotten, for they are read again cheaply
MOST_LISTS = 40  # whole lists of people, of all events together; then these are forgotten


class Remembered:
    """`connect` opens a connection that only reads; it is used by one thread at a time.

    Many tabs ask at once: whoever asks while another is being answered waits, and all who wait are answered by one
    question that is put after they asked.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._turn = threading.Condition()
        self._asked = self._answered = 0  # questions put to the file so far, and answered
        self._asking = False
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._version = -1
        self._revisions: dict[str, int] = {}
        self._values: dict[tuple[str, Hashable], tuple[int, Any]] = {}
        self._lists: set[tuple[str, Hashable]] = set()

    def revision(self, event: str) -> int:
        """The event's revision as committed now; 0 for one that was never written. May raise sqlite3.Error."""
        with self._turn:
            mine = self._asked + 1  # the first question that is put from now on
            while self._answered < mine:
                if not self._asking:
                    break
                self._turn.wait()
            else:
                return self._revisions.get(event, 0)
            self._asking = True
            self._asked = mine = self._asked + 1
        try:
            self._ask()
        except BaseException:
            self._leave(self._answered)  # whoever waits asks for itself
            raise
        self._leave(mine)
        return self._revisions.get(event, 0)

    def commit(self) -> int:
        """Another number after each commit of anybody to the file, as of now. May raise sqlite3.Error."""
        with self._lock:
            return self._looked()[1]

    def _leave(self, answered: int) -> None:
        with self._turn:
            self._asking, self._answered = False, answered
            self._turn.notify_all()

    def _ask(self) -> None:
        with self._lock:  # of `close`
            connection, version = self._looked()
            if version != self._version:
                found = connection.execute("SELECT event, revision FROM revisions").fetchall()
                self._revisions = {row["event"]: row["revision"] for row in found}
                self._version = version

    def _looked(self) -> tuple[sqlite3.Connection, int]:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection, self._connection.execute("PRAGMA data_version").fetchone()[0]

    def get(
        self,
        event: str,
        name: Hashable,
        read: Callable[[], T],
        *,
        fits: Callable[[T], bool] | None = None,
        is_list: bool = False,
    ) -> T:
        """The value as last read, or read now. `fits`: is it small enough, and safe, to be kept? `is_list`: it is a
        whole list of an event, of which fewer are kept."""
        revision = self.revision(event)  # before the reading: what is newer than it is read once more
        kept = self._values.get((event, name))
        if kept is not None and kept[0] == revision:
            return kept[1]
        value = read()
        if fits is None or fits(value):
            if len(self._values) >= MOST:
                self._values.clear()
            if is_list:
                self._keep_list((event, name))
            self._values[(event, name)] = (revision, value)
        return value

    def _keep_list(self, key: tuple[str, Hashable]) -> None:
        with self._lock:
            if key not in self._lists and len(self._lists) >= MOST_LISTS:
                for each in self._lists:
                    self._values.pop(each, None)
                self._lists.clear()
            self._lists.add(key)

    def forget(self, event: str, name: Hashable) -> None:
        """One value, whatever its revision."""
        self._values.pop((event, name), None)

    def clear(self) -> None:
        """Whoever was erased is not kept in memory either."""
        self._values.clear()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._values.clear()
            if self._connection is not None:
                self._connection.close()
                self._connection = None
