"""Rows that come out of a file: do they belong where they say, and to nothing else? Asked before anything is put.

Whoever can write a file can write any row into it, with a checksum that fits. So nothing of it becomes a path, a table
or a row of another event.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from deepracer_admin.errors import BadInput
from deepracer_admin.model import Event
from deepracer_admin.store.codec import decode
from deepracer_admin.store.dynamodb.rows import BY_NAME, SHARED, Shared, columns_of
from deepracer_admin.store.history_rows import OF_EVENT
from deepracer_admin.store.sqlite import SqliteEventStore

__all__ = ["check_history", "check_names", "check_rows"]

MISFIT = "This backup does not fit together, so nothing was restored: take another copy."
_SPECIAL = frozenset('/\\:*?"<>|\0')


def check_names(names: Sequence[str]) -> None:
    """Each is the name of a file or folder and no way to another one, on any system. Raises BadInput."""
    if any(not name.strip(". ") or _SPECIAL & {*name} for name in names):
        raise BadInput("This backup names a file outside of its folder: it is not one of ours.")


def check_rows(store: SqliteEventStore, event: str, rows: Any, audit: Any) -> None:
    """Tables that there are, rows as wide as they, all of this event; its own row can be read. Raises BadInput."""
    with store._reading() as connection:
        columns = {table.name: columns_of(connection, table) for table in SHARED}
        elsewhere = {row["id"] for row in connection.execute("SELECT id FROM jobs WHERE event <> ?", (event,))}
    if not isinstance(rows, Mapping) or not isinstance(audit, Mapping) or {*audit} - {"audit"}:
        raise BadInput(MISFIT)
    if {*rows} - {*BY_NAME} or "audit" in rows:
        raise BadInput(MISFIT)
    _rows_of(audit, BY_NAME["audit"], columns["audit"])
    found = {name: _rows_of(rows, BY_NAME[name], columns[name]) for name in rows}
    jobs = {row["id"] for row in found.get("jobs", [])}
    for name, each in found.items():
        of = "id" if name == "events" else "job" if name == "job_items" else "event"
        ours = jobs if name == "job_items" else {event}
        if any(row[of] not in ours for row in each):
            raise BadInput(MISFIT)
    if jobs & elsewhere:  # a job's id names it for ever, in whatever event
        raise BadInput(MISFIT)
    try:
        (own,) = found.get("events", [])
        fits = decode(Event, own["body"]).id == event
    except (KeyError, ValueError, TypeError) as error:
        raise BadInput(MISFIT) from error
    if not fits:
        raise BadInput(MISFIT)


def check_history(event: str, rows: Any) -> None:
    """Usage and results of this event, whose changes name profiles that are there. Raises BadInput."""
    try:
        for name in OF_EVENT:
            for row in rows.get(name, []):
                if row["event"] != event:
                    raise BadInput(MISFIT)
                base64.b64decode(row.get("body") or "")
        numbers = {row["id"] for row in rows.get("usage_profiles", [])}
        if {*rows} - {*OF_EVENT, "usage_changes"} or any(
            row["profile"] not in numbers for row in rows.get("usage_changes", [])
        ):
            raise BadInput(MISFIT)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(MISFIT) from error


def _rows_of(rows: Mapping[str, Any], table: Shared, columns: Sequence[str]) -> list[dict[str, Any]]:
    """By column. Raises BadInput where they are no rows of this table, or take rows away."""
    kept = rows.get(table.name, {"gone": [], "rows": []})
    if not isinstance(kept, Mapping) or kept.get("gone") or not isinstance(kept.get("rows"), list):
        raise BadInput(MISFIT)
    for row in kept["rows"]:
        if not isinstance(row, list) or len(row) != len(columns):
            raise BadInput(MISFIT)
        if any(value is not None and not isinstance(value, str | int | float) for value in row):
            raise BadInput(MISFIT)
    return [dict(zip(columns, row, strict=True)) for row in kept["rows"]]
