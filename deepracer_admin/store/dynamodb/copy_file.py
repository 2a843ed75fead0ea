"""This computer's copy of a shared table: a file of the embedded store that knows how far it has come.

Everything in it can be made anew from the table. So a copy of another table, or of another schema, is thrown away.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deepracer_admin.clock import iso
from deepracer_admin.errors import StoreError
from deepracer_admin.model import Lease
from deepracer_admin.store.dynamodb.journal import Change, Head, Image, Journal
from deepracer_admin.store.dynamodb.rows import (
    AUDIT,
    EVENT,
    Rows,
    dump,
    put_rows,
    takes_away,
    takes_passing,
    watch,
    wipe,
)
from deepracer_admin.store.sqlite import SqliteEventStore
from deepracer_admin.store.sqlite_people import forget_people
from deepracer_admin.store.sqlite_schema import MIGRATIONS

__all__ = ["CopyFile"]

IMAGE_EVERY = 400  # changes; reading as many takes a copy that is behind a few seconds
LOADS = 5  # tries to load an image that others replace meanwhile


class CopyFile(SqliteEventStore):
    """The file, without the way in which changes are made."""

    def __init__(self, path: Path, mode: str, journal: Journal) -> None:
        self.journal = journal
        self.last_changed: list[str] = []
        super().__init__(path, kind="copy", mode=mode, migrations=MIGRATIONS)
        self._writer.execute("CREATE TABLE IF NOT EXISTS copied (scope TEXT PRIMARY KEY, number INTEGER, tx TEXT)")
        self._keep_triggers()
        self._taker = self._connect()  # takes over what others changed: without triggers
        self._taker.execute("PRAGMA synchronous=NORMAL")
        self._writer.execute("PRAGMA temp_store=MEMORY")
        watch(self._writer)

    def _keep_triggers(self) -> None:
        """Put the schema's triggers aside: the writing connection has them as temporary ones (rows.py). Once a file."""
        self._writer.execute("BEGIN IMMEDIATE")
        self._writer.execute("CREATE TABLE IF NOT EXISTS kept_triggers (name TEXT PRIMARY KEY, sql TEXT NOT NULL)")
        found = self._writer.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for row in found:
            self._writer.execute("INSERT OR REPLACE INTO kept_triggers VALUES (?, ?)", (row["name"], row["sql"]))
            self._writer.execute(f"DROP TRIGGER {row['name']}")
        self._writer.execute("COMMIT")

    # -- how far it has come

    def known(self, scope: str, connection: sqlite3.Connection | None = None) -> tuple[int, str]:
        """Number and id of the last change of a scope that is in this copy; (0, "") for none."""
        if connection is None:
            with self._reading() as reading:
                return self.known(scope, reading)
        row = connection.execute("SELECT number, tx FROM copied WHERE scope = ?", (scope,)).fetchone()
        return (0, "") if row is None else (row["number"], row["tx"])

    def know(self, connection: sqlite3.Connection, scope: str, number: int, tx: str) -> None:
        connection.execute("INSERT OR REPLACE INTO copied VALUES (?, ?, ?)", (scope, number, tx))

    @property
    def scopes(self) -> set[str]:
        """Those of which something was taken over."""
        with self._reading() as connection:
            return {row["scope"] for row in connection.execute("SELECT scope FROM copied").fetchall()}

    @property
    def holds_copy(self) -> bool:
        """Was anything ever taken over?"""
        return bool(self.scopes)

    def tell_table(self, table_id: str) -> None:
        """Which table this is a copy of. One of another table (or of one that was made anew) starts empty."""
        with self._taking() as connection:
            row = connection.execute("SELECT value FROM about WHERE key = 'table'").fetchone()
            if row is not None and row["value"] != table_id:
                for scope in [each["scope"] for each in connection.execute("SELECT scope FROM copied").fetchall()]:
                    self._bump_for(connection, scope, dump(connection, scope))
                    wipe(connection, scope)
                connection.execute("DELETE FROM copied")
            connection.execute("INSERT OR REPLACE INTO about VALUES ('table', ?)", (table_id,))

    # -- taking over

    def catch_up_all(self) -> bool:
        """Be where the table is now. False when this copy was there already. Raises StoreError."""
        behind = [head for head in self.journal.heads() if self.known(head.scope)[1] != head.tx]
        for head in behind:
            self.catch_up(head)
        return bool(behind)

    def catch_up(self, head: Head) -> None:
        """Take over the changes of a scope that are not in this copy, or its image and those after it. Who was erased
        elsewhere is then in no file of this computer either."""
        number, tx = self.known(head.scope)
        self._take_over(head, number, tx)
        if head.erased > number:
            forget_people()
            self._remembered.clear()
            SqliteEventStore._truncate_log(self)

    def _take_over(self, head: Head, number: int, tx: str) -> None:
        changes = self.journal.changes(head.scope, number) if number or not head.image else []
        if changes and _follows(changes, number, tx):
            self._take(head.scope, None, changes)
            return
        if head.number > number or head.tx != tx:
            self._load(head.scope, (number, tx))

    def _load(self, scope: str, seen: tuple[int, str]) -> None:
        """Anew from the table. `seen`: where the copy was when it was found to be behind."""
        for _ in range(LOADS):
            head = self.journal.head(scope)
            image = self.journal.image(head) if head.image else Image(0, "", {})
            if image is None:
                continue
            changes = self.journal.changes(scope, image.number)
            if _follows(changes, image.number, image.tx):
                self._take(scope, image, changes, seen)
                return
        raise StoreError("The shared table changes too fast to be copied; we try again by ourselves.")

    def _take(
        self, scope: str, image: Image | None, changes: list[Change], seen: tuple[int, str] | None = None
    ) -> None:
        erased, passed = image is not None, False
        with self._taking() as connection:
            number, tx = self.known(scope, connection)
            if image is not None:
                if (number, tx) != seen:
                    return  # our own writer, or another, moved it on while we read: what we read is older
                wipe(connection, scope)
                put_rows(connection, image.rows)
                number, tx = image.number, image.tx
                self._bump_for(connection, scope, image.rows)
            for change in changes:
                if change.number <= number:
                    continue  # another process on this computer was faster
                if change.before != tx:
                    break
                put_rows(connection, change.rows)
                number, tx = change.number, change.tx
                erased, passed = erased or takes_away(change.rows), passed or takes_passing(change.rows)
                self._bump_for(connection, scope, change.rows)
            self.know(connection, scope, number, tx)
        if erased:
            forget_people()
            self._remembered.clear()
        elif passed and scope.startswith(EVENT):
            self._forget_passing(scope.removeprefix(EVENT))

    def _bump_for(self, connection: sqlite3.Connection, scope: str, rows: Rows) -> None:
        if scope == AUDIT:
            place = [row["name"] for row in connection.execute("SELECT name FROM pragma_table_info('audit')")]
            events = {row[place.index("event")] for row in rows.get("audit", {}).get("rows", [])}
        else:
            events = {scope.removeprefix(EVENT) if scope.startswith(EVENT) else ""}
        for event in events:
            self._bump(connection, event)

    @contextmanager
    def _taking(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explained():
            self._refuse_closed()
            self._taker.execute("BEGIN IMMEDIATE")
            try:
                yield self._taker
                self._taker.execute("COMMIT")
            except BaseException:
                if self._taker.in_transaction:
                    self._taker.execute("ROLLBACK")
                raise

    def put_leases(self, leases: list[Lease]) -> None:
        """As just read, for statements that ask whose lease still runs."""
        with self._taking() as connection:
            connection.execute("DELETE FROM leases")
            connection.executemany(
                "INSERT INTO leases VALUES (?, ?, ?, ?)",
                [(lease.name, lease.holder, lease.epoch, iso(lease.until)) for lease in leases],
            )

    # -- images

    def tidy(self, head: Head) -> None:
        """Write an image where the journal has become long, or something was erased. Raises StoreError."""
        since = head.number - head.image_number
        mine = head.writer == self.journal.writer
        if not head.must_be_cleaned and since < (IMAGE_EVERY if mine else 2 * IMAGE_EVERY):
            return
        image = self.image_of(head.scope)
        if image.number >= head.erased:
            self.journal.save_image(head.scope, image, clean=head.must_be_cleaned)

    def image_of(self, scope: str) -> Image:
        """All rows of a scope as they are in this copy."""
        with self._reading() as connection:
            number, tx = self.known(scope, connection)
            return Image(number, tx, dump(connection, scope))

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._taker.close()
            super().close()


def _follows(changes: list[Change], number: int, tx: str) -> bool:
    """Does each change follow on the one before it, from `number` on?"""
    for change in changes:
        if (change.number, change.before) != (number + 1, tx):
            return False
        number, tx = change.number, change.tx
    return True
