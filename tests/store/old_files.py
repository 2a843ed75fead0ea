"""A file as an older version of the console wrote it."""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deepracer_admin.store.codec import encode
from deepracer_admin.store.sqlite import SqliteEventStore, open_event_store
from deepracer_admin.store.sqlite_base import APPLICATION_ID
from tests.store.people import a_person

VERSION_1 = (Path(__file__).parent / "version_1.sql").read_text(encoding="utf-8")

__all__ = ["opened_old_store", "version_1"]


def version_1(path: Path, values: Mapping[tuple[str, str], Any] | None = None, people: int = 0) -> Path:
    """`values` by event ("" = of the installation) and key, as `put` kept them until version 3; `people` more on the
    list of "spring": those of `a_person(100)` and on."""
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1)
    connection.executemany(
        "INSERT OR REPLACE INTO settings (event, key, value) VALUES (?, ?, ?)",
        [(event, key, json.dumps(value)) for (event, key), value in (values or {}).items()],
    )
    connection.executemany(
        "INSERT INTO attendees (event, id, email, wanted, body) VALUES ('spring', ?, ?, 1, ?)",
        [(person.id, person.email, encode(person)) for person in map(a_person, range(100, 100 + people))],
    )
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute("PRAGMA user_version=1")
    connection.commit()
    connection.close()
    return path


def opened_old_store(path: Path, values: Mapping[tuple[str, str], Any], people: int = 0) -> SqliteEventStore:
    """The store that a new console makes of such a file."""
    return open_event_store(version_1(path, values, people), "rehearsal")
