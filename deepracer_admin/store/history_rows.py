"""All that a history file holds of one event, as values that can be written to a file and put into another."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Mapping
from typing import Any

from deepracer_admin.errors import Conflict
from deepracer_admin.store.sqlite_history import SqliteHistory

__all__ = ["OF_EVENT", "history_rows", "put_history_rows"]

OF_EVENT = ("usage_totals", "usage_profiles", "standings", "standings_seen")


def history_rows(history: SqliteHistory, event: str) -> dict[str, list[dict[str, Any]]]:
    """Rows by table; bytes as base64."""
    with history._reading() as connection:
        found = {
            name: [_plain(row) for row in connection.execute(_ALL[name], (event,)).fetchall()] for name in OF_EVENT
        }
        changes = connection.execute(_CHANGES, (event,)).fetchall()
    return {**found, "usage_changes": [_plain(row) for row in changes]}


def put_history_rows(history: SqliteHistory, event: str, rows: Mapping[str, list[dict[str, Any]]]) -> int:
    """Put an event's rows where nothing of it is; returns how many. Profiles get new numbers. Raises Conflict."""
    with history._transaction() as connection:
        for name in OF_EVENT:
            if connection.execute(_ALL[name], (event,)).fetchone() is not None:
                raise Conflict(
                    "This data folder already holds usage or results of that event: restore into an empty data folder."
                )
        number: dict[int, int] = {}
        for row in rows.get("usage_profiles", []):
            given = {key: value for key, value in row.items() if key != "id"}
            number[row["id"]] = _insert(connection, "usage_profiles", given)
        for row in rows.get("usage_changes", []):
            _insert(connection, "usage_changes", {**row, "profile": number[row["profile"]]})
        for name in ("usage_totals", "standings", "standings_seen"):
            for row in rows.get(name, []):
                body = {"body": base64.b64decode(row["body"])} if "body" in row else {}
                _insert(connection, name, {**row, **body})
    return sum(map(len, rows.values()))


_ALL = {name: f"SELECT * FROM {name} WHERE event = ?" for name in OF_EVENT}  # noqa: S608 - our own tables
_CHANGES = "SELECT * FROM usage_changes WHERE profile IN (SELECT id FROM usage_profiles WHERE event = ?)"


def _plain(row: sqlite3.Row) -> dict[str, Any]:
    values = dict(zip(row.keys(), tuple(row), strict=True))
    return {
        key: base64.b64encode(value).decode() if isinstance(value, bytes) else value for key, value in values.items()
    }


def _insert(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> int:
    known = {each["name"] for each in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}
    given = {key: value for key, value in row.items() if key in known}
    names = ", ".join(f'"{key}"' for key in given)
    said = f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(given))})"  # noqa: S608 - our own tables
    return connection.execute(said, [*given.values()]).lastrowid or 0
