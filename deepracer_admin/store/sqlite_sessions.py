"""Signed-in browsers, sign-ins under way, and what the worker may do on whose behalf. Real time throughout."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deepracer_admin.clock import iso, parse_iso
from deepracer_admin.store import SavedSession
from deepracer_admin.store.codec import encode, instant, plain, when
from deepracer_admin.store.sqlite_base import Migration, SqliteFile

__all__ = ["KEPT_DAYS", "SqliteSessions"]

KEPT_DAYS = 30  # no cookie of ours lives longer; the gate ends sessions much earlier (web/)

MIGRATIONS: tuple[Migration, ...] = (
    (
        "CREATE TABLE flows (flow_hash TEXT PRIMARY KEY, flow TEXT NOT NULL, expires_at TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE sessions (
            id_hash TEXT PRIMARY KEY, oid TEXT NOT NULL, tid TEXT NOT NULL, name TEXT NOT NULL, roles TEXT NOT NULL,
            created_at TEXT NOT NULL, last_seen_at TEXT NOT NULL, token_cache BLOB NOT NULL) WITHOUT ROWID""",
        "CREATE INDEX sessions_of ON sessions (oid)",
        """CREATE TABLE delegations (
            oid TEXT PRIMARY KEY, name TEXT NOT NULL, cache BLOB NOT NULL, at TEXT NOT NULL) WITHOUT ROWID""",
    ),
    # Version 2: when the directory last confirmed a session's roles, and where its person's own mail goes.
    (
        "ALTER TABLE sessions ADD COLUMN roles_read_at TEXT",
        "ALTER TABLE sessions ADD COLUMN email TEXT NOT NULL DEFAULT ''",
    ),
)


MOST_SEEN = 5_000  # sessions, and cookies that are none; then all are forgotten


class SqliteSessions(SqliteFile):
    """A Sessions in one file. Hashes and encrypted caches only; the caller encrypts."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path, kind="sessions", mode="", migrations=MIGRATIONS)
        self._seen: tuple[int, dict[str, SavedSession | None]] = (-1, {})

    # -- sign-ins under way

    def save_flow(self, flow_hash: str, flow: Mapping[str, Any], *, expires_at: datetime) -> None:
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO flows VALUES (?, ?, ?)", (flow_hash, encode(flow), iso(expires_at))
            )

    def take_flow(self, flow_hash: str, *, now: datetime) -> Mapping[str, Any] | None:
        with self._transaction() as connection:
            row = connection.execute("SELECT * FROM flows WHERE flow_hash = ?", (flow_hash,)).fetchone()
            connection.execute("DELETE FROM flows WHERE flow_hash = ?", (flow_hash,))
        return plain(row["flow"]) if row is not None and row["expires_at"] > iso(now) else None

    # -- sessions

    def create(self, session: SavedSession) -> None:
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO sessions (id_hash, oid, tid, name, roles, created_at, last_seen_at, token_cache,"
                " roles_read_at, email) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (session.id_hash, session.oid, session.tid, session.name, encode(session.roles),
                 iso(session.created_at), iso(session.last_seen_at), session.token_cache,
                 when(session.roles_read_at), session.email),
            )  # fmt: skip

    def lookup(self, id_hash: str) -> SavedSession | None:
        """Every page asks a dozen times a run, every open tab every two seconds: read again only after a commit."""
        with self._explained():
            self._refuse_closed()
            commit = self._remembered.commit()  # before the reading: what is newer than it is read once more
        seen, known = self._seen
        if seen != commit or len(known) >= MOST_SEEN:
            self._seen = (commit, known := {})
        elif id_hash in known:
            return known[id_hash]
        with self._reading() as connection:
            row = connection.execute("SELECT * FROM sessions WHERE id_hash = ?", (id_hash,)).fetchone()
        found = known[id_hash] = None if row is None else _session(row)
        return found

    def touch(self, id_hash: str, *, at: datetime) -> None:
        """Never brings a revoked session back."""
        with self._transaction(durable=False) as connection:
            connection.execute("UPDATE sessions SET last_seen_at = ? WHERE id_hash = ?", (iso(at), id_hash))

    def save_token_cache(self, id_hash: str, cache: bytes) -> None:
        with self._transaction() as connection:
            connection.execute("UPDATE sessions SET token_cache = ? WHERE id_hash = ?", (cache, id_hash))

    def save_roles(self, id_hash: str, roles: Sequence[str], *, at: datetime) -> None:
        with self._transaction() as connection:
            connection.execute(
                "UPDATE sessions SET roles = ?, roles_read_at = ? WHERE id_hash = ?",
                (encode(tuple(sorted(roles))), iso(at), id_hash),
            )

    def revoke(self, id_hash: str) -> None:
        with self._transaction() as connection:
            connection.execute("DELETE FROM sessions WHERE id_hash = ?", (id_hash,))

    def revoke_person(self, oid: str) -> int:
        """Every session of this person, and the delegation to the worker. Returns how many sessions ended."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM delegations WHERE oid = ?", (oid,))
            return connection.execute("DELETE FROM sessions WHERE oid = ?", (oid,)).rowcount

    def all(self) -> list[SavedSession]:
        """Last seen first."""
        with self._reading() as connection:
            rows = connection.execute("SELECT * FROM sessions ORDER BY last_seen_at DESC, id_hash").fetchall()
        return [_session(row) for row in rows]

    # -- delegations

    def save_delegation(self, oid: str, name: str, cache: bytes, *, at: datetime) -> None:
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO delegations VALUES (?, ?, ?, ?)", (oid, name, cache, iso(at)))

    def renew_delegation(self, oid: str, cache: bytes, *, at: datetime) -> bool:
        """Never brings a dropped one back. False when there is none."""
        with self._transaction() as connection:
            statement = "UPDATE delegations SET cache = ?, at = ? WHERE oid = ?"
            return connection.execute(statement, (cache, iso(at), oid)).rowcount > 0

    def drop_delegation(self, oid: str) -> bool:
        with self._transaction() as connection:
            return connection.execute("DELETE FROM delegations WHERE oid = ?", (oid,)).rowcount > 0

    def delegations(self) -> list[tuple[str, str, datetime]]:
        with self._reading() as connection:
            rows = connection.execute("SELECT oid, name, at FROM delegations ORDER BY name, oid").fetchall()
        return [(row["oid"], row["name"], parse_iso(row["at"])) for row in rows]

    def delegation(self, oid: str) -> tuple[bytes, str, datetime] | None:
        with self._reading() as connection:
            row = connection.execute("SELECT cache, name, at FROM delegations WHERE oid = ?", (oid,)).fetchone()
        return None if row is None else (row["cache"], row["name"], parse_iso(row["at"]))

    # -- housekeeping

    def purge(self, *, now: datetime) -> int:
        """Sign-ins that expired, and sessions not seen for KEPT_DAYS. Returns how many rows went."""
        with self._transaction() as connection:
            flows = connection.execute("DELETE FROM flows WHERE expires_at <= ?", (iso(now),)).rowcount
            oldest = iso(now - timedelta(days=KEPT_DAYS))
            sessions = connection.execute("DELETE FROM sessions WHERE last_seen_at < ?", (oldest,)).rowcount
        return flows + sessions


def _session(row: sqlite3.Row) -> SavedSession:
    return SavedSession(
        id_hash=row["id_hash"],
        oid=row["oid"],
        tid=row["tid"],
        name=row["name"],
        roles=tuple(plain(row["roles"])),
        created_at=parse_iso(row["created_at"]),
        last_seen_at=parse_iso(row["last_seen_at"]),
        token_cache=row["token_cache"],
        roles_read_at=instant(row["roles_read_at"]),
        email=row["email"],
    )
