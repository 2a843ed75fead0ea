"""What schema version 4 makes of the untyped values of version 3: documents, readings and rows of tables.

One module a subject maps each old key to what becomes of its value. They work on JSON alone, so that they mean the same
for ever whatever becomes of the types. A value that nobody maps stays where it is. Never edited once released.
"""

from __future__ import annotations

import json
import sqlite3

from deepracer_admin.store.version_4 import access, closeout, mail, races, setup, sponsorship
from deepracer_admin.store.version_4.moved import Move, Moved

__all__ = ["MOVES", "move_values"]

MOVES: dict[str, Move] = {
    **access.MOVES,
    **closeout.MOVES,
    **mail.MOVES,
    **races.MOVES,
    **setup.MOVES,
    **sponsorship.MOVES,
}


def move_values(connection: sqlite3.Connection) -> None:
    """Rows of people who are not on the list any more are left behind."""
    for event, key, value in connection.execute("SELECT event, key, value FROM settings").fetchall():
        move = MOVES.get(key)
        if move is None:
            continue
        connection.executemany(
            "INSERT INTO records (event, kind, key, attendee, body) SELECT :event, :kind, :key, :attendee, :body"
            " WHERE :attendee IS NULL OR EXISTS (SELECT 1 FROM attendees WHERE event = :event AND id = :attendee)",
            [_row(event, moved) for moved in move(json.loads(value))],
        )
        connection.execute("DELETE FROM settings WHERE event = ? AND key = ?", (event, key))


def _row(event: str, moved: Moved) -> dict[str, str | None]:
    body = json.dumps(moved.body, ensure_ascii=False, separators=(",", ":"))
    attendee = moved.key if moved.by_attendee else None
    return {"event": event, "kind": moved.kind, "key": moved.key, "attendee": attendee, "body": body}
