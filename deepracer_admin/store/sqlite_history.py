"""Usage (sqlite_usage.py) and standings over time. Event time throughout.

A standings snapshot is kept when it differs. Samples come again, so a power cut may forget the last ones; erasing is
durable.
"""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Hashable, Sequence
from datetime import datetime
from functools import lru_cache
from heapq import nsmallest
from operator import attrgetter
from pathlib import Path

from deepracer_admin.clock import iso, parse_iso
from deepracer_admin.collector import collector_at_rest
from deepracer_admin.model import Standing
from deepracer_admin.store.codec import instant
from deepracer_admin.store.history import Snapshot, SoFar
from deepracer_admin.store.person import Person
from deepracer_admin.store.sqlite_base import Migration
from deepracer_admin.store.sqlite_usage import USAGE, USAGE_BY_CHANGE, UsagePart
from deepracer_admin.store.standings_rows import rows_of, told

__all__ = ["SqliteHistory"]

MIGRATIONS: tuple[Migration, ...] = (
    (
        *USAGE,
        """CREATE TABLE standings (
            event TEXT, race TEXT, at TEXT, body BLOB NOT NULL, PRIMARY KEY (event, race, at)) WITHOUT ROWID""",
        """CREATE TABLE standings_seen (
            event TEXT, race TEXT, at TEXT NOT NULL, PRIMARY KEY (event, race)) WITHOUT ROWID""",
    ),
    USAGE_BY_CHANGE,
    (),  # version 3: standings by column (standings_rows.py), those of before stay as they are
)

MOST_SNAPSHOTS = 8
"""Snapshots whose rows are kept as they are: of boards that somebody looks at, now and an hour ago."""
MOST_LEADING = 1_000
"""Snapshots whose first rows are kept."""


class SqliteHistory(UsagePart):
    """A History in one file."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path, kind="history", mode="", migrations=MIGRATIONS)
        self._leading: dict[Hashable, tuple[Standing, ...]] = {}  # by what tells a snapshot from others

    # -- usage

    def usage_so_far(self, event: str) -> SoFar | None:
        with self._reading() as connection:
            last, _ = self._last(connection, event)
            if last is None:
                return None
            minutes, gb_hours, active = connection.execute(
                "SELECT total(before + month), total(gb_hours + storage_bytes / 1e9"
                " * max(0.0, coalesce((:at - weighed_at) / 3600000.0, 0.0))),"
                " count(CASE WHEN before + month > 0 OR queued > 0 THEN 1 END)"
                " FROM usage_profiles WHERE event = :event",
                {"event": event, "at": round(last.timestamp() * 1000)},
            ).fetchone()
        return SoFar(last, minutes, gb_hours, active)

    # -- standings

    def save_standings(self, event: str, race: str, at: datetime, rows: Sequence[Standing]) -> bool:
        body = told(rows)
        with self._transaction(durable=False) as connection:
            last = connection.execute(
                "SELECT body FROM standings WHERE event = ? AND race = ? ORDER BY at DESC LIMIT 1", (event, race)
            ).fetchone()
            differs = last is None or _told_before(last["body"]) != body
            if differs:
                connection.execute(
                    "INSERT OR REPLACE INTO standings VALUES (?, ?, ?, ?)",
                    (event, race, iso(at), _packed(body)),
                )
            connection.execute("INSERT OR REPLACE INTO standings_seen VALUES (?, ?, ?)", (event, race, iso(at)))
        return differs

    def standings(self, event: str, race: str) -> tuple[list[Standing], datetime | None]:
        with self._reading() as connection:
            seen = connection.execute(
                "SELECT at FROM standings_seen WHERE event = ? AND race = ?", (event, race)
            ).fetchone()
            last = connection.execute(
                "SELECT body FROM standings WHERE event = ? AND race = ? ORDER BY at DESC LIMIT 1", (event, race)
            ).fetchone()
        return [*_standings(last).rows], None if seen is None else instant(seen["at"])

    def snapshot(self, event: str, race: str, *, at: datetime | None = None) -> Snapshot:
        with self._reading() as connection:
            row = connection.execute(
                "SELECT body FROM standings WHERE event = :event AND race = :race AND (:at IS NULL OR at <= :at)"
                " ORDER BY at DESC LIMIT 1",
                {"event": event, "race": race, "at": None if at is None else iso(at)},
            ).fetchone()
        return _standings(row)

    def standings_read_at(self, event: str) -> dict[str, datetime]:
        with self._reading() as connection:
            rows = connection.execute("SELECT race, at FROM standings_seen WHERE event = ?", (event,)).fetchall()
        return {row["race"]: parse_iso(row["at"]) for row in rows}

    def standings_version(self, event: str, race: str) -> Hashable:
        """By the checksum with which a zlib stream ends (RFC 1950 2.2), so that an erasure is seen too."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT at, length(body) AS size, substr(body, -4) AS checksum,"
                " (SELECT at FROM standings_seen WHERE event = :event AND race = :race) AS seen"
                " FROM standings WHERE event = :event AND race = :race ORDER BY at DESC LIMIT 1",
                {"event": event, "race": race},
            ).fetchone()
        return None if row is None else tuple(row)

    def leaders(
        self, event: str, race: str, *, first: int, points: int, until: datetime | None = None
    ) -> list[tuple[datetime, Sequence[Standing]]]:
        """Thinned by steps of 1, 2, 4 ...: what was shown before is mostly shown again, and its rows are kept."""
        with self._reading() as connection:
            stored = connection.execute(
                "SELECT at, length(body) AS size, substr(body, -4) AS checksum FROM standings"
                " WHERE event = :event AND race = :race AND (:at IS NULL OR at <= :at) ORDER BY at",
                {"event": event, "race": race, "at": None if until is None else iso(until)},
            ).fetchall()
            step = 1
            while len(stored) > step * points:
                step *= 2
            found: list[tuple[datetime, Sequence[Standing]]] = []
            for row in [*stored[:-1:step], *stored[-1:]]:
                key = (event, race, first, *row)
                rows = self._leading.get(key)
                if rows is None:
                    body = connection.execute(
                        "SELECT body FROM standings WHERE event = ? AND race = ? AND at = ?", (event, race, row["at"])
                    ).fetchone()
                    rows = self._leading[key] = _leaders(body["body"], first)
                found.append((parse_iso(row["at"]), rows))
        for key in [*self._leading][:-MOST_LEADING]:  # a copy at once: other threads keep theirs meanwhile
            self._leading.pop(key, None)
        return found

    def _forget_rows(self) -> None:
        _kept.cache_clear()
        self._leading.clear()

    def standings_before(self, event: str, race: str, at: datetime) -> list[Standing]:
        """Empty when nothing was known at that instant."""
        return [*self.snapshot(event, race, at=at).rows]

    # -- one person

    def take_out(self, event: str, person: Person) -> int:
        """See History.take_out."""
        with self._transaction() as connection:
            changed = self._take_out_of_usage(connection, event, person)
            rows = connection.execute("SELECT race, at, body FROM standings WHERE event = ?", (event,)).fetchall()
            for row in rows:
                if not person.perhaps_in(_unpacked(row["body"])):
                    continue
                lines = [_nameless(each, person) for each in _standings(row).rows]
                connection.execute(
                    "UPDATE standings SET body = ? WHERE event = ? AND race = ? AND at = ?",
                    (_packed(told(lines)), event, row["race"], row["at"]),
                )
                changed += 1
        self._forget_rows()  # who was erased is not kept in memory either
        self._truncate_log()
        return changed

    # -- the end of an event

    def erase(self, event: str) -> None:
        with self._transaction() as connection:
            self._erase_usage(connection, event)
            connection.execute("DELETE FROM standings WHERE event = ?", (event,))
            connection.execute("DELETE FROM standings_seen WHERE event = ?", (event,))
        self._forget_rows()
        self._truncate_log()


def _nameless(row: Standing, person: Person) -> Standing:
    """A row of a board keeps its place and its times."""
    theirs = person.owns_key(row.profile_id) if row.profile_id else person.is_name(row.alias)
    return row._replace(alias=person.mark, profile_id=person.mark if row.profile_id else "") if theirs else row


def _packed(text: str) -> bytes:
    """The quickest of zlib: the others take five times as long to save a tenth of the room."""
    return zlib.compress(text.encode(), 1)


def _unpacked(body: bytes) -> str:
    return zlib.decompress(body).decode()


def _told_before(body: bytes) -> str:
    """As `told` would say it now, whichever version wrote it."""
    text = _unpacked(body)
    return told(rows_of(text)) if text.startswith("[") else text


def _standings(row: sqlite3.Row | None) -> Snapshot:
    return Snapshot() if row is None else _kept(row["body"])


def _leaders(body: bytes, first: int) -> tuple[Standing, ...]:
    """In the order of their times."""
    with collector_at_rest():
        rows = rows_of(_unpacked(body))
    return tuple(nsmallest(first, rows, key=attrgetter("score_ms")))


@lru_cache(maxsize=MOST_SNAPSHOTS)
def _kept(body: bytes) -> Snapshot:
    """The same bytes are the same rows: a board of 10,000 is read every two seconds and hardly ever differs."""
    with collector_at_rest():
        rows = rows_of(_unpacked(body))
    return Snapshot(rows, hashlib.sha256(body).hexdigest())
