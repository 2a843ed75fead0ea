"""New data files of tests begin as copies of the first of their kind: most of opening one is writing its tables.

Tests of the store itself (conftest.py beside this) open theirs as the console does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from deepracer_admin.store.sqlite_base import Migration, SqliteFile

OPENED_BY_THE_CONSOLE = SqliteFile._open_writer
_FIRST: dict[tuple[type, str, int], bytes] = {}


def open_as_copy(file: SqliteFile, migrations: Sequence[Migration]) -> sqlite3.Connection:
    """Takes the place of `SqliteFile._open_writer`."""
    kind = (type(file), file._mode, len(migrations))
    is_new = file.path.stat().st_size == 0
    if is_new and kind in _FIRST:
        file.path.write_bytes(_FIRST[kind])
    connection = OPENED_BY_THE_CONSOLE(file, migrations)
    if is_new and kind not in _FIRST:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        _FIRST[kind] = file.path.read_bytes()
    return connection
