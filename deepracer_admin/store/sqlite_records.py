"""Documents, readings and tables: one row a value, JSON of its type (store/documents.py)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from copy import copy
from functools import lru_cache
from typing import Any, TypeVar

from deepracer_admin.errors import Missing
from deepracer_admin.model import Event, Lease
from deepracer_admin.store.codec import decode, encode
from deepracer_admin.store.documents import PASSING, Document, Reading, Single, Table
from deepracer_admin.store.sqlite_events import EventsPart

__all__ = ["RecordsPart", "forget_decoded", "forget_passing"]

T = TypeVar("T")
Answer = TypeVar("Answer")
MOST_KEPT = 50_000
FEW = 50  # rows that are kept between two readings as they are

_decoded = lru_cache(maxsize=MOST_KEPT)(decode)  # tables of 10,000 rows are read again and again and hardly change
_decoded_passing = lru_cache(maxsize=MOST_KEPT)(decode)  # apart, so that it can be forgotten without all others


def applied(change: Callable[[T], Answer], before: T) -> Answer:
    """What a change makes of the newest value. (The tests apply each twice, as a store that compares and sets may.)"""
    return change(before)


def forget_decoded() -> None:
    """Who was erased is not kept in memory either."""
    _decoded.cache_clear()
    forget_passing()


def forget_passing() -> None:
    """Rows that were taken (documents.PASSING), and no others."""
    _decoded_passing.cache_clear()


class RecordsPart(EventsPart):
    # -- one value

    def read(self, event: str, what: Single[T]) -> T:
        _belongs(event, what)
        value = self._as_before(event, what.key, lambda: self._read_single(event, what))
        return copy(value) if isinstance(value, dict | list | set) else value

    def _read_single(self, event: str, what: Single[T]) -> T:
        with self._reading() as connection:
            body = _body(connection, event, what.key)
        return what.empty if body is None else decode(what.kind, body)

    def update(self, event: str, document: Document[T], change: Callable[[T], T], *, lease: Lease | None = None) -> T:
        if not isinstance(document, Document):
            raise TypeError(f"{document.key} is a reading: its one reader keeps it whole")
        _belongs(event, document)
        with self._writing(lease) as connection:
            body = _body(connection, event, document.key)
            before = document.empty if body is None else decode(document.kind, body)
            value = applied(change, before)
            if value != before:
                self._set_record(connection, event, document, value)
        return value

    def keep(self, event: str, reading: Reading[T], value: T, *, lease: Lease | None = None) -> None:
        if not isinstance(reading, Reading):
            raise TypeError(f"{reading.key} is not a reading: change it with update")
        _belongs(event, reading)
        with self._writing(lease) as connection:
            body = _body(connection, event, reading.key)
            if (None if value == reading.empty else encode(value)) != body:
                self._set_record(connection, event, reading, value)

    def forget(self, event: str, what: Single[Any] | Table[Any], *, lease: Lease | None = None) -> None:
        _belongs(event, what)
        with self._writing(lease) as connection:
            gone = connection.execute("DELETE FROM records WHERE event = ? AND kind = ?", (event, _name(what))).rowcount
            if gone:
                self._bump(connection, event)
        if gone and what.personal:
            self._forget_in_memory()
            self._truncate_log()

    def _set_record(self, connection: sqlite3.Connection, event: str, what: Single[T], value: T) -> None:
        if value == what.empty:
            connection.execute("DELETE FROM records WHERE event = ? AND kind = ?", (event, what.key))
        else:
            _write(connection, event, what.key, "", encode(value), None)
        self._bump(connection, event)

    # -- many rows

    def rows(self, event: str, table: Table[T], keys: Collection[str] | None = None) -> dict[str, T]:
        _belongs(event, table)
        if keys is not None:
            return self._read_rows(event, table, keys)
        few = self._as_before(
            event, _few(table.name), lambda: self._read_rows(event, table, None), lambda found: len(found) <= FEW
        )
        return {**few}

    def _read_rows(self, event: str, table: Table[T], keys: Collection[str] | None) -> dict[str, T]:
        with self._reading() as connection:
            found = _rows(connection, event, table, keys)
        return _values(table, found)

    def row(self, event: str, table: Table[T], key: str) -> T | None:
        return self.rows(event, table, (key,)).get(key)

    def count(self, event: str, table: Table[Any]) -> int:
        _belongs(event, table)
        return self._as_before(event, ("count", table.name), lambda: self._count(event, table))

    def _count(self, event: str, table: Table[Any]) -> int:
        with self._reading() as connection:
            return connection.execute(
                "SELECT count(*) FROM records WHERE event = ? AND kind = ? AND key <> ''", (event, table.name)
            ).fetchone()[0]

    def change_rows(
        self,
        event: str,
        table: Table[T],
        change: Callable[[Mapping[str, T]], Mapping[str, T | None]],
        *,
        keys: Collection[str] | None = None,
        lease: Lease | None = None,
    ) -> dict[str, T | None]:
        _belongs(event, table)
        with self._writing(lease) as connection:
            before = _values(table, _rows(connection, event, table, keys))
            answer = applied(change, before)
            if keys is not None and not {*answer} <= {*keys}:
                raise ValueError(f"{table.name}: {sorted({*answer} - {*keys})} were changed unseen")
            changed = {
                key: value
                for key, value in answer.items()
                if value != before.get(key) and _set_row(connection, event, table, key, value)
            }
            if changed:
                self._bump(connection, event)
        if table.personal and None in changed.values():
            if table.name == PASSING:
                self._forget_passing(event)
            else:
                self._forget_in_memory()
        return changed

    def _forget_passing(self, event: str) -> None:
        forget_passing()
        self._remembered.forget(event, _few(PASSING))

    def _forget_in_memory(self) -> None:
        """Who was erased is not kept in memory either."""
        forget_decoded()
        self._remembered.clear()

    # -- the event itself

    def amend_event(self, event: str, change: Callable[[Event], Event], *, lease: Lease | None = None) -> Event:
        with self._writing(lease) as connection:
            row = connection.execute("SELECT body FROM events WHERE id = ?", (event,)).fetchone()
            if row is None:
                raise Missing("There is no such event any more: choose one in the list of events.")
            before = decode(Event, row["body"])
            after = applied(change, before)
            if after.id != event:
                raise ValueError("an event keeps its id")
            if after != before:
                connection.execute("UPDATE events SET body = ? WHERE id = ?", (encode(after), event))
                self._bump(connection, event)
        return after


def _name(what: Single[Any] | Table[Any]) -> str:
    return what.name if isinstance(what, Table) else what.key


def _belongs(event: str, what: Single[Any] | Table[Any]) -> None:
    if bool(event) is not what.of_event:
        owner = "an event" if what.of_event else "the installation"
        raise ValueError(f"{_name(what)} belongs to {owner}")


def _few(table: str) -> Hashable:
    """Under which name a table of few rows is remembered."""
    return "rows", table


def _values(table: Table[T], rows: Iterable[tuple[str, str]]) -> dict[str, T]:
    """Rows with their values, by key."""
    read = _decoded_passing if table.name == PASSING else _decoded
    return {key: read(table.kind, body) for key, body in rows}


def _body(connection: sqlite3.Connection, event: str, key: str) -> str | None:
    row = connection.execute(
        "SELECT body FROM records WHERE event = ? AND kind = ? AND key = ''", (event, key)
    ).fetchone()
    return None if row is None else row["body"]


def _rows(
    connection: sqlite3.Connection, event: str, table: Table[Any], keys: Collection[str] | None
) -> list[tuple[str, str]]:
    found = connection.execute(
        "SELECT key, body FROM records WHERE event = :event AND kind = :kind AND (:keys IS NULL OR key IN"
        " (SELECT value FROM json_each(:keys))) ORDER BY position",
        {"event": event, "kind": table.name, "keys": None if keys is None else json.dumps([*keys])},
    ).fetchall()
    return [(row["key"], row["body"]) for row in found]


def _set_row(connection: sqlite3.Connection, event: str, table: Table[T], key: str, value: T | None) -> bool:
    """Was there something to do?"""
    if not key:
        raise ValueError(f"{table.name}: a row needs a key")
    if value is None:
        return bool(
            connection.execute(
                "DELETE FROM records WHERE event = ? AND kind = ? AND key = ?", (event, table.name, key)
            ).rowcount
        )
    return _write(connection, event, table.name, key, encode(value), key if table.by == "attendee" else None)


def _write(connection: sqlite3.Connection, event: str, kind: str, key: str, body: str, attendee: str | None) -> bool:
    """False: the row's person is not on the list (any more)."""
    return bool(
        connection.execute(
            "INSERT INTO records (event, kind, key, attendee, body) SELECT :event, :kind, :key, :attendee, :body"
            " WHERE :attendee IS NULL OR EXISTS (SELECT 1 FROM attendees WHERE event = :event AND id = :attendee)"
            " ON CONFLICT (event, kind, key) DO UPDATE SET body = excluded.body",
            {"event": event, "kind": kind, "key": key, "attendee": attendee, "body": body},
        ).rowcount
    )
