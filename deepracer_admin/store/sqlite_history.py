"""Usage and standings over time. Event time throughout.

Totals are one small row a sample. Per profile only changes are kept: usage moves only when a job starts or ends
(deepracer-on-aws.md 2.3), so most profiles are silent most of the time. The service's counters fall to 0 on the 1st of
a month; what is given out goes on from where it was. A standings snapshot is kept when it differs. Samples come again,
so a power cut may forget the last ones; erasing is durable.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Sequence
from dataclasses import astuple
from datetime import datetime
from pathlib import Path

from deepracer_admin.clock import iso, parse_iso
from deepracer_admin.model import Profile, ProfileUse, Standing, UsageSample
from deepracer_admin.store.codec import decode, encode, instant
from deepracer_admin.store.sqlite_base import Migration, SqliteFile

__all__ = ["SqliteHistory"]

MIGRATIONS: tuple[Migration, ...] = (
    (
        """CREATE TABLE usage_totals (
            event TEXT, at TEXT, profiles INTEGER NOT NULL, active INTEGER NOT NULL, minutes_used REAL NOT NULL,
            minutes_queued REAL NOT NULL, storage_bytes INTEGER NOT NULL, models INTEGER NOT NULL,
            PRIMARY KEY (event, at)) WITHOUT ROWID""",
        """CREATE TABLE profile_usage (
            event TEXT, profile TEXT, at TEXT, minutes_used REAL NOT NULL, minutes_queued REAL NOT NULL,
            PRIMARY KEY (event, profile, at)) WITHOUT ROWID""",
        # the last values, and the minutes that resets of the service's counters have taken so far
        """CREATE TABLE profile_now (
            event TEXT, profile TEXT, minutes_used REAL NOT NULL, minutes_queued REAL NOT NULL,
            minutes_before_reset REAL NOT NULL, PRIMARY KEY (event, profile)) WITHOUT ROWID""",
        """CREATE TABLE standings (
            event TEXT, race TEXT, at TEXT, body BLOB NOT NULL, PRIMARY KEY (event, race, at)) WITHOUT ROWID""",
        """CREATE TABLE standings_seen (
            event TEXT, race TEXT, at TEXT NOT NULL, PRIMARY KEY (event, race)) WITHOUT ROWID""",
    ),
)


class SqliteHistory(SqliteFile):
    """A History in one file."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path, kind="history", mode="", migrations=MIGRATIONS)

    # -- usage

    def add_usage(self, event: str, at: datetime, profiles: Sequence[Profile]) -> UsageSample:
        with self._transaction(durable=False) as connection:
            earlier = self._add_changes(connection, event, iso(at), profiles)
            used = {profile.id: profile.minutes_used + earlier.get(profile.id, 0.0) for profile in profiles}
            sample = UsageSample(
                at=parse_iso(iso(at)),
                profiles=len(profiles),
                active=sum(1 for profile in profiles if used[profile.id] > 0 or profile.minutes_queued > 0),
                minutes_used=sum(used[profile.id] for profile in profiles),
                minutes_queued=sum(profile.minutes_queued for profile in profiles),
                storage_bytes=sum(profile.storage_bytes or 0 for profile in profiles),
                models=sum(profile.model_count or 0 for profile in profiles),
            )
            connection.execute(
                "INSERT OR REPLACE INTO usage_totals VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (event, iso(sample.at), *astuple(sample)[1:7]),
            )
        return sample

    def _add_changes(
        self, connection: sqlite3.Connection, event: str, at: str, profiles: Sequence[Profile]
    ) -> dict[str, float]:
        """Store what changed. Returns the minutes that resets have taken so far, by profile."""
        last = {
            row["profile"]: (row["minutes_used"], row["minutes_queued"], row["minutes_before_reset"])
            for row in connection.execute("SELECT * FROM profile_now WHERE event = ?", (event,))
        }
        earlier = {profile: before for profile, (_, _, before) in last.items()}
        changed: list[tuple[str, str, float, float, float]] = []
        for profile in profiles:
            used, queued, before = last.get(profile.id, (None, None, 0.0))
            if (used, queued) == (profile.minutes_used, profile.minutes_queued):
                continue
            if used is not None and profile.minutes_used < used:
                before += used
            earlier[profile.id] = before
            changed.append((event, profile.id, profile.minutes_used, profile.minutes_queued, before))
        connection.executemany("INSERT OR REPLACE INTO profile_now VALUES (?, ?, ?, ?, ?)", changed)
        connection.executemany(
            "INSERT OR REPLACE INTO profile_usage VALUES (?, ?, ?, ?, ?)",
            [(event, profile, at, used, queued) for event, profile, used, queued, _ in changed],
        )
        return earlier

    def usage(self, event: str, *, since: datetime | None = None, points: int = 400) -> list[UsageSample]:
        """Evenly thinned by number; `points` below 2 counts as 2."""
        with self._reading() as connection:
            rows = connection.execute(
                "WITH numbered AS (SELECT *, row_number() OVER (ORDER BY at) - 1 AS n, count(*) OVER () - 1 AS last"
                " FROM usage_totals WHERE event = :event AND (:since IS NULL OR at >= :since))"
                " SELECT * FROM numbered WHERE last <= :gaps OR n = 0 OR n * :gaps / last > (n - 1) * :gaps / last"
                " ORDER BY at",
                {"event": event, "since": None if since is None else iso(since), "gaps": max(2, points) - 1},
            ).fetchall()
        return [
            UsageSample(
                at=parse_iso(row["at"]),
                profiles=row["profiles"],
                active=row["active"],
                minutes_used=row["minutes_used"],
                minutes_queued=row["minutes_queued"],
                storage_bytes=row["storage_bytes"],
                models=row["models"],
            )
            for row in rows
        ]

    def usage_of(self, event: str, profile: str) -> list[tuple[datetime, float, float]]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT at, minutes_used, minutes_queued FROM profile_usage"
                " WHERE event = ? AND profile = ? ORDER BY at",
                (event, profile),
            ).fetchall()
        found: list[tuple[datetime, float, float]] = []
        before = last = 0.0
        for row in rows:
            if row["minutes_used"] < last:
                before += last
            last = row["minutes_used"]
            found.append((parse_iso(row["at"]), before + last, row["minutes_queued"]))
        return found

    def profile_uses(self, event: str, *, since: datetime) -> list[ProfileUse]:
        with self._reading() as connection:
            rows = connection.execute("SELECT * FROM profile_now WHERE event = ?", (event,)).fetchall()
        return [
            ProfileUse(
                row["profile"],
                row["minutes_used"] + row["minutes_before_reset"],
                row["minutes_used"] + row["minutes_before_reset"],
                row["minutes_used"],
                row["minutes_queued"],
            )
            for row in rows
        ]

    def used_before_reset(self, event: str) -> dict[str, float]:
        """Only profiles whose counter was seen to fall."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT profile, minutes_before_reset FROM profile_now WHERE event = ? AND minutes_before_reset > 0",
                (event,),
            ).fetchall()
        return {row["profile"]: row["minutes_before_reset"] for row in rows}

    # -- standings

    def save_standings(self, event: str, race: str, at: datetime, rows: Sequence[Standing]) -> bool:
        body = encode(list(rows))
        with self._transaction(durable=False) as connection:
            last = connection.execute(
                "SELECT body FROM standings WHERE event = ? AND race = ? ORDER BY at DESC LIMIT 1", (event, race)
            ).fetchone()
            differs = last is None or _unpacked(last["body"]) != body
            if differs:
                connection.execute(
                    "INSERT OR REPLACE INTO standings VALUES (?, ?, ?, ?)",
                    (event, race, iso(at), zlib.compress(body.encode())),
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
        return _standings(last), None if seen is None else instant(seen["at"])

    def standings_read_at(self, event: str) -> dict[str, datetime]:
        with self._reading() as connection:
            rows = connection.execute("SELECT race, at FROM standings_seen WHERE event = ?", (event,)).fetchall()
        return {row["race"]: parse_iso(row["at"]) for row in rows}

    def standings_before(self, event: str, race: str, at: datetime) -> list[Standing]:
        """Empty when nothing was known at that instant."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT body FROM standings WHERE event = ? AND race = ? AND at <= ? ORDER BY at DESC LIMIT 1",
                (event, race, iso(at)),
            ).fetchone()
        return _standings(row)

    # -- the end of an event

    def erase(self, event: str) -> None:
        with self._transaction() as connection:
            connection.execute("DELETE FROM usage_totals WHERE event = ?", (event,))
            connection.execute("DELETE FROM profile_usage WHERE event = ?", (event,))
            connection.execute("DELETE FROM profile_now WHERE event = ?", (event,))
            connection.execute("DELETE FROM standings WHERE event = ?", (event,))
            connection.execute("DELETE FROM standings_seen WHERE event = ?", (event,))
        self._truncate_log()


def _unpacked(body: bytes) -> str:
    return zlib.decompress(body).decode()


def _standings(row: sqlite3.Row | None) -> list[Standing]:
    return [] if row is None else [decode(Standing, encode(each)) for each in json.loads(_unpacked(row["body"]))]
