"""The embedded default: three SQLite files in the data folder, one per life (architecture.md, Store)."""

from __future__ import annotations

from pathlib import Path

from deepracer_admin.store.sqlite_erasure import ErasurePart
from deepracer_admin.store.sqlite_history import SqliteHistory
from deepracer_admin.store.sqlite_schema import MIGRATIONS
from deepracer_admin.store.sqlite_sessions import SqliteSessions

__all__ = ["SqliteEventStore", "SqliteHistory", "SqliteSessions", "open_event_store", "open_history", "open_sessions"]


class SqliteEventStore(ErasurePart):
    """An EventStore in one file. The parts build on one another in the order in which their tables do: events,
    records, people, steps, ledger, jobs and audit, leases, erasure."""


def open_event_store(path: str | Path, mode: str) -> SqliteEventStore:
    """Open or create (mode 0600) the event store of "rehearsal" or "live". Raises StoreUnusable, file untouched."""
    return SqliteEventStore(path, kind="events", mode=mode, migrations=MIGRATIONS)


def open_history(path: str | Path) -> SqliteHistory:
    """Open or create the history file. Raises StoreUnusable, file untouched."""
    return SqliteHistory(path)


def open_sessions(path: str | Path) -> SqliteSessions:
    """Open or create the sessions file. Raises StoreUnusable, file untouched."""
    return SqliteSessions(path)
