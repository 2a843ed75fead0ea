"""A SQLite file as the console uses it: one writer per process, many readers, checked before it is touched.

WAL, so that a read never blocks on a write, also across processes. Writes go through one connection behind a lock and
start with BEGIN IMMEDIATE, so that a check and the write that follows from it see the same state. Reads borrow a
connection from a small pool (any thread may use it, one at a time) and see one consistent snapshot. `synchronous=FULL`:
a claim to send a mail must survive a power cut, else the mail could go out twice. `secure_delete`: what is erased is
overwritten.

An existing file is inspected through a read-only connection first; a damaged, foreign, newer or other-mode file is
reported with `StoreUnusable` and left as it is.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from deepracer_admin.errors import ConsoleError, StoreError, StoreUnusable
from deepracer_admin.private import private_folder, tighten
from deepracer_admin.store.remembered import Remembered

__all__ = ["APPLICATION_ID", "Migration", "SqliteFile", "real_now"]

APPLICATION_ID = 0x44524F43  # "DROC": tells our files from other SQLite files
BUSY_SECONDS = 20.0
IDLE_READERS = 8
HEADER = b"SQLite format 3\x00"
DURABLE, FORGETFUL = "FULL", "NORMAL"
"""SQLite's words for a commit that survives a power cut, and for one that may be forgotten by it."""

Migration = Sequence[str | Callable[[sqlite3.Connection], None]]
"""Statements, and what moves values, that lead from one schema version to the next, run in one transaction."""


def real_now() -> datetime:
    """Real time, for marks that no caller supplies."""
    return datetime.now(UTC)


class SqliteFile:
    """Opens, checks and migrates one file, and hands out transactions.

    `kind` names what the file holds ("events", "history", "sessions"); `mode` is "rehearsal", "live" or "" for a file
    without a mode; `migrations[n]` leads from schema version n to n + 1.
    """

    def __init__(self, path: str | Path, *, kind: str, mode: str, migrations: Sequence[Migration]) -> None:
        self.path = Path(path)
        self.kind = kind
        self._mode = mode
        self._lock = threading.RLock()
        self._pool: list[sqlite3.Connection] = []
        self._pool_lock = threading.Lock()
        self._closed = False
        self._remembered = Remembered(self._connect_reader)
        if self._holds_data():
            self._inspect(len(migrations))
            self._tighten()
        else:
            self._create()
        self._writer = self._open_writer(migrations)

    # -- opening

    def _tighten(self) -> None:
        """Before SQLite opens it for writing: it gives the log and the index beside it the mode of the file."""
        for ending in ("", "-wal", "-shm", "-journal"):
            tighten(self.path.with_name(self.path.name + ending))

    def _holds_data(self) -> bool:
        try:
            return self.path.stat().st_size > 0
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreUnusable(f"{self.path} cannot be opened: allow this account to read its folder.") from error

    def _create(self) -> None:
        try:
            private_folder(self.path.parent)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise StoreUnusable(
                f"{self.path} cannot be created: choose a folder that this account can write."
            ) from error

    def _inspect(self, newest: int) -> None:
        """Refuse what is not ours, without changing a byte. Raises StoreUnusable."""
        try:
            with self.path.open("rb") as file:
                is_database = file.read(len(HEADER)) == HEADER
        except OSError as error:
            raise StoreUnusable(f"{self.path} cannot be read: allow this account to read and write it.") from error
        if not is_database:
            raise StoreUnusable(f"{self.path} is not a console data file: move it away or choose another data folder.")
        try:
            connection = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
            try:
                self._judge(connection, newest)
            finally:
                connection.close()
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                raise StoreUnusable(f"{self.path} is busy in another process: try again in a minute.") from error
            raise self._damaged() from error

    def _judge(self, connection: sqlite3.Connection, newest: int) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version == 0 and tables == 0:
            return  # a first start that ended before the schema was written
        if application != APPLICATION_ID:
            raise StoreUnusable(f"{self.path} belongs to another program: choose another data folder.")
        self._refuse_other(dict(connection.execute("SELECT key, value FROM about").fetchall()))
        if version > newest:
            raise StoreUnusable(
                f"{self.path} was written by a newer version of this console: update the console, then start it again."
            )
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise self._damaged()

    def _refuse_other(self, about: dict[str, str]) -> None:
        if about.get("kind") != self.kind:
            raise StoreUnusable(
                f"{self.path} holds {about.get('kind', 'other')} data, not {self.kind} data: restore its own file name."
            )
        if about.get("mode") != self._mode:
            raise StoreUnusable(
                f"{self.path} was made in {about.get('mode')} mode: start in that mode, "
                f"or choose another data folder for {self._mode} mode."
            )

    def _damaged(self) -> StoreUnusable:
        return StoreUnusable(
            f"{self.path} is damaged and was left as it is: move it away and put its latest copy in its place."
        )

    def _open_writer(self, migrations: Sequence[Migration]) -> sqlite3.Connection:
        try:
            connection = self._connect()
            self._keep_log(connection)
            connection.execute("PRAGMA journal_size_limit=67108864")
            self._migrate(connection, migrations)
        except sqlite3.DatabaseError as error:
            raise StoreUnusable(
                f"{self.path} cannot be written: check the free space and that this account may write in its folder."
            ) from error
        return connection

    def _keep_log(self, connection: sqlite3.Connection) -> None:
        """Turn the write-ahead log on. SQLite does not wait for others here, as it does elsewhere, so we do: several
        processes may start for the first time at once."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        if mode != "wal":
            raise StoreUnusable(f"{self.path} lies on a network drive: choose a data folder on this computer.")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute(f"PRAGMA synchronous={DURABLE}")
        return connection

    def _migrate(self, connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
        """One transaction for all steps: a crash leaves the old version, two processes at once migrate once."""
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                connection.execute(f"PRAGMA application_id={APPLICATION_ID:d}")
                connection.execute("CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
                connection.execute("INSERT INTO about VALUES ('kind', ?), ('mode', ?)", (self.kind, self._mode))
            for statements in migrations[version:]:
                for statement in statements:
                    if isinstance(statement, str):
                        connection.execute(statement)
                    else:
                        statement(connection)
            if version < len(migrations):
                connection.execute(f"PRAGMA user_version={len(migrations):d}")
            self._refuse_other(dict(connection.execute("SELECT key, value FROM about").fetchall()))
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            connection.close()
            raise

    # -- transactions

    @contextmanager
    def _transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """All or nothing, one at a time. `durable=False` spares the disk flush for what a power cut may forget."""
        with self._lock:
            self._refuse_closed()
            connection = self._writer
            with self._explained():
                if not durable:
                    connection.execute(f"PRAGMA synchronous={FORGETFUL}")
                try:
                    connection.execute("BEGIN IMMEDIATE")
                    try:
                        yield connection
                        connection.execute("COMMIT")
                    except BaseException:
                        if connection.in_transaction:
                            connection.execute("ROLLBACK")
                        raise
                finally:
                    if not durable:
                        connection.execute(f"PRAGMA synchronous={DURABLE}")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A consistent snapshot that never waits for a writer."""
        with self._explained():
            connection = self._borrow()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._give_back(connection)

    def _borrow(self) -> sqlite3.Connection:
        with self._pool_lock:
            self._refuse_closed()
            if self._pool:
                return self._pool.pop()
        return self._connect_reader()

    def _connect_reader(self) -> sqlite3.Connection:
        connection = self._connect()
        connection.execute("PRAGMA query_only=ON")
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._pool_lock:
            if not self._closed and len(self._pool) < IDLE_READERS:
                self._pool.append(connection)
                return
        connection.close()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StoreError("The console is shutting down: start it again and repeat this.")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn SQLite's errors into ours; those that a method raises on purpose pass."""
        try:
            yield
        except ConsoleError:
            raise
        except sqlite3.OperationalError as error:
            reason = str(error)
            if "locked" in reason or "busy" in reason:
                raise StoreError("The data file is busy in another process: try again in a minute.") from error
            if "full" in reason or "disk I/O" in reason:
                raise StoreError(f"The disk that holds {self.path} is full or failing: free some space.") from error
            raise StoreError(f"{self.path} could not be used ({reason}): restart the console.") from error
        except sqlite3.IntegrityError as error:
            raise StoreError(f"The change breaks a rule of the data file ({error}); nothing was changed.") from error
        except sqlite3.DatabaseError as error:
            raise self._damaged() from error

    # -- its health and its copies

    def damage(self) -> str:
        """What SQLite's own check of the file complains about, in its words; "" for nothing."""
        with self._reading() as connection:
            told = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        return "" if told == "ok" else told

    def copy_to(self, path: Path, *, finish: Callable[[Path], None] = lambda _: None) -> None:
        """Copy the file as it is now, whole, while others go on writing. `finish` changes the copy before it has its
        name. Raises StoreError; nothing half is left."""
        part = path.with_name(f"{path.name}.part")
        try:
            os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            target = sqlite3.connect(part)
            try:
                with self._reading() as connection:
                    connection.execute("ROLLBACK")
                    connection.backup(target)
            finally:
                target.close()
            finish(part)
            os.replace(part, path)
        except StoreError:
            with suppress(OSError):
                part.unlink()
            raise
        except (OSError, sqlite3.Error) as error:
            with suppress(OSError):
                part.unlink()
            raise StoreError(f"The copy {path} could not be written ({error}): choose another folder.") from error

    def compact(self) -> None:
        """Write the file anew, without the room that was given back, and empty the log. Seconds for a large file."""
        with self._lock, self._explained():
            self._refuse_closed()
            self._writer.execute("VACUUM")
        self._truncate_log()

    # -- the end

    def _truncate_log(self) -> None:
        """Move the write-ahead log into the file and empty it, so that erased text is not left in it. Best effort."""
        with self._lock, suppress(sqlite3.OperationalError):
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Let go of the file. Later calls raise StoreError; closing twice is harmless."""
        with self._lock, self._pool_lock:
            if self._closed:
                return
            self._closed = True
            for connection in self._pool:
                connection.close()
            self._pool.clear()
            self._remembered.close()
            self._writer.close()
