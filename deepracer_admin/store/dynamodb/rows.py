"""Rows of the embedded store's tables as they travel: what a transaction changed, and all rows of a scope.

`Rows` is {table: {"gone": [key...], "rows": [[value...]...]}}, values in the order of the table's columns, without the
position that SQLite gives by itself: each copy gives its own, in the order in which the rows came, which is the same
everywhere. What is of this computer alone does not travel: `LOCAL`.

Temporary triggers of the writing connection note which rows a transaction touches, also those that other triggers or
a cascade touch. The schema's own triggers are temporary ones of that connection, too, so that taking over somebody
else's change, through another connection, brings about nothing of its own.
"""

# ruff: noqa: S608 - the names of tables and columns are those of the schema

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from deepracer_admin.store.documents import PASSING

__all__ = [
    "AUDIT",
    "BY_NAME",
    "EVENT",
    "HOUSE",
    "LOCAL",
    "SHARED",
    "Rows",
    "changed_rows",
    "columns_of",
    "digest_of",
    "dump",
    "packed",
    "put_rows",
    "scope_of",
    "scopes_in",
    "takes_away",
    "takes_passing",
    "unpacked",
    "watch",
    "wipe",
]

Rows = dict[str, dict[str, list[list[Any]]]]

HOUSE, AUDIT, EVENT = "HOUSE", "AUDIT", "EVENT#"


def _listed(names: Iterable[str], of: str = "") -> str:
    return ", ".join(f'{of}"{name}"' for name in names)


def _all(names: Iterable[str]) -> str:
    return " AND ".join(f'"{name}" = ?' for name in names)


@dataclass(frozen=True)
class Shared:
    """A table that travels. `key`: columns that name a row for ever; () where rows have no name: they are added, and
    go (and are written anew) all at once with whose they are, `of`. `in_order`: SQLite numbers the rows as they come
    (`position`).
    """

    name: str
    key: tuple[str, ...]
    in_order: bool = False
    of: tuple[str, ...] = ()

    @cached_property
    def new(self) -> str:
        """JSON of the key of a row that is there, in a trigger."""
        return f"json_array({_listed(self.key or ('position',), 'NEW.')})"

    @cached_property
    def old(self) -> str:
        """Likewise of one that goes, or of all that are whose it was."""
        return f"json_array({_listed(self.key or self.of, 'OLD.')})"

    @cached_property
    def renamed(self) -> str:
        """In a trigger: is the row called otherwise from now on?"""
        return " OR ".join(f'OLD."{name}" <> NEW."{name}"' for name in self.key)

    @cached_property
    def where(self) -> str:
        return _all(self.key or ("position",))

    @cached_property
    def whose(self) -> str:
        return _all(self.key or self.of)

    @property
    def order(self) -> str:
        return "position" if self.in_order else _listed(self.key)


SHARED = (  # parents before children
    Shared("events", ("id",), in_order=True),
    Shared("snapshots", ("event", "kind")),
    Shared("profiles", ("event", "id")),
    Shared("races", ("event", "id")),
    Shared("attendees", ("event", "id"), in_order=True),
    Shared("records", ("event", "kind", "key"), in_order=True),
    Shared("steps", ("event", "attendee", "step")),
    Shared("person_history", (), in_order=True, of=("event", "attendee")),
    Shared("links", ("event", "attendee")),
    Shared("deliveries", ("event", "attendee", "template", "number"), in_order=True),
    Shared("jobs", ("id",), in_order=True),
    Shared("job_items", ("job", "key"), in_order=True),
    Shared("audit", ("seq",)),
)
BY_NAME = {table.name: table for table in SHARED}
LOCAL = frozenset({"about", "settings", "revisions", "leases", "buckets", "copied", "kept_triggers", "sqlite_sequence"})
"""Of this computer: revisions count its own changes, leases and buckets are items of their own in the table, and
`settings` has been empty since version 4."""


def scope_of(event: str) -> str:
    return EVENT + event if event else HOUSE


# ------------------------------------------------------------------------------------------------ noting what changes


def watch(connection: sqlite3.Connection) -> None:
    """Note in the temporary table `touched` which rows this connection changes, and take the schema's own triggers
    over from the file (where nobody else may run them)."""
    own = [row[0] for row in connection.execute("SELECT sql FROM kept_triggers")]
    for sql in own:
        connection.execute(sql.replace("CREATE TRIGGER", "CREATE TEMP TRIGGER", 1))
    connection.execute("CREATE TEMP TABLE touched (n INTEGER PRIMARY KEY, tbl TEXT, gone INTEGER, key TEXT)")
    for table in SHARED:
        noted = "BEGIN INSERT INTO touched (tbl, gone, key) VALUES"
        for when in ("INSERT", "UPDATE") if table.key else ("INSERT",):
            connection.execute(
                f"CREATE TEMP TRIGGER note_{table.name}_{when} AFTER {when} ON main.{table.name}"
                f" {noted} ('{table.name}', 0, {table.new}); END"
            )
        connection.execute(
            f"CREATE TEMP TRIGGER note_{table.name}_gone AFTER DELETE ON main.{table.name}"
            f" {noted} ('{table.name}', 1, {table.old}); END"
        )
        if table.key:
            connection.execute(
                f"CREATE TEMP TRIGGER note_{table.name}_renamed AFTER UPDATE ON main.{table.name}"
                f" WHEN {table.renamed} {noted} ('{table.name}', 1, {table.old}); END"
            )


def changed_rows(connection: sqlite3.Connection) -> dict[str, Rows]:
    """By scope: what this transaction has changed so far."""
    gone: dict[tuple[str, str], bool] = {}
    for name, was_deleted, key in connection.execute("SELECT tbl, gone, key FROM touched ORDER BY n"):
        gone[name, key] = gone.get((name, key), False) or bool(was_deleted)
    found: dict[str, Rows] = {}
    columns = {name: _columns(connection, BY_NAME[name]) for name in {name for name, _ in gone}}
    for (name, key), was_deleted in gone.items():
        table, values = BY_NAME[name], json.loads(key)
        if was_deleted and not table.key:
            if connection.execute("SELECT 1 FROM attendees WHERE event = ? AND id = ?", values).fetchone():
                kept = found.setdefault(scope_of(values[0]), {}).setdefault(name, {"gone": [], "rows": []})
                kept["gone"].append(values)
            continue  # else they go with their person
        row = connection.execute(f"SELECT {columns[name]} FROM {name} WHERE {table.where}", values)
        there = row.fetchone()
        if there is None and not table.key:
            continue  # added and gone again
        rows = found.setdefault(_scope(connection, name, values, there), {})
        kept = rows.setdefault(name, {"gone": [], "rows": []})
        if was_deleted or there is None:
            kept["gone"].append(values)
        if there is not None:
            kept["rows"].append([*there])
    return found


def _scope(connection: sqlite3.Connection, table: str, key: Sequence[Any], row: sqlite3.Row | None) -> str:
    if table == "audit":
        return AUDIT
    if table in ("jobs", "job_items"):
        job = connection.execute("SELECT event FROM jobs WHERE id = ?", (key[0],)).fetchone()
        return scope_of(job["event"])
    return scope_of(key[0] if row is None or table == "events" else row["event"])


def _columns(connection: sqlite3.Connection, table: Shared) -> str:
    return _listed(columns_of(connection, table))


def columns_of(connection: sqlite3.Connection, table: Shared) -> list[str]:
    """In the order in which values travel."""
    names = [row["name"] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table.name,))]
    return [name for name in names if not (table.in_order and name == "position")]


def takes_away(rows: Rows) -> bool:
    """Does a change take away anything that other rows may tell of, too?"""
    return any(not _is_passing(name, key) for name, each in rows.items() for key in each["gone"])


def takes_passing(rows: Rows) -> bool:
    """Does it take away rows that were only on their way (documents.PASSING)?"""
    return any(_is_passing(name, key) for name, each in rows.items() for key in each["gone"])


def _is_passing(table: str, key: Sequence[Any]) -> bool:
    return table == "records" and key[1] == PASSING


# ---------------------------------------------------------------------------------------------------- putting them in


def put_rows(connection: sqlite3.Connection, rows: Rows) -> None:
    """Take over what somebody else's transaction changed, in the transaction that is open on `connection`."""
    for table in reversed(SHARED):
        keys = rows.get(table.name, {}).get("gone", [])
        connection.executemany(f"DELETE FROM {table.name} WHERE {table.whose}", keys)
    for table in SHARED:
        if values := rows.get(table.name, {}).get("rows", []):
            _put(connection, table, values)


def _put(connection: sqlite3.Connection, table: Shared, values: list[list[Any]]) -> None:
    names = columns_of(connection, table)
    if table.name == "attendees":  # two may have swapped their addresses
        place = [names.index(name) for name in ("event", "id", "email")]
        connection.executemany(
            "UPDATE attendees SET email = char(0) || id WHERE event = ? AND id = ? AND email <> ?",
            [[row[each] for each in place] for row in values],
        )
    changed = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name not in table.key)
    instead = f" ON CONFLICT ({_listed(table.key)}) DO UPDATE SET {changed}" if table.key else ""
    connection.executemany(
        f"INSERT INTO {table.name} ({_columns(connection, table)}) VALUES ({', '.join('?' * len(names))}){instead}",
        values,
    )


# ---------------------------------------------------------------------------------------------------- a scope, whole


def _within(table: Shared, scope: str) -> tuple[str, tuple[str, ...]] | None:
    """What of a table belongs to a scope; None: nothing."""
    if scope == AUDIT or table.name == "audit":
        return ("1", ()) if scope == AUDIT and table.name == "audit" else None
    event = scope.removeprefix(EVENT) if scope.startswith(EVENT) else ""
    if table.name == "job_items":
        return "job IN (SELECT id FROM jobs WHERE event = ?)", (event,)
    return f"{'id' if table.name == 'events' else 'event'} = ?", (event,)


def dump(connection: sqlite3.Connection, scope: str) -> Rows:
    """All rows of a scope, in their order."""
    found: Rows = {}
    for table in SHARED:
        if (within := _within(table, scope)) is None:
            continue
        rows = connection.execute(
            f"SELECT {_columns(connection, table)} FROM {table.name} WHERE {within[0]} ORDER BY {table.order}",
            within[1],
        ).fetchall()
        if rows:
            found[table.name] = {"gone": [], "rows": [[*row] for row in rows]}
    return found


def wipe(connection: sqlite3.Connection, scope: str) -> None:
    """All rows of a scope, gone."""
    for table in reversed(SHARED):
        if (within := _within(table, scope)) is not None:
            connection.execute(f"DELETE FROM {table.name} WHERE {within[0]}", within[1])


def scopes_in(connection: sqlite3.Connection) -> list[str]:
    """Scopes that hold something, the house and the audit first, then events in the order in which they were made."""
    events = [row["id"] for row in connection.execute("SELECT id FROM events ORDER BY position")]
    named = {row["event"] for name in ("attendees", "records", "jobs", "snapshots", "profiles", "races")
             for row in connection.execute(f"SELECT DISTINCT event FROM {name}")}  # fmt: skip
    events += sorted(named - {*events, ""})
    return [scope for scope in (HOUSE, AUDIT, *map(scope_of, events)) if dump(connection, scope)]


def digest_of(rows: Rows) -> str:
    """SHA-256 (hex) over every row, table by table, in their order: equal stores have equal digests."""
    digest = hashlib.sha256()
    for line in _lines(rows):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def _lines(rows: Rows) -> Iterator[str]:
    for table in SHARED:
        for row in rows.get(table.name, {}).get("rows", []):
            yield json.dumps([table.name, *row], ensure_ascii=False, separators=(",", ":"))


def packed(rows: Mapping[str, Any]) -> bytes:
    return zlib.compress(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode(), 6)


def unpacked(body: bytes) -> Rows:
    return json.loads(zlib.decompress(body))
