"""Usage over time in a history file. Event time throughout, as milliseconds since 1970 where there are many rows.

Totals are one small row a sample. Per profile stands what is known now, and beside it only changes: usage moves only
when a job starts or ends (deepracer-on-aws.md 2.3), so most profiles are silent most of the time. How samples add up
over resets and gaps: store/samples.py. Samples come again, so a power cut may forget the last ones.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from deepracer_admin.clock import as_utc, iso, parse_iso
from deepracer_admin.model import ModelJobs, Profile, ProfileUses, UsageSample
from deepracer_admin.store.person import Person
from deepracer_admin.store.samples import Kept, step
from deepracer_admin.store.sqlite_base import Migration, SqliteFile

__all__ = ["USAGE", "USAGE_BY_CHANGE", "UsagePart"]

SET_BACK = timedelta(hours=1)
"""A sample that comes later than a newer one is left out, unless by more than this: then the clock was set back."""

USAGE = (
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
)


def _move_usage(connection: sqlite3.Connection) -> None:
    """Version 1 kept the service's counters as they were; from version 2 on changes hold minutes over resets."""
    first: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], int] = {}
    over: dict[tuple[str, str], tuple[float, float]] = {}
    now = connection.execute("SELECT * FROM profile_now ORDER BY event, profile").fetchall()
    number = {(row["event"], row["profile"]): place + 1 for place, row in enumerate(now)}
    rows = connection.execute("SELECT * FROM profile_usage ORDER BY event, profile, at").fetchall()
    changes: list[tuple[int, int, float, float]] = []
    for row in rows:
        key = (row["event"], row["profile"])
        before, used = over.get(key, (0.0, 0.0))
        if row["minutes_used"] < used:
            before += used
        over[key] = (before, row["minutes_used"])
        at = _ms(parse_iso(row["at"]))
        first.setdefault(key, at)
        last[key] = at
        if key in number:
            changes.append((number[key], at, before + row["minutes_used"], row["minutes_queued"]))
    connection.executemany(
        "INSERT INTO usage_profiles (id, event, profile, month, queued, before, first_at, changed_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (number[key], *key, row["minutes_used"], row["minutes_queued"], row["minutes_before_reset"],
             first.get(key), last.get(key))
            for row in now
            for key in [(row["event"], row["profile"])]
        ],
    )  # fmt: skip
    connection.executemany("INSERT INTO usage_changes VALUES (?, ?, ?, ?)", changes)
    _weigh_totals(connection)


def _weigh_totals(connection: sqlite3.Connection) -> None:
    """What was stored between two samples, from the totals: version 1 kept no GB-hours."""
    event, at, stored, gb_hours = "", None, 0, 0.0
    for row in connection.execute("SELECT event, at, storage_bytes FROM usage_totals ORDER BY event, at").fetchall():
        moment = parse_iso(row["at"])
        if row["event"] != event:
            event, at, gb_hours = row["event"], None, 0.0
        elif at is not None:
            gb_hours += stored / 1e9 * (moment - at).total_seconds() / 3600
        at, stored = moment, row["storage_bytes"]
        connection.execute(
            "UPDATE usage_totals SET gb_hours = ? WHERE event = ? AND at = ?", (gb_hours, row["event"], row["at"])
        )
    for row in connection.execute("SELECT event, max(at) AS at, gb_hours FROM usage_totals GROUP BY event").fetchall():
        people = connection.execute("SELECT count(*) FROM usage_profiles WHERE event = ?", (row["event"],)).fetchone()
        connection.execute(
            "UPDATE usage_profiles SET gb_hours = ? / max(1, ?), weighed_at = ? WHERE event = ?",
            (row["gb_hours"], people[0], _ms(parse_iso(row["at"])), row["event"]),
        )


# Version 2: resets as ranges, models by what they do, storage over time; changes by number, a quarter of the room
USAGE_BY_CHANGE: Migration = (
    *(
        f"ALTER TABLE usage_totals ADD COLUMN {column}"
        for column in (
            "minutes_waiting REAL NOT NULL DEFAULT 0",
            "minutes_unsure REAL NOT NULL DEFAULT 0",
            "gb_hours REAL NOT NULL DEFAULT 0",
            "running INTEGER",
            "queued INTEGER",
            "waiting INTEGER",
        )
    ),
    """CREATE TABLE usage_profiles (
        id INTEGER PRIMARY KEY, event TEXT NOT NULL, profile TEXT NOT NULL, month REAL NOT NULL, queued REAL NOT NULL,
        before REAL NOT NULL DEFAULT 0, unsure REAL NOT NULL DEFAULT 0, waiting REAL NOT NULL DEFAULT 0, quota REAL,
        storage_bytes INTEGER NOT NULL DEFAULT 0, gb_hours REAL NOT NULL DEFAULT 0, weighed_at INTEGER,
        first_at INTEGER, changed_at INTEGER, waiting_since INTEGER, fell_from REAL, fell_at INTEGER,
        listed INTEGER NOT NULL DEFAULT 1, UNIQUE (event, profile))""",
    """CREATE TABLE usage_changes (
        profile INTEGER, at INTEGER, used REAL NOT NULL, queued REAL NOT NULL, PRIMARY KEY (profile, at))
        WITHOUT ROWID""",
    _move_usage,
    "DROP TABLE profile_usage",
    "DROP TABLE profile_now",
)

_COLUMNS = (
    "month", "queued", "before", "unsure", "waiting", "quota", "storage_bytes", "gb_hours", "weighed_at", "first_at",
    "changed_at", "waiting_since", "fell_from", "fell_at", "listed",
)  # fmt: skip
_SAVE = (
    f"INSERT INTO usage_profiles (event, profile, {', '.join(_COLUMNS)}) VALUES ({', '.join('?' * 17)})"  # noqa: S608
    f" ON CONFLICT (event, profile) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS)}"
)

_USES = (
    "SELECT profile, before + month, before + month + unsure, month, queued, waiting, quota,"
    " coalesce(CASE WHEN first_at > :since THEN NULL ELSE"  # a profile that is newer has no change before
    " (SELECT used + queued FROM usage_changes WHERE profile = id AND at <= :since ORDER BY at DESC LIMIT 1) END,"
    " (SELECT used + queued FROM usage_changes WHERE profile = id ORDER BY at LIMIT 1)),"
    " storage_bytes, CASE WHEN :at > weighed_at"
    " THEN gb_hours + storage_bytes / 1e9 * ((:at - weighed_at) / 3600000.0) ELSE gb_hours END,"
    " listed, first_at, changed_at, waiting_since FROM usage_profiles WHERE event = :event"
)
"""In the order of ProfileUse."""


def _ms(at: datetime) -> int:
    return round(as_utc(at).timestamp() * 1000)


def _maybe_ms(at: datetime | None) -> int | None:
    return None if at is None else _ms(at)


@lru_cache(maxsize=20_000)
def _instant(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms // 1000, UTC) + timedelta(milliseconds=ms % 1000)


class UsagePart(SqliteFile):
    # -- writing

    def add_usage(
        self,
        event: str,
        at: datetime,
        profiles: Sequence[Profile],
        *,
        jobs: Mapping[str, ModelJobs] | None = None,
        slots: int = 8,
    ) -> UsageSample:
        at = parse_iso(iso(at))
        with self._transaction(durable=False) as connection:
            before, unsure = self._last(connection, event)
            if before is not None and at < before:
                if before - at <= SET_BACK:
                    return self._sample_at(connection, event, before)
                self._forget_after(connection, event, at)
                before, unsure = self._last(connection, event)
            kept = self._kept(connection, event)
            made = step(kept, before, unsure, at, profiles, jobs=jobs, slots=slots)
            connection.executemany(_SAVE, [(event, name, *_row(state)) for name, state in made.changed.items()])
            moved = [
                (state.used, state.queued, event, name)
                for name, state in made.changed.items()
                if name not in kept or (kept[name].used, kept[name].queued) != (state.used, state.queued)
            ]
            connection.executemany(
                f"INSERT OR REPLACE INTO usage_changes SELECT id, {_ms(at):d}, ?, ? FROM usage_profiles"  # noqa: S608
                " WHERE event = ? AND profile = ?",
                moved,
            )
            connection.execute(
                f"INSERT OR REPLACE INTO usage_totals VALUES ({', '.join('?' * 14)})",  # noqa: S608
                (event, iso(at), *astuple(made.sample)[1:]),
            )
        return made.sample

    def _last(self, connection: sqlite3.Connection, event: str) -> tuple[datetime | None, float]:
        row = connection.execute(
            "SELECT at, minutes_unsure FROM usage_totals WHERE event = ? ORDER BY at DESC LIMIT 1", (event,)
        ).fetchone()
        return (None, 0.0) if row is None else (parse_iso(row["at"]), row["minutes_unsure"])

    def _forget_after(self, connection: sqlite3.Connection, event: str, at: datetime) -> None:
        """The clock was set back: what bears a time that has not come yet bears a wrong one. What was used stays."""
        connection.execute("DELETE FROM usage_totals WHERE event = ? AND at > ?", (event, iso(at)))
        connection.execute(
            "DELETE FROM usage_changes WHERE at > ? AND profile IN (SELECT id FROM usage_profiles WHERE event = ?)",
            (_ms(at), event),
        )

    def _kept(self, connection: sqlite3.Connection, event: str) -> dict[str, Kept]:
        rows = connection.execute(
            f"SELECT profile, {', '.join(_COLUMNS)} FROM usage_profiles WHERE event = ?",  # noqa: S608
            (event,),
        ).fetchall()
        return {row[0]: _kept_of(row) for row in rows}

    # -- reading

    def usage(self, event: str, *, since: datetime | None = None, points: int = 400) -> list[UsageSample]:
        """Evenly thinned by number; `points` below 2 counts as 2."""
        with self._reading() as connection:
            times = [
                row[0]
                for row in connection.execute(
                    "SELECT at FROM usage_totals WHERE event = :event AND (:since IS NULL OR at >= :since) ORDER BY at",
                    {"event": event, "since": None if since is None else iso(since)},
                )
            ]
            gaps = max(2, points) - 1
            if len(times) - 1 > gaps:
                times = [times[(len(times) - 1) * place // gaps] for place in range(gaps + 1)]
                select = "SELECT * FROM usage_totals WHERE event = ? AND at = ?"
                rows = [connection.execute(select, (event, at)).fetchone() for at in times]
            elif times:
                rows = connection.execute(
                    "SELECT * FROM usage_totals WHERE event = ? AND at >= ? ORDER BY at", (event, times[0])
                ).fetchall()
            else:
                rows = []
        return [_sample(row) for row in rows]

    def usage_gaps(self, event: str, *, longer: timedelta) -> list[tuple[datetime, datetime]]:
        with self._reading() as connection:
            times = [
                parse_iso(row[0])
                for row in connection.execute("SELECT at FROM usage_totals WHERE event = ? ORDER BY at", (event,))
            ]
        return [(start, end) for start, end in pairwise(times) if end - start > longer]

    def usage_read_at(self, event: str) -> datetime | None:
        with self._reading() as connection:
            return self._last(connection, event)[0]

    def _sample_at(self, connection: sqlite3.Connection, event: str, at: datetime) -> UsageSample:
        row = connection.execute("SELECT * FROM usage_totals WHERE event = ? AND at = ?", (event, iso(at))).fetchone()
        return _sample(row)

    def usage_of(self, event: str, profile: str) -> list[tuple[datetime, float, float]]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT at, used, queued FROM usage_changes WHERE profile ="
                " (SELECT id FROM usage_profiles WHERE event = ? AND profile = ?) ORDER BY at",
                (event, profile),
            ).fetchall()
        return [(at, row["used"], row["queued"]) for row in rows if (at := _instant(row["at"])) is not None]

    def profile_uses(self, event: str, *, since: datetime) -> ProfileUses:
        with self._reading() as connection:
            last, _ = self._last(connection, event)
            if last is None:
                return ProfileUses()
            cursor = connection.cursor()
            cursor.row_factory = None
            rows = cursor.execute(_USES, {"event": event, "since": _ms(since), "at": _ms(last)}).fetchall()
        if not rows:
            return ProfileUses()
        *values, listed, first, changed, waiting = zip(*rows, strict=True)
        instants = ([*map(_instant, column)] for column in (first, changed, waiting))
        return ProfileUses([*values, [*map(bool, listed)], *instants])

    def used_before_reset(self, event: str) -> dict[str, float]:
        """Only profiles whose counter was seen to fall."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT profile, before FROM usage_profiles WHERE event = ? AND before > 0", (event,)
            ).fetchall()
        return {row["profile"]: row["before"] for row in rows}

    def disown(self, event: str, profiles: Collection[str]) -> int:
        with self._transaction() as connection:
            found = [row for name in profiles if (row := self._profile_row(connection, event, name)) is not None]
            last, _ = self._last(connection, event)
            for row in found:
                self._take_out(connection, event, row, last)
                connection.execute("DELETE FROM usage_changes WHERE profile = ?", (row["id"],))
                connection.execute("DELETE FROM usage_profiles WHERE id = ?", (row["id"],))
        return len(found)

    def _profile_row(self, connection: sqlite3.Connection, event: str, profile: str) -> sqlite3.Row | None:
        return connection.execute(
            "SELECT * FROM usage_profiles WHERE event = ? AND profile = ?", (event, profile)
        ).fetchone()

    def _take_out(self, connection: sqlite3.Connection, event: str, row: sqlite3.Row, last: datetime | None) -> None:
        """Out of every total since it was first read, by its changes."""
        changes = connection.execute(
            "SELECT at, used, queued FROM usage_changes WHERE profile = ? ORDER BY at", (row["id"],)
        ).fetchall()
        if last is None or not changes:
            return
        first = changes[0]["at"]
        gb_hours = _gb_hours(row, last)
        gone = None if row["listed"] else row["changed_at"]  # from then on it was in no count of profiles
        whole = max(1, (_ms(last) if gone is None else gone) - first)
        totals = connection.execute("SELECT * FROM usage_totals WHERE event = ? ORDER BY at", (event,)).fetchall()
        place, floor = -1, 0.0
        for total in totals:
            at = _ms(parse_iso(total["at"]))
            while place + 1 < len(changes) and changes[place + 1]["at"] <= at:
                place += 1
            if place < 0:
                floor = total["gb_hours"]
                continue
            used, queued = changes[place]["used"], changes[place]["queued"]
            counted = gone is None or at < gone
            floor = max(floor, total["gb_hours"] - gb_hours * min(1.0, (at - first) / whole))
            left = max(0.0, total["minutes_queued"] - queued)
            connection.execute(
                "UPDATE usage_totals SET profiles = ?, active = ?, minutes_used = ?, minutes_queued = ?,"
                " minutes_waiting = ?, gb_hours = ? WHERE event = ? AND at = ?",
                (
                    max(0, total["profiles"] - counted),
                    max(0, total["active"] - (counted and (used > 0 or queued > 0))),
                    max(0.0, total["minutes_used"] - used),
                    left,
                    min(left, total["minutes_waiting"]),
                    floor,
                    event,
                    total["at"],
                ),
            )

    def _take_out_of_usage(self, connection: sqlite3.Connection, event: str, person: Person) -> int:
        """The minutes stay, so that totals go on being true; nobody can be told from them."""
        rows = connection.execute("SELECT id, profile FROM usage_profiles WHERE event = ?", (event,)).fetchall()
        theirs = [(f"{person.mark}-{row['id']}", row["id"]) for row in rows if person.owns_key(row["profile"])]
        connection.executemany("UPDATE usage_profiles SET profile = ? WHERE id = ?", theirs)
        return len(theirs)

    def _erase_usage(self, connection: sqlite3.Connection, event: str) -> None:
        connection.execute(
            "DELETE FROM usage_changes WHERE profile IN (SELECT id FROM usage_profiles WHERE event = ?)", (event,)
        )
        connection.execute("DELETE FROM usage_profiles WHERE event = ?", (event,))
        connection.execute("DELETE FROM usage_totals WHERE event = ?", (event,))


def _row(state: Kept) -> tuple[object, ...]:
    return (
        state.month, state.queued, state.before, state.unsure, state.waiting, state.limit, state.storage_bytes,
        state.gb_hours, _maybe_ms(state.weighed_at), _maybe_ms(state.first_at), _maybe_ms(state.changed_at),
        _maybe_ms(state.waiting_since), state.fell_from, _maybe_ms(state.fell_at), int(state.listed),
    )  # fmt: skip


def _kept_of(row: sqlite3.Row) -> Kept:
    _, month, queued, before, unsure, waiting, quota, stored, gb_hours, weighed, first, changed, since, fell, fell_at, \
        listed = row  # fmt: skip
    return Kept(
        month, queued, before, unsure, waiting, quota, stored, gb_hours, _instant(weighed), _instant(first),
        _instant(changed), _instant(since), fell, _instant(fell_at), bool(listed),
    )  # fmt: skip


def _gb_hours(row: sqlite3.Row, at: datetime) -> float:
    hours = max(0.0, (_ms(at) - row["weighed_at"]) / 3_600_000) if row["weighed_at"] is not None else 0.0
    return row["gb_hours"] + row["storage_bytes"] / 1e9 * hours


def _sample(row: sqlite3.Row) -> UsageSample:
    _, at, *rest = row
    return UsageSample(parse_iso(at), *rest)
