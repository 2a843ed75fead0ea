"""Events, their settings and revisions, races, and the fence that refuses late writers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from deepracer_admin.errors import LeaseLost, Missing
from deepracer_admin.model import Event, Lease, Race
from deepracer_admin.store.codec import decode, encode, instant, when
from deepracer_admin.store.sqlite_base import SqliteFile

__all__ = ["EventsPart"]

T = TypeVar("T")


class EventsPart(SqliteFile):
    @property
    def mode(self) -> str:
        return self._mode

    @property
    def followed_at(self) -> datetime | None:
        return None

    @property
    def trouble(self) -> str:
        return ""

    def follow(self) -> None:
        """Nothing to do: there is no other."""

    # -- what every part uses

    @contextmanager
    def _writing(self, lease: Lease | None = None) -> Iterator[sqlite3.Connection]:
        """A transaction in which the lease has been checked. Raises LeaseLost, nothing written."""
        with self._transaction() as connection:
            if lease is not None:
                self._fence(connection, lease)
            yield connection

    def _fence(self, connection: sqlite3.Connection, lease: Lease) -> None:
        row = connection.execute("SELECT holder, epoch FROM leases WHERE name = ?", (lease.name,)).fetchone()
        if row is None or row["epoch"] != lease.epoch or row["holder"] != lease.holder:
            raise LeaseLost("Another worker has taken over; nothing was changed. Close this copy of the console.")

    def _bump(self, connection: sqlite3.Connection, event: str) -> None:
        connection.execute(
            "INSERT INTO revisions VALUES (?, 1) ON CONFLICT (event) DO UPDATE SET revision = revision + 1", (event,)
        )

    # -- life and settings

    def revision(self, event: str) -> int:
        self._refuse_closed()
        with self._explained():
            return self._remembered.revision(event)

    def _as_before(
        self,
        event: str,
        name: Hashable,
        read: Callable[[], T],
        fits: Callable[[T], bool] | None = None,
        *,
        is_list: bool = False,
    ) -> T:
        """What `read` gave last while the event's revision is the same, else what it gives now."""
        self._refuse_closed()
        with self._explained():
            return self._remembered.get(event, name, read, fits=fits, is_list=is_list)

    def events(self) -> list[Event]:
        with self._reading() as connection:
            rows = connection.execute("SELECT body FROM events ORDER BY position").fetchall()
        return [decode(Event, row["body"]) for row in rows]

    def event(self, event: str) -> Event:
        return self._as_before(event, "event", lambda: self._read_event(event))

    def _read_event(self, event: str) -> Event:
        with self._reading() as connection:
            row = connection.execute("SELECT body FROM events WHERE id = ?", (event,)).fetchone()
        if row is None:
            raise Missing("There is no such event any more: choose one in the list of events.")
        return decode(Event, row["body"])

    def save_event(self, event: Event, *, lease: Lease | None = None) -> None:
        with self._writing(lease) as connection:
            connection.execute(
                "INSERT INTO events (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
                (event.id, encode(event)),
            )
            self._bump(connection, event.id)

    # -- races, a snapshot that is replaced as a whole

    def save_races(self, event: str, races: Sequence[Race], *, seen_at: datetime, lease: Lease | None) -> None:
        with self._writing(lease) as connection:
            connection.execute("DELETE FROM races WHERE event = ?", (event,))
            connection.executemany(
                "INSERT INTO races (event, id, position, body) VALUES (?, ?, ?, ?)",
                [(event, race.id, position, encode(race)) for position, race in enumerate(races)],
            )
            self._mark_seen(connection, event, "races", seen_at)
            self._bump(connection, event)

    def races(self, event: str) -> tuple[list[Race], datetime | None]:
        with self._reading() as connection:
            rows = connection.execute("SELECT body FROM races WHERE event = ? ORDER BY position", (event,)).fetchall()
            seen_at = self._seen(connection, event, "races")
        return [decode(Race, row["body"]) for row in rows], seen_at

    def _mark_seen(self, connection: sqlite3.Connection, event: str, kind: str, seen_at: datetime) -> None:
        connection.execute(
            "INSERT INTO snapshots VALUES (?, ?, ?) ON CONFLICT (event, kind) DO UPDATE SET seen_at = excluded.seen_at",
            (event, kind, when(seen_at)),
        )

    def _seen(self, connection: sqlite3.Connection, event: str, kind: str) -> datetime | None:
        row = connection.execute("SELECT seen_at FROM snapshots WHERE event = ? AND kind = ?", (event, kind)).fetchone()
        return None if row is None else instant(row["seen_at"])
